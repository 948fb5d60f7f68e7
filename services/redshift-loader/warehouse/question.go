package warehouse

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	warehousesql "github.com/saleslake/saleslake/sql"
)

// Question is what one of the analytics queries answers, by the header of its file.
type Question struct {
	Name    string   // of the query, such as "category_leaders"
	Topic   string   // revenue, customers or products
	Text    string   // the question
	Grain   string   // what a row of the answer is for
	Columns []string // of the answer, in their order
}

// Questions lists the analytics queries in alphabetical order.
func Questions() ([]Question, error) {
	var list []Question
	for _, name := range warehousesql.AnalyticsNames() {
		text, err := warehousesql.Analytics(name)
		if err != nil {
			return nil, err
		}
		h := header(text)
		q := Question{Name: name, Topic: strings.Join(h["Topic"], " "), Text: strings.Join(h["Question"], " "), Grain: strings.Join(h["Grain"], " ")}
		for _, line := range h["Columns"] {
			column, _, _ := strings.Cut(line, " ")
			q.Columns = append(q.Columns, column)
		}
		list = append(list, q)
	}
	return list, nil
}

var headerLine = regexp.MustCompile(`^-- (?:([A-Z][a-z]+):)? +(.+)$`)

// header gives the lines of each part of a query's header.
func header(text string) map[string][]string {
	parts, part := map[string][]string{}, ""
	for line := range strings.Lines(text) {
		found := headerLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if found == nil {
			break
		}
		if found[1] != "" {
			part = found[1]
		}
		parts[part] = append(parts[part], found[2])
	}
	return parts
}

// ErrNoQuery says that no query has the name.
var ErrNoQuery = errors.New("no such query")

// QueryText gives the SQL of one of the analytics queries. For a name that there is not, the error
// wraps ErrNoQuery and names those near it.
func QueryText(name string) (string, error) {
	text, err := warehousesql.Analytics(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	hint := "query --list shows all"
	if names := near(name); len(names) > 0 {
		hint = "near it: " + strings.Join(names, ", ") + "; " + hint
	}
	return "", fmt.Errorf("%w: %q; %s", ErrNoQuery, name, hint)
}

// near gives the queries that have a word which begins like one of the name's.
func near(name string) []string {
	const letters = 4
	start := func(word string) string { return word[:min(len(word), letters)] }
	words := func(name string) []string {
		return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '_' || r == '-' || r == ' ' })
	}
	return slices.DeleteFunc(warehousesql.AnalyticsNames(), func(other string) bool {
		return !slices.ContainsFunc(words(other), func(word string) bool {
			return slices.ContainsFunc(words(name), func(asked string) bool { return start(asked) == start(word) })
		})
	})
}
