package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// file applies a YAML file. Only the default one may be missing.
func (l *loader) file(path string) {
	named := path != ""
	if !named {
		path = DefaultFile
	}
	body, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return
	}
	var root yaml.Node
	if err == nil {
		err = yaml.Unmarshal(body, &root)
	}
	if err != nil {
		l.faults = append(l.faults, Fault{"config", path, "", fmt.Sprintf("cannot be read: %v", reason(err)), "name a YAML file like " + DefaultFile})
		return
	}
	if len(root.Content) > 0 {
		l.document(root.Content[0], path)
	}
}

// document applies the sections of a file.
func (l *loader) document(root *yaml.Node, path string) {
	names := make([]string, len(l.sections))
	for i, s := range l.sections {
		names[i] = s.name
	}
	l.mapping(root, path, "the file", func(key, value *yaml.Node) {
		for _, s := range l.sections {
			if s.name == key.Value {
				l.section(s, value, path)
				return
			}
		}
		l.unknown(key.Value, line(path, key), suggest(key.Value, names))
	})
}

// section applies the settings of one section; an empty section sets nothing.
func (l *loader) section(section section, node *yaml.Node, path string) {
	if node.Tag == "!!null" {
		return
	}
	l.mapping(node, path, section.name, func(key, value *yaml.Node) {
		l.setNode(section, key, value, path)
	})
}

func (l *loader) setNode(section section, key, value *yaml.Node, path string) {
	source := line(path, key)
	var s *setting
	var keys []string
	for _, candidate := range section.settings {
		if candidate.key == key.Value {
			s = candidate
		}
		if !candidate.secret {
			keys = append(keys, candidate.key)
		}
	}
	switch {
	case s == nil:
		l.unknown(section.name+"."+key.Value, source, suggest(key.Value, keys))
	case s.secret:
		l.fault(s, mask, source, "is a secret", "take it out of the file and set "+s.env()+" or "+section.name+"."+s.key+"_file")
	default:
		l.setYAML(s, value, source)
	}
}

// setYAML applies a value: a list to a list, a scalar to all others.
func (l *loader) setYAML(s *setting, value *yaml.Node, source string) {
	if value.Kind == yaml.AliasNode {
		value = value.Alias
	}
	list := s.kind.Kind() == reflect.Slice
	switch {
	case value.Kind == yaml.ScalarNode && value.Tag == "!!null" && (list || s.kind.Kind() == reflect.String):
		l.set(s, "", source)
	case value.Kind == yaml.ScalarNode && value.Tag == "!!null":
		l.fault(s, "", source, "has no value", s.remedy())
	case value.Kind == yaml.ScalarNode && !list:
		l.set(s, value.Value, source)
	case value.Kind == yaml.SequenceNode && list:
		l.setList(s, value, source)
	case list:
		l.fault(s, value.Value, source, "is not a list", "write ["+s.value+"]")
	default:
		l.fault(s, "", source, "is not a single value", s.remedy())
	}
}

// setList takes the items as they are, so that in YAML one may hold a comma.
func (l *loader) setList(s *setting, value *yaml.Node, source string) {
	items := make([]string, 0, len(value.Content))
	for _, item := range value.Content {
		if item.Kind != yaml.ScalarNode || item.Tag == "!!null" {
			l.fault(s, item.Value, fmt.Sprintf("%s, item %d", source, len(items)+1), "is not a single value", "write ["+s.value+"]")
			return
		}
		items = append(items, strings.TrimSpace(item.Value))
	}
	s.field(&l.pipeline).Set(reflect.ValueOf(items))
	l.origin[s] = origin{source, strings.Join(items, ",")}
}

// mapping calls each for the pairs of a mapping, and reports keys that come twice.
func (l *loader) mapping(node *yaml.Node, path, what string, each func(key, value *yaml.Node)) {
	if node.Kind != yaml.MappingNode {
		l.faults = append(l.faults, Fault{what, node.Value, line(path, node), "does not hold keys with values", "write key: value lines"})
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if seen[key.Value] {
			l.faults = append(l.faults, Fault{key.Value, "", line(path, key), "comes twice", "keep one"})
			continue
		}
		seen[key.Value] = true
		each(key, node.Content[i+1])
	}
}

func (l *loader) unknown(name, source, hint string) {
	remedy := "take it out"
	if hint != "" {
		remedy = "did you mean " + hint + "?"
	}
	l.faults = append(l.faults, Fault{name, "", source, "is not a setting", remedy})
}

func line(path string, node *yaml.Node) string {
	return fmt.Sprintf("%s:%d", path, node.Line)
}
