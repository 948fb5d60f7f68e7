package decode

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"github.com/go-faster/jx"
)

// member is one key of an object, as its sender writes it.
type member struct {
	literal []byte // the quoted key and its colon
	field   int    // of the dataset, -1 when unknown
}

func newMember(field int, key []byte) member {
	w := jx.Writer{Buf: make([]byte, 0, len(key)+3)}
	w.ByteStr(key)
	return member{append(w.Buf, ':'), field}
}

// predict reads an event whose members come in the order of the last one, some
// of them left out. It answers false, with the row half filled, to anything
// that it is not made for: then parse decides. value has no escapes and no
// control characters.
func (j *JSON) predict(value []byte) bool {
	if len(j.shape) == 0 || value[0] != '{' {
		return false
	}
	at := 1
	for k := range j.shape {
		m := &j.shape[k]
		start := skipBlank(value, at)
		if !bytes.HasPrefix(value[start:], m.literal) {
			continue
		}
		start = skipBlank(value, start+len(m.literal))
		end, s := scan(value, start)
		if end < 0 {
			return false
		}
		if m.field >= 0 {
			j.slots[m.field] = s
		} else {
			j.rescue()
			j.rescued = append(append(j.rescued, m.literal...), value[start:end]...)
		}
		if end >= len(value) || value[end] != ',' {
			return end == len(value)-1 && value[end] == '}'
		}
		at = end + 1
	}
	return false
}

func skipBlank(value []byte, at int) int {
	if at < len(value) && value[at] == ' ' {
		at++
	}
	return at
}

// scan reads a string, a plain number, a boolean or null at a position, and gives where it
// ends, -1 for anything else.
func scan(value []byte, at int) (int, slot) {
	if at >= len(value) {
		return -1, slot{}
	}
	switch c := value[at]; {
	case c == '"':
		n := bytes.IndexByte(value[at+1:], '"')
		if n < 0 {
			return -1, slot{}
		}
		return at + n + 2, slot{value[at+1 : at+1+n], text}
	case c == '-' || c >= '0' && c <= '9':
		end := scanNumber(value, at)
		if end < 0 {
			return -1, slot{}
		}
		return end, slot{value[at:end], number}
	case c == 'n' && bytes.HasPrefix(value[at:], []byte("null")):
		return at + 4, slot{kind: null}
	case c == 't' && bytes.HasPrefix(value[at:], yes):
		return at + len(yes), slot{yes, boolean}
	case c == 'f' && bytes.HasPrefix(value[at:], no):
		return at + len(no), slot{no, boolean}
	default:
		return -1, slot{}
	}
}

// scanNumber reads -?int[.digits] as JSON has it, without exponent.
func scanNumber(value []byte, at int) int {
	if value[at] == '-' {
		at++
	}
	start := at
	at = skipDigits(value, at)
	if at == start || (value[start] == '0' && at > start+1) {
		return -1
	}
	if at < len(value) && value[at] == '.' {
		start = at + 1
		if at = skipDigits(value, start); at == start {
			return -1
		}
	}
	return at
}

func skipDigits(value []byte, at int) int {
	for at < len(value) && value[at]-'0' <= 9 {
		at++
	}
	return at
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// survey tells whether the bytes are plain, which is without backslash and
// control characters, and whether they are ASCII; eight at a time.
func survey(b []byte) (plain, ascii bool) {
	var odd, high uint64
	for ; len(b) >= 8; b = b[8:] {
		x := binary.LittleEndian.Uint64(b)
		slash := x ^ ones*'\\'
		odd |= (x-ones*' ')&^x | (slash-ones)&^slash
		high |= x
	}
	for _, c := range b {
		if c < ' ' || c == '\\' {
			odd = highs
		}
		if c >= utf8.RuneSelf {
			high = highs
		}
	}
	return odd&highs == 0, high&highs == 0
}
