package decode

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/go-faster/jx"

	"github.com/saleslake/saleslake/pkg/sales"
)

// Options limits what a decoder takes.
type Options struct {
	MaxBytes int                   // of one event; more is too_large
	Owns     func(key []byte) bool // whether an event of that key belongs here; nil: all do
}

// JSON decodes events sent as JSON objects. It is for one goroutine.
type JSON struct {
	Row
	opt       Options
	shape     []member // the members of the last event that was not as predicted
	next      []member
	parser    jx.Decoder
	each      func(d *jx.Decoder, key []byte) error
	unescaped []byte // text of strings with escapes, of this event
	unknown   map[string]struct{}
}

// NewJSON gives a decoder of a dataset's events.
func NewJSON(d *Dataset, o Options) *JSON {
	j := &JSON{Row: newRow(d.whole()), opt: o, unknown: map[string]struct{}{}}
	j.each = j.readMember
	return j
}

// Decode reads one event. When it gives nil, the Row is good to append.
func (j *JSON) Decode(value []byte) *sales.Reject {
	j.clear()
	if r := guard(value, j.opt.MaxBytes); r != nil {
		return r
	}
	plain, ascii := survey(value)
	if !ascii && !utf8.Valid(value) {
		return notUTF8()
	}
	if !plain || !j.predict(value) {
		if r := j.parse(value); r != nil {
			return r
		}
	}
	j.close()
	if key := j.Key(); j.opt.Owns != nil && len(key) > 0 && !j.opt.Owns(key) {
		name := j.set.Name(j.set.Key)
		return &sales.Reject{Code: sales.WrongKey, Field: name,
			Message: name + " hashes to another partition: send it with " + name + " as the record's key"}
	}
	return j.judge()
}

// guard gives the codes that need no look inside.
func guard(value []byte, limit int) *sales.Reject {
	switch {
	case len(value) == 0:
		return &sales.Reject{Code: sales.Empty, Message: "no bytes"}
	case len(value) > limit:
		return &sales.Reject{Code: sales.TooLarge, Message: "over the limit of bronze.max_event_bytes"}
	}
	return nil
}

func notUTF8() *sales.Reject {
	return &sales.Reject{Code: sales.InvalidUTF8, Message: "want UTF-8 text"}
}

var errTwice = errors.New("a key stands twice in one object")

// parse reads an event of any form and remembers its members' order.
func (j *JSON) parse(value []byte) *sales.Reject {
	j.clear()
	j.next, j.unescaped = j.next[:0], j.unescaped[:0]
	clear(j.unknown)
	j.parser.ResetBytes(value)
	if j.parser.Next() != jx.Object {
		if err := unique(&j.parser); err != nil {
			return invalidJSON(err)
		}
		if err := atEnd(&j.parser); err != nil {
			return invalidJSON(err)
		}
		return &sales.Reject{Code: sales.NotAnObject, Message: "want a JSON object"}
	}
	err := j.parser.ObjBytes(j.each)
	if err == nil {
		err = atEnd(&j.parser)
	}
	if err != nil {
		return invalidJSON(err)
	}
	j.shape, j.next = j.next, j.shape
	return nil
}

func invalidJSON(err error) *sales.Reject {
	message := "want one JSON object and nothing after it"
	if errors.Is(err, errTwice) {
		message = errTwice.Error()
	}
	return &sales.Reject{Code: sales.InvalidJSON, Message: message}
}

func (j *JSON) readMember(d *jx.Decoder, key []byte) error {
	at := j.set.field(key)
	if at >= 0 && j.slots[at].kind != absent {
		return errTwice
	}
	if at < 0 {
		if _, twice := j.unknown[string(key)]; twice {
			return errTwice
		}
		j.unknown[string(key)] = struct{}{}
	}
	j.next = append(j.next, newMember(at, key))
	kind := kindOf(d.Next())
	raw, err := j.readRaw(d, kind)
	if err != nil {
		return err
	}
	if at < 0 {
		j.rescue()
		j.rescued = append(append(j.rescued, j.next[len(j.next)-1].literal...), raw...)
		return nil
	}
	if kind == text {
		raw = j.unquote(raw)
	}
	j.slots[at] = slot{raw, kind}
	return nil
}

func (j *JSON) readRaw(d *jx.Decoder, k kind) ([]byte, error) {
	raw, err := d.Raw()
	if err != nil || k != other {
		return raw, err
	}
	return raw, unique(jx.DecodeBytes(raw))
}

// unquote gives the text of a JSON string, copied only when it has escapes.
func (j *JSON) unquote(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	start := len(j.unescaped)
	out, err := jx.DecodeBytes(raw).StrAppend(j.unescaped)
	if err != nil { // Raw has checked it
		return nil
	}
	j.unescaped = out
	return out[start:]
}

func kindOf(t jx.Type) kind {
	switch t {
	case jx.String:
		return text
	case jx.Number:
		return number
	case jx.Bool:
		return boolean
	case jx.Null:
		return null
	default:
		return other
	}
}

// unique reads a value of any kind, and errs when an object in it has a key
// twice.
func unique(d *jx.Decoder) error {
	switch d.Next() {
	case jx.Object:
		seen := map[string]struct{}{}
		return d.ObjBytes(func(d *jx.Decoder, key []byte) error {
			if _, twice := seen[string(key)]; twice {
				return errTwice
			}
			seen[string(key)] = struct{}{}
			return unique(d)
		})
	case jx.Array:
		return d.Arr(unique)
	default:
		return d.Skip()
	}
}

// atEnd errs when anything but white space follows.
func atEnd(d *jx.Decoder) error {
	if err := d.Skip(); !errors.Is(err, io.EOF) {
		return errors.New("trailing data")
	}
	return nil
}
