package pipeline

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/saleslake/saleslake/e2e/real"
	"github.com/saleslake/saleslake/pkg/sales"
	"github.com/saleslake/saleslake/pkg/stream"
)

const partitions = 4

// services are the five that run on, in the order of the data, with the groups
// and the topics that each of these consumes.
var services = []struct {
	name   string
	groups []string
	topics []string
}{
	{"bronze-writer", []string{"bronze-writer"}, []string{sales.TopicEvents, sales.TopicCustomers}},
	{"silver-etl", []string{"silver-etl", "silver-etl-customers"}, []string{sales.TopicBronze}},
	{"gold-aggregator", []string{"gold-aggregator"}, []string{sales.TopicSilver}},
	{"dq-checker", []string{"dq-checker"}, []string{sales.TopicGold, sales.TopicSilver}},
	{"redshift-loader", []string{"redshift-loader"}, []string{sales.TopicVerdicts}},
}

// stack is the whole pipeline on real servers: binaries, broker, object store
// and database.
type stack struct {
	t        *testing.T
	root     string // of the repository
	dir      string // binaries, logs
	broker   *real.Broker
	store    *real.ObjectStore
	database *real.Database
	kafka    stream.Config
	env      []string
	login    func(service string) []string // environment of one service; nil for none

	mu        sync.Mutex
	processes map[string]*process // by instance
	suspect   string              // the service that is waited for
	failure   string              // told at the end, after all the logs
}

// process is one instance of a service.
type process struct {
	*real.Process
	instance string
	addr     string // of /metrics and /readyz
}

func newStack(t *testing.T) *stack {
	s := serve(t, real.Kafka, real.Postgres)
	s.env = append(s.env,
		"SALES_KAFKA_BROKERS="+s.broker.Bootstrap,
		"AWS_ACCESS_KEY_ID="+s.store.Key, "AWS_SECRET_ACCESS_KEY="+s.store.Secret,
		"SALES_WAREHOUSE_DSN="+s.database.DSN)
	return s
}

// serve builds the services. How they log in is left to the caller.
func serve(t *testing.T, kafka func(testing.TB) *real.Broker, postgres func(testing.TB) *real.Database) *stack {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	s := &stack{t: t, root: root, dir: t.TempDir(), processes: map[string]*process{}}
	t.Cleanup(func() {
		if s.failure != "" {
			t.Log(s.failure)
		}
	})
	s.build()
	s.broker, s.store, s.database = kafka(t), real.S3(t), postgres(t)
	s.kafka = stream.Config{Brokers: []string{s.broker.Bootstrap}, Log: zap.NewNop()}
	s.env = []string{
		"SALES_CONFIG=" + filepath.Join(root, "config/pipeline.yaml"),
		"SALES_KAFKA_SESSION_TIMEOUT=6s",
		"SALES_KAFKA_REPLICATION=1",
		"SALES_LAKE_URL=s3://" + s.store.Bucket,
		"SALES_LAKE_S3_ENDPOINT=" + s.store.Endpoint,
		"SALES_LAKE_S3_REGION=" + s.store.Region,
		"SALES_LAKE_S3_PATH_STYLE=true",
		"SALES_LAKE_PARTITIONS=" + strconv.Itoa(partitions),
		"SALES_BRONZE_MAX_AGE=1s", "SALES_BRONZE_HEARTBEAT=0s", // records of the topics are counted by their offsets
		"SALES_SILVER_MAX_AGE=500ms", "SALES_GOLD_MAX_AGE=500ms", "SALES_WAREHOUSE_LOAD_EVERY=1s",
		"SALES_WAREHOUSE_PRODUCTS=" + filepath.Join(root, "data/products.csv"),
	}
	t.Cleanup(s.killAll)
	return s
}

// build compiles the six services with fault points.
func (s *stack) build() {
	started := time.Now()
	for _, name := range []string{"producer", "bronze-writer", "silver-etl", "gold-aggregator", "dq-checker", "redshift-loader"} {
		cmd := exec.Command("go", "build", "-tags", "faults", "-o", filepath.Join(s.dir, name), ".")
		cmd.Dir, cmd.Env = filepath.Join(s.root, "services", name), append(os.Environ(), "GOWORK=off")
		out, err := cmd.CombinedOutput()
		require.NoError(s.t, err, "build %s: %s", name, out)
	}
	s.t.Logf("six services built in %s", time.Since(started).Round(time.Second))
}

// start runs an instance of a service, with what is added to its environment.
func (s *stack) start(service, instance string, env ...string) *process {
	addr := freeAddr(s.t)
	p := &process{instance: instance, addr: addr, Process: real.NewProcess(real.Program{
		Name: instance, Argv: []string{filepath.Join(s.dir, service), "run"}, Dir: s.dir,
		Env: append([]string{"SALES_KAFKA_INSTANCE=" + instance, "SALES_HTTP_ADDR=" + addr}, s.environ(service, env)...),
		Log: filepath.Join(s.dir, instance+".log"),
	})}
	require.NoError(s.t, p.Start())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.processes[instance] = p
	return p
}

func (s *stack) startAll() {
	s.job("redshift-loader", nil, "migrate")
	for _, service := range services {
		s.start(service.name, service.name+"-0")
	}
	for _, service := range services {
		s.ready(s.processes[service.name+"-0"])
	}
}

// job runs a command of a service to its end.
func (s *stack) job(service string, env []string, args ...string) {
	out, err := s.try(service, env, args...)
	require.NoError(s.t, err, "%s %v: %s", service, args, out)
}

func (s *stack) try(service string, env []string, args ...string) (output string, err error) {
	cmd := exec.Command(filepath.Join(s.dir, service), args...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), s.environ(service, env)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// environ is the environment of a service; of two values of a variable the last counts.
func (s *stack) environ(service string, more []string) []string {
	env := slices.Clone(s.env)
	if s.login != nil {
		env = append(env, s.login(service)...)
	}
	return append(env, more...)
}

func (s *stack) ready(p *process) {
	s.until(time.Minute, p.instance+" is ready", func() error {
		return real.AnswersOK(s.t.Context(), "http://"+p.addr+"/readyz")
	})
}

// until polls check, and fails the test with its last answer when time is up.
func (s *stack) until(limit time.Duration, what string, check func() error) {
	s.t.Helper()
	var err error
	for deadline := time.Now().Add(limit); ; {
		if err = check(); err == nil {
			return
		}
		if time.Now().After(deadline) {
			break
		}
		<-time.After(100 * time.Millisecond)
	}
	s.fail(fmt.Sprintf("waited %s until %s: %v", limit, what, err))
}

// fail ends the test, with what the database and the suspect are at; killAll shows the logs.
func (s *stack) fail(what string) {
	s.t.Helper()
	s.failure = s.statements() + s.stacks() + what
	s.t.FailNow()
}

// stacks ends the suspect's instances and gives what their goroutines were at in our code, and
// what they logged at last.
func (s *stack) stacks() string {
	var text strings.Builder
	for instance, p := range s.processes {
		if s.suspect == "" || !strings.HasPrefix(instance, s.suspect) || !p.Running() {
			continue
		}
		logged := s.log(instance)
		_ = syscall.Kill(p.Pid(), syscall.SIGQUIT)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		_, _ = p.Wait(ctx)
		cancel()
		for _, routine := range strings.Split(s.log(instance)[len(logged):], "\n\n") {
			if strings.Contains(routine, "saleslake/services") || strings.Contains(routine, "saleslake/pkg/stream") {
				text.WriteString(routine + "\n\n")
			}
		}
		text.WriteString(instance + ": " + logged[max(0, len(logged)-2500):] + "\n")
	}
	return text.String()
}

// drained waits until every stage has handled all that there is.
func (s *stack) drained(limit time.Duration) {
	for _, service := range services {
		s.suspect = service.name
		for _, group := range service.groups {
			for _, topic := range service.topics {
				s.until(limit, group+" has caught up", func() error { return s.caughtUp(group, topic) })
			}
		}
	}
	s.suspect = "dq-checker"
	s.until(limit, "dq-checker has seen the loads", func() error { return s.caughtUp("dq-checker", sales.TopicLoads) })
	s.suspect = ""
}

func (s *stack) caughtUp(group, topic string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	n, err := stream.Pending(ctx, s.kafka, group, topic)
	if err == nil && n > 0 {
		err = fmt.Errorf("%d records of %s are not handled", n, topic)
	}
	return err
}

// metric gives the sum of a counter over the instance's label values; 0 when
// it does not answer.
func (p *process) metric(name string) (sum float64) {
	res, err := http.Get("http://" + p.addr + "/metrics")
	if err != nil {
		return 0
	}
	defer func() { _ = res.Body.Close() }()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		head, value, _ := strings.Cut(lines.Text(), " ")
		if bare, _, _ := strings.Cut(head, "{"); bare == name {
			v, _ := strconv.ParseFloat(value, 64)
			sum += v
		}
	}
	return sum
}

func (s *stack) killAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.processes {
		p.Kill()
	}
	if s.t.Failed() {
		s.showLogs()
	}
}

// showLogs prints the end of each instance's log.
func (s *stack) showLogs() {
	logs, _ := filepath.Glob(filepath.Join(s.dir, "*.log"))
	for _, path := range logs {
		b, err := os.ReadFile(path)
		if err == nil {
			s.t.Logf("%s:\n%s", filepath.Base(path), b[max(0, len(b)-600):])
		}
	}
}

// statements tells what the database's sessions do, and since when.
func (s *stack) statements() string {
	db, err := sql.Open("postgres", s.database.DSN)
	require.NoError(s.t, err)
	defer func() { _ = db.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var lines string
	err = db.QueryRowContext(ctx, `select coalesce(string_agg(format('%s %s for %s %s %s: %s', pid, state, now() - query_start, wait_event_type, wait_event, query), E'\n'), 'none')
		from pg_stat_activity where state <> 'idle' and pid <> pg_backend_pid()`).Scan(&lines)
	return fmt.Sprintf("statements of the database: %s %v\n", lines, err)
}

func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
