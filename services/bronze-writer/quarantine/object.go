package quarantine

import (
	"bytes"
	"encoding/json"
)

// object says where the members of a JSON object are.
type object struct {
	open    int // after the brace
	members []member
}

// member is a key that begins at start, and its value in [value, end).
type member struct {
	name              string
	start, value, end int
}

// members finds the members of valid JSON; nil when it is no object.
func members(b []byte) *object {
	at := skipSpace(b, 0)
	if at == len(b) || b[at] != '{' {
		return nil
	}
	o := &object{open: at + 1}
	for at = skipSpace(b, at+1); b[at] != '}'; at = skipSpace(b, at) {
		if b[at] == ',' {
			at = skipSpace(b, at+1)
		}
		m := member{start: at}
		at = endOfString(b, at)
		m.name = text(b[m.start:at])
		at = skipSpace(b, at) + 1 // the colon
		m.value = skipSpace(b, at)
		at = endOfValue(b, m.value)
		m.end = at
		o.members = append(o.members, m)
	}
	return o
}

// value gives the value of a member of the object in b, nil when it has none of the name.
func (o *object) value(b []byte, name string) []byte {
	for _, m := range o.members {
		if m.name == name {
			return b[m.value:m.end]
		}
	}
	return nil
}

func skipSpace(b []byte, at int) int {
	for at < len(b) && (b[at] == ' ' || b[at] == '\n' || b[at] == '\t' || b[at] == '\r') {
		at++
	}
	return at
}

// endOfString gives the position after the string that begins at one.
func endOfString(b []byte, at int) int {
	for at++; b[at] != '"'; at++ {
		if b[at] == '\\' {
			at++
		}
	}
	return at + 1
}

// endOfValue gives the position after the value that begins at one.
func endOfValue(b []byte, at int) int {
	depth := 0
	for {
		switch c := b[at]; {
		case c == '"':
			at = endOfString(b, at)
		case c == '{' || c == '[':
			depth++
			at++
		case c == '}' || c == ']':
			depth--
			at++
		case depth > 0:
			at++
			continue
		default:
			return at + bytes.IndexAny(b[at:], ",}] \t\r\n")
		}
		if depth == 0 {
			return at
		}
	}
}

// text gives a JSON string without its quotes and escapes, and any other value
// as it is written.
func text(value []byte) string {
	if value[0] != '"' {
		return string(value)
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1])
	}
	var s string
	if err := json.Unmarshal(value, &s); err != nil { // it was valid
		panic("quarantine: " + err.Error())
	}
	return s
}
