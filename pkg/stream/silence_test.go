package stream

import (
	"errors"
	"iter"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Time goes by in seconds. A partition that has nothing is asked for its end now and then; one that has, and gives
// nothing, is stalled at the second look.
func TestSilence(t *testing.T) {
	away := errors.New("away")
	start := time.Unix(1000, 0)
	for name, c := range map[string]struct {
		end   func(second int) (int64, error)
		comes func(second int, h *heard)
		after int // seconds until the partition is stalled, 0 = never
		asked int // how often in three minutes, or until then
	}{
		"nothing is there":           {end: func(int) (int64, error) { return 7, nil }, asked: 11},
		"what is there comes":        {end: func(s int) (int64, error) { return int64(7 + s), nil }, comes: func(s int, h *heard) { h.upTo(int64(7+s), start.Add(time.Duration(s)*time.Second)) }},
		"it comes late":              {end: func(int) (int64, error) { return 8, nil }, comes: func(s int, h *heard) { when(s == 29, func() { h.upTo(8, start.Add(29*time.Second)) }) }, asked: 11},
		"it does not come":           {end: func(int) (int64, error) { return 8, nil }, after: 30, asked: 2},
		"it is there a minute later": {end: func(s int) (int64, error) { return int64(7 + s/60), nil }, after: 75, asked: 5},
		"the brokers are away":       {end: func(int) (int64, error) { return 0, away }, asked: 11},
		"they are back, and it does not come": {end: func(s int) (int64, error) {
			if s > 10 && s < 50 {
				return 0, away
			}
			return 8, nil
		}, after: 75, asked: 5},
		"only markers come": {end: func(int) (int64, error) { return 9, nil }, comes: func(s int, h *heard) { when(s == 1, func() { h.upTo(9, start.Add(time.Second)) }) }, asked: 11},
	} {
		t.Run(name, func(t *testing.T) {
			p := Partition{Topic: "t", ID: 3}
			h := heard{next: 7, since: start}
			asked := 0
			var err error
			second := 0
			for ; second < 180 && err == nil; second++ {
				if c.comes != nil {
					c.comes(second, &h)
				}
				err = listen(start.Add(time.Duration(second)*time.Second), one(p, &h), func(of Partition) (int64, error) {
					require.Equal(t, p, of)
					asked++
					return c.end(second)
				})
			}
			require.Equal(t, c.asked, asked)
			if c.after == 0 {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrRetry)
			require.ErrorContains(t, err, "t/003")
			require.Equal(t, c.after, second-1)
		})
	}
}

func when(is bool, do func()) {
	if is {
		do()
	}
}

func one(p Partition, h *heard) iter.Seq2[Partition, *heard] {
	return maps.All(map[Partition]*heard{p: h})
}

// One question a call, to the partition that has been silent for longest; when the brokers are away no other is asked.
func TestListenAsksOneAtATime(t *testing.T) {
	start := time.Unix(1000, 0)
	all := map[Partition]*heard{}
	for id := range int32(5) {
		all[Partition{Topic: "t", ID: id}] = &heard{since: start.Add(time.Duration(id) * time.Second)}
	}
	var asked []int32
	end := func(p Partition) (int64, error) {
		asked = append(asked, p.ID)
		if len(asked) == 3 {
			return 0, errors.New("away")
		}
		return 0, nil
	}
	for second := range 25 {
		require.NoError(t, listen(start.Add(time.Duration(second)*time.Second), maps.All(all), end))
	}
	require.Equal(t, []int32{0, 1, 2}, asked)
}
