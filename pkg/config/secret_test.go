package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"gopkg.in/yaml.v3"

	"github.com/saleslake/saleslake/pkg/config"
)

// However settings are printed, dumped or logged, the secret does not show.
func TestSecretNeverShows(t *testing.T) {
	p := config.Default()
	p.Kafka.SASLPassword, p.Warehouse.Password = "hunter2", "hunter2"
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(&out, verb, p)
		fmt.Fprintf(&out, verb, p.Kafka.SASLPassword)
	}
	dump, err := json.Marshal(p)
	require.NoError(t, err)
	out.Write(dump)
	dump, err = yaml.Marshal(map[string]any{"all": p, "one": p.Kafka.SASLPassword})
	require.NoError(t, err)
	out.Write(dump)
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&out), zap.DebugLevel))
	log.Info("x", zap.Any("all", p), zap.Any("one", p.Kafka.SASLPassword), zap.Stringer("two", p.Kafka.SASLPassword))
	require.NotContains(t, out.String(), "hunter2")
	require.Contains(t, out.String(), "***")
	require.Empty(t, config.Secret("").String())
}
