package warehouse_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/services/redshift-loader/warehouse"
)

func TestQueriesSayWhatTheyAnswer(t *testing.T) {
	questions, err := warehouse.Questions()
	require.NoError(t, err)
	list, err := os.ReadFile("../../../sql/analytics/README.md")
	require.NoError(t, err)
	for _, q := range questions {
		require.Contains(t, []string{"revenue", "customers", "products"}, q.Topic, q.Name)
		require.Regexp(t, `^[a-z].*\?$`, q.Text, q.Name)
		require.Regexp(t, `^[a-z].*[^.]$`, q.Grain, q.Name)
		require.NotEmpty(t, q.Columns, q.Name)
		require.Contains(t, string(list), "["+q.Name+"]("+q.Name+".sql)")
		text, err := warehouse.QueryText(q.Name)
		require.NoError(t, err)
		require.Contains(t, text, "\n-- Owner:    sales analytics\n-- Caveats:  ", q.Name)
	}
}

func TestUnknownQueriesHaveNearOnes(t *testing.T) {
	for name, want := range map[string]string{
		"growth":           "near it: revenue_mom_growth, revenue_yoy_growth; query --list shows all",
		"Cohorts":          "near it: cohort_retention; query --list shows all",
		"catgory-leaders":  "near it: category_leaders; query --list shows all",
		"nothing":          `no such query: "nothing"; query --list shows all`,
		"":                 `no such query: ""; query --list shows all`,
		"../load/merge_it": "no such query",
	} {
		_, err := warehouse.QueryText(name)
		require.ErrorIs(t, err, warehouse.ErrNoQuery, name)
		require.ErrorContains(t, err, want)
	}
}
