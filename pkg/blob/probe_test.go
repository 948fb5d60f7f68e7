package blob

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// lenient is a store that ignores If-None-Match, as older S3 servers do.
type lenient struct{ *folder }

func (l lenient) put(ctx context.Context, key string, body []byte, _ bool) error {
	return l.folder.put(ctx, key, body, false)
}

// broken is a store that fails every write.
type broken struct{ *folder }

var errBroken = errors.New("disk on fire")

func (broken) put(context.Context, string, []byte, bool) error { return errBroken }

func TestProbeRefuses(t *testing.T) {
	f, err := openFolder(t.TempDir(), false)
	require.NoError(t, err)
	b := &Bucket{store: lenient{f}, log: zap.NewNop()}
	err = b.Probe(t.Context())
	require.ErrorIs(t, err, errManyWinners)
	require.ErrorContains(t, err, f.root)
	for object := range b.List(t.Context(), "") {
		t.Errorf("left behind: %s", object.Key)
	}
	b.store = broken{f}
	require.ErrorIs(t, b.Probe(t.Context()), errBroken)
}
