package streamtest

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// dumb makes a broker that answers fetches with nothing once stalled is set, until a client says message: what a client
// would see that has forgotten to ask.
func dumb(t *testing.T, message string) (r *rig, stalled *atomic.Bool) {
	cluster, addr := Fake(t)
	stalled = new(atomic.Bool)
	cluster.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if !stalled.Load() {
			return nil, nil, false
		}
		cluster.SleepControl(func() { <-time.After(50 * time.Millisecond) })
		return req.ResponseKind(), nil, true
	})
	r = newRig(t, addr, settings{session: time.Second, transaction: 5 * time.Second}, 2)
	r.kafka.Log = r.kafka.Log.WithOptions(zap.Hooks(func(e zapcore.Entry) error {
		if e.Message == message {
			stalled.Store(false)
		}
		return nil
	}))
	return r, stalled
}

func TestAStalledSessionStartsAgain(t *testing.T) {
	t.Parallel()
	r, stalled := dumb(t, "starting again from the committed offsets")
	group := "g" + r.in
	r.publish(0, 100)
	i := r.run(r.config(group, "w"+r.in), &Copy{Out: r.out})
	r.waitCommitted(group)
	stalled.Store(true)
	r.publish(100, 100)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		require.Equal(c, 1.0, i.metric(t, "restarts_total"))
	}, time.Minute, 100*time.Millisecond)
	r.requireCopied(group)
	require.NoError(t, i.end())
}

func TestAStalledReaderReadsOn(t *testing.T) {
	t.Parallel()
	r, stalled := dumb(t, "reading on with a new client")
	r.publish(0, 100)
	f := r.follow(r.in)
	require.EqualValues(t, 100, <-f.caughtUp)
	stalled.Store(true)
	r.publish(100, 100)
	f.reach(200)
	require.NoError(t, f.end())
}
