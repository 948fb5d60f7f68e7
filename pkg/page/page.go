package page

import (
	"embed"
	"html/template"
	"io/fs"
	"strconv"
	"strings"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

//go:embed shared.html shared.css
var shared embed.FS

// Template parses page.html of a report's files. It may use the templates "head", whose
// argument is the title, and "chart", whose argument is a *[Chart]; and the functions
// number, money, group, mark and time. It panics when a file is missing or is no template.
func Template(files fs.FS, funcs template.FuncMap) *template.Template {
	style := read(shared, "shared.css") + read(files, "page.css")
	t := template.New("page.html").Funcs(template.FuncMap{
		"number": Number,
		"money":  Money,
		"group":  group,
		"mark":   Mark,
		"time":   minute,
		"style":  func() template.CSS { return template.CSS(style) },
	}).Funcs(funcs)
	return template.Must(template.Must(t.ParseFS(shared, "shared.html")).ParseFS(files, "page.html"))
}

func read(files fs.FS, name string) string {
	b, err := fs.ReadFile(files, name)
	if err != nil {
		panic("page: " + err.Error())
	}
	return string(b)
}

// Number writes a number with commas between the thousands.
func Number(n int64) string { return group(strconv.FormatInt(n, 10)) }

// Money writes cents as a decimal with commas between the thousands.
func Money(cents int64) string { return group(sales.FormatCents(cents)) }

// Mark is a sign beside a colour, so that nobody has to tell colours apart.
func Mark(o lake.Outcome) string {
	switch o {
	case lake.Pass:
		return "✓"
	case lake.Warn:
		return "!"
	}
	return "✕"
}

// minute writes an RFC 3339 time without its seconds and zone.
func minute(rfc3339 string) string {
	return strings.Replace(rfc3339[:min(len(rfc3339), len("2006-01-02T15:04"))], "T", " ", 1)
}

// group sets commas between the thousands of a decimal number.
func group(n string) string {
	sign := ""
	if strings.HasPrefix(n, "-") {
		sign, n = "-", n[1:]
	}
	whole, fraction, found := strings.Cut(n, ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if found {
		whole += "." + fraction
	}
	return sign + whole
}
