package real_test

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/e2e/real"
)

func TestS3LetsOneConditionalWriterWinAndKeepsItsObject(t *testing.T) {
	store := real.S3(t)
	var winner string
	for round := range 20 {
		key := fmt.Sprintf("bronze/round=%02d/object.parquet", round)
		winner = race(t, store, key)
		require.Equal(t, winner, read(t, store, key))
	}

	require.NoError(t, store.Stop())
	require.NoError(t, store.Start(t.Context()))
	require.Equal(t, winner, read(t, store, "bronze/round=19/object.parquet"))
	require.Error(t, putIfAbsent(t, store, "bronze/round=19/object.parquet", "too late"))

	store.Kill()
	require.NoError(t, store.Start(t.Context()))
	require.Equal(t, winner, read(t, store, "bronze/round=19/object.parquet"))
}

// race lets 8 writers create the same object and returns what the one winner wrote.
func race(t *testing.T, store *real.ObjectStore, key string) string {
	t.Helper()
	const writers = 8
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() { errs[i] = putIfAbsent(t, store, key, fmt.Sprint("writer ", i)) })
	}
	wg.Wait()

	var winners []string
	for i, err := range errs {
		if err == nil {
			winners = append(winners, fmt.Sprint("writer ", i))
			continue
		}
		var api smithy.APIError
		require.ErrorAs(t, err, &api, "writer %d", i)
		require.Equal(t, "PreconditionFailed", api.ErrorCode())
	}
	require.Len(t, winners, 1)
	return winners[0]
}

func putIfAbsent(t *testing.T, store *real.ObjectStore, key, body string) error {
	t.Helper()
	_, err := store.Client().PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: &store.Bucket, Key: &key, IfNoneMatch: aws.String("*"), Body: strings.NewReader(body),
	})
	return err
}

func read(t *testing.T, store *real.ObjectStore, key string) string {
	t.Helper()
	got, err := store.Client().GetObject(t.Context(), &s3.GetObjectInput{Bucket: &store.Bucket, Key: &key})
	require.NoError(t, err)
	defer func() { _ = got.Body.Close() }()
	body, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	return string(body)
}
