package sales

import (
	"errors"
	"fmt"
	"hash/crc32"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/saleslake/saleslake/pkg/column"
)

// ParseColumn reads the declaration of a field beyond the contract, such as
// coupon_code:string, channel:symbol, gift_wraps:int=0 or tax:decimal=0.00. What
// is text is null when it is not sent; a number has the value behind the equals
// sign, in cents when it is a decimal.
func ParseColumn(text string) (column.Field, error) {
	name, kind, _ := strings.Cut(text, ":")
	kind, value, valued := strings.Cut(kind, "=")
	f := column.Field{ID: extraID(name), Name: name, Added: true, Doc: "added by the setting schema.columns"}
	if !columnName.MatchString(name) {
		return f, fmt.Errorf("column %q: the name %q is not lower case letters, digits and _, with a letter first", text, name)
	}
	var err error
	switch kind {
	case "string", "symbol":
		if f.Type, f.Optional = column.String, true; kind == "symbol" {
			f.Type = column.Symbol
		}
		if valued {
			err = errors.New("text has no default: it is null when it is not sent")
		}
	case "int":
		f.Type = column.Int32
		f.Default, err = strconv.ParseInt(value, 10, 32)
	case "decimal":
		f.Type = column.Decimal
		f.Default, err = ParseCents([]byte(value))
	default:
		err = fmt.Errorf("type %q is none of string, symbol, int=DEFAULT, decimal=DEFAULT", kind)
	}
	if err != nil {
		return f, fmt.Errorf("column %q: %w", text, err)
	}
	return f, nil
}

var columnName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// extraID gives a field id that follows from the name, so that it stays when
// others are declared before it. Those of the contract are far below.
func extraID(name string) int { return 1<<20 + int(crc32.ChecksumIEEE([]byte(name))&(1<<20-1)) }

// Extend adds columns to the schemas of bronze and silver sales and of the changes:
// behind the contract's fields in bronze, at the end in silver, and as silver
// has them in the changes. Each raises the version by one. A process does this once, before anything else
// looks at the schemas.
func Extend(declarations []string) error {
	var errs []error
	var added []column.Field
	for _, text := range declarations {
		f, err := ParseColumn(text)
		if err == nil {
			err = free(f, append(slices.Concat(Bronze.Fields, Silver.Fields, Changes.Fields), added...))
		}
		errs, added = append(errs, err), append(added, f)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for s, at := range map[*column.Schema]int{Bronze: Bronze.Must("_rescued"), Silver: len(Silver.Fields), Changes: Changes.Must("_op")} {
		s.Fields = slices.Insert(slices.Clone(s.Fields), at, added...)
		s.Version += len(added)
	}
	return nil
}

func free(f column.Field, taken []column.Field) error {
	for _, t := range taken {
		if t.Name == f.Name {
			return fmt.Errorf("column %q: there is one of this name", f.Name)
		}
		if t.ID == f.ID {
			return fmt.Errorf("column %q: its field id, which follows from the name, is that of %q: choose another name", f.Name, t.Name)
		}
	}
	return nil
}
