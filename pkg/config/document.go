package config

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

const preamble = `# Settings of the pipeline, read by every service.
#
# Each is shown with its default. The environment overrides the file, and flags
# override both: silver.max_rows is SALES_SILVER_MAX_ROWS and --silver-max-rows.
# Another file is named by --config or SALES_CONFIG.
`

// commentWidth is where comments are wrapped, in characters.
const commentWidth = 96

// Document answers the YAML file that holds every setting with its help and default.
// config/pipeline.yaml is its output.
func Document() string {
	var b strings.Builder
	b.WriteString(preamble)
	for _, section := range declare() {
		b.WriteString("\n")
		comment(&b, "", section.help)
		b.WriteString(section.name + ":\n")
		for _, s := range section.settings {
			if s.secret {
				continue
			}
			comment(&b, "  ", s.describe())
			b.WriteString("  " + s.key + ": " + s.yaml() + "\n")
		}
	}
	return b.String()
}

// describe is the help with the values that are allowed.
func (s *setting) describe() string {
	switch {
	case len(s.oneof) > 0:
		return s.help + " One of " + strings.Join(s.oneof, ", ") + "."
	case s.min != "" && s.max != "":
		return s.help + " From " + s.min + " to " + s.max + "."
	case s.min != "":
		return s.help + " At least " + s.min + "."
	default:
		return s.help
	}
}

func (s *setting) yaml() string {
	if s.kind.Kind() != reflect.Slice {
		return scalar(s.value)
	}
	items := splitList(s.value)
	for i, item := range items {
		items[i] = scalar(item)
	}
	return "[" + strings.Join(items, ", ") + "]"
}

var plain = regexp.MustCompile(`^[A-Za-z0-9-][A-Za-z0-9 &._:/@?=+-]*$`)

// scalar quotes what YAML might take for something else.
func scalar(text string) string {
	if plain.MatchString(text) {
		return text
	}
	return strconv.Quote(text)
}

// comment wraps text into comment lines.
func comment(b *strings.Builder, indent, text string) {
	width := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case width == 0:
			b.WriteString(indent + "# ")
		case width+1+len(word) > commentWidth:
			b.WriteString("\n" + indent + "# ")
			width = 0
		default:
			b.WriteString(" ")
			width++
		}
		b.WriteString(word)
		width += len(word)
	}
	b.WriteString("\n")
}
