package rules

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/sales"
)

// Share is a part of a whole in millionths (ppm): 0.05 is 50,000.
type Share int64

// Whole is all of it.
const Whole Share = 1_000_000

// UnmarshalYAML reads a decimal from 0 to 1 with at most six decimals, exactly.
func (s *Share) UnmarshalYAML(node *yaml.Node) error {
	whole, decimals, _ := strings.Cut(node.Value, ".")
	n, err := strconv.ParseUint(whole+(decimals + "000000")[:6], 10, 32)
	if err != nil || len(decimals) > 6 || Share(n) > Whole {
		return &misfit{node, fmt.Sprintf("%s is not a part of 1 with at most six decimals", node.Value)}
	}
	*s = Share(n)
	return nil
}

// misfit is a value that the schema lets pass.
type misfit struct {
	node    *yaml.Node
	problem string
}

func (m *misfit) Error() string { return m.problem }

// String gives the share as a decimal: 0.05.
func (s Share) String() string {
	text := fmt.Sprintf("%d.%06d", s/Whole, s%Whole)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// Reached tells whether part is this share of whole or more.
func (s Share) Reached(part, whole int64) bool {
	return part > 0 && part >= (whole/int64(Whole))*int64(s)+(whole%int64(Whole)*int64(s)+int64(Whole)-1)/int64(Whole)
}

// Exceeded tells whether part is more than this share of whole.
func (s Share) Exceeded(part, whole int64) bool {
	return part > whole/int64(Whole)*int64(s)+whole%int64(Whole)*int64(s)/int64(Whole)
}

// PPM gives the share that part is of whole, rounded down; a part of nothing is all of it.
func PPM(part, whole int64) int64 {
	switch {
	case part <= 0:
		return 0
	case whole <= 0:
		return int64(Whole)
	case part > math.MaxInt64/int64(Whole):
		return part / (whole/int64(Whole) + 1)
	}
	return part * int64(Whole) / whole
}

// Text is a scalar as it is written in the file: 0.00 stays 0.00.
type Text string

// UnmarshalYAML takes the text of a scalar.
func (t *Text) UnmarshalYAML(node *yaml.Node) error {
	*t = Text(node.Value)
	return nil
}

// Number reads the text as a value of a column of this type: a whole number, an amount in
// cents, days since 1970-01-01 or microseconds UTC.
func (t Text) Number(of column.Type) (int64, error) {
	switch of {
	case column.Int32, column.Int64:
		n, err := strconv.ParseInt(string(t), 10, 64)
		if err != nil {
			return 0, errors.New("is not a whole number")
		}
		return n, nil
	case column.Decimal:
		n, err := sales.ParseCents([]byte(t))
		if err != nil {
			return 0, errors.New("is not an amount such as 0.00")
		}
		return n, nil
	case column.Date:
		n, err := sales.ParseDay(string(t))
		if err != nil {
			return 0, errors.New("is not a date such as 2026-01-31")
		}
		return int64(n), nil
	case column.Timestamp:
		n, err := sales.ParseTimestamp([]byte(t))
		if err != nil {
			return 0, errors.New("is not a time such as 2026-01-31T00:00:00Z")
		}
		return n, nil
	default:
		return 0, errors.New("is compared with text, which has no order here")
	}
}
