package sales

import "errors"

// ErrDecimal is what ParseCents answers to text that is no amount of money.
var ErrDecimal = errors.New("want -?digits[.d[d]] with at most 18 digits, such as 1234.50")

const maxDigits = 18 // of DECIMAL(18,2)

// ParseCents reads an amount such as "-12.5" as cents (-1250), exactly.
// Exponents, signs other than a leading minus, more than two decimals, and
// amounts that DECIMAL(18,2) cannot hold answer ErrDecimal.
func ParseCents(text []byte) (int64, error) {
	digits := text
	negative := len(digits) > 0 && digits[0] == '-'
	if negative {
		digits = digits[1:]
	}
	var cents int64
	whole, decimals, point := 0, 0, false
	for _, c := range digits {
		switch {
		case c == '.' && !point && whole > 0:
			point = true
			continue
		case c < '0' || c > '9':
			return 0, ErrDecimal
		case point:
			decimals++
		default:
			whole++
		}
		if whole+decimals > maxDigits || decimals > 2 {
			return 0, ErrDecimal
		}
		cents = cents*10 + int64(c-'0')
	}
	if whole == 0 || (point && decimals == 0) {
		return 0, ErrDecimal
	}
	for ; decimals < 2; decimals++ {
		if cents >= 1e17 {
			return 0, ErrDecimal
		}
		cents *= 10
	}
	if negative {
		cents = -cents
	}
	return cents, nil
}

// AppendCents appends cents as a decimal with two places: -1250 is "-12.50".
func AppendCents(dst []byte, cents int64) []byte {
	u := uint64(cents)
	if cents < 0 {
		dst = append(dst, '-')
		u = -u
	}
	var buf [20]byte
	i := len(buf)
	for n := 0; n < 3 || u > 0; n++ {
		i--
		buf[i] = byte('0' + u%10)
		u /= 10
	}
	dst = append(dst, buf[i:len(buf)-2]...)
	dst = append(dst, '.')
	return append(dst, buf[len(buf)-2:]...)
}

// FormatCents is AppendCents as a string.
func FormatCents(cents int64) string { return string(AppendCents(nil, cents)) }
