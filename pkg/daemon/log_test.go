package daemon

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/pkg/config"
)

func TestALineThatFloodsIsSampled(t *testing.T) {
	for _, format := range []string{"json", "console"} {
		var out bytes.Buffer
		log, err := newLog("tester", config.Log{Level: "info", Format: format}, &out)
		require.NoError(t, err)
		for i := range 1000 {
			log.Warn("trying again", zap.Int("try", i))
		}
		log.Warn("another")
		log.Error("trying again")
		flooded := strings.Count(out.String(), `"try"`)
		require.GreaterOrEqual(t, flooded, sampleFirst)
		require.Less(t, flooded, 200, format)
		require.Contains(t, out.String(), "another")
		require.Equal(t, flooded+2, strings.Count(out.String(), "\n"), "lines of other levels and messages are not held back")
	}
}
