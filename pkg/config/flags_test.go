package config_test

import (
	"bytes"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/pkg/config"
)

// everything embeds all sections; a real service embeds what it uses.
type everything struct {
	Kafka     config.Kafka     `embed:"" prefix:"kafka-"`
	Lake      config.Lake      `embed:"" prefix:"lake-"`
	Catalogue config.Catalogue `embed:"" prefix:"catalogue-"`
	HTTP      config.HTTP      `embed:"" prefix:"http-"`
	Log       config.Log       `embed:"" prefix:"log-"`
	Producer  config.Producer  `embed:"" prefix:"producer-"`
	Bronze    config.Bronze    `embed:"" prefix:"bronze-"`
	Silver    config.Silver    `embed:"" prefix:"silver-"`
	Gold      config.Gold      `embed:"" prefix:"gold-"`
	DQ        config.DQ        `embed:"" prefix:"dq-"`
	Warehouse config.Warehouse `embed:"" prefix:"warehouse-"`
	Own       int              `default:"7"`
}

// tool has two commands that use the same section.
type tool struct {
	Run  everything `cmd:"" default:"withargs"`
	Load struct {
		Kafka config.Kafka `embed:"" prefix:"kafka-"`
	} `cmd:""`
}

func parse(t *testing.T, args ...string) (*tool, config.Pipeline, error) {
	var cli tool
	flags := config.NewFlags(&cli)
	parser, err := kong.New(&cli, kong.PostBuild(flags.Bind))
	require.NoError(t, err)
	_, err = parser.Parse(args)
	require.NoError(t, err)
	p, err := config.Load(config.Sources{Flags: flags.Given()})
	flags.Fill(p)
	return &cli, p, err
}

func TestFlags(t *testing.T) {
	cli, p, err := parse(t, "--silver-max-rows=7", "--lake-create", "--kafka-replication=-1", "--kafka-brokers", "a:1,b:2", "--kafka-brokers=c:3", "--own=8", "--lake-s3-path-style=false")
	require.NoError(t, err)
	require.Equal(t, 7, cli.Run.Silver.MaxRows)
	require.True(t, cli.Run.Lake.Create)
	require.False(t, cli.Run.Lake.S3PathStyle)
	require.Equal(t, []string{"a:1", "b:2", "c:3"}, cli.Run.Kafka.Brokers)
	require.Equal(t, 8, cli.Run.Own)
	require.Equal(t, p.Kafka, cli.Run.Kafka)
	require.Equal(t, p.Kafka, cli.Load.Kafka)
	require.Equal(t, p.Warehouse, cli.Run.Warehouse)

	cli, _, err = parse(t, "load", "--kafka-client-id=x")
	require.NoError(t, err)
	require.Equal(t, "x", cli.Load.Kafka.ClientID)
}

// Several wrong flags are told together, which kong alone would not do.
func TestWrongFlagsAreToldTogether(t *testing.T) {
	_, _, err := parse(t, "--silver-max-rows=abc", "--gold-max-age=xyz", "--lake-create=maybe")
	require.ErrorContains(t, err, "3 wrong settings")
}

// A flag has its setting's name, help and default.
func TestEverySettingIsAFlag(t *testing.T) {
	var cli tool
	var out bytes.Buffer
	flags := config.NewFlags(&cli)
	parser, err := kong.New(&cli, kong.PostBuild(flags.Bind), kong.Writers(&out, &out), kong.Exit(func(int) {}))
	require.NoError(t, err)
	_, err = parser.Parse([]string{"run", "--help"})
	require.NoError(t, err)
	for _, want := range []string{
		"--kafka-sasl-password-file=\"\"", "--lake-s3-endpoint=\"\"", "--lake-s3-path-style", "--silver-max-rows=1000000",
		"--dq-samples=10", "--bronze-queue-bytes=32MiB", "--kafka-brokers=localhost:9092", "Settings of section kafka",
		"--warehouse-load-every", "--kafka-ca-file",
	} {
		require.Contains(t, out.String(), want)
	}
	require.NotContains(t, out.String(), "--kafka-sasl-password=")
}
