package rules

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/saleslake/saleslake/config"
)

// Builtin is the name of the rules that are compiled in: config/dq.yaml.
const Builtin = "config/dq.yaml (built in)"

// Load reads a rules file, or when path is empty the one that is compiled in. Rules of kinds that
// are not given are held against the schema and left out. What is wrong with its content is *Faults.
func Load(path string, kinds map[string]Kind) (*Set, error) {
	if path == "" {
		return Parse(Builtin, config.DQ, kinds)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the rules: %w", err)
	}
	return Parse(path, data, kinds)
}

// Parse reads the text of a rules file, as [Load] does.
func Parse(file string, data []byte, kinds map[string]Kind) (*Set, error) {
	p := &parser{faults: &Faults{File: file}}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return nil, p.unreadable(err)
	}
	if len(document.Content) == 0 {
		return nil, p.unreadable(errors.New("yaml: line 1: the file is empty"))
	}
	root := document.Content[0]
	p.validate(root)
	set := &Set{File: file, kinds: kinds}
	names := map[string]int{}
	for i, node := range elements(child(root, "rules")) {
		r := &Rule{node: resolve(node)}
		if p.wrong[i] {
			continue // decoding would say the same again
		}
		name := child(r.node, "name")
		if line := names[name.Value]; line > 0 {
			p.fault(name, name.Value, fmt.Sprintf("is also the name of the rule at line %d", line), "give it another")
		}
		names[name.Value] = r.node.Line
		if kind, known := kinds[child(r.node, "kind").Value]; known {
			p.rule(r, kind)
			set.Rules = append(set.Rules, r)
		}
	}
	if len(p.faults.Faults) > 0 {
		return nil, p.faults.sorted()
	}
	return set, nil
}

type parser struct {
	faults *Faults
	wrong  map[int]bool // rules, by position, that the schema refuses
}

func (p *parser) fault(at *yaml.Node, rule, problem, remedy string) {
	p.faults.Faults = append(p.faults.Faults, Fault{at.Line, at.Column, rule, problem, remedy})
}

// unreadable takes the line out of an error of the YAML library.
func (p *parser) unreadable(err error) error {
	at, problem := yaml.Node{Line: 1, Column: 1}, strings.TrimPrefix(err.Error(), "yaml: ")
	if line, rest, found := strings.Cut(problem, ": "); found {
		if n, err := strconv.Atoi(strings.TrimPrefix(line, "line ")); err == nil {
			at.Line, problem = n, rest
		}
	}
	p.fault(&at, "", problem, "write YAML like config/dq.yaml")
	return p.faults
}

// rule decodes a rule that fits the schema, and has its kind check it.
func (p *parser) rule(r *Rule, kind Kind) {
	r.Params = kind.New()
	for _, into := range []any{r, r.Params} {
		if err := r.node.Decode(into); err != nil {
			node := r.node
			if m := (*misfit)(nil); errors.As(err, &m) {
				node = m.node
			}
			p.fault(node, r.Name, strings.TrimPrefix(err.Error(), "yaml: "), "see config/dq.schema.json")
			return
		}
	}
	c := &Checker{Rule: r, Schema: Schema(r.Table), parser: p}
	switch {
	case r.Table == "":
	case c.Schema == nil:
		c.Fault(fmt.Sprintf("there is no table %q", r.Table), "name one of "+strings.Join(Tables(), ", "), "table")
		return
	case !kind.knows(r.Table):
		c.Fault(fmt.Sprintf("a rule of kind %s cannot be about %s", r.Kind, r.Table), "name one of "+strings.Join(kind.Tables, ", "), "table")
		return
	}
	r.Params.Check(c)
}

// child gives the value of a key of a mapping, or a node of no kind.
func child(node *yaml.Node, key string) *yaml.Node {
	if node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == key {
				return resolve(node.Content[i+1])
			}
		}
	}
	return &yaml.Node{Line: node.Line, Column: node.Column}
}

func elements(node *yaml.Node) []*yaml.Node {
	if node.Kind != yaml.SequenceNode {
		return nil
	}
	return node.Content
}

func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// at finds the node at a path of keys and positions, as far as there is one.
func at(node *yaml.Node, path []string) *yaml.Node {
	for _, step := range path {
		next := child(node, step)
		if i, err := strconv.Atoi(step); err == nil && i < len(elements(node)) {
			next = resolve(node.Content[i])
		}
		if next.Kind == 0 {
			return node
		}
		node = next
	}
	return node
}

// keyNode finds the key of a mapping, for what is wrong with the key itself.
func keyNode(node *yaml.Node, key string) *yaml.Node {
	if i := slices.IndexFunc(node.Content, func(n *yaml.Node) bool { return n.Value == key }); i >= 0 {
		return node.Content[i]
	}
	return node
}
