package quarantine

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-faster/jx"
	"gopkg.in/yaml.v3"
)

// The kinds of steps.
const (
	opSet     = "set"
	opMap     = "map"
	opReplace = "replace"
	opDrop    = "drop"
)

// wants says how each kind is declared.
var wants = map[string]string{opSet: "field=value", opMap: "field:old=new", opReplace: "field:regex=text", opDrop: "field"}

// Step changes one field of an event.
type Step struct {
	op      string
	field   string
	old     string         // map: the value that is changed, a text without its quotes
	pattern *regexp.Regexp // replace: what the whole of such a value looks like
	value   []byte         // set and map: the new one, JSON; replace: its template
	text    string         // as declared
}

// Patch is a list of steps, applied in their order.
type Patch []Step

// ParseStep reads a declared step: set "field=value", map "field:old=new",
// replace "field:regex=text", drop "field". A value that is JSON is taken as it
// is, any other is a text: 3 is a number, completed and "3" are texts. The regex
// is one of package regexp and stands for the whole value, and $1 in the text for
// what its first group matched.
func ParseStep(op, text string) (Step, error) {
	s := Step{op: op, field: text, text: text}
	value, ok := "", true
	switch op {
	case opSet:
		s.field, value, ok = strings.Cut(text, "=")
	case opMap, opReplace:
		if s.field, value, ok = strings.Cut(text, ":"); ok {
			s.old, value, ok = strings.Cut(value, "=")
		}
	case opDrop:
	default:
		return s, fmt.Errorf("%q is no kind of step: want set, map, replace or drop", op)
	}
	if !ok || s.field == "" || !utf8.ValidString(text) {
		return s, fmt.Errorf("%s %q: want %s, in UTF-8", op, text, wants[op])
	}
	switch op {
	case opSet, opMap:
		s.value = jsonOf(value)
	case opReplace:
		if err := s.compile(value); err != nil {
			return s, fmt.Errorf("%s %q: %w", op, text, err)
		}
	}
	return s, nil
}

// reference is a part of a template that stands for a group, or for a dollar sign.
var reference = regexp.MustCompile(`\$(?:\$|(\w+)|\{(\w+)\})`)

// compile reads the pattern of a replace, and makes sure that its template names no
// group that there is not, which would be replaced by nothing.
func (s *Step) compile(template string) (err error) {
	if _, err := regexp.Compile(s.old); err != nil { // by itself, as it may not close what holds it
		return fmt.Errorf("want a regular expression as RE2 has them: %w", err)
	}
	s.pattern, s.value = regexp.MustCompile(`^(?s:`+s.old+`)$`), []byte(template)
	for _, m := range reference.FindAllStringSubmatch(template, -1) {
		name := m[1] + m[2]
		number, err := strconv.Atoi(name)
		if name != "" && (err != nil || number > s.pattern.NumSubexp()) && s.pattern.SubexpIndex(name) < 0 {
			return fmt.Errorf("%s is no group of %s: want ${1} for the first, and $$ for a dollar sign", m[0], s.old)
		}
	}
	return nil
}

func jsonOf(text string) []byte {
	if json.Valid([]byte(text)) {
		return []byte(strings.TrimSpace(text))
	}
	return quote(text)
}

func quote(text string) []byte {
	var w jx.Writer
	w.Str(text)
	return w.Buf
}

// ParsePatch reads a YAML list of steps, each of one key:
//
//	# the shop's release of 31 January
//	- set: currency=USD
//	- map: status:complete=completed
//	- replace: revenue:(\d+),(\d\d)=$1.$2
//	- drop: debug
func ParsePatch(data []byte) (Patch, error) {
	var steps []map[string]string
	if err := yaml.Unmarshal(data, &steps); err != nil {
		return nil, fmt.Errorf("want a list of steps such as `- set: status=completed`: %w", err)
	}
	var p Patch
	var faults []error
	for i, step := range steps {
		if len(step) != 1 {
			faults = append(faults, fmt.Errorf("step %d: want one of set, map, replace or drop, such as `- drop: debug`", i+1))
			continue
		}
		for op, text := range step {
			s, err := ParseStep(op, text)
			if err != nil {
				err = fmt.Errorf("step %d: %w", i+1, err)
			}
			p, faults = append(p, s), append(faults, err)
		}
	}
	return p, errors.Join(faults...)
}

// Declared gives the steps as they were declared: "set status=completed".
func (p Patch) Declared() []string {
	var out []string
	for _, s := range p {
		out = append(out, s.op+" "+s.text)
	}
	return out
}

// Apply gives the event with the steps applied. Members that no step names keep
// their bytes and their order. ok is false when the event is no JSON object.
func (p Patch) Apply(event []byte) (out []byte, ok bool) {
	if !json.Valid(event) || members(event) == nil {
		return nil, false
	}
	out = event
	for i := range p {
		out = p[i].apply(out)
	}
	return out, true
}

func (s *Step) apply(event []byte) []byte {
	switch s.op {
	case opSet:
		return s.set(event)
	case opMap, opReplace:
		return s.change(event)
	default:
		return s.drop(event, 0)
	}
}

// set changes the member, or adds it at the end. Should it stand more than
// once, one is left.
func (s *Step) set(event []byte) []byte {
	o := members(event)
	for i := range o.members {
		if m := o.members[i]; m.name == s.field {
			event = splice(event, m.value, m.end, s.value)
			return s.drop(event, i+1)
		}
	}
	added := append(append(quote(s.field), ':'), s.value...)
	if n := len(o.members); n > 0 {
		return splice(event, o.members[n-1].end, o.members[n-1].end, append([]byte{','}, added...))
	}
	return splice(event, o.open, o.open, added)
}

// change changes the member's value if it is an old one.
func (s *Step) change(event []byte) []byte {
	o := members(event)
	for i := len(o.members) - 1; i >= 0; i-- { // from the end, so that positions before stay true
		m := o.members[i]
		if m.name != s.field {
			continue
		}
		if value, ok := s.changed(text(event[m.value:m.end])); ok {
			event = splice(event, m.value, m.end, value)
		}
	}
	return event
}

// changed gives the new value of an old one; ok is false for any other.
func (s *Step) changed(old string) (value []byte, ok bool) {
	if s.op == opMap {
		return s.value, old == s.old
	}
	groups := s.pattern.FindStringSubmatchIndex(old)
	if groups == nil {
		return nil, false
	}
	return jsonOf(string(s.pattern.ExpandString(nil, string(s.value), old, groups))), true
}

// drop removes the member with one comma, from position from on.
func (s *Step) drop(event []byte, from int) []byte {
	o := members(event)
	for i := len(o.members) - 1; i >= from; i-- {
		if o.members[i].name != s.field {
			continue
		}
		start, end := o.members[i].start, o.members[i].end
		if i > 0 {
			start = o.members[i-1].end
		} else if len(o.members) > 1 {
			end = o.members[1].start
		}
		event = splice(event, start, end, nil)
		o = members(event)
	}
	return event
}

// splice gives a copy of b with b[from:to] replaced.
func splice(b []byte, from, to int, by []byte) []byte {
	out := make([]byte, 0, len(b)-(to-from)+len(by))
	return append(append(append(out, b[:from]...), by...), b[to:]...)
}
