package sales

import (
	"errors"
	"time"
)

// ErrTimestamp is what the time parsers answer to text that is no time.
var ErrTimestamp = errors.New("want an RFC 3339 time such as 2026-01-31T23:59:59.123456Z, at most 6 decimals")

// MicrosPerDay is a UTC day in microseconds.
const MicrosPerDay = 24 * 60 * 60 * 1_000_000

// Year2000 is 2000-01-01T00:00:00Z in microseconds; earlier times are implausible.
const Year2000 = 946_684_800_000_000

// ParseTimestamp reads an RFC 3339 time with any offset and at most 6 decimals
// as microseconds UTC. Leap seconds and 24:00 answer ErrTimestamp.
func ParseTimestamp(text []byte) (int64, error) {
	micros, rest, ok := parseDateTime(text, 'T')
	if !ok || len(rest) == 0 {
		return 0, ErrTimestamp
	}
	if len(rest) == 1 && rest[0] == 'Z' {
		return micros, nil
	}
	offset, ok := parseOffset(rest)
	if !ok {
		return 0, ErrTimestamp
	}
	return micros - offset, nil
}

// ParseCSVTimestamp reads what ParseTimestamp reads, and also
// "YYYY-MM-DD HH:MM:SS[.f…]" in UTC, which only files may use.
func ParseCSVTimestamp(text []byte) (int64, error) {
	if len(text) > 10 && text[10] == ' ' {
		micros, rest, ok := parseDateTime(text, ' ')
		if !ok || len(rest) != 0 {
			return 0, ErrTimestamp
		}
		return micros, nil
	}
	return ParseTimestamp(text)
}

// parseDateTime reads YYYY-MM-DD, the separator and HH:MM:SS[.f…] and gives the
// microseconds and what follows.
func parseDateTime(b []byte, sep byte) (micros int64, rest []byte, ok bool) {
	if len(b) < 19 || b[4] != '-' || b[7] != '-' || b[10] != sep || b[13] != ':' || b[16] != ':' {
		return 0, nil, false
	}
	hi, ok1 := digits2(b[0:])
	lo, ok2 := digits2(b[2:])
	month, ok3 := digits2(b[5:])
	day, ok4 := digits2(b[8:])
	hour, ok5 := digits2(b[11:])
	minute, ok6 := digits2(b[14:])
	second, ok7 := digits2(b[17:])
	year := hi*100 + lo
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && ok7) || month < 1 || month > 12 ||
		day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return 0, nil, false
	}
	micros = (daysFromCivil(year, month, day)*86_400 + hour*3_600 + minute*60 + second) * 1_000_000
	rest = b[19:]
	if len(rest) == 0 || rest[0] != '.' {
		return micros, rest, true
	}
	unit, n := int64(100_000), 1
	for ; n < len(rest) && rest[n] >= '0' && rest[n] <= '9'; n++ {
		micros += int64(rest[n]-'0') * unit
		unit /= 10
	}
	return micros, rest[n:], n >= 2 && n <= 7
}

// parseOffset reads ±hh:mm as microseconds east of UTC.
func parseOffset(b []byte) (int64, bool) {
	if len(b) != 6 || (b[0] != '+' && b[0] != '-') || b[3] != ':' {
		return 0, false
	}
	hour, ok1 := digits2(b[1:])
	minute, ok2 := digits2(b[4:])
	if !ok1 || !ok2 || hour > 23 || minute > 59 {
		return 0, false
	}
	offset := (hour*3_600 + minute*60) * 1_000_000
	if b[0] == '-' {
		offset = -offset
	}
	return offset, true
}

func digits2(b []byte) (int64, bool) {
	hi, lo := b[0]-'0', b[1]-'0'
	return int64(hi)*10 + int64(lo), hi <= 9 && lo <= 9
}

func daysIn(year, month int64) int64 {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	default:
		return 31
	}
}

// daysFromCivil counts the days from 1970-01-01 in the proleptic Gregorian
// calendar; years start in March so that the leap day is a year's last.
func daysFromCivil(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	leaps := year/4 - year/100 + year/400
	if year < 0 { // only year -1: January and February of year 0
		leaps = -1
	}
	return 365*year + leaps + (153*(month-3)+2)/5 + day - 1 - 719_468
}

// DayOf gives the UTC day of a time, in days since 1970-01-01.
func DayOf(micros int64) int32 {
	day := micros / MicrosPerDay
	if micros%MicrosPerDay < 0 {
		day--
	}
	return int32(day)
}

// FormatDay gives a day as YYYY-MM-DD.
func FormatDay(day int32) string {
	return time.Unix(int64(day)*86_400, 0).UTC().Format(time.DateOnly)
}

// ParseDay reads YYYY-MM-DD as days since 1970-01-01.
func ParseDay(text string) (int32, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, err
	}
	return int32(t.Unix() / 86_400), nil
}

// AppendTimestamp appends a time as RFC 3339 in UTC with microseconds.
func AppendTimestamp(dst []byte, micros int64) []byte {
	return time.UnixMicro(micros).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000Z")
}
