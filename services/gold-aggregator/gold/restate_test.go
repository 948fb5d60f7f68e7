package gold

import (
	"database/sql"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" //nolint:depguard // the README's queries, for this test only
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

// answers runs the queries of the README on the bucket's files.
func (s *silverTable) answers() (answers [][]string) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(s.t, err)
	db, err := sql.Open("duckdb", "")
	require.NoError(s.t, err)
	defer db.Close() //nolint:errcheck // it is in memory
	for _, query := range regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		answers = append(answers, s.answer(db, strings.ReplaceAll(query[1], "data/lake", s.root)))
	}
	return answers
}

func (s *silverTable) answer(db *sql.DB, query string) (answer []string) {
	rows, err := db.QueryContext(s.t.Context(), query)
	require.NoError(s.t, err)
	defer rows.Close() //nolint:errcheck // Err tells
	names, err := rows.Columns()
	require.NoError(s.t, err)
	for rows.Next() {
		values, places := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			places[i] = &values[i]
		}
		require.NoError(s.t, rows.Scan(places...))
		answer = append(answer, strings.Trim(fmt.Sprintf("%v", values[1:]), "[]")) // the date is the same in all
	}
	require.NoError(s.t, rows.Err())
	return answer
}

func TestBothCanBeAsked(t *testing.T) {
	s := newSilver(t)
	o := s.options()
	o.Settle = 0
	task := s.taskOf(o)
	s.take(task, s.update(20_000, 0, someOrders))
	dearer := someOrders[0]
	dearer.revenue = 250
	s.take(task, s.update(20_000, 0, []order{dearer, {"o4", "c4", "p4", "Books", "Asia Pacific", sales.Completed, 400}}, "o3"))
	dearer.revenue = 300
	s.take(task, s.update(20_000, 0, []order{dearer}))
	answers := s.answers()
	require.Len(t, answers, 2)
	require.Equal(t, []string{"Europe Books 2 1.5 1 1", "Europe Toys 0 0 0 0"}, answers[0], "as published")
	require.Len(t, answers[1], 3, "as restated")
	for i, want := range []string{`Asia Pacific Books 0 4 1 20.* \[o4`, `Europe Books 1 3 2 20.* \[o1`, `Europe Toys 0 0 1 20.* \[o3`} {
		require.Regexp(t, "^"+want+"$", answers[1][i])
	}
}

func TestRestatementsBecomeOneFile(t *testing.T) {
	s := newSilver(t)
	o := s.options()
	o.Settle = 0
	task := s.taskOf(o)
	s.take(task, s.update(20_000, 0, someOrders))
	followed := 0
	for i := range int64(20) {
		before := task.days[someDay].gold[restatements].Version
		changed := someOrders[0]
		changed.revenue = 1_000 + i
		s.take(task, s.update(20_000, 0, []order{changed}))
		m := task.days[someDay].gold[restatements]
		require.LessOrEqual(t, len(m.Files), maxHistory)
		require.Equal(t, i+1, m.Rows)
		require.Equal(t, changed.revenue-someOrders[0].revenue, m.Cents)
		versions := s.read(sales.Restatements, m).Column("version").I64
		for j, version := range versions {
			require.EqualValues(t, j+2, version)
		}
		changes, leads := m.Since(before)
		if !leads {
			require.Len(t, m.Files, 1, "taken whole when it is one file")
			continue
		}
		followed++
		require.Len(t, changes, 1)
		require.Equal(t, m.Files[len(m.Files)-1:], changes[0].Added, "what the last version restated, alone")
		require.EqualValues(t, 1, changes[0].Added[0].Rows)
	}
	require.Equal(t, 18, followed)
}

// The old files are deleted before gold comes to compare them.
func TestCausesThatCannotBeKnownAreNone(t *testing.T) {
	s := newSilver(t)
	o := s.options()
	o.Settle = 0
	task := s.taskOf(o)
	m := s.write(20_000, 0, someOrders)
	s.take(task, m)
	s.remove(m.Files...)
	s.take(task, s.write(20_000, 0, someOrders[:1]))
	b := s.read(sales.Restatements, task.days[someDay].gold[restatements])
	require.Equal(t, []int64{0, 0}, b.Column("cause_orders").I64)
	require.Equal(t, "[]", b.Column("causes").String(0))
}

// What gold itself has published does not come with silver's next manifest, so nobody waits for it.
func TestALostFileOfGoldIsNotWaitedFor(t *testing.T) {
	for _, c := range []struct {
		table  int
		remedy string
	}{
		{dailySales, `make the day again with "gold-aggregator rebuild --from 2024-10-04 --to 2024-10-04"`},
		{restatements, "restore it"},
	} {
		t.Run(tables[c.table].name, func(t *testing.T) {
			s := newSilver(t)
			o := s.options()
			o.Settle = 0
			task := s.taskOf(o)
			s.take(task, s.update(20_000, 0, someOrders))
			changed := someOrders[0]
			for range maxHistory {
				changed.revenue++
				s.take(task, s.update(20_000, 0, []order{changed}))
			}
			key := task.days[someDay].gold[c.table].Files[0].Key
			require.NoError(t, s.bucket.Delete(t.Context(), key))
			changed.revenue++
			require.NoError(t, task.Add(t.Context(), []stream.Record{recordOf(s.update(20_000, 0, []order{changed}), 9)}))
			_, err := task.Flush(t.Context())
			require.ErrorContains(t, err, key)
			require.ErrorContains(t, err, c.remedy)
		})
	}
}
