package config

import (
	"reflect"
	"slices"
	"strings"
)

// setting is the declaration of one setting, read from its struct tags.
type setting struct {
	section string
	key     string
	help    string
	value   string // the default, as text
	unit    string
	min     string
	max     string
	oneof   []string
	secret  bool   // comes from the environment or a file only
	file    string // for a secret: the Go name of the setting that names its file
	index   []int  // of the field in Pipeline
	kind    reflect.Type
}

func (s *setting) name() string { return s.section + "." + s.key }
func (s *setting) env() string {
	return EnvPrefix + strings.ToUpper(s.section+"_"+s.key)
}

func (s *setting) flag() string {
	return strings.ReplaceAll(s.section+"-"+s.key, "_", "-")
}

func (s *setting) field(p *Pipeline) reflect.Value {
	return reflect.ValueOf(p).Elem().FieldByIndex(s.index)
}

// remedy tells what a value of this setting looks like.
func (s *setting) remedy() string {
	switch {
	case len(s.oneof) > 0:
		return "use one of " + strings.Join(s.oneof, ", ")
	case s.min != "" && s.max != "":
		return "use a value from " + s.min + " to " + s.max
	case s.min != "":
		return "use " + s.min + " or more"
	case s.kind.Kind() == reflect.Bool:
		return "use true or false"
	default:
		return "the default is " + quoteEmpty(s.value)
	}
}

func quoteEmpty(text string) string {
	if text == "" {
		return `""`
	}
	return text
}

// section is the declaration of one section.
type section struct {
	name     string
	help     string
	settings []*setting
}

// declare reads the declarations of all settings from the type.
func declare() []section {
	pipeline := reflect.TypeFor[Pipeline]()
	sections := make([]section, 0, pipeline.NumField())
	for i := range pipeline.NumField() {
		f := pipeline.Field(i)
		s := section{name: f.Tag.Get("yaml"), help: f.Tag.Get("help")}
		for j := range f.Type.NumField() {
			s.settings = append(s.settings, declareOne(s.name, f.Type.Field(j), []int{i, j}))
		}
		sections = append(sections, s)
	}
	return sections
}

func declareOne(section string, f reflect.StructField, index []int) *setting {
	s := &setting{
		section: section, key: f.Tag.Get("yaml"), help: f.Tag.Get("help"), value: f.Tag.Get("value"),
		unit: f.Tag.Get("unit"), min: f.Tag.Get("min"), max: f.Tag.Get("max"), file: f.Tag.Get("file"),
		index: index, kind: f.Type,
	}
	if words := f.Tag.Get("oneof"); words != "" {
		s.oneof = strings.Split(words, ",")
	}
	if key := f.Tag.Get("secret"); key != "" {
		s.key, s.secret = key, true
	}
	return s
}

// find answers the setting for which match is true, or nil.
func find(sections []section, match func(*setting) bool) *setting {
	for _, section := range sections {
		if i := slices.IndexFunc(section.settings, match); i >= 0 {
			return section.settings[i]
		}
	}
	return nil
}

// Default answers the settings of a pipeline that sets nothing. Instance is empty:
// only [Load] asks for the host name.
func Default() Pipeline {
	var p Pipeline
	for _, section := range declare() {
		for _, s := range section.settings {
			if s.secret {
				continue
			}
			if err := setText(s.field(&p), s.value, s.unit); err != nil {
				panic("default of " + s.name() + " " + err.Error())
			}
		}
	}
	return p
}
