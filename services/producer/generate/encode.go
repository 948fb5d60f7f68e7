package generate

// CSVHeader is the first line of a CSV: the event's names.
const CSVHeader = "event_id,event_ts,order_id,order_ts,customer_id,product_id,category,region," +
	"quantity,unit_price,revenue,status,payment_method,currency\n"

// appendCSV appends e's row of [CSVHeader], plainly written, without its line end. No field of a generated event needs quotes.
func (w *world) appendCSV(b []byte, e *Event) []byte {
	b = append(appendHex(b, e.ID), ',')
	b = append(appendTime(b, e.EventTS), ',')
	b = append(appendOrder(b, e.Order), ',')
	b = append(appendTime(b, e.OrderTS), ',')
	b = append(appendCustomer(b, e.Customer), ',')
	b = append(append(b, w.products[e.Product].ID...), ',')
	b = append(append(b, e.Category...), ',')
	b = append(append(b, e.Region...), ',')
	b = append(appendInt(b, int64(e.Quantity)), ',')
	b = append(appendCents(b, e.UnitPrice), ',')
	b = append(appendCents(b, e.Revenue), ',')
	b = append(append(b, e.Status...), ',')
	b = append(append(b, e.Payment...), ',')
	return append(b, e.Currency...)
}

// appendJSON appends e as an object. Every eighth event has its money as strings; the default currency is
// left out.
func (w *world) appendJSON(b []byte, e *Event) []byte {
	quote := ""
	if e.ID&7 == 0 {
		quote = `"`
	}
	b = appendHex(append(b, `{"event_id":"`...), e.ID)
	b = appendTime(append(b, `","event_ts":"`...), e.EventTS)
	b = appendOrder(append(b, `","order_id":"`...), e.Order)
	b = appendTime(append(b, `","order_ts":"`...), e.OrderTS)
	b = appendCustomer(append(b, `","customer_id":"`...), e.Customer)
	b = append(append(b, `","product_id":"`...), w.products[e.Product].ID...)
	b = append(append(b, `","category":"`...), e.Category...)
	b = append(append(b, `","region":"`...), e.Region...)
	b = appendInt(append(b, `","quantity":`...), int64(e.Quantity))
	b = appendCents(append(append(b, `,"unit_price":`...), quote...), e.UnitPrice)
	b = appendCents(append(append(append(b, quote...), `,"revenue":`...), quote...), e.Revenue)
	b = append(append(append(b, quote...), `,"status":"`...), e.Status...)
	b = append(append(b, `","payment_method":"`...), e.Payment...)
	if e.Currency != usd {
		b = append(append(b, `","currency":"`...), e.Currency...)
	}
	return append(b, `"}`...)
}

// usd is the currency that an event without one has.
const usd = "USD"

func appendOrder(b []byte, order uint64) []byte {
	return appendPadded(append(b, "ORD-"...), order, 10)
}

func appendCustomer(b []byte, index uint32) []byte {
	return appendPadded(append(b, "C-"...), uint64(index)+1, 7)
}

func appendHex(b []byte, x uint64) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, digits[x>>shift&15])
	}
	return b
}

// appendPadded writes x with at least width digits (at most 20).
func appendPadded(b []byte, x uint64, width int) []byte {
	var digits [20]byte
	i := len(digits)
	for ; x > 0 || width > 0; width-- {
		i--
		digits[i] = byte('0' + x%10)
		x /= 10
	}
	return append(b, digits[i:]...)
}

func appendInt(b []byte, x int64) []byte {
	if x < 0 {
		return appendPadded(append(b, '-'), uint64(-x), 1)
	}
	return appendPadded(b, uint64(x), 1)
}

// appendCents writes cents as units with two decimals.
func appendCents(b []byte, cents int64) []byte {
	if cents < 0 {
		b, cents = append(b, '-'), -cents
	}
	return appendPadded(append(appendPadded(b, uint64(cents/100), 1), '.'), uint64(cents%100), 2)
}

// appendTime writes microseconds UTC as RFC 3339 with as many of 0, 3 or 6 decimals as it takes.
func appendTime(b []byte, us int64) []byte {
	b = appendDateTime(b, us, 'T')
	switch fraction := us - floorTo(us, second); {
	case fraction == 0:
	case fraction%1000 == 0:
		b = appendPadded(append(b, '.'), uint64(fraction/1000), 3)
	default:
		b = appendPadded(append(b, '.'), uint64(fraction), 6)
	}
	return append(b, 'Z')
}

// appendDateTime writes the date and the whole seconds of a time between the years 0 and 9999.
func appendDateTime(b []byte, us int64, separator byte) []byte {
	inDay := us - floorTo(us, day)
	b = append(appendDate(b, us), separator)
	b = append(appendPadded(b, uint64(inDay/hour), 2), ':')
	b = append(appendPadded(b, uint64(inDay%hour/minute), 2), ':')
	return appendPadded(b, uint64(inDay%minute/second), 2)
}

// appendDate writes the UTC date of a time. The calendar is counted in 400-year eras of years that begin in March, which
// puts the leap day last.
func appendDate(b []byte, us int64) []byte {
	const eraDays, epochFromMarchOfYear0 = 146_097, 719_468
	days := floorTo(us, day)/day + epochFromMarchOfYear0
	era, inEra := days/eraDays, days%eraDays
	year := (inEra - inEra/1_460 + inEra/36_524 - inEra/146_096) / 365
	inYear := inEra - (365*year + year/4 - year/100)
	fromMarch := (5*inYear + 2) / 153
	dayOfMonth := inYear - (153*fromMarch+2)/5 + 1
	month := fromMarch + 3
	if month > 12 {
		month -= 12
		year++
	}
	b = append(appendPadded(b, uint64(era*400+year), 4), '-')
	b = append(appendPadded(b, uint64(month), 2), '-')
	return appendPadded(b, uint64(dayOfMonth), 2)
}

// floorTo rounds x down to a multiple of unit.
func floorTo(x, unit int64) int64 {
	rest := x % unit
	if rest < 0 {
		rest += unit
	}
	return x - rest
}
