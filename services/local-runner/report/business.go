package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/saleslake/saleslake/pkg/page"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/local-runner/local"
)

// What is drawn of a long history: the newest.
const (
	mostDays   = 184
	mostMonths = 12
)

// business is what the warehouse says of sales.
type business struct {
	Revenue    cents // of all months
	Orders     int64
	Trend      *page.Chart
	Days       []day // drawn, newest first
	Months     []month
	Regions    []region
	Highest    cents // of the regions' common scale
	Categories categories
}

// cents are an amount of money in an answer, which is a decimal.
type cents int64

// UnmarshalJSON reads the decimal exactly.
func (c *cents) UnmarshalJSON(text []byte) error {
	n, err := sales.ParseCents(text)
	*c = cents(n)
	return err
}

// Int is for the functions of the template.
func (c cents) Int() int64 { return int64(c) }

// answer gives the rows of the warehouse's answer to a question, none where it failed.
func answer[T any](r *local.Report, name string) (rows []T, err error) {
	for _, a := range r.Analytics {
		if a.Name != name || a.Answer == nil {
			continue
		}
		var text bytes.Buffer
		if err := a.Answer.JSON(&text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text.Bytes(), &rows); err != nil {
			return nil, fmt.Errorf("read the answer to %s: %w", name, err)
		}
	}
	return rows, nil
}

func readBusiness(r *local.Report) (b *business, err error) {
	b = &business{}
	if err := b.readMonths(r); err != nil {
		return nil, err
	}
	if err := b.readCategories(r); err != nil {
		return nil, err
	}
	days, err := b.readRegions(r)
	if err != nil {
		return nil, err
	}
	b.markParts(days)
	days = days[max(0, len(days)-mostDays):]
	return b, b.readDays(r, days)
}

// month is a row of revenue_mom_growth.
type month struct {
	Month   string      `json:"month"`
	Orders  int64       `json:"orders"`
	Revenue cents       `json:"revenue"`
	Growth  *cents      `json:"growth"`
	Percent json.Number `json:"growth_percent"`
	Share   float64     `json:"-"` // percent of the greatest month
	Part    string      `json:"-"` // which days it has, when it is not whole
}

func (b *business) readMonths(r *local.Report) (err error) {
	if b.Months, err = answer[month](r, "revenue_mom_growth"); err != nil {
		return err
	}
	for _, m := range b.Months {
		b.Revenue += m.Revenue
		b.Orders += m.Orders
	}
	slices.Reverse(b.Months)
	b.Months = b.Months[:min(len(b.Months), mostMonths)]
	greatest := cents(1)
	for _, m := range b.Months {
		greatest = max(greatest, m.Revenue)
	}
	for i := range b.Months {
		b.Months[i].Share = 100 * float64(max(0, b.Months[i].Revenue)) / float64(greatest)
	}
	return nil
}

// markParts says which months the days, from the first to the last, have only a part of.
func (b *business) markParts(days []string) {
	if len(days) == 0 {
		return
	}
	first, last := days[0], days[len(days)-1]
	end, err := time.Parse(time.DateOnly, last)
	for i := range b.Months {
		m := &b.Months[i]
		if strings.HasPrefix(first, m.Month[:7]) && first != m.Month {
			m.Part = "from " + first[5:]
		}
		if strings.HasPrefix(last, m.Month[:7]) && err == nil && end.AddDate(0, 0, 1).Day() != 1 {
			m.Part = strings.TrimSpace(m.Part + " to " + last[5:])
		}
	}
}

// day is a row of daily_customers_new_returning.
type day struct {
	Day       string `json:"order_date"`
	New       cents  `json:"new_net_revenue"`
	Returning cents  `json:"returning_net_revenue"`
	Customers int64  `json:"customers"`
}

// Revenue is the day's.
func (d day) Revenue() cents { return d.New + d.Returning }

// readDays draws the days; one without orders has no row in the answer.
func (b *business) readDays(r *local.Report, all []string) error {
	answered, err := answer[day](r, "daily_customers_new_returning")
	if err != nil {
		return err
	}
	columns := make([]page.Column, len(all))
	b.Days = make([]day, len(all))
	for i, name := range all {
		d := day{Day: name}
		if at, ok := slices.BinarySearchFunc(answered, name, func(d day, name string) int { return cmp.Compare(d.Day, name) }); ok {
			d = answered[at]
		}
		columns[i] = page.Column{Day: name, Values: []int64{int64(d.Returning), int64(d.New)}}
		b.Days[len(all)-1-i] = d
	}
	b.Trend = page.NewChart("revenue", "Net revenue by day", page.Money, []string{"returning customers", "new customers"}, columns)
	return nil
}

// region is the rows of daily_trends_by_region that are one's.
type region struct {
	Name     string
	Orders   int64
	Revenue  cents
	Averages []cents // mean of seven days, by day
	Points   string  // of its line: the place of the day across, 1000 downwards
	Axis     string  // where 0 is
}

type regionDay struct {
	Day     string `json:"order_date"`
	Region  string `json:"region"`
	Orders  int64  `json:"orders"`
	Revenue cents  `json:"revenue"`
	Average cents  `json:"revenue_average"`
}

// readRegions gives the days, too: the answer has all of them.
func (b *business) readRegions(r *local.Report) (days []string, err error) {
	rows, err := answer[regionDay](r, "daily_trends_by_region")
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	for _, row := range rows {
		if len(days) == 0 || row.Day != days[len(days)-1] {
			days = append(days, row.Day)
		}
		if _, known := at[row.Region]; !known {
			at[row.Region] = len(b.Regions)
			b.Regions = append(b.Regions, region{Name: row.Region})
		}
		of := &b.Regions[at[row.Region]]
		of.Orders += row.Orders
		of.Revenue += row.Revenue
		of.Averages = append(of.Averages, row.Average)
	}
	slices.SortStableFunc(b.Regions, func(a, b region) int { return cmp.Compare(b.Revenue, a.Revenue) })
	for i := range b.Regions {
		b.Regions[i].Averages = b.Regions[i].Averages[max(0, len(days)-mostDays):]
	}
	b.draw()
	return days, nil
}

// draw makes the lines of the regions, all on one scale.
func (b *business) draw() {
	b.Highest = 1
	lowest := cents(0)
	for _, r := range b.Regions {
		b.Highest, lowest = max(b.Highest, slices.Max(r.Averages)), min(lowest, slices.Min(r.Averages))
	}
	y := func(c cents) string {
		return fmt.Sprintf("%.3f", 1000*float64(b.Highest-c)/float64(b.Highest-lowest))
	}
	for i := range b.Regions {
		r := &b.Regions[i]
		points := make([]string, len(r.Averages))
		for day, c := range r.Averages {
			points[day] = fmt.Sprintf("%d,%s", day, y(c))
		}
		r.Points, r.Axis = strings.Join(points, " "), y(0)
	}
}

// Last is the place of the newest day.
func (r region) Last() int { return max(1, len(r.Averages)-1) }

// Newest is the last mean of seven days.
func (r region) Newest() cents { return r.Averages[len(r.Averages)-1] }

// categories are the rows of category_leaders as a table.
type categories struct {
	Months []string // newest first
	Rows   []category
	Left   int // months that are left out
}

type category struct {
	Name    string
	Revenue cents       // of all months
	Cells   []*rankCell // by month; nil without orders
}

type rankCell struct {
	Month    string      `json:"month"`
	Rank     int64       `json:"category_rank"`
	Category string      `json:"category"`
	Revenue  cents       `json:"revenue"`
	Share    json.Number `json:"share_percent"`
}

func (b *business) readCategories(r *local.Report) error {
	cells, err := answer[rankCell](r, "category_leaders")
	if err != nil {
		return err
	}
	c := &b.Categories
	for _, cell := range cells {
		c.Months = append(c.Months, cell.Month)
	}
	c.Months = slices.Compact(c.Months) // they are in order
	slices.Reverse(c.Months)
	c.Left = max(0, len(c.Months)-mostMonths)
	c.Months = c.Months[:len(c.Months)-c.Left]
	at := map[string]int{}
	for i := range cells {
		name := cells[i].Category
		if _, known := at[name]; !known {
			at[name] = len(c.Rows)
			c.Rows = append(c.Rows, category{Name: name, Cells: make([]*rankCell, len(c.Months))})
		}
		row := &c.Rows[at[name]]
		row.Revenue += cells[i].Revenue
		if column := slices.Index(c.Months, cells[i].Month); column >= 0 {
			row.Cells[column] = &cells[i]
		}
	}
	slices.SortStableFunc(c.Rows, func(a, b category) int { return cmp.Compare(b.Revenue, a.Revenue) })
	return nil
}
