package config

import (
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

var durationType = reflect.TypeFor[time.Duration]()

// setText parses text into a setting's field. unit is "bytes" where 32MiB may stand
// for a number. The error says what was expected; it does not repeat the text.
func setText(field reflect.Value, text, unit string) error {
	text = strings.TrimSpace(text)
	if field.Type() == durationType {
		return setDuration(field, text)
	}
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
		return nil
	case reflect.Bool:
		return setBool(field, text)
	case reflect.Slice:
		field.Set(reflect.ValueOf(splitList(text)))
		return nil
	default:
		return setInt(field, text, unit)
	}
}

func setBool(field reflect.Value, text string) error {
	if text != "true" && text != "false" {
		return errors.New("is neither true nor false")
	}
	field.SetBool(text == "true")
	return nil
}

func setDuration(field reflect.Value, text string) error {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseInt(days, 10, 32)
		if err != nil || n > int64(math.MaxInt64/(24*time.Hour)) {
			return errors.New("is not a duration")
		}
		field.SetInt(n * int64(24*time.Hour))
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("is not a duration")
	}
	field.SetInt(int64(d))
	return nil
}

// byteUnits are the suffixes of a size.
var byteUnits = []struct {
	suffix string
	shift  int
}{{"KiB", 10}, {"MiB", 20}, {"GiB", 30}}

func setInt(field reflect.Value, text, unit string) error {
	shift := 0
	if unit == "bytes" {
		for _, u := range byteUnits {
			if number, ok := strings.CutSuffix(text, u.suffix); ok {
				text, shift = number, u.shift
				break
			}
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > math.MaxInt64>>shift || n < math.MinInt64>>shift {
		if unit == "bytes" {
			return errors.New("is not a size")
		}
		return errors.New("is not a whole number")
	}
	field.SetInt(n << shift)
	return nil
}

// splitList cuts a list at its commas; empty items are dropped.
func splitList(text string) []string {
	items := []string{}
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
