package silver

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/silver-etl/clean"
	"github.com/saleslake/saleslake/services/silver-etl/dedup"
)

// findOrders finds the orders with a bronze row of the days. As many days are
// taken as silver.max_rows and stepDays allow, one at least.
func (r *reprocess) findOrders(ctx context.Context) error {
	byDay := map[int32]map[dedup.Key]struct{}{}
	rows, sum := map[int32]int64{}, int64(0)
	columns := r.project(r.bronze, r.columns.ID, r.dayColumn)
	err := inOrder(ctx, len(r.inputs), runtime.GOMAXPROCS(0),
		func(ctx context.Context, i int) (*column.Batch, error) {
			return r.readAll(ctx, columns, r.inputs[i])
		},
		func(_ context.Context, _ int, b *column.Batch) error {
			orders := r.columns.OrdersOf(b)
			for row, at := range b.Column(r.dayColumn).I64 {
				day := sales.DayOf(at)
				if day < r.from || day > r.to {
					continue
				}
				if byDay[day] == nil {
					byDay[day] = map[dedup.Key]struct{}{}
				}
				byDay[day][orders[row]] = struct{}{}
				rows[day]++
				sum++
			}
			for len(byDay) > 1 && (sum > int64(r.MaxRows) || len(byDay) > r.stepDays) { // the last days are for the next step
				last := slices.Max(slices.Collect(maps.Keys(byDay)))
				sum -= rows[last]
				r.to = last - 1
				delete(byDay, last)
				delete(rows, last)
			}
			return nil
		})
	for _, orders := range byDay {
		maps.Copy(r.orders, orders)
	}
	return err
}

// readAll reads columns of all files of a bronze slice.
func (s *stage) readAll(ctx context.Context, columns *column.Schema, in input) (*column.Batch, error) {
	b := column.NewBatch(columns, 0)
	for _, f := range in.Files {
		if err := s.read(ctx, b, f); err != nil {
			return nil, fmt.Errorf("read bronze: %w", err)
		}
	}
	return b, nil
}

// findRejects reads how the orders' rejects were judged.
func (r *reprocess) findRejects(ctx context.Context) error {
	columns := r.quarantine.Project("code", "field", "key", "_offset")
	for keys, err := range r.rejectFiles(ctx, "") {
		if err != nil {
			return err
		}
		current, _ := r.attempts.Pick(keys, 0)
		if current == "" {
			continue
		}
		slice, _ := lake.SplitSilverRejectKey(current)
		r.files[slice] = current
		b, err := r.readRejects(ctx, columns, current)
		if err != nil {
			return err
		}
		for row := range b.Rows() {
			if _, concerned := r.orders[dedup.KeyOf(b.Column("key").Bytes(row))]; concerned {
				r.old[place{slice, b.Column("_offset").I64[row]}] = verdict{sales.Code(b.Column("code").String(row)), b.Column("field").String(row)}
			}
		}
	}
	return nil
}

func (s *stage) readRejects(ctx context.Context, columns *column.Schema, key string) (*column.Batch, error) {
	data, err := s.Bucket.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("read rejects: %w", err)
	}
	file, err := lake.Open(key, data)
	if err != nil {
		return nil, err
	}
	b := column.NewBatch(columns, 0)
	return b, file.Read(b)
}

// judged is a bronze slice, as far as its rows are of the orders concerned.
type judged struct {
	rows    *column.Batch // the valid ones, of the silver schema
	bronze  *column.Batch // all of the slice
	rejects []clean.Rejected
	keep    []int32 // positions of rows in bronze
}

// judge cleans all rows of the orders, merges the valid ones and notes those that
// were judged otherwise before.
func (r *reprocess) judge(ctx context.Context) error {
	r.versions = dedup.NewIndex(len(r.orders))
	r.fresh = dedup.NewMerge(r.versions, &r.columns, len(r.orders), nil)
	return inOrder(ctx, len(r.inputs), runtime.GOMAXPROCS(0),
		func(ctx context.Context, i int) (*judged, error) { return r.concerned(ctx, r.inputs[i]) },
		func(ctx context.Context, i int, j *judged) error {
			if _, err := r.fresh.Add(ctx, j.rows, positions(j.rows.Rows()), r.columns.KeysOf(j.rows)); err != nil {
				return fmt.Errorf("merge %s: %w", r.inputs[i].Key(), err)
			}
			return r.note(r.inputs[i], j)
		})
}

func positions(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// concerned judges a bronze slice and gives what of it is of the orders.
func (r *reprocess) concerned(ctx context.Context, in input) (*judged, error) {
	bronze, err := r.readAll(ctx, r.bronze, in)
	if err != nil {
		return nil, err
	}
	result := r.clean(bronze)
	j := &judged{rows: column.NewBatch(r.silver, 0), bronze: bronze}
	orders := r.columns.OrdersOf(bronze)
	wanted := func(row int32) bool {
		_, yes := r.orders[orders[row]]
		return yes
	}
	for _, row := range result.Keep {
		if wanted(row) {
			j.keep = append(j.keep, row)
		}
	}
	for _, reject := range result.Rejects {
		if wanted(reject.Row) {
			j.rejects = append(j.rejects, reject)
		}
	}
	j.rows.AppendRows(result.Rows, j.keep)
	return j, nil
}

// note books the rows that are judged otherwise. A slice that has any gets another
// quarantine file, with what is newly rejected.
func (r *reprocess) note(in input, j *judged) error {
	l, err := r.ledger(in.Source.Name)
	if err != nil {
		return err
	}
	if len(j.keep)+len(j.rejects) > 0 {
		r.touched[in.Source.Name] = l
	}
	var fresh []clean.Rejected
	moved, slice := false, r.rejectKey(in, "")
	for _, row := range j.keep {
		moved = r.rejudge(l, slice, j.bronze, row, sales.Reject{}) || moved
	}
	for _, reject := range j.rejects {
		if r.rejudge(l, slice, j.bronze, reject.Row, reject.Reject) {
			moved, fresh = true, append(fresh, reject)
		}
	}
	if moved {
		r.moved = append(r.moved, rejectsOf{in, r.quarantined(j.bronze, fresh)})
	}
	return nil
}

// rejudge books a row, if it is judged otherwise than before, between the ledger's
// rejects and its superseded rows: what then becomes of the order is booked by
// compare. A reject without a code says that the row is valid.
func (r *reprocess) rejudge(l *lake.Ledger, slice string, bronze *column.Batch, row int32, now sales.Reject) bool {
	at := place{slice, bronze.Column("_offset").I64[row]}
	was := r.old[at]
	if was.code == now.Code && was.field == now.Field {
		return false
	}
	one := lake.Count{Rows: 1, Cents: r.columns.Cents(bronze)[row]}
	d := r.day(sales.DayOf(bronze.Column(r.dayColumn).I64[row]))
	r.rejudged[at] = true
	if was.code != "" {
		r.shift(l, was.code, lake.Count{}.Sub(one))
		d.Accepted[was.code] = d.Accepted[was.code].Add(one)
	}
	if now.Code != "" {
		r.shift(l, now.Code, one)
		d.Rejected[now.Code] = d.Rejected[now.Code].Add(one)
	}
	key := dedup.KeyOf(bronze.Column(r.columns.ID).Bytes(int(row)))
	if r.booked[key] == nil {
		r.booked[key] = l
	}
	return true
}
