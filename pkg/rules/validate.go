package rules

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"gopkg.in/yaml.v3"

	"github.com/saleslake/saleslake/config"
)

const schemaURL = "dq.schema.json"

// schema is compiled once. That it compiles, a test says.
var schema = sync.OnceValue(func() *jsonschema.Schema {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.DQSchema))
	if err != nil {
		panic(fmt.Sprintf("rules: %s: %v", schemaURL, err))
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(schemaURL, document); err != nil {
		panic(fmt.Sprintf("rules: %s: %v", schemaURL, err))
	}
	return compiler.MustCompile(schemaURL)
})

var english = message.NewPrinter(language.English)

// validate holds the file against the schema, and reports keys that come twice.
func (p *parser) validate(root *yaml.Node) {
	p.wrong = map[int]bool{}
	err := schema().Validate(p.value(root))
	if failed, ok := err.(*jsonschema.ValidationError); ok { //nolint:errorlint // the library gives it bare
		p.explain(root, failed, nil)
	}
}

// value gives a node as the schema library wants JSON.
func (p *parser) value(node *yaml.Node) any {
	switch node = resolve(node); node.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			if _, twice := m[key.Value]; twice {
				p.fault(key, "", key.Value+" comes twice", "keep one")
			}
			m[key.Value] = p.value(node.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := make([]any, len(node.Content))
		for i, n := range node.Content {
			list[i] = p.value(n)
		}
		return list
	}
	var v any
	if node.Tag == "!!timestamp" || node.Decode(&v) != nil {
		return node.Value
	}
	return v
}

// explain turns the leaves of the library's tree of errors into faults.
func (p *parser) explain(root *yaml.Node, e *jsonschema.ValidationError, parent []string) {
	if name, ok := e.ErrorKind.(*kind.PropertyNames); ok { // itself without a place
		p.unknown(root, parent, name.Property)
		return
	}
	place := e.InstanceLocation
	if len(e.Causes) > 0 {
		for _, cause := range e.Causes {
			p.explain(root, cause, place)
		}
		return
	}
	node := at(root, place)
	if extra, ok := e.ErrorKind.(*kind.AdditionalProperties); ok {
		for _, name := range extra.Properties {
			p.unknown(root, place, name)
		}
		return
	}
	problem := e.ErrorKind.LocalizedString(english)
	if field := fieldOf(place); field != "" {
		problem = field + ": " + problem
	}
	p.fault(node, p.nameOf(root, place), problem, remedy(place, e.ErrorKind))
}

// unknown reports a key that does not belong where it is.
func (p *parser) unknown(root *yaml.Node, place []string, key string) {
	node := at(root, place)
	where := "the file"
	if len(place) > 1 {
		where = "a rule of kind " + child(at(root, place[:2]), "kind").Value
	}
	p.fault(keyNode(node, key), p.nameOf(root, place), key+" is nothing that "+where+" has", "take it out, or see config/dq.schema.json for what there is")
}

// nameOf gives the name of the rule that a place is in, and marks the rule as wrong.
func (p *parser) nameOf(root *yaml.Node, place []string) string {
	if len(place) < 2 {
		return ""
	}
	i, err := strconv.Atoi(place[1])
	if err != nil {
		return ""
	}
	p.wrong[i] = true
	return child(at(root, place[:2]), "name").Value
}

// fieldOf gives the last key of a place, with the positions behind it.
func fieldOf(place []string) string {
	if len(place) < 3 {
		return ""
	}
	return strings.Join(place[2:], ".")
}

// remedy is what the schema says of the field.
func remedy(place []string, k jsonschema.ErrorKind) string {
	fields := schema().Properties["rules"].Items2020.Ref.Properties
	if missing, ok := k.(*kind.Required); ok && len(place) == 2 {
		said := make([]string, len(missing.Missing))
		for i, name := range missing.Missing {
			said[i] = name + ": " + fields[name].Description
		}
		return "add " + strings.Join(said, " ")
	}
	if len(place) > 2 && fields[place[2]] != nil {
		return "want: " + fields[place[2]].Description
	}
	return "see config/dq.schema.json"
}
