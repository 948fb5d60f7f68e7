package generate

import (
	"bytes"
	"strings"
)

// structureFaults break what is around the fields. Bronze looks for them first.
func structureFaults() []plant {
	var plants []plant
	for _, table := range [][]plant{wholeMessage(), notUTF8(), rows(), notJSON(), notObjects(), wrongKeys()} {
		plants = append(plants, table...)
	}
	for i := range plants {
		plants[i].shape = true
	}
	return plants
}

// bulk adds an unknown member of n bytes, made when it is needed.
func bulk(n int, filler string) edit {
	return func(d *draft) { unknown("bulk", `"`+strings.Repeat(filler, n/len(filler))+`"`)(d) }
}

func wholeMessage() []plant {
	const mib = 1 << 20
	return []plant{
		{code: CodeEmpty, in: inMessage, what: "0 bytes", raw: func(b []byte) []byte { return b[:0] }},
		{code: CodeTooLarge, in: inMessage, most: 3, what: "a valid event of over 1 MiB", edit: bulk(mib, "x")},
		{code: CodeTooLarge, in: inMessage, most: 2, what: "over 1 MiB, and not UTF-8", edit: bulk(mib+mib/4, "\xff")},
		{code: CodeTooLarge, in: inMessage, most: 2, what: "over 1 MiB, and no JSON", raw: func(b []byte) []byte {
			return append(b[:0], strings.Repeat("no json ", mib/8+1)...)
		}},
	}
}

func notUTF8() []plant {
	return []plant{
		{code: CodeInvalidUTF8, in: inAll, what: "a Latin-1 byte in payment_method", edit: text("payment_method", "caf\xe9 card")},
		{code: CodeInvalidUTF8, in: inAll, what: "a cut UTF-8 sequence in region", edit: text("region", "Europe\xe2\x82")},
		{code: CodeInvalidUTF8, in: inAll, what: "an overlong UTF-8 sequence in status", edit: text("status", "completed\xc0\xaf")},
		{code: CodeInvalidUTF8, in: inAll, what: "a UTF-16 surrogate in category", edit: text("category", "\xed\xa0\x80")},
		{code: CodeInvalidUTF8, in: inJSON, what: "not UTF-8, in an unknown field", edit: member("memo", "\"\xfe\"")},
		{code: CodeInvalidUTF8, in: inMessage, what: "binary", raw: func(b []byte) []byte {
			return append(b[:0], "\xff\xfe\x00\x01{\x80}"...)
		}},
		{code: CodeInvalidUTF8, in: inJSON, what: "not UTF-8, and not JSON", raw: func(b []byte) []byte {
			return append(b[:len(b)/2], 0xff)
		}},
		{code: CodeInvalidUTF8, in: inCSV, what: "not UTF-8, and a field short", edit: text("payment_method", "\xff"), raw: cut(len(lastField))},
	}
}

// lastField is how a plain row of a CSV ends.
const lastField = "," + usd

// cut takes n bytes off the end.
func cut(n int) func(b []byte) []byte {
	return func(b []byte) []byte { return b[:len(b)-n] }
}

func add(tail string) func(b []byte) []byte {
	return func(b []byte) []byte { return append(b, tail...) }
}

func rows() []plant {
	return []plant{
		{code: CodeMalformedRow, in: inCSV, what: "one field short", raw: cut(len(lastField))},
		{code: CodeMalformedRow, in: inCSV, what: "one field too many", raw: add(",")},
		{code: CodeMalformedRow, in: inCSV, what: "cut after the order_id", raw: func(b []byte) []byte {
			return b[:bytes.Index(b, []byte("ORD-"))+14]
		}},
		{code: CodeMalformedRow, in: inCSV, what: "an unquoted comma in payment_method", edit: token("payment_method", "card, debit")},
		{code: CodeMalformedRow, in: inCSV, what: "text after a closing quote", edit: token("payment_method", `"credit"card`)},
		{code: CodeMalformedRow, in: inCSV, what: "quotes inside an unquoted field", edit: token("payment_method", `the "good" card`)},
		{code: CodeMalformedRow, in: inCSV, what: "one field short, and no customer_id", edit: text("customer_id", ""), raw: cut(len(lastField))},
	}
}

// unclosedQuote takes in whatever follows it, so it can only be the last row.
var unclosedQuote = plant{
	code: CodeMalformedRow, in: inCSV, what: "a quote that is never closed, in the last row", shape: true,
	edit: token("payment_method", `"credit_card`),
}

func notJSON() []plant {
	replace := func(what, by string) func(b []byte) []byte {
		return func(b []byte) []byte { return bytes.Replace(b, []byte(what), []byte(by), 1) }
	}
	return []plant{
		{code: CodeInvalidJSON, in: inJSON, what: "duplicate key order_id", edit: member("order_id", `"ORD-0000000000"`)},
		{code: CodeInvalidJSON, in: inJSON, what: "duplicate key status, same value", edit: func(d *draft) { member("status", `"`+d.event.Status+`"`)(d) }},
		{code: CodeInvalidJSON, in: inJSON, what: "duplicate key revenue, once with an escape", edit: member(`r\u0065venue`, "1.00")},
		{code: CodeInvalidJSON, in: inJSON, what: "duplicate key that is unknown", edit: all(member("memo", "1"), member("memo", "2"))},
		{code: CodeInvalidJSON, in: inJSON, what: "unit_price NaN", edit: token("unit_price", "NaN")},
		{code: CodeInvalidJSON, in: inJSON, what: "cut off in the middle", raw: func(b []byte) []byte { return b[:len(b)*2/3] }},
		{code: CodeInvalidJSON, in: inJSON, what: "without its closing brace", raw: cut(1)},
		{code: CodeInvalidJSON, in: inJSON, what: "a comma before the closing brace", raw: func(b []byte) []byte { return append(b[:len(b)-1], ",}"...) }},
		{code: CodeInvalidJSON, in: inJSON, what: "two objects", raw: add(`{"order_id":"ORD-1"}`)},
		{code: CodeInvalidJSON, in: inJSON, what: "text after the object", raw: add(" ok")},
		{code: CodeInvalidJSON, in: inJSON, what: "single quotes", raw: func(b []byte) []byte { return bytes.ReplaceAll(b, []byte{'"'}, []byte{'\''}) }},
		{code: CodeInvalidJSON, in: inJSON, what: "a name without quotes", raw: replace(`"status"`, `status`)},
		{code: CodeInvalidJSON, in: inJSON, what: "a missing colon", raw: replace(`"region":`, `"region"`)},
		{code: CodeInvalidJSON, in: inJSON, what: "plain text", raw: func(b []byte) []byte { return append(b[:0], "connection reset by peer"...) }},
		{code: CodeInvalidJSON, in: inJSON, what: "revenue Infinity", edit: token("revenue", "-Infinity")},
		{code: CodeInvalidJSON, in: inJSON, what: "unit_price .50", edit: token("unit_price", ".50")},
		{code: CodeInvalidJSON, in: inJSON, what: "quantity with a leading zero", edit: token("quantity", "02")},
		{code: CodeInvalidJSON, in: inJSON, what: "quantity with a plus sign", edit: token("quantity", "+2")},
		{code: CodeInvalidJSON, in: inJSON, what: "status True, as Python writes it", edit: token("status", "True")},
		{code: CodeInvalidJSON, in: inJSON, what: "a tab in a string", edit: token("payment_method", "\"credit\tcard\"")},
		{code: CodeInvalidJSON, in: inJSON, what: "an unknown escape", edit: token("payment_method", `"credit\xcard"`)},
		{code: CodeInvalidJSON, in: inJSON, what: "a comment", edit: token("payment_method", `"card" /* paid */`)},
		{code: CodeInvalidJSON, in: inJSON, what: "cut off, and no customer_id", edit: absent("customer_id"), raw: cut(2)},
	}
}

func notObjects() []plant {
	whole := func(value string) func(b []byte) []byte {
		return func(b []byte) []byte { return append(b[:0], value...) }
	}
	return []plant{
		{code: CodeNotAnObject, in: inJSON, what: "an event in an array", raw: func(b []byte) []byte {
			return append(append([]byte{'['}, b...), ']')
		}},
		{code: CodeNotAnObject, in: inJSON, what: "an empty array", raw: whole(`[]`)},
		{code: CodeNotAnObject, in: inJSON, what: "a string", raw: whole(`"order placed"`)},
		{code: CodeNotAnObject, in: inJSON, what: "a number", raw: whole(`42.50`)},
		{code: CodeNotAnObject, in: inJSON, what: "true", raw: whole(`true`)},
		{code: CodeNotAnObject, in: inJSON, what: "null", raw: whole(`null`)},
	}
}

func wrongKeys() []plant {
	return []plant{
		{code: CodeWrongKey, in: inMessage, wrongPartition: true, what: "on another partition than its order_id's"},
		{code: CodeWrongKey, in: inMessage, wrongPartition: true, what: "wrong partition, and no customer_id", edit: absent("customer_id")},
		{code: CodeInvalidJSON, in: inMessage, wrongPartition: true, what: "wrong partition, and cut off", raw: cut(1)},
	}
}
