package daemon

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/saleslake/saleslake/pkg/config"
)

// newDaemon opens the log and the registry.
func newDaemon(name string, settings config.Pipeline, stderr io.Writer) (*Daemon, error) {
	log, err := newLog(name, settings.Log, stderr)
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(newBuildInfo(name), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return &Daemon{Name: name, Log: log, Registry: registry, Settings: settings}, nil
}

func newBuildInfo(name string) *prometheus.GaugeVec {
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "sales_build_info", Help: "1, labelled with the program and its version.",
	}, []string{"service", "version", "revision", "go"})
	version := readVersion()
	build.WithLabelValues(name, version.release, version.revision, version.toolchain).Set(1)
	return build
}

// Of lines with the same level and message these are written in a second: the first ones, then one of so many.
const (
	sampleFirst      = 50
	sampleThereafter = 100
)

func newLog(name string, c config.Log, stderr io.Writer) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(c.Level)
	if err != nil {
		return nil, fmt.Errorf("read log.level: %w", err)
	}
	var encoder zapcore.Encoder
	if c.Format == "console" {
		form := zap.NewDevelopmentEncoderConfig()
		form.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
		encoder = zapcore.NewConsoleEncoder(form)
	} else {
		form := zap.NewProductionEncoderConfig()
		form.EncodeTime = zapcore.RFC3339NanoTimeEncoder
		form.TimeKey = "time"
		form.EncodeDuration = zapcore.StringDurationEncoder
		encoder = zapcore.NewJSONEncoder(form)
	}
	core := zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(stderr)), level)
	sampled := zapcore.NewSamplerWithOptions(core, time.Second, sampleFirst, sampleThereafter)
	return zap.New(sampled, zap.Fields(zap.String("service", name))), nil
}

// lookup answers the value of a variable in a list as of os.Environ.
func lookup(environ []string, name string) string {
	for _, pair := range environ {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}
