package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/stretchr/testify/require"

	"github.com/saleslake/saleslake/e2e/real"
	"github.com/saleslake/saleslake/services/producer/generate"
)

// The six programs over TLS: each logs in to Kafka as a user of its own that may do what docs/security.md says and
// nothing else, finds the lake's credentials as those of a role, and the database by its authority and a password.
func TestSecuredConnections(t *testing.T) {
	s := newSecureStack(t)
	tr := newTruth()
	s.startAll()
	s.stopUnderLoad(tr, 1)
	s.drained(10 * time.Minute)
	s.compare("over secured connections, after all services were stopped under load", tr)

	t.Run("a wrong password is told once", s.wrongPassword)
	t.Run("a cluster of an unknown authority is refused", s.wrongCluster)
	t.Run("a database of an unknown authority is refused", s.wrongDatabase)
	for _, log := range s.logs() {
		require.NotContains(t, log, kafkaPassword)
		require.NotContains(t, log, s.database.Password)
		require.NotContains(t, log, s.store.Secret)
	}
}

// stopUnderLoad stops each service as a deployment does, while events flow, and starts it again.
func (s *stack) stopUnderLoad(tr *truth, seed int) {
	const few, rate, grace = 20_000, 1_000, 30 * time.Second
	producer := s.start("producer", "producer-0", producerEnv(seed, rate, few)...)
	for _, service := range services {
		p := s.processes[service.name+"-0"]
		const commits = "sales_stage_commits_total"
		before := p.metric(commits)
		s.until(patience, p.instance+" commits", func() error {
			if p.metric(commits) == before {
				return errors.New("no commit")
			}
			return nil
		})
		began := time.Now()
		require.NoError(s.t, p.Stop(grace))
		s.t.Logf("%s ended with code 0 after %s", p.instance, time.Since(began).Round(time.Millisecond))
		s.ready(s.start(service.name, p.instance))
	}
	code, err := producer.Wait(s.t.Context())
	require.NoError(s.t, err)
	require.Zero(s.t, code)
	tr.sent(s.t, generate.Load(uint64(seed), few))
}

const kafkaPassword = "kafka:p@ss/word"

func newSecureStack(t *testing.T) *stack {
	s := serve(t, real.SecureKafka, real.SecurePostgres)
	for _, service := range append([]string{"producer"}, names()...) {
		require.NoError(t, s.broker.AddUser(t.Context(), service, kafkaPassword))
	}
	require.NoError(t, s.broker.Allow(t.Context(), documentedRules(t, s.root)...))
	s.env = append(s.env,
		"SALES_LOG_LEVEL=debug",
		"SALES_KAFKA_BROKERS="+s.broker.Secure,
		"SALES_KAFKA_SECURITY_PROTOCOL=sasl_ssl",
		"SALES_KAFKA_CA_FILE="+s.broker.CAFile,
		"SALES_KAFKA_SASL_PASSWORD_FILE="+s.file("kafka-password", kafkaPassword),
		"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI="+s.role(),
		"SALES_WAREHOUSE_DSN="+s.databaseURL(s.database.CAFile),
		"SALES_WAREHOUSE_PASSWORD_FILE="+s.file("database-password", s.database.Password))
	s.login = func(service string) []string { return []string{"SALES_KAFKA_SASL_USERNAME=" + service} }
	return s
}

func names() (names []string) {
	for _, service := range services {
		names = append(names, service.name)
	}
	return names
}

// file holds a secret as a mount does, with a line end.
func (s *stack) file(name, secret string) string {
	path := filepath.Join(s.dir, name)
	require.NoError(s.t, os.WriteFile(path, []byte(secret+"\n"), 0o600))
	return path
}

// role is the URL at which a task of ECS or a pod of EKS gets the credentials of its role.
func (s *stack) role() string {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{ // what cannot be sent is seen by who asked
			"AccessKeyId": s.store.Key, "SecretAccessKey": s.store.Secret, "Token": "",
			"Expiration": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		})
	}))
	s.t.Cleanup(endpoint.Close)
	return endpoint.URL
}

// databaseURL says nothing of TLS but the authority, if one is given.
func (s *stack) databaseURL(authority string) string {
	u, err := url.Parse(s.database.DSN)
	require.NoError(s.t, err)
	u.User, u.RawQuery = url.User(u.User.Username()), ""
	if authority != "" {
		u.RawQuery = "sslrootcert=" + authority
	}
	return u.String()
}

// documentedRules reads the table of docs/security.md that begins with "| service | Kafka's resource".
func documentedRules(t *testing.T, root string) (rules []kafka.ACLBinding) {
	text, err := os.ReadFile(filepath.Join(root, "docs/security.md"))
	require.NoError(t, err)
	_, table, found := strings.Cut(string(text), "| service | Kafka's resource | names | operations |\n|---|---|---|---|\n")
	require.True(t, found)
	service := ""
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 {
			break
		}
		if name := strings.TrimSpace(cells[1]); name != "" {
			service = name
		}
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[3], -1) {
			for operation := range strings.SplitSeq(cells[4], ",") {
				rules = append(rules, rule(t, service, strings.TrimSpace(cells[2]), name[1], strings.TrimSpace(operation)))
			}
		}
	}
	return rules
}

func rule(t *testing.T, service, kind, name, operation string) kafka.ACLBinding {
	resource, err := kafka.ResourceTypeFromString(kind)
	require.NoError(t, err)
	op, err := kafka.ACLOperationFromString(operation)
	require.NoError(t, err)
	pattern := kafka.ResourcePatternTypeLiteral
	if bare, prefix := strings.CutSuffix(name, "*"); prefix {
		name, pattern = bare, kafka.ResourcePatternTypePrefixed
	}
	return kafka.ACLBinding{
		Type: resource, Name: name, ResourcePatternType: pattern, Principal: "User:" + service, Host: "*",
		Operation: op, PermissionType: kafka.ACLPermissionTypeAllow,
	}
}

// wrongPassword also counts how often a service knocks at the broker's door.
func (s *stack) wrongPassword(t *testing.T) {
	const watched = 20 * time.Second
	door, knocks := watchedDoor(t, s.broker.Secure)
	p := s.start("silver-etl", "silver-etl-refused", "SALES_KAFKA_BROKERS="+door, "SALES_KAFKA_SASL_PASSWORD=wrong", "SALES_LOG_LEVEL=info")
	const why = "SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512"
	s.until(time.Minute, "/readyz says why", func() error {
		if text := p.readiness(); !strings.Contains(text, "waiting for kafka: ") || !strings.Contains(text, why) {
			return fmt.Errorf("it says %q", text)
		}
		return nil
	})
	before := knocks.Load()
	<-time.After(watched)
	require.LessOrEqual(t, knocks.Load()-before, int64(20), "connections within %v", watched)
	log, err := os.ReadFile(p.Log)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(log), why), "%s", log)
	require.Equal(t, 2, strings.Count(string(log), "\n"), "one line for the server that listens, one for the reason: %s", log)
	require.NoError(t, p.Stop(10*time.Second))
}

// watchedDoor passes connections on to addr, and counts them.
func watchedDoor(t *testing.T, addr string) (door string, connections *atomic.Int64) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	connections = &atomic.Int64{}
	pass := func(to, from net.Conn) {
		_, _ = io.Copy(to, from) // ends with either connection
		_, _ = to.Close(), from.Close()
	}
	go func() {
		for {
			outer, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			if inner, err := net.Dial("tcp", addr); err != nil {
				_ = outer.Close()
			} else {
				go pass(inner, outer)
				go pass(outer, inner)
			}
		}
	}()
	return l.Addr().String(), connections
}

// readiness is what /readyz says.
func (p *process) readiness() string {
	res, err := http.Get("http://" + p.addr + "/readyz")
	if err != nil {
		return err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (s *stack) wrongCluster(t *testing.T) {
	p := s.start("silver-etl", "silver-etl-astray", "SALES_KAFKA_CA_FILE="+s.database.CAFile)
	s.until(time.Minute, "/readyz says why", func() error {
		if text := p.readiness(); !strings.Contains(text, "certificate verify failed") {
			return fmt.Errorf("it says %q", text)
		}
		return nil
	})
	require.NoError(t, p.Stop(10*time.Second))
}

// The authorities of the system are no better than a wrong one.
func (s *stack) wrongDatabase(t *testing.T) {
	for _, authority := range []string{s.broker.CAFile, ""} {
		out, err := s.try("redshift-loader", []string{"SALES_WAREHOUSE_DSN=" + s.databaseURL(authority)}, "migrate")
		require.Error(t, err)
		require.Equal(t, 1, strings.Count(out, "certificate signed by unknown authority"), out)
		require.Equal(t, 1, strings.Count(out, "\n"), out)
	}
}

func (s *stack) logs() (logs []string) {
	paths, err := filepath.Glob(filepath.Join(s.dir, "*.log"))
	require.NoError(s.t, err)
	require.NotEmpty(s.t, paths)
	for _, path := range paths {
		log, err := os.ReadFile(path)
		require.NoError(s.t, err)
		logs = append(logs, string(log))
	}
	return logs
}
