package config

import (
	"reflect"

	"github.com/alecthomas/kong"
)

// Flags makes the settings of a command line struct into flags. The struct embeds
// the sections that its commands use, each with its name as the prefix:
//
//	Kafka config.Kafka `embed:"" prefix:"kafka-"`
//
// Parsing only gathers what was written, so that [Load] can judge it together with
// the other sources; Fill then writes the outcome into the struct.
type Flags struct {
	roots []any
	given []Assignment
}

// NewFlags works on pointers to command line structs.
func NewFlags(roots ...any) *Flags { return &Flags{roots: roots} }

// Given answers the settings that the command line held, in its order.
func (f *Flags) Given() []Assignment { return f.given }

// Bind is kong's PostBuild option: it takes over the flags that are settings.
func (f *Flags) Bind(k *kong.Kong) error {
	byField := map[any]*setting{}
	sections := declare()
	f.each(func(index int, section reflect.Value) {
		for i, s := range sections[index].settings {
			byField[section.Field(i).Addr().Interface()] = s
		}
	})
	return kong.Visit(k.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok && flag.Target.CanAddr() {
			if s := byField[flag.Target.Addr().Interface()]; s != nil {
				f.take(flag, s)
			}
		}
		return next(nil)
	})
}

// take makes a flag gather its text, and show its default.
func (f *Flags) take(flag *kong.Flag, s *setting) {
	flag.Name = s.flag()
	flag.PlaceHolder = quoteEmpty(s.value)
	flag.Group = &kong.Group{Key: s.section, Title: "Settings of section " + s.section}
	flag.Mapper = gather{f, s}
}

// Fill writes the settings into every section that the structs embed.
func (f *Flags) Fill(p Pipeline) {
	values := reflect.ValueOf(p)
	f.each(func(index int, section reflect.Value) { section.Set(values.Field(index)) })
}

// each calls fn for the sections that the structs embed, with their place in Pipeline.
func (f *Flags) each(fn func(index int, section reflect.Value)) {
	pipeline := reflect.TypeFor[Pipeline]()
	places := map[reflect.Type]int{}
	for i := range pipeline.NumField() {
		places[pipeline.Field(i).Type] = i
	}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		if place, ok := places[v.Type()]; ok {
			fn(place, v)
			return
		}
		for i := range v.NumField() {
			if field := v.Field(i); field.Kind() == reflect.Struct && field.CanSet() {
				walk(field)
			}
		}
	}
	for _, root := range f.roots {
		walk(reflect.ValueOf(root).Elem())
	}
}

// gather is the mapper of one setting's flag.
type gather struct {
	flags   *Flags
	setting *setting
}

// Decode notes what was written; a bool that is only named is true.
func (g gather) Decode(ctx *kong.DecodeContext, _ reflect.Value) error {
	if g.setting.kind.Kind() == reflect.Bool && ctx.Scan.Peek().Type != kong.FlagValueToken {
		g.flags.given = append(g.flags.given, Assignment{g.setting.flag(), "true"})
		return nil
	}
	token, err := ctx.Scan.PopValue(g.setting.key)
	if err != nil {
		return err
	}
	g.flags.given = append(g.flags.given, Assignment{g.setting.flag(), token.String()})
	return nil
}
