package dq

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/saleslake/saleslake/pkg/column"
	"github.com/saleslake/saleslake/pkg/lake"
	"github.com/saleslake/saleslake/pkg/sales"
)

// counted counts what is got, by key.
type counted struct {
	objects
	mu   sync.Mutex
	gets map[string]int
}

func (c *counted) Get(ctx context.Context, key string) ([]byte, error) {
	c.mu.Lock()
	c.gets[key]++
	c.mu.Unlock()
	return c.objects.Get(ctx, key)
}

// A version costs what is new of it: no file is read twice, whoever asks, however many at once.
func TestNoFileIsReadTwice(t *testing.T) {
	d := newDay(t, 100, nil)
	o := &counted{objects: d.objects, gets: map[string]int{}}
	a := testAuditor(t, o)
	m := *d.manifests[sales.TableSilver]
	change := facts(t, 5, nil)
	d.objects["changes.parquet"] = change
	m.Inputs[0].Changes = []lake.Change{{Version: 2, Added: []lake.File{lake.NewFile("changes.parquet", change, lake.Count{Rows: 5, Cents: cents(5)})}}}
	for version := range int64(5) {
		key := fmt.Sprintf("silver/sales/%d.parquet", version)
		d.objects[key] = facts(t, 10, func(b *column.Batch) {
			for i := range 10 {
				set("order_id", i, fmt.Sprintf("new-%d-%06d", version, i))(b)
			}
		})
		m.Version = version
		m.Files = append(m.Files, lake.NewFile(key, d.objects[key], lake.Count{Rows: 10, Cents: cents(10)}))
		m.Count = m.Count.Add(lake.Count{Rows: 10, Cents: cents(10)})
		var group errgroup.Group
		for range 4 {
			group.Go(func() error {
				s, err := a.Audit(t.Context(), &m)
				if err == nil && (s.Count != m.Count || len(s.Unreadable) > 0) {
					err = fmt.Errorf("found %v: %v", s.Count, s.Unreadable)
				}
				return err
			})
		}
		require.NoError(t, group.Wait())
		s, err := a.Audit(t.Context(), &m)
		require.NoError(t, err)
		findings, _, err := a.Judge(t.Context(), Evidence{Manifest: &m, Slice: s, Day: map[string]*Slice{}})
		require.NoError(t, err)
		for _, f := range findings {
			require.True(t, f.Outcome == lake.Pass || f.Rule == "facts_agree", f) // inputs are those of the first version
		}
	}
	require.Len(t, o.gets, 7)
	for key, n := range o.gets {
		require.Equal(t, 1, n, key)
	}
}

// What is kept stays within its bound, and what does not fit is read again.
func TestProfilesAreBounded(t *testing.T) {
	d := newDay(t, dayOrders, nil)
	o := &counted{objects: d.objects, gets: map[string]int{}}
	a := testAuditor(t, o)
	a.profiles.limit = 30_000 // a profile of the orders has 60,000
	for range 3 {
		for _, m := range d.manifests {
			_, err := a.Audit(t.Context(), m)
			require.NoError(t, err)
			require.LessOrEqual(t, a.profiles.bytes, a.profiles.limit)
			sum := 0
			for _, key := range a.profiles.kept.Keys() {
				of, _ := a.profiles.kept.Peek(key)
				sum += of.size()
			}
			require.Equal(t, sum, a.profiles.bytes)
		}
	}
	require.Equal(t, 3, o.gets["silver/sales/a.parquet"])
}

// The same bytes in a slice of another day, or under another name, are not the same file.
func TestProfilesKnowTheirPlace(t *testing.T) {
	d := newDay(t, 20, nil)
	a := testAuditor(t, d)
	findings, _ := d.judge(t, a, sales.TableSilver)
	require.Equal(t, lake.Pass, findings["orders_day"].Outcome)
	m := *d.manifests[sales.TableSilver]
	d.manifests[sales.TableSilver] = &m
	m.Day = "2026-01-02"
	findings, samples := d.judge(t, a, sales.TableSilver)
	require.Equal(t, lake.Fail, findings["orders_day"].Outcome)
	require.Len(t, samples, 5)
	m.Files[0].Cents++ // a wrong manifest of a file that is kept
	findings, _ = d.judge(t, a, sales.TableSilver)
	require.Contains(t, findings["files"].Message, "its manifest says 20 and")
	m.Files[0].Key = "silver/sales/gone.parquet"
	_, err := a.Audit(t.Context(), &m)
	require.Error(t, err)
}

// An object that is damaged after it was read is no reason to stop, nor to pass what could not be looked at.
func TestDamageSinceItWasRead(t *testing.T) {
	d := newDay(t, 20, edits{sales.TableSilver: set("order_id", 9, "order_id-000008")})
	a := testAuditor(t, d)
	findings, _ := d.judge(t, a, sales.TableSilver)
	require.Equal(t, "1 rows repeat order_id, such as silver/sales/a.parquet row 10 (order_id-000008)", findings["orders_unique"].Message)
	d.objects["silver/sales/a.parquet"][100] ^= 1
	findings, _ = d.judge(t, a, sales.TableSilver)
	require.Equal(t, lake.Fail, findings["orders_unique"].Outcome)
	require.Contains(t, findings["orders_unique"].Message, "silver/sales/a.parquet: corrupt: object has SHA-256")
}

// Objects take turns when they do not fit into memory together.
func TestObjectsInMemoryAreBounded(t *testing.T) {
	d := newDay(t, 100, nil)
	m := *d.manifests[sales.TableSilver]
	for i := range 8 {
		f := m.Files[0]
		f.Key = fmt.Sprintf("silver/sales/%d.parquet", i)
		d.objects[f.Key] = d.objects[m.Files[0].Key]
		m.Files = append(m.Files, f)
	}
	o := &held{objects: d.objects}
	set, err := LoadRules("")
	require.NoError(t, err)
	for limit, most := range map[int]int64{int(2 * m.Files[0].Bytes): 2, 1: 1} {
		synctest.Test(t, func(t *testing.T) {
			o.most.Store(0)
			a := NewAuditor(set, AuditorOptions{Objects: o, ReadBytes: limit})
			s, err := a.Audit(t.Context(), &m)
			require.NoError(t, err)
			require.Empty(t, s.Unreadable)
			require.Equal(t, most, o.most.Load())
		})
	}
}

// held counts the objects that are asked for at the same time.
type held struct {
	objects
	now, most atomic.Int64
}

func (h *held) Get(ctx context.Context, key string) ([]byte, error) {
	now := h.now.Add(1)
	defer h.now.Add(-1)
	for most := h.most.Load(); now > most && !h.most.CompareAndSwap(most, now); most = h.most.Load() {
	}
	<-time.After(time.Second) // of the bubble: all who may be here are here then
	return h.objects.Get(ctx, key)
}
