package loader

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

// slow is a warehouse that takes a second a load.
type slow struct {
	Warehouse
	loads []int // verdicts of each
	ended []error
	err   error
}

func (s *slow) Load(ctx context.Context, verdicts []*lake.Verdict) (r warehouse.Result, err error) {
	s.loads = append(s.loads, len(verdicts))
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		s.ended = append(s.ended, ctx.Err())
		return r, ctx.Err()
	}
	for i, v := range verdicts {
		slice := warehouse.Slice{Table: v.Manifest.Table, Slice: v.Manifest.Slice, Version: v.Manifest.Version}
		if i == 0 {
			r.Gone = append(r.Gone, warehouse.GoneSlice{Slice: slice})
			continue
		}
		r.Loaded = append(r.Loaded, slice)
	}
	r.Stale = 1
	return r, s.err
}

func verdictsOf(task string, n int) (all []*lake.Verdict) {
	for i := range n {
		all = append(all, &lake.Verdict{Manifest: lake.Manifest{Table: sales.TableFacts, Slice: fmt.Sprintf("%s-%d", task, i), Version: 1}})
	}
	return all
}

func TestTasksLoadTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &slow{}
		j := newJoint(w, &rest{})
		type answer struct {
			result warehouse.Result
			err    error
			after  time.Duration
		}
		start, answers := time.Now(), make(chan answer, 10)
		load := func(task string, n int) {
			r, err := j.Load(t.Context(), verdictsOf(task, n))
			answers <- answer{r, err, time.Since(start).Truncate(time.Second)}
		}
		for _, task := range []string{"a", "b", "c"} {
			go load(task, 2)
		}
		<-time.After(500 * time.Millisecond)
		go load("d", 3)
		<-time.After(100 * time.Millisecond)
		go load("e", 3)
		all := map[string]int{}
		var loaded, gone, stale, late int
		for range 5 {
			a := <-answers
			require.NoError(t, a.err)
			for _, s := range a.result.Loaded {
				all[s.Slice]++
			}
			loaded, gone, stale = loaded+len(a.result.Loaded), gone+len(a.result.Gone), stale+a.result.Stale
			if a.after == 2*time.Second {
				late++
			}
		}
		require.Equal(t, []int{6, 6}, w.loads)
		require.Equal(t, [4]int{10, 2, 2, 2}, [4]int{loaded, gone, stale, late})
		require.Len(t, all, 10, "each slice is told to the task that brought it")

		w.err = errors.New("does not add up")
		_, err := j.Load(t.Context(), verdictsOf("f", 1))
		require.ErrorIs(t, err, w.err)
		r, err := j.Load(t.Context(), nil)
		require.NoError(t, err)
		require.Empty(t, r.Loaded)
		require.Len(t, w.loads, 3)
	})
}

// A task whose partition is taken away does not wait; the load ends when no task waits for it.
func TestALoadEndsWithItsLastTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &slow{}
		j := newJoint(w, &rest{})
		errs := make(chan error, 2)
		var leave [2]context.CancelFunc
		for i := range leave {
			var ctx context.Context
			ctx, leave[i] = context.WithCancel(t.Context())
			go func() {
				_, err := j.Load(ctx, verdictsOf(fmt.Sprint(i), 2))
				errs <- err
			}()
		}
		<-time.After(100 * time.Millisecond)
		leave[0]()
		require.ErrorIs(t, <-errs, context.Canceled)
		synctest.Wait()
		require.Empty(t, w.ended)
		leave[1]()
		require.ErrorIs(t, <-errs, context.Canceled)
		synctest.Wait()
		require.Equal(t, []error{context.Canceled}, w.ended)

		_, err := j.Load(t.Context(), verdictsOf("next", 1))
		require.NoError(t, err)
		require.Equal(t, []int{4, 1}, w.loads)
	})
}

// Who joins a load that all others have left, before it runs, gets one of their own.
func TestNobodyJoinsALoadThatWasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &slow{}
		j := newJoint(w, &rest{})
		go func() { _, _ = j.Load(t.Context(), verdictsOf("runs", 1)) }()
		<-time.After(500 * time.Millisecond)
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error)
		go func() {
			_, err := j.Load(ctx, verdictsOf("leaves", 2))
			left <- err
		}()
		synctest.Wait()
		leave()
		require.ErrorIs(t, <-left, context.Canceled)
		_, err := j.Load(t.Context(), verdictsOf("comes", 3))
		require.NoError(t, err)
		<-time.After(time.Minute)
		synctest.Wait() // the one that was left has ended, too
		require.Contains(t, w.loads, 3)
	})
}

func TestAWarehouseRestsAsLongAsItLoaded(t *testing.T) {
	for most, rests := range map[time.Duration]time.Duration{0: 0, 300 * time.Millisecond: 300 * time.Millisecond, time.Hour: time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := &stage{Options: Options{LoadEvery: 100 * time.Millisecond}, rest: rest{most: most}}
			j := newJoint(&slow{}, &s.rest)
			start := time.Now()
			waits := &task{stage: s, added: true, since: start, loaded: start}
			ended := make(chan error)
			go func() {
				_, err := j.Load(t.Context(), verdictsOf("a", 1))
				ended <- err
			}()
			<-time.After(500 * time.Millisecond)
			if most > 0 {
				require.WithinRange(t, waits.Due(time.Now(), true), time.Now().Add(min(most, 490*time.Millisecond)), time.Now().Add(min(most, 500*time.Millisecond)))
			} else {
				require.Equal(t, start.Add(s.LoadEvery), waits.Due(time.Now(), true), "it joins the next load")
			}
			require.NoError(t, <-ended)
			require.Equal(t, time.Now().Add(rests), waits.Due(time.Now(), true))
			retries := &task{stage: s, loaded: start, gone: map[string]*wait{"a": {retry: start}}}
			require.Equal(t, time.Now().Add(rests), retries.Due(time.Now(), true))
			ctx, leave := context.WithCancel(t.Context())
			leave()
			before := s.rest.end()
			_, err := j.Load(ctx, verdictsOf("a", 1))
			require.ErrorIs(t, err, context.Canceled)
			<-time.After(time.Second)
			require.Equal(t, before, s.rest.end(), "of a load that nobody waited for")
		})
	}
}
