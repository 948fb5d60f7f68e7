package sales

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/column"
)

func TestParseColumn(t *testing.T) {
	for text, want := range map[string]column.Field{
		"coupon_code:string":  {Name: "coupon_code", Type: column.String, Optional: true, Added: true},
		"channel:symbol":      {Name: "channel", Type: column.Symbol, Optional: true, Added: true},
		"gift_wraps:int=-2":   {Name: "gift_wraps", Type: column.Int32, Default: -2, Added: true},
		"tax:decimal=1234.50": {Name: "tax", Type: column.Decimal, Default: 123_450, Added: true},
	} {
		f, err := ParseColumn(text)
		require.NoError(t, err)
		require.Greater(t, f.ID, 1<<20)
		want.ID, want.Doc = f.ID, f.Doc
		require.Equal(t, want, f)
	}
	for _, text := range []string{"", "x", "x:", "X:string", "1x:string", "a-b:string", "x:text", "x:string=a", "x:int", "x:int=1.5", "x:int=9999999999", "x:decimal", "x:decimal=1.234"} {
		_, err := ParseColumn(text)
		require.Error(t, err, text)
	}
}

// The schemas belong to the process: this test gives them back as they were.
func TestExtend(t *testing.T) {
	for _, s := range []*column.Schema{Bronze, Silver, Changes} {
		was := *s
		t.Cleanup(func() { *s = was })
	}
	err := Extend([]string{"order_id:string", "_offset:string", "a:string", "a:int=0", "b:text"})
	for _, text := range []string{`"order_id": there is one`, `"_offset:string": the name`, `"a": there is one`, `type "text" is none of`} {
		require.ErrorContains(t, err, text)
	}
	require.Equal(t, 1, Silver.Version, "nothing of it was done")

	offset, silver := Bronze.Must("_rescued"), len(Silver.Fields)
	require.NoError(t, Extend([]string{"coupon:string", "tax:decimal=0.00"}))
	require.Equal(t, []int{offset, offset + 1, offset + 2}, []int{Bronze.Must("coupon"), Bronze.Must("tax"), Bronze.Must("_rescued")})
	require.Equal(t, []int{silver, silver + 1}, []int{Silver.Must("coupon"), Silver.Must("tax")})
	require.Equal(t, Silver.Fields, Changes.Fields[:len(Silver.Fields)])
	require.Equal(t, []int{4, 3, 3}, []int{Bronze.Version, Silver.Version, Changes.Version})
}
