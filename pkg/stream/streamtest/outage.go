package streamtest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// RunOutage takes the broker at addr away from a working instance, several times: the instance holds, goes on when the
// broker is back at the same address with its data, and loses or doubles nothing.
func RunOutage(t *testing.T, addr string, away, back func(), options ...Option) {
	s := settings{session: 6 * time.Second, transaction: 10 * time.Second}
	for _, o := range options {
		o(&s)
	}
	const partitions, each, outage = 2, 500, time.Second
	r := newRig(t, addr, s, partitions)
	group := "g" + r.in
	i := r.run(r.config(group, "w"+r.in), &Copy{Out: r.out})
	for round := range 3 {
		r.publish(round*each, each)
		away()
		select {
		case err := <-i.done:
			t.Fatalf("the instance ended with the broker: %v", err)
		case <-time.After(outage):
		}
		back()
	}
	r.requireCopied(group)
	require.Equal(t, 3*each, count(r.values(r.out)))
	require.NoError(t, i.end())
}
