package dq

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/saleslake/saleslake/pkg/column"
)

const deploy = "../../../deploy/"

// program finds one of several names of a program. Where it is missing, nothing is
// tested, and CI fails.
func program(t *testing.T, install string, names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not on this machine: install %s", names[0], install)
	}
	t.Skipf("SKIPPED, NOTHING WAS TESTED: %s is not on this machine, install %s (with CI set this fails)", names[0], install)
	return ""
}

func output(t *testing.T, dir, name string, args ...string) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %v\n%s", name, args, out)
}

// TestAlertRules runs the rules' own tests: each alert fires, does not fire, and resolves.
func TestAlertRules(t *testing.T) {
	promtool := program(t, "prometheus", "promtool")
	output(t, deploy+"prometheus", promtool, "check", "config", "prometheus.yml")
	output(t, deploy+"prometheus", promtool, "test", "rules", "dq_test.yml", "pipeline_test.yml")
}

// TestAlertmanagerFiles holds the file without secrets against the one with them.
func TestAlertmanagerFiles(t *testing.T) {
	amtool := program(t, "prometheus-alertmanager", "amtool")
	a := newAlerting(t, "http://localhost")
	output(t, ".", amtool, "check-config", a.file("alertmanager.yml"))
	output(t, ".", amtool, "check-config", deploy+"alertmanager/local.yml")
	with, without := readYAML(t, deploy+"alertmanager/alertmanager.yml"), readYAML(t, deploy+"alertmanager/local.yml")
	require.Equal(t, with["route"], without["route"])
	require.Equal(t, with["inhibit_rules"], without["inhibit_rules"])
}

func readYAML(t *testing.T, file string) (all map[string]any) {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &all))
	return all
}

// rules gives all that are in deploy/prometheus/rules.
func rulesOf(t *testing.T) (all []map[string]any) {
	files, err := filepath.Glob(deploy + "prometheus/rules/*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		for _, group := range readYAML(t, file)["groups"].([]any) {
			for _, rule := range group.(map[string]any)["rules"].([]any) {
				all = append(all, rule.(map[string]any))
			}
		}
	}
	return all
}

// TestAlertsAreWhole has every alert tell how bad it is, and name a runbook that is there.
func TestAlertsAreWhole(t *testing.T) {
	for _, rule := range rulesOf(t) {
		if rule["alert"] == nil {
			continue
		}
		require.Contains(t, []any{"page", "warn"}, rule["labels"].(map[string]any)["severity"], rule["alert"])
		notes := rule["annotations"].(map[string]any)
		for _, note := range []string{"summary", "description", "samples"} {
			require.NotEmpty(t, notes[note], "%s has no %s", rule["alert"], note)
		}
		page, heading, _ := strings.Cut(notes["runbook_url"].(string), "#")
		_, name, ok := strings.Cut(page, "/blob/main/")
		require.True(t, ok, rule["alert"])
		text, err := os.ReadFile("../../../" + name)
		require.NoError(t, err)
		require.Contains(t, string(text), fmt.Sprintf("`%s`", rule["alert"]), name)
		if heading != "" {
			require.Contains(t, strings.ToLower(string(text)), "\n## "+strings.ReplaceAll(heading, "-", " "))
		}
	}
}

// TestRulesAskForWhatIsThere has every metric that a rule names in the catalogue, which services hold against what they register.
func TestRulesAskForWhatIsThere(t *testing.T) {
	text, err := os.ReadFile("../../../docs/metrics.md")
	require.NoError(t, err)
	known := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(sales_\\w+)` \\| (\\w+) \\|").FindAllStringSubmatch(string(text), -1) {
		known[row[1]] = true
		if row[2] == "histogram" {
			known[row[1]+"_bucket"], known[row[1]+"_sum"], known[row[1]+"_count"] = true, true, true
		}
	}
	named := 0
	for _, rule := range rulesOf(t) {
		text := fmt.Sprint(rule["expr"], rule["annotations"])
		for _, name := range regexp.MustCompile(`\bsales_\w+`).FindAllString(text, -1) {
			if name != "sales_events" {
				named++
				require.True(t, known[name], "%v asks for %s, which no service has", rule, name)
			}
		}
	}
	require.Greater(t, named, 20)
}

// message is a request that Alertmanager made.
type message struct {
	path string
	body map[string]any
	text string
}

// hook stands for Slack and PagerDuty: it records.
type hook struct {
	*httptest.Server
	mu       sync.Mutex
	messages []message
}

func newHook(t *testing.T) *hook {
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		m := message{path: r.URL.Path, text: string(text)}
		if err == nil {
			err = json.Unmarshal(text, &m.body)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		h.mu.Lock()
		h.messages = append(h.messages, m)
		h.mu.Unlock()
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) to(path string) (all []message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.messages {
		if m.path == path {
			all = append(all, m)
		}
	}
	return all
}

// alerting is a Prometheus and an Alertmanager with the repository's files, but for times
// and addresses.
type alerting struct {
	t          *testing.T
	dir        string
	prometheus string // addresses
	manager    string
	client     *http.Client
}

func newAlerting(t *testing.T, hook string) *alerting {
	a := &alerting{t: t, dir: t.TempDir(), prometheus: freeAddr(t), manager: freeAddr(t), client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}}
	a.copy("alertmanager/alertmanager.yml", "alertmanager.yml", "/etc/alertmanager", a.dir, "https://events.pagerduty.com/v2/enqueue", hook+"/pagerduty",
		"group_wait: 30s", "group_wait: 1s", "group_interval: 5m", "group_interval: 1s")
	a.copy("alertmanager/sales.tmpl", "sales.tmpl")
	a.copy("prometheus/rules/dq.yml", "dq.yml", "for: 1m", "for: 1s", "keep_firing_for: 3m", "keep_firing_for: 4s", "keep_firing_for: 10m", "keep_firing_for: 7s")
	require.NoError(t, os.Mkdir(a.file("secrets"), 0o700))
	a.write("secrets/slack_url", []byte(hook+"/slack"))
	a.write("secrets/pagerduty_key", []byte("a routing key"))
	return a
}

func (a *alerting) file(name string) string { return filepath.Join(a.dir, name) }

func (a *alerting) write(name string, data []byte) {
	require.NoError(a.t, os.WriteFile(a.file(name), data, 0o600))
}

// copy takes a file of deploy/ with pairs of texts replaced, each of which must be there.
func (a *alerting) copy(from, to string, pairs ...string) {
	data, err := os.ReadFile(deploy + from)
	require.NoError(a.t, err)
	for i := 0; i < len(pairs); i += 2 {
		require.Contains(a.t, string(data), pairs[i])
	}
	a.write(to, []byte(strings.NewReplacer(pairs...).Replace(string(data))))
}

// start runs both until the test ends, with target scraped as dq-checker is.
func (a *alerting) start(target string) {
	config := readYAML(a.t, deploy+"prometheus/prometheus.yml")
	// A scrape has its interval's time. On a busy machine one may be missed, which keep_firing_for bridges.
	config["global"] = map[string]any{"scrape_interval": "1s", "evaluation_interval": "200ms"}
	config["rule_files"] = []string{a.file("dq.yml")}
	config["alerting"] = map[string]any{"alertmanagers": []any{map[string]any{"static_configs": []any{map[string]any{"targets": []string{a.manager}}}}}}
	config["scrape_configs"] = []any{map[string]any{"job_name": "saleslake", "static_configs": []any{map[string]any{"targets": []string{target}, "labels": map[string]string{"service": "dq-checker"}}}}}
	text, err := yaml.Marshal(config)
	require.NoError(a.t, err)
	a.write("prometheus.yml", text)
	a.run(program(a.t, "prometheus-alertmanager", "prometheus-alertmanager", "alertmanager"), "--config.file", a.file("alertmanager.yml"), "--storage.path", a.file("alerts"),
		"--web.listen-address", a.manager, "--cluster.listen-address=")
	a.run(program(a.t, "prometheus", "prometheus"), "--config.file", a.file("prometheus.yml"), "--storage.tsdb.path", a.file("tsdb"), "--web.listen-address", a.prometheus)
	for _, addr := range []string{a.manager, a.prometheus} {
		require.EventuallyWithT(a.t, func(c *assert.CollectT) { a.get(c, "http://"+addr+"/-/ready", nil) }, time.Minute, 100*time.Millisecond)
	}
}

func (a *alerting) run(name string, args ...string) {
	log, err := os.Create(a.file(filepath.Base(name) + ".log"))
	require.NoError(a.t, err)
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(a.t, cmd.Start())
	a.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
		if text, err := os.ReadFile(log.Name()); err == nil && a.t.Failed() {
			a.t.Logf("%s\n%s", name, text)
		}
	})
}

func (a *alerting) get(t require.TestingT, address string, answer any) {
	response, err := a.client.Get(address)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(t, http.StatusOK, response.StatusCode)
	if answer != nil {
		require.NoError(t, json.NewDecoder(response.Body).Decode(answer))
	}
}

// until waits for a query to have a result, and then until all rules have been evaluated
// with it, and Alertmanager has had the time to tell.
func (a *alerting) until(query string) {
	a.t.Helper()
	var seen struct{ Data struct{ Result []any } }
	require.EventuallyWithT(a.t, func(c *assert.CollectT) {
		a.get(c, "http://"+a.prometheus+"/api/v1/query?query="+url.QueryEscape(query), &seen)
		require.NotEmpty(c, seen.Data.Result, query)
	}, time.Minute, 100*time.Millisecond)
	settled := time.Now().Add(10 * time.Second) // the longest keep_firing_for, and group's time, with some to spare
	require.EventuallyWithT(a.t, func(c *assert.CollectT) {
		var rules struct {
			Data struct {
				Groups []struct{ LastEvaluation time.Time }
			}
		}
		a.get(c, "http://"+a.prometheus+"/api/v1/rules", &rules)
		require.NotEmpty(c, rules.Data.Groups)
		for _, g := range rules.Data.Groups {
			require.True(c, g.LastEvaluation.After(settled))
		}
	}, time.Minute, 100*time.Millisecond)
}

// firing are the alerts that Prometheus has, pending ones too.
func (a *alerting) firing() []any {
	var answer struct{ Data struct{ Alerts []any } }
	a.get(a.t, "http://"+a.prometheus+"/api/v1/alerts", &answer)
	return answer.Data.Alerts
}

func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// TestAlerts lets the stage judge days in process and has what it tells go all the way to
// Slack and PagerDuty: a clean replay says nothing; a file whose bytes have changed is one
// message, however many tables and versions it holds, and so are rules of several kinds that
// fail together; a version that passes is another.
func TestAlerts(t *testing.T) {
	program(t, "prometheus", "prometheus")
	program(t, "prometheus-alertmanager", "prometheus-alertmanager", "alertmanager")
	r, h, registry := newRig(t), newHook(t), prometheus.NewRegistry()
	metrics := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer metrics.Close()
	a := newAlerting(t, h.URL)
	a.start(strings.TrimPrefix(metrics.URL, "http://"))
	stop := r.start(registry)
	defer stop()
	passed := func(versions int) string {
		return fmt.Sprintf(`sales_dq_verdicts_total{outcome="pass"} == %d`, versions*len(goldTables))
	}

	for version := range 3 {
		r.publish(int64(version+1), 100+version, 0)
		require.Eventually(t, r.until((version+1)*len(goldTables)), time.Minute, 50*time.Millisecond)
	}
	a.until(passed(3))
	require.Empty(t, a.firing(), "a clean replay")
	require.Empty(t, h.to("/slack"))
	require.Empty(t, h.to("/pagerduty"))

	r.spoil = func(data []byte) []byte { data[len(data)/2] ^= 1; return data }
	for version := range 2 { // the same fault in two versions is one incident
		r.publish(int64(version+4), 103+version, 0)
		a.until(fmt.Sprintf(`sales_dq_verdicts_total{outcome="fail"} == %d`, (version+1)*len(goldTables)))
		slack, pages := h.to("/slack"), h.to("/pagerduty")
		require.Len(t, slack, 1)
		require.Len(t, pages, 1)
		require.Equal(t, "trigger", pages[0].body["event_action"])
		require.Equal(t, "a routing key", pages[0].body["routing_key"])
		for _, m := range []message{slack[0], pages[0]} {
			require.Contains(t, m.text, "gold/fact_sales: 1 held", "the table and the number")
			require.Contains(t, m.text, "files (1)", "the rule")
			require.Contains(t, m.text, "dq/samples/", "where the rows are")
			require.Contains(t, m.text, "docs/runbooks/held-slice.md")
		}
	}

	r.spoil = nil
	r.publish(6, 105, 0)
	a.until(passed(4))
	slack, pages := h.to("/slack"), h.to("/pagerduty")
	require.Len(t, slack, 2)
	require.Contains(t, slack[1].text, "Resolved: gold/fact_sales")
	require.Len(t, pages, 2)
	require.Equal(t, "resolve", pages[1].body["event_action"])
	require.Equal(t, pages[0].body["dedup_key"], pages[1].body["dedup_key"])
	require.Empty(t, a.firing())

	r.publish(7, 106, 5) // silver says five rows more: the day is held for that, and only the cause is told
	a.until(`sum(sales_dq_held_units) == 1 and sum(sales_dq_ledger_faults) > 0`)
	require.Len(t, a.firing(), 2)
	require.Len(t, h.to("/slack"), 3)
	require.Contains(t, h.to("/slack")[2].text, "silver/sales: the ledger does not balance")
	require.Contains(t, h.to("/slack")[2].text, "Without an account: 5 rows")
	r.publish(8, 107, 0)
	a.until(passed(5))
	require.Len(t, h.to("/slack"), 4)
	require.Contains(t, h.to("/slack")[3].text, "Resolved: silver/sales")
	require.Len(t, h.to("/pagerduty"), 4)
	several(t, a, h, r, passed)
}

// several has rules of several kinds fail at once: that is one incident, too.
func several(t *testing.T, a *alerting, h *hook, r *rig, passed func(versions int) string) {
	r.plant.rows = func(b *column.Batch) {
		set("customer_id", 7, "")(b)
		set("currency", 8, "EUR")(b)
		set("status", 9, "lost")(b)
	}
	r.publish(9, 108, 0)
	a.until(fmt.Sprintf(`sales_dq_verdicts_total{outcome="fail"} == %d`, 4*len(goldTables)))
	require.Len(t, h.to("/slack"), 5)
	for _, rule := range []string{"orders_complete (1)", "orders_currency (1)", "orders_status (1)"} {
		require.Contains(t, h.to("/slack")[4].text, rule)
	}
	r.plant.rows = nil
	r.publish(10, 109, 0)
	a.until(passed(6))
	require.Len(t, h.to("/slack"), 6)
	require.Contains(t, h.to("/slack")[5].text, "Resolved: gold/fact_sales")
	require.Len(t, h.to("/pagerduty"), 6)
	require.Empty(t, a.firing())
}
