package real

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	prometheus "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// Monitor is a Prometheus server.
type Monitor struct {
	server

	URL string // http://host:port
	api prometheus.API
}

// Prometheus starts a Prometheus that lives as long as the test. It scrapes each
// service at its host:port once a second, labelled as deploy/prometheus labels
// it, and evaluates the rule files that the glob rules names.
func Prometheus(t testing.TB, rules string, services map[string]string) *Monitor {
	t.Helper()
	m, err := StartPrometheus(context.Background(), rules, services)
	Require(t, err)
	m.closeWith(t)
	return m
}

// StartPrometheus does the same without a test; Close ends it.
func StartPrometheus(ctx context.Context, rules string, services map[string]string) (*Monitor, error) {
	binary, err := program("prometheus", "install prometheus")
	if err != nil {
		return nil, err
	}
	dir, err := serverDir("prometheus")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, []byte(prometheusConfig(rules, services)), 0o644); err != nil {
		return nil, err
	}
	m := &Monitor{URL: "http://" + address(port)}
	client, err := api.NewClient(api.Config{Address: m.URL})
	if err != nil {
		return nil, err
	}
	m.api = prometheus.NewAPI(client)
	m.server = server{
		dir: dir, startTime: time.Minute, stopTime: 20 * time.Second, serves: m.serves,
		Process: NewProcess(Program{
			Name: "prometheus", Dir: dir, Log: filepath.Join(dir, "prometheus.log"),
			Argv: []string{binary, "--config.file=" + config, "--storage.tsdb.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + address(port)},
		}),
	}
	if err := m.Start(ctx); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func prometheusConfig(rules string, services map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%q]\nscrape_configs:\n  - job_name: saleslake\n    static_configs:\n", rules)
	for _, name := range slices.Sorted(maps.Keys(services)) {
		fmt.Fprintf(&b, "      - {targets: [%q], labels: {service: %s}}\n", services[name], name)
	}
	return b.String()
}

// Query answers an expression with its newest values.
func (m *Monitor) Query(ctx context.Context, expr string) (model.Value, error) {
	value, _, _, err := m.api.Query(ctx, expr, time.Now())
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", expr, err)
	}
	return value, nil
}

func (m *Monitor) serves(ctx context.Context) error { return AnswersOK(ctx, m.URL+"/-/ready") }
