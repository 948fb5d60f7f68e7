package real_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/e2e/real"
)

func TestPrometheusScrapesAndEvaluates(t *testing.T) {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "sales_cells 7")
	}))
	defer service.Close()
	rules := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(rules, "one.yml"), []byte("groups: [{name: one, rules: [{record: doubled, expr: sales_cells * 2}]}]\n"), 0o644))
	monitor := real.Prometheus(t, filepath.Join(rules, "*.yml"), map[string]string{"silver-etl": strings.TrimPrefix(service.URL, "http://")})
	for query, want := range map[string]string{`sum by (service) (sales_cells)`: `{service="silver-etl"} => 7 `, `sum(doubled)`: `{} => 14 `} {
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			found, err := monitor.Query(t.Context(), query)
			require.NoError(c, err)
			require.Contains(c, found.String(), want)
		}, time.Minute, 100*time.Millisecond)
	}
	_, err := monitor.Query(t.Context(), "sum(")
	require.Error(t, err)
}
