package generate

import "slices"

// updateFaults are those of updates of customers. All are bronze's.
func updateFaults() []plant {
	return slices.Concat(wholeMessage(), notObjects(), updateStructure(), updateMissing(), updateTypes())
}

func updateStructure() []plant {
	return []plant{
		{code: CodeInvalidUTF8, in: inJSON, what: "a Latin-1 byte in city", edit: text("city", "M\xfcnchen")},
		{code: CodeInvalidUTF8, in: inJSON, what: "a cut UTF-8 sequence in name", edit: text("name", "Zo\xc3")},
		{code: CodeInvalidJSON, in: inJSON, what: "duplicate key city", edit: member("city", `"Atlantis"`)},
		{code: CodeInvalidJSON, in: inJSON, what: "deleted True, as Python writes it", edit: member("deleted", "True")},
		{code: CodeInvalidJSON, in: inJSON, what: "cut off in the middle", raw: func(b []byte) []byte { return b[:len(b)*2/3] }},
		{code: CodeInvalidJSON, in: inJSON, what: "two objects", raw: add(`{"customer_id":"C-1"}`)},
		{code: CodeWrongKey, in: inMessage, wrongPartition: true, what: "on another partition than its customer_id's"},
		{code: CodeWrongKey, in: inMessage, wrongPartition: true, what: "wrong partition, and no email", edit: absent("email")},
	}
}

func updateMissing() []plant {
	var plants []plant
	for _, name := range []string{"customer_id", "updated_ts", "name", "email", "segment", "city", "country"} {
		plants = append(plants,
			plant{code: CodeMissingField, in: inJSON, what: "no " + name, edit: absent(name)},
			plant{code: CodeMissingField, in: inJSON, what: name + " null", edit: token(name, "null")},
			plant{code: CodeMissingField, in: inJSON, what: name + " blank", edit: text(name, " ")})
	}
	deletion := member("deleted", "true")
	return append(plants,
		plant{code: CodeMissingField, in: inJSON, what: "no email, and deleted false", edit: all(absent("email"), member("deleted", "false"))},
		plant{code: CodeMissingField, in: inJSON, what: "a deletion without updated_ts", edit: all(absent("updated_ts"), deletion)},
		plant{code: CodeMissingField, in: inJSON, what: "a deletion without customer_id", edit: all(absent("customer_id"), deletion)},
		plant{code: CodeMissingField, in: inJSON, what: "no city, and deleted of a wrong type", edit: all(absent("city"), member("deleted", `"true"`))},
	)
}

func updateTypes() []plant {
	var plants []plant
	for _, value := range []string{`"true"`, `"false"`, `"yes"`, "1", "0", "[true]", `{"at":"2026-01-05T10:00:00Z"}`} {
		plants = append(plants, plant{code: CodeWrongType, in: inJSON, what: "deleted " + value, edit: member("deleted", value)})
	}
	plants = append(plants,
		plant{code: CodeWrongType, in: inJSON, what: "customer_id a number", edit: token("customer_id", "4711")},
		plant{code: CodeWrongType, in: inJSON, what: "email an array", edit: token("email", `["a@example.com","b@example.com"]`)},
		plant{code: CodeWrongType, in: inJSON, what: "segment false", edit: token("segment", "false")},
		plant{code: CodeWrongType, in: inJSON, what: "city an object", edit: token("city", `{"name":"Porto"}`)},
		plant{code: CodeWrongType, in: inJSON, what: "updated_ts Unix seconds", edit: token("updated_ts", "1767225600")},
		plant{code: CodeWrongType, in: inJSON, what: "deleted 1, and a bad updated_ts", edit: all(member("deleted", "1"), text("updated_ts", "soon"))},
	)
	for _, value := range []string{"yesterday", "2026-02-30T10:00:00Z", "2026-01-05", "2026-01-05T10:00:00", "1767607200"} {
		plants = append(plants, plant{code: CodeBadTimestamp, in: inJSON, what: "updated_ts " + value, edit: text("updated_ts", value)})
	}
	return plants
}

// updateTwists are legal ways to write an update of a customer that is not deleted.
func updateTwists() []plant {
	return []plant{
		{in: inJSON, what: "deleted false", edit: member("deleted", "false")},
		{in: inJSON, what: "deleted null", edit: member("deleted", "null")},
		{in: inJSON, what: "deleted before the other keys", edit: func(d *draft) {
			d.fields = slices.Insert(d.fields, 0, field{name: "deleted", text: "false", raw: true})
		}},
		{in: inJSON, what: "keys in another order", edit: func(d *draft) { slices.Reverse(d.fields) }},
		{in: inJSON, what: "padded customer_id", edit: rewrite("customer_id", func(id string) string { return " " + id + " " })},
		{in: inJSON, what: "white space around everything", edit: func(d *draft) { d.indent = "\t " }, raw: func(b []byte) []byte { return append(append([]byte("  "), b...), ' ') }},
		{in: inJSON, what: "a key with an escape", edit: func(d *draft) { d.at("city").name = `cit\u0079` }},
		{in: inJSON, what: "unknown field with a flag", edit: unknown("newsletter", "true")},
		{in: inJSON, what: "unknown fields, one nested", edit: all(unknown("points", "1200"), unknown("address", `{"street":"Rua 1","zip":["4000","007"]}`))},
	}
}
