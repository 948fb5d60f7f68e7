package config

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
)

// check reports values outside their range, and settings that do not fit together.
func (l *loader) check() {
	for _, section := range l.sections {
		for _, s := range section.settings {
			if !s.secret {
				l.checkRange(s)
			}
		}
	}
	p := &l.pipeline
	l.checkKafka(p.Kafka)
	l.checkLake(p.Lake)
	l.checkNames("catalogue.categories", p.Catalogue.Categories)
	l.checkNames("catalogue.regions", p.Catalogue.Regions)
	if p.HTTP.Addr != "" {
		l.checkAddr("http.addr", p.HTTP.Addr, true)
	}
	l.checkWarehouse(p.Warehouse)
}

// wrong reports the value that a setting has.
func (l *loader) wrong(name, problem, remedy string) {
	s := find(l.sections, func(s *setting) bool { return s.name() == name })
	from, ok := l.origin[s]
	if !ok {
		from = origin{source: "default", text: s.value}
	}
	l.fault(s, from.text, from.source, problem, remedy)
}

func (l *loader) checkRange(s *setting) {
	value := s.field(&l.pipeline)
	if len(s.oneof) > 0 && !slices.Contains(s.oneof, value.String()) {
		remedy := s.remedy()
		if hint := suggest(value.String(), s.oneof); hint != "" {
			remedy = "did you mean " + hint + "? " + remedy
		}
		l.wrong(s.name(), "is not known", remedy)
	}
	if s.min != "" && less(value, bound(s, s.min)) {
		l.wrong(s.name(), "is too small", s.remedy())
	}
	if s.max != "" && less(bound(s, s.max), value) {
		l.wrong(s.name(), "is too large", s.remedy())
	}
}

// bound parses an end of a setting's range.
func bound(s *setting, text string) reflect.Value {
	v := reflect.New(s.kind).Elem()
	if err := setText(v, text, s.unit); err != nil {
		panic("range of " + s.name() + " " + err.Error())
	}
	return v
}

func less(a, b reflect.Value) bool { return a.Int() < b.Int() }

func (l *loader) checkKafka(k Kafka) {
	if len(k.Brokers) == 0 {
		l.wrong("kafka.brokers", "is empty", "name a broker, such as localhost:9092")
	}
	for _, broker := range k.Brokers {
		l.checkAddr("kafka.brokers", broker, false)
	}
	l.checkCA(k)
	l.checkLogin(k)
}

func (l *loader) checkCA(k Kafka) {
	if k.CAFile == "" {
		return
	}
	pem, err := os.ReadFile(k.CAFile)
	if err != nil {
		l.wrong("kafka.ca_file", fmt.Sprintf("cannot be read: %v", reason(err)), "name a PEM file")
	} else if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		l.wrong("kafka.ca_file", "holds no certificate", "name a PEM file")
	}
	if !strings.HasSuffix(k.SecurityProtocol, "ssl") {
		l.wrong("kafka.ca_file", "is not used, as kafka.security_protocol is "+k.SecurityProtocol, "set that to ssl or sasl_ssl, or take this out")
	}
}

// checkLogin wants a user and a password where they are used, and nowhere else: who sets them thinks that
// they protect something.
func (l *loader) checkLogin(k Kafka) {
	why := "kafka.security_protocol is " + k.SecurityProtocol
	sasl := strings.HasPrefix(k.SecurityProtocol, "sasl_")
	iam := sasl && k.SASLMechanism == MSKIAM
	if iam {
		why = "kafka.sasl_mechanism is " + MSKIAM
		if k.SecurityProtocol != "sasl_ssl" {
			l.wrong("kafka.security_protocol", "shows the token to the network, and "+why, "use sasl_ssl")
		}
	}
	user, password := k.SASLUsername != "", k.SASLPassword != "" || k.SASLPasswordFile != ""
	if sasl && !iam {
		if !user {
			l.wrong("kafka.sasl_username", "is missing, as "+why, "name the user")
		}
		if !password {
			l.wrong("kafka.sasl_password", "is missing, as "+why, "set SALES_KAFKA_SASL_PASSWORD or kafka.sasl_password_file")
		}
		return
	}
	if user {
		l.wrong("kafka.sasl_username", "is not used, as "+why, "take it out, or log in with it")
	}
	if password {
		l.hidden("kafka.sasl_password", "is not used, as "+why, "take it out, or log in with it")
	}
}

// checkAddr checks a host:port; only an address to listen on may lack the host.
func (l *loader) checkAddr(name, addr string, listen bool) {
	host, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil || port == "" || host == "" && !listen {
		l.wrong(name, fmt.Sprintf("holds %q, which is not host:port", addr), "write it like localhost:9092")
	}
}

func (l *loader) checkLake(lake Lake) {
	scheme, rest, ok := strings.Cut(lake.URL, "://")
	if !ok || scheme != "s3" && scheme != "file" || rest == "" || strings.ContainsAny(rest, "?#") || scheme == "s3" && strings.HasPrefix(rest, "/") {
		l.wrong("lake.url", "is not the URL of a bucket or folder", "write it like s3://bucket, file:///folder or file://relative/folder")
	}
	if lake.S3Endpoint == "" {
		return
	}
	if u, err := url.Parse(lake.S3Endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		l.wrong("lake.s3_endpoint", "is not a URL", "write it like http://localhost:7070")
	}
}

// checkNames wants names that differ by more than their case.
func (l *loader) checkNames(setting string, names []string) {
	if len(names) == 0 {
		l.wrong(setting, "is empty", "name at least one")
	}
	seen := map[string]bool{}
	for _, name := range names {
		folded := strings.ToLower(strings.Join(strings.Fields(name), " "))
		if folded == "" || seen[folded] {
			l.wrong(setting, fmt.Sprintf("holds %q, which is empty or comes twice", name), "name each once; case and white space do not count")
		}
		seen[folded] = true
	}
}
