package warehouse_test

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/blob"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
	"github.com/saleslake/saleslake/services/redshift-loader/warehouse/warehousetest"
)

// TestLiveRedshift runs the suite on a real Redshift, whose schemas sales and etl it
// drops: the database's name must have "test" in it. The password is PGPASSWORD's, the
// credentials of S3 are those of the AWS environment.
func TestLiveRedshift(t *testing.T) {
	dsn, lake, role := os.Getenv("SALES_TEST_REDSHIFT_DSN"), os.Getenv("SALES_TEST_REDSHIFT_LAKE"), os.Getenv("SALES_TEST_REDSHIFT_ROLE")
	if dsn == "" || lake == "" || role == "" {
		t.Skip("SKIPPED, NOTHING WAS TESTED ON REDSHIFT: set SALES_TEST_REDSHIFT_DSN (redshift://user@host:5439/a_test_database), " +
			"SALES_TEST_REDSHIFT_LAKE (s3://bucket/prefix in its region), SALES_TEST_REDSHIFT_ROLE (default, or the ARN of a role that reads the bucket) and PGPASSWORD")
	}
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	require.Contains(t, u.Path, "test", "the database's name, as its tables are dropped")
	u.Scheme = "postgres"
	options := warehouse.Options{Dialect: warehouse.Redshift, Source: u.String(), IAMRole: role}
	warehousetest.Run(t, func(t *testing.T) warehouse.Options {
		w, err := warehouse.Open(options) // whose defaults are those of a load
		require.NoError(t, err)
		_, err = w.Select(t.Context(), "DROP SCHEMA IF EXISTS sales CASCADE")
		require.NoError(t, err)
		_, err = w.Select(t.Context(), "DROP SCHEMA IF EXISTS etl CASCADE")
		require.NoError(t, err)
		require.NoError(t, w.Close())
		o := options
		o.Files = emptyBucket(t, strings.TrimSuffix(lake, "/")+"/"+rand.Text())
		return o
	})
}

// emptyBucket opens a place of its own, and empties it when the test ends.
func emptyBucket(t *testing.T, url string) *blob.Bucket {
	bucket, err := blob.Open(t.Context(), blob.Options{URL: url})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		for key, err := range bucket.Keys(ctx, "") {
			require.NoError(t, err)
			require.NoError(t, bucket.Delete(ctx, key))
		}
	})
	return bucket
}
