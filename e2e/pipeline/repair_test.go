package pipeline

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
)

// repair judges every day again, beside the services: by the same rules, which
// must change nothing, and there and back by another catalogue.
func (s *stack) repair() {
	require.Empty(s.t, s.reprocess("--plan"), "silver is not what its bronze rows say")

	const known = "SALES_CATALOGUE_REGIONS=North America,Europe,Asia Pacific,Latin America,Middle East"
	other := strings.Replace(known, "Europe", "EUROPE", 1)
	rows, cents := s.facts("Europe")
	require.Positive(s.t, rows)
	s.respell(other)
	require.Equal(s.t, []int64{0, 0, rows, cents}, s.spellings())
	s.respell(known)
	require.Equal(s.t, []int64{rows, cents, 0, 0}, s.spellings())
}

// respell restarts silver-etl with a catalogue, and reprocesses: the plan and the
// outcome must agree.
func (s *stack) respell(catalogue string) {
	instance := "silver-etl-1"
	s.processes[instance].Kill()
	s.processes["silver-etl-0"].Kill()
	s.ready(s.start("silver-etl", instance, catalogue))
	plan := s.reprocess("--plan", catalogue)
	require.NotEmpty(s.t, plan)
	require.Equal(s.t, plan, s.reprocess("--wait", catalogue))
	changed := int64(0)
	for _, d := range plan {
		require.Equal(s.t, d.Before, d.After)
		changed += d.Changed
	}
	s.drained(patience)
	s.t.Logf("%d days with %d rows spelled otherwise", len(plan), changed)
}

// reprocess runs the command for all days and gives what it prints.
func (s *stack) reprocess(how string, env ...string) (days []lake.DayChange) {
	cmd := exec.Command(filepath.Join(s.dir, "silver-etl"), "reprocess", "--from", "2000-01-01", "--to", "2099-12-31", how, "--json")
	var out, log bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, &out, &log
	cmd.Env = append(os.Environ(), s.environ("silver-etl", env)...)
	started := time.Now()
	require.NoError(s.t, cmd.Run(), log.String())
	for d := json.NewDecoder(&out); ; {
		var day lake.DayChange
		err := d.Decode(&day)
		if err == io.EOF {
			s.t.Logf("reprocess %s took %s", how, time.Since(started).Round(time.Millisecond))
			return days
		}
		require.NoError(s.t, err)
		days = append(days, day)
	}
}

func (s *stack) facts(region string) (rows, cents int64) {
	db, err := sql.Open("postgres", s.database.DSN)
	require.NoError(s.t, err)
	defer func() { _ = db.Close() }()
	s.scan(db, `select count(*), cast(coalesce(sum(revenue),0)*100 as bigint) from sales.fact_sales where region = '`+region+`'`, &rows, &cents)
	return rows, cents
}

func (s *stack) spellings() []int64 {
	rows, cents := s.facts("Europe")
	otherRows, otherCents := s.facts("EUROPE")
	return []int64{rows, cents, otherRows, otherCents}
}
