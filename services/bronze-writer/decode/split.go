package decode

import "bytes"

// MaxRecord is how many bytes of one record of a file are looked at. A quote
// that is not closed within them is broken.
const MaxRecord = 8 << 20

// Line gives the first line of b without its line break, which is a line feed
// with or without a carriage return before it, and how many bytes it used: 0
// when b ends within the line, unless end tells that this is the file's end.
func Line(b []byte, end bool) (line []byte, used int) {
	n := bytes.IndexByte(b, '\n')
	switch {
	case n >= 0:
		return trimReturn(b[:n]), n + 1
	case end:
		return trimReturn(b), len(b)
	default:
		return nil, 0
	}
}

// Record is Line for RFC 4180 records, whose quoted fields may hold line
// breaks. A record with broken quotes ends at its first line break, so that one
// bad line costs one line. Broken is a quote within an unquoted field, text
// after a closing quote, and a quote that nothing closes.
func Record(b []byte, end bool) (record []byte, used int) {
	line, used := Line(b, end)
	if used > 0 && bytes.IndexByte(line, '"') < 0 {
		return line, used
	}
	switch n, q := quoted(b, end); {
	case q == unclear:
		return nil, 0
	case q == broken:
		return line, used
	case n < len(b):
		return trimReturn(b[:n]), n + 1
	default:
		return trimReturn(b), len(b)
	}
}

func trimReturn(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\r' {
		return b[:n-1]
	}
	return b
}

type quotes uint8

const (
	sound quotes = iota
	broken
	unclear // b ends too early to tell
)

// quoted gives where the line break of b's first record is, len(b) when the
// file ends instead.
func quoted(b []byte, end bool) (int, quotes) {
	early := unclear
	if end {
		early = sound
	}
	if len(b) > MaxRecord {
		b, early = b[:MaxRecord], broken
	}
	for at := 0; ; at++ { // at the start of a field
		if at < len(b) && b[at] == '"' {
			n := closing(b[at:])
			if n < 0 {
				return 0, max(early, broken)
			}
			at += n + 1
			if at+1 < len(b) && b[at] == '\r' && b[at+1] == '\n' {
				at++
			}
			if at == len(b) || at+1 == len(b) && b[at] == '\r' {
				return len(b), early
			}
		} else {
			for at < len(b) && b[at] != ',' && b[at] != '\n' && b[at] != '"' {
				at++
			}
			if at == len(b) {
				return len(b), early
			}
		}
		switch b[at] {
		case ',':
		case '\n':
			return at, sound
		default:
			return 0, broken
		}
	}
}

// closing gives where the quote is that ends a quoted field, -1 when none does.
func closing(field []byte) int {
	at := 1
	for {
		n := bytes.IndexByte(field[at:], '"')
		if n < 0 {
			return -1
		}
		if at += n; at+1 >= len(field) || field[at+1] != '"' {
			return at
		}
		at += 2
	}
}

// CutLines gives how many of b's bytes are whole lines, and their number. At the
// end of a file the last line needs no line break.
func CutLines(b []byte, end bool) (cut, rows int) {
	cut, rows = bytes.LastIndexByte(b, '\n')+1, bytes.Count(b, []byte{'\n'})
	if end && cut < len(b) {
		return len(b), rows + 1
	}
	return cut, rows
}

// CutRecords is CutLines for the records of a CSV file.
func CutRecords(b []byte, end bool) (cut, rows int) {
	for cut < len(b) {
		n := bytes.IndexByte(b[cut:], '"')
		if n < 0 {
			more, plain := CutLines(b[cut:], end)
			return cut + more, rows + plain
		}
		whole, plain := CutLines(b[cut:cut+n], false)
		cut, rows = cut+whole, rows+plain
		_, used := Record(b[cut:], end)
		if used == 0 {
			break
		}
		cut, rows = cut+used, rows+1
	}
	return cut, rows
}
