package blob_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/pkg/blob/blobtest"
)

// between stands between the client and a real server. meddle may answer a request
// itself, or pass it on and spoil the answer.
type between struct {
	*httptest.Server
	requests atomic.Int64
	meddle   atomic.Pointer[func(w http.ResponseWriter, r *http.Request, n int64, pass http.Handler)]
}

func newBetween(t *testing.T, server *blobtest.Server) *between {
	target, err := url.Parse(server.Endpoint)
	require.NoError(t, err)
	pass := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is signed
	}}
	b := &between{}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if meddle := b.meddle.Load(); meddle != nil {
			(*meddle)(w, r, b.requests.Add(1), pass)
			return
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(b.Close)
	return b
}

// from now on all requests go through meddle, which is told their number from 1.
func (b *between) with(meddle func(w http.ResponseWriter, r *http.Request, n int64, pass http.Handler)) {
	b.requests.Store(0)
	b.meddle.Store(&meddle)
}

// s3Error answers like a server.
func s3Error(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>meddled</Message></Error>") // to a test's client
}

// Objects that are on their way are bounded by their bytes, and the first error is told to who puts the next.
func TestPutsAreBounded(t *testing.T) {
	server := blobtest.StartServer(t)
	proxy := newBetween(t, server)
	bucket := server.Bucket(t, func(o *blob.Options) { o.Endpoint = proxy.URL })
	const size, most = 10 << 20, 3 // of which 32 MiB hold three
	var under, peak atomic.Int64
	proxy.with(func(w http.ResponseWriter, r *http.Request, _ int64, pass http.Handler) {
		now := under.Add(1)
		defer under.Add(-1)
		for {
			if before := peak.Load(); before >= now || peak.CompareAndSwap(before, now) {
				break
			}
		}
		pass.ServeHTTP(w, r)
	})
	p := bucket.Puts(t.Context())
	for i := range 12 {
		require.NoError(t, p.Put(fmt.Sprintf("bounded/%d", i), make([]byte, size)))
	}
	require.NoError(t, p.Wait(nil))
	require.Greater(t, peak.Load(), int64(1), "they go beside each other")
	require.LessOrEqual(t, peak.Load(), int64(most))

	proxy.with(func(w http.ResponseWriter, _ *http.Request, _ int64, _ http.Handler) {
		s3Error(w, http.StatusForbidden, "AccessDenied")
	})
	p = bucket.Puts(t.Context())
	var err error
	for i := 0; err == nil; i++ {
		require.Less(t, i, 12, "a put goes on though the first three failed")
		err = p.Put(fmt.Sprintf("refused/%d", i), make([]byte, size))
	}
	require.ErrorContains(t, err, "AccessDenied")
	require.ErrorContains(t, p.Wait(nil), "AccessDenied")
}

func TestS3Faults(t *testing.T) {
	server := blobtest.StartServer(t)
	proxy := newBetween(t, server)
	bucket := server.Bucket(t, func(o *blob.Options) { o.Endpoint = proxy.URL })
	ctx := t.Context()

	t.Run("transient answers are tried again", func(t *testing.T) {
		for _, c := range []struct {
			status int
			code   string
		}{{503, "SlowDown"}, {500, "InternalError"}, {409, "ConditionalRequestConflict"}, {429, "TooManyRequests"}} {
			proxy.with(func(w http.ResponseWriter, r *http.Request, n int64, pass http.Handler) {
				if n <= 2 {
					s3Error(w, c.status, c.code)
					return
				}
				pass.ServeHTTP(w, r)
			})
			require.NoError(t, bucket.PutNew(ctx, "transient/"+c.code, []byte("x")))
			require.EqualValues(t, 3, proxy.requests.Load())
		}
	})
	t.Run("a lost answer to our own success is a success", func(t *testing.T) {
		proxy.with(loseFirstAnswer)
		require.NoError(t, bucket.PutNew(ctx, "lost", []byte("ours")))
		require.EqualValues(t, 3, proxy.requests.Load(), "put, put again, look")
	})
	t.Run("a lost request to a taken key is not", func(t *testing.T) {
		proxy.with(loseFirstAnswer)
		require.ErrorIs(t, bucket.PutNew(ctx, "lost", []byte("theirs")), blob.ErrExists)
	})
	t.Run("a body that ends early is read again", func(t *testing.T) {
		proxy.with(func(w http.ResponseWriter, r *http.Request, n int64, pass http.Handler) {
			if n == 1 {
				w.Header().Set("Content-Length", "4")
				_, _ = io.WriteString(w, "ou") // the rest is missing
				panic(http.ErrAbortHandler)
			}
			pass.ServeHTTP(w, r)
		})
		body, err := bucket.Get(ctx, "lost")
		require.NoError(t, err)
		require.Equal(t, "ours", string(body))
	})
	t.Run("what cannot succeed is answered at once", func(t *testing.T) {
		proxy.with(func(w http.ResponseWriter, _ *http.Request, _ int64, _ http.Handler) {
			s3Error(w, http.StatusForbidden, "AccessDenied")
		})
		require.ErrorContains(t, bucket.Put(ctx, "x", nil), "AccessDenied")
		require.EqualValues(t, 1, proxy.requests.Load())
	})
	t.Run("a probe tries once", func(t *testing.T) {
		proxy.with(func(w http.ResponseWriter, _ *http.Request, _ int64, _ http.Handler) {
			s3Error(w, http.StatusServiceUnavailable, "SlowDown")
		})
		require.ErrorContains(t, bucket.Probe(ctx), "SlowDown")
	})
	t.Run("an unreachable server is waited for until the context ends", func(t *testing.T) {
		proxy.Close()
		short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		_, err := bucket.Get(short, "lost")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "connection refused")
	})
}

// A range whose answer breaks off is asked for from there on, of the same object.
func TestS3RangeGoesOnAfterABreak(t *testing.T) {
	server := blobtest.StartServer(t)
	proxy := newBetween(t, server)
	bucket := server.Bucket(t, func(o *blob.Options) { o.Endpoint = proxy.URL })
	ctx := t.Context()
	body := make([]byte, 3<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(body) // it cannot fail
	require.NoError(t, bucket.Put(ctx, "long", body))
	r, err := bucket.Reader(ctx, "long")
	require.NoError(t, err)
	var asked []string
	proxy.with(func(w http.ResponseWriter, req *http.Request, n int64, pass http.Handler) {
		asked = append(asked, req.Header.Get("Range"))
		if n <= 2 {
			pass.ServeHTTP(&breaking{w, 1 << 20}, req)
		}
		pass.ServeHTTP(w, req)
	})
	p := make([]byte, len(body)-200)
	n, err := r.ReadAt(p, 100)
	require.NoError(t, err)
	require.Equal(t, len(p), n)
	require.True(t, bytes.Equal(body[100:len(body)-100], p))
	require.Equal(t, []string{"bytes=100-3145627", "bytes=1048676-3145627", "bytes=2097252-3145627"}, asked)

	var replaced error
	direct := server.Bucket(t, func(o *blob.Options) { o.URL = strings.TrimSuffix(bucket.URL(""), "/") })
	proxy.with(func(w http.ResponseWriter, req *http.Request, n int64, pass http.Handler) {
		if n == 1 {
			pass.ServeHTTP(&breaking{w, 1 << 20}, req)
		}
		if n == 2 {
			replaced = direct.Put(ctx, "long", body[1:])
		}
		pass.ServeHTTP(w, req)
	})
	_, err = r.ReadAt(p, 100)
	require.NoError(t, replaced)
	require.ErrorIs(t, err, blob.ErrChanged, "two objects are not mixed")
}

// loseFirstAnswer lets the first request through, and cuts the connection instead of
// answering.
func loseFirstAnswer(w http.ResponseWriter, r *http.Request, n int64, pass http.Handler) {
	if n == 1 {
		pass.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	pass.ServeHTTP(w, r)
}

// breaking cuts the connection after some bytes of the answer.
type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	if len(p) < b.left {
		b.left -= len(p)
		return b.ResponseWriter.Write(p)
	}
	_, _ = b.ResponseWriter.Write(p[:b.left])                // to a test's client
	_ = http.NewResponseController(b.ResponseWriter).Flush() // as above
	panic(http.ErrAbortHandler)
}
