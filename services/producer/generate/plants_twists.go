package generate

import (
	"math/rand/v2"
	"strings"
)

// twists are unusual but legal ways to write a valid event.
func twists() []plant {
	var plants []plant
	for _, table := range [][]plant{cellTwists(), csvTwists(), jsonTwists(), derivedIDs()} {
		plants = append(plants, table...)
	}
	for i := range plants {
		plants[i].shape = true
	}
	return plants
}

// stamp writes a time at an offset from UTC, with as many decimals as it takes.
func stamp(us int64, separator byte, offsetMinutes int64, suffix string) string {
	b := appendDateTime(nil, us+offsetMinutes*minute, separator)
	if fraction := us - floorTo(us, second); fraction != 0 {
		b = append(b, strings.TrimRight("."+string(appendPadded(nil, uint64(fraction), 6)), "0")...)
	}
	return string(b) + suffix
}

// times writes both times at an offset.
func times(separator byte, offsetMinutes int64, suffix string) edit {
	return func(d *draft) {
		d.at("event_ts").text = stamp(d.event.EventTS, separator, offsetMinutes, suffix)
		d.at("order_ts").text = stamp(d.event.OrderTS, separator, offsetMinutes, suffix)
	}
}

// odd writes a category or region in another case and with more white space.
func odd(c func(string) string, before, between, after string) func(string) string {
	return func(s string) string { return before + strings.ReplaceAll(c(s), " ", between) + after }
}

// inCatalogue keeps an edit from names that no catalogue has, because those stay as they are written.
func inCatalogue(e edit) edit {
	return func(d *draft) {
		if d.event.Region != unknownRegion && d.event.Category != unknownCategories[0] && d.event.Category != unknownCategories[1] {
			e(d)
		}
	}
}

// bare writes money without zeros at its end: 20.00 as 20, 19.90 as 19.9.
func bare(s string) string { return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") }

func cellTwists() []plant {
	pad := func(s string) string { return "  " + s + " " }
	names := func(change func(string) string) edit {
		return inCatalogue(all(rewrite("category", change), rewrite("region", change)))
	}
	return []plant{
		{in: inAll, what: "category and region in lower case", edit: names(strings.ToLower)},
		{in: inAll, what: "category and region in upper case, padded", edit: names(odd(strings.ToUpper, "  ", " ", " "))},
		{in: inAll, what: "category and region with folded white space", edit: names(odd(strings.ToLower, " ", "   ", "  "))},
		{in: inAll, what: "category and region with tabs", edit: names(odd(strings.ToUpper, "\t", "\t ", ""))},
		{in: inAll, what: "padded ids", edit: all(rewrite("order_id", pad), rewrite("event_id", pad), rewrite("customer_id", pad), rewrite("product_id", pad))},
		{in: inAll, what: "padded status", edit: rewrite("status", pad)},
		{in: inAll, what: "times at +05:30", edit: times('T', 330, "+05:30")},
		{in: inAll, what: "times at -08:00", edit: times('T', -480, "-08:00")},
		{in: inAll, what: "times at +14:00", edit: times('T', 840, "+14:00")},
		{in: inAll, what: "times at +00:00", edit: times('T', 0, "+00:00")},
		{in: inAll, what: "times with 1 to 6 decimals", edit: times('T', 0, "Z")},
		{in: inAll, what: "money without zeros at its end", edit: all(rewrite("unit_price", bare), rewrite("revenue", bare))},
		{in: inAll, what: "no payment_method", edit: absent("payment_method")},
		{in: inAll, what: "no currency", edit: absent("currency")},
		{in: inAll, what: "payment_method not in ASCII", edit: text("payment_method", "carte crédit 💳")},
		{in: inAll, what: "payment_method with quotes, comma and backslash", edit: text("payment_method", `"gift", card \ 5%`)},
		{in: inAll, what: "payment_method with a line feed", edit: text("payment_method", "credit\ncard")},
		{in: inAll, what: "payment_method with CR and LF", edit: text("payment_method", "bank\r\ntransfer")},
	}
}

func csvTwists() []plant {
	crlf := func(b []byte) []byte { return append(b, '\r') }
	return []plant{
		{in: inCSV, what: "all fields in quotes", edit: func(d *draft) { d.quote = true }},
		{in: inCSV, what: "all fields in quotes, line end CR LF", edit: func(d *draft) { d.quote = true }, raw: crlf},
		{in: inCSV, what: "line end CR LF", raw: crlf},
		{in: inCSV, what: "times with a space, UTC", edit: times(' ', 0, "")},
		{in: inCSV, what: "order_ts with a space, event_ts with an offset", edit: func(d *draft) {
			d.at("event_ts").text = stamp(d.event.EventTS, 'T', 60, "+01:00")
			d.at("order_ts").text = stamp(d.event.OrderTS, ' ', 0, "")
		}},
	}
}

func jsonTwists() []plant {
	strs := func(d *draft) { d.at("unit_price").raw, d.at("revenue").raw = false, false }
	shuffle := func(d *draft) {
		r := rand.New(rand.NewPCG(d.event.ID, d.event.Order))
		r.Shuffle(len(d.fields), func(i, j int) { d.fields[i], d.fields[j] = d.fields[j], d.fields[i] })
	}
	return []plant{
		{in: inJSON, what: "money as strings", edit: strs},
		{in: inJSON, what: "money as strings without zeros at their end", edit: all(strs, rewrite("unit_price", bare), rewrite("revenue", bare))},
		{in: inJSON, what: "keys in another order", edit: shuffle},
		{in: inJSON, what: "white space around everything", edit: func(d *draft) { d.indent = "\t " }, raw: func(b []byte) []byte { return append(append([]byte("  "), b...), ' ') }},
		{in: inMessage, what: "over several lines", edit: func(d *draft) { d.indent = "\r\n  " }, raw: add("\n")},
		{in: inJSON, what: "a key with an escape", edit: func(d *draft) { d.at("region").name = `regi\u006fn` }},
		{in: inJSON, what: "values with escapes", edit: all(
			func(d *draft) { token("status", `"\u00`+hexOf(d.event.Status[0])+d.event.Status[1:]+`"`)(d) },
			token("payment_method", `"gift\/card \ud83c\udf81"`))},
		{in: inJSON, what: "currency and payment_method null", edit: all(token("currency", "null"), token("payment_method", "null"))},
		{in: inJSON, what: "schema_version 1", edit: member("schema_version", "1")},
		{in: inJSON, what: "unknown field with a text", edit: unknown("channel", `"mobile app"`)},
		{in: inJSON, what: "unknown field with a number past 64 bits", edit: unknown("trace", "123456789012345678901234567890")},
		{in: inJSON, what: "unknown fields, one nested", edit: all(unknown("gift", "true"), unknown("geo", `{"lat":48.137,"path":[[1,2],{"a":{"b":{"c":"d, \"e\""}}}]}`))},
		{in: inJSON, what: "unknown field whose name is known in another case", edit: unknown("Status", `"lost"`)},
		{in: inMessage, what: "unknown field of 60 KiB", most: 20, edit: bulk(60*1024, "lorem ipsum ")},
	}
}

func hexOf(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}

// derivedIDs leave out what a CSV may leave out.
func derivedIDs() []plant {
	placed := func(e *Event) { e.EventTS = e.OrderTS }
	return []plant{
		{in: inCSV, what: "no event_id", derived: true, edit: absent("event_id")},
		{in: inCSV, what: "no event_ts", derived: true, change: placed, edit: absent("event_ts")},
		{in: inCSV, what: "no event_id and no event_ts", derived: true, change: placed, edit: all(absent("event_id"), absent("event_ts"))},
	}
}
