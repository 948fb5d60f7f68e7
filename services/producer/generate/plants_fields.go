package generate

import "time"

// fieldFaults are fields that bronze cannot read, in rows and objects that are sound.
func fieldFaults() []plant {
	var plants []plant
	for _, table := range [][]plant{missing(), wrongTypes(), badTimes(), badDecimals()} {
		plants = append(plants, table...)
	}
	return plants
}

func missing() []plant {
	var plants []plant
	for _, name := range []string{"order_id", "order_ts", "customer_id", "product_id", "category", "region", "quantity", "unit_price", "revenue", "status"} {
		plants = append(plants,
			plant{code: CodeMissingField, in: inAll, what: "no " + name, edit: absent(name)},
			plant{code: CodeMissingField, in: inJSON, what: name + " null", edit: token(name, "null")})
	}
	for _, name := range []string{"event_id", "event_ts"} { // a file may leave these out
		plants = append(plants,
			plant{code: CodeMissingField, in: inMessage, what: "no " + name, edit: absent(name)},
			plant{code: CodeMissingField, in: inMessage, what: name + " null", edit: token(name, "null")},
			plant{code: CodeMissingField, in: inMessage, what: name + " empty", edit: text(name, "")})
	}
	return append(plants,
		plant{code: CodeMissingField, in: inJSON, what: "order_id empty", edit: text("order_id", "")},
		plant{code: CodeMissingField, in: inAll, what: "customer_id blank", edit: text("customer_id", "  ")},
		plant{code: CodeMissingField, in: inAll, what: "status blank", edit: text("status", " ")},
		plant{code: CodeMissingField, in: inAll, what: "order_ts blank", edit: text("order_ts", "   ")},
		plant{code: CodeMissingField, in: inAll, what: "revenue blank", edit: text("revenue", " ")},
		plant{code: CodeMissingField, in: inMessage, what: "an empty object", shape: true, raw: func(b []byte) []byte { return append(b[:0], "{}"...) }},
		plant{code: CodeMissingField, in: inAll, what: "no status, and quantity of a wrong type", edit: all(absent("status"), text("quantity", "two"))},
		plant{code: CodeMissingField, in: inAll, what: "no revenue, and a bad order_ts", edit: all(absent("revenue"), text("order_ts", "yesterday"))},
	)
}

func wrongTypes() []plant {
	plants := []plant{
		{code: CodeWrongType, in: inAll, what: "quantity two", edit: text("quantity", "two")},
		{code: CodeWrongType, in: inCSV, what: "quantity 1.5", edit: text("quantity", "1.5")},
		{code: CodeWrongType, in: inCSV, what: "quantity 2147483648", edit: text("quantity", "2147483648")},
		{code: CodeWrongType, in: inCSV, what: "quantity 0x10", edit: text("quantity", "0x10")},
		{code: CodeWrongType, in: inCSV, what: "quantity 1_000", edit: text("quantity", "1_000")},
		{code: CodeWrongType, in: inCSV, what: "quantity 1,000", edit: text("quantity", "1,000")},
		{code: CodeWrongType, in: inCSV, what: "quantity of a wrong type, and a bad event_ts", edit: all(text("quantity", "2 pcs"), text("event_ts", "soon"))},
	}
	for _, value := range []string{"1.5", "2147483648", "-99999999999999999999", "true", "[2]", `{"value":2}`} {
		plants = append(plants, plant{code: CodeWrongType, in: inJSON, what: "quantity " + value, edit: token("quantity", value)})
	}
	return append(plants,
		plant{code: CodeWrongType, in: inJSON, what: "order_id a number", edit: token("order_id", "4711")},
		plant{code: CodeWrongType, in: inJSON, what: "event_id a number", edit: token("event_id", "4711")},
		plant{code: CodeWrongType, in: inJSON, what: "customer_id an object", edit: token("customer_id", `{"id":"C-1","tags":[{"a":[1,2]}]}`)},
		plant{code: CodeWrongType, in: inJSON, what: "product_id false", edit: token("product_id", "false")},
		plant{code: CodeWrongType, in: inJSON, what: "category an array", edit: token("category", `["Books"]`)},
		plant{code: CodeWrongType, in: inJSON, what: "region an object", edit: token("region", `{}`)},
		plant{code: CodeWrongType, in: inJSON, what: "status true", edit: token("status", "true")},
		plant{code: CodeWrongType, in: inJSON, what: "event_ts Unix seconds", edit: token("event_ts", "1767225600")},
		plant{code: CodeWrongType, in: inJSON, what: "order_ts an object", edit: token("order_ts", `{"$date":"2026-01-05T10:00:00Z"}`)},
		plant{code: CodeWrongType, in: inJSON, what: "unit_price true", edit: token("unit_price", "true")},
		plant{code: CodeWrongType, in: inJSON, what: "revenue an array", edit: token("revenue", "[12.50]")},
		plant{code: CodeWrongType, in: inJSON, what: "payment_method a number", edit: token("payment_method", "7")},
		plant{code: CodeWrongType, in: inJSON, what: "currency an object", edit: token("currency", `{"code":"USD"}`)},
		plant{code: CodeWrongType, in: inJSON, what: "quantity of a wrong type, and a bad event_ts", edit: all(token("quantity", "1.5"), text("event_ts", "soon"))},
	)
}

func badTimes() []plant {
	var plants []plant
	for _, value := range []string{
		"yesterday", "2026-02-30T10:00:00Z", "2026-13-01T10:00:00Z", "2026-00-10T10:00:00Z", "2025-02-29T10:00:00Z",
		"2026-02-05", "05/02/2026 10:00", "20260205T100000Z", "1770285600", "2026-02-05T10:00:00", "2026-02-05T10:00Z",
		"2026-02-05T24:00:00Z", "2026-02-05T10:60:00Z", "2026-02-05T1:00:00Z", "2026-02-05T10:00:00.Z",
		"2026-02-05T10:00:00,5Z", "2026-02-05T10:00:00+0530", "2026-02-05T10:00:00+25:00", "2026-02-05T10:00:00 UTC",
		"26-02-05T10:00:00Z", "2026-2-5T10:00:00Z", "0000-00-00 00:00:00",
	} {
		plants = append(plants, plant{code: CodeBadTimestamp, in: inAll, what: "order_ts " + value, edit: text("order_ts", value)})
	}
	return append(plants,
		plant{code: CodeBadTimestamp, in: inAll, what: "event_ts not a time", edit: text("event_ts", "not a time")},
		plant{code: CodeBadTimestamp, in: inAll, what: "event_ts 2026-04-31T10:00:00Z", edit: text("event_ts", "2026-04-31T10:00:00Z")},
		plant{code: CodeBadTimestamp, in: inMessage, what: "order_ts as only a CSV may have it", edit: text("order_ts", "2026-02-05 10:00:00")},
		plant{code: CodeBadTimestamp, in: inAll, what: "a bad order_ts, and a bad unit_price", edit: all(text("order_ts", "n/a"), text("unit_price", "n/a"))},
		plant{code: CodeBadTimestamp, in: inAll, what: "a bad event_ts, and quantity 0", change: func(e *Event) { e.price(0, e.UnitPrice) }, edit: text("event_ts", "n/a")},
	)
}

func badDecimals() []plant {
	var plants []plant
	for _, value := range []string{
		"12.345", "$12.50", "12.50 USD", "1,250.00", "twelve", "1e3", "12.", ".50", "+5.00", "--5.00", "NaN", "0x1F",
		"1234567890123456789", "12345678901234567.89", "1.2.3", "½",
	} {
		plants = append(plants, plant{code: CodeBadDecimal, in: inAll, what: "unit_price " + value, edit: text("unit_price", value)})
	}
	return append(plants,
		plant{code: CodeBadDecimal, in: inAll, what: "revenue free", edit: text("revenue", "free")},
		plant{code: CodeBadDecimal, in: inAll, what: "revenue 19.999", edit: text("revenue", "19.999")},
		plant{code: CodeBadDecimal, in: inJSON, what: "unit_price the number 12.345", edit: token("unit_price", "12.345")},
		plant{code: CodeBadDecimal, in: inJSON, what: "unit_price the number 1e3", edit: token("unit_price", "1e3")},
		plant{code: CodeBadDecimal, in: inJSON, what: "revenue a number of 22 digits", edit: token("revenue", "1234567890123456789012")},
		plant{code: CodeBadDecimal, in: inAll, what: "a bad revenue, and an unknown status", change: func(e *Event) { e.Status = "lost" }, edit: text("revenue", "n/a")},
	)
}

// meaningFaults are events that bronze reads well and silver refuses.
func meaningFaults() []plant {
	at := func(text string) int64 {
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			panic("generate: " + err.Error()) // a mistake in the table below
		}
		return t.UnixMicro()
	}
	silver := func(code, what string, change func(e *Event)) plant {
		return plant{code: code, in: inAll, what: what, change: change}
	}
	return []plant{
		silver(CodeQuantity, "quantity 0", func(e *Event) { e.price(0, e.UnitPrice) }),
		silver(CodeQuantity, "quantity -1", func(e *Event) { e.Quantity = -1 }),
		silver(CodeQuantity, "quantity -2147483648", func(e *Event) { e.Quantity = -1 << 31 }),
		silver(CodeQuantity, "quantity 0, and a negative unit_price", func(e *Event) { e.price(0, -500) }),
		silver(CodeNegativePrice, "unit_price -9.99", func(e *Event) { e.UnitPrice = -999 }),
		silver(CodeNegativePrice, "unit_price -0.01", func(e *Event) { e.UnitPrice = -1 }),
		silver(CodeNegativePrice, "negative unit_price and revenue", func(e *Event) { e.price(e.Quantity, -1250) }),
		silver(CodeNegativeRevenue, "revenue -19.98", func(e *Event) { e.Revenue = -1998 }),
		silver(CodeNegativeRevenue, "revenue -0.01", func(e *Event) { e.Revenue = -1 }),
		silver(CodeNegativeRevenue, "negative revenue, and an unknown status", func(e *Event) { e.Revenue, e.Status = -100, "returned" }),
		silver(CodeUnknownStatus, "status shipped", func(e *Event) { e.Status = "shipped" }),
		silver(CodeUnknownStatus, "status canceled, with one l", func(e *Event) { e.Status = "canceled" }),
		silver(CodeUnknownStatus, "status Completed, with a capital", func(e *Event) { e.Status = "Completed" }),
		silver(CodeUnknownStatus, "unknown status, and in EUR", func(e *Event) { e.Status, e.Currency = "open", "EUR" }),
		silver(CodeCurrency, "currency EUR", func(e *Event) { e.Currency = "EUR" }),
		silver(CodeCurrency, "currency JPY", func(e *Event) { e.Currency = "JPY" }),
		silver(CodeCurrency, "in GBP, and in the future", func(e *Event) { e.Currency, e.EventTS = "GBP", at("2098-05-01T00:00:00Z") }),
		silver(CodeFuture, "event_ts in 2099", func(e *Event) { e.EventTS = at("2099-01-01T00:00:00Z") }),
		silver(CodeFuture, "order_ts in 2099", func(e *Event) { e.OrderTS = at("2099-12-31T23:59:59.999999Z") }),
		silver(CodeFuture, "event_ts in 9999", func(e *Event) { e.EventTS = at("9999-12-31T23:59:59Z") }),
		silver(CodeFuture, "event_ts in 2099, order_ts in 1999", func(e *Event) {
			e.EventTS, e.OrderTS = at("2099-01-01T00:00:00Z"), at("1999-01-01T00:00:00Z")
		}),
		silver(CodeImplausible, "order_ts in 1970", func(e *Event) { e.OrderTS = at("1970-01-01T00:00:00Z") }),
		silver(CodeImplausible, "order_ts in 0001", func(e *Event) { e.OrderTS = at("0001-01-01T00:00:00Z") }),
		silver(CodeImplausible, "event_ts the last microsecond of 1999", func(e *Event) { e.EventTS = at("1999-12-31T23:59:59.999999Z") }),
		{code: CodeImplausible, in: inAll, what: "order_ts in 2000 by its offset, in 1999 by UTC",
			change: func(e *Event) { e.OrderTS = at("2000-01-01T00:30:00+01:00") }, edit: text("order_ts", "2000-01-01T00:30:00+01:00")},
	}
}
