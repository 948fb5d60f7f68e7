package config_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/saleslake/saleslake/pkg/config"
)

var update = flag.Bool("update", false, "write config/pipeline.yaml anew")

const shipped = "../../config/pipeline.yaml"

// The file that is shipped documents every setting with its help and default.
func TestShippedFileIsTheDocument(t *testing.T) {
	if *update {
		require.NoError(t, os.WriteFile(shipped, []byte(config.Document()), 0o644))
	}
	body, err := os.ReadFile(shipped)
	require.NoError(t, err)
	require.Equal(t, config.Document(), string(body), "run: go test ./config -update")
}

func TestShippedFileHoldsTheDefaults(t *testing.T) {
	got, err := config.Load(config.Sources{File: shipped})
	require.NoError(t, err)
	require.NotEmpty(t, got.Kafka.Instance)
	got.Kafka.Instance = ""
	require.Equal(t, config.Default(), got)
}

// Read by another decoder than ours, the file has every key that the type has, and no
// other.
func TestShippedFileHoldsEveryKey(t *testing.T) {
	body, err := os.ReadFile(shipped)
	require.NoError(t, err)
	var file map[string]map[string]any
	require.NoError(t, yaml.Unmarshal(body, &file))

	text, err := yaml.Marshal(config.Default())
	require.NoError(t, err)
	var code map[string]map[string]any
	require.NoError(t, yaml.Unmarshal(text, &code))
	require.Len(t, file, len(code))
	for section, settings := range code {
		keys := func(m map[string]any) (all []string) {
			for key := range m {
				all = append(all, key)
			}
			return all
		}
		require.ElementsMatch(t, keys(settings), keys(file[section]), section)
	}
}

func TestEverySettingIsDocumented(t *testing.T) {
	lines := strings.Split(config.Document(), "\n")
	for i, line := range lines {
		if strings.Contains(line, ":") && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			above := strings.TrimSpace(lines[i-1])
			require.True(t, strings.HasPrefix(above, "# ") && strings.HasSuffix(above, "."), "above %q: %q", line, above)
		}
	}
}
