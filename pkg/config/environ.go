package config

import (
	"regexp"
	"strings"

	"github.com/saleslake/saleslake/pkg/fault"
)

const (
	// EnvPrefix begins the name of every environment variable of the pipeline.
	EnvPrefix = "SALES_"
	// EnvFile names the YAML file, as the flag --config does.
	EnvFile = EnvPrefix + "CONFIG"
)

// serviceLink is what Kubernetes adds to the environment of a pod for each service
// of its namespace, and a service may well be called sales-something.
var serviceLink = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// environ applies the variables that begin with SALES_; each must be known.
func (l *loader) environ(environ []string) {
	for _, pair := range environ {
		name, text, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, EnvPrefix) || name == EnvFile || serviceLink.MatchString(name) {
			continue
		}
		if name == fault.Env {
			l.faultHook()
			continue
		}
		s := find(l.sections, func(s *setting) bool { return s.env() == name })
		if s == nil {
			hint := suggest(strings.TrimPrefix(name, EnvPrefix), l.envNames())
			if hint != "" {
				hint = EnvPrefix + hint
			}
			l.unknown(name, "environment", hint)
			continue
		}
		if text != "" {
			l.set(s, text, "environment "+name)
		}
	}
}

// faultHook refuses a request for faults that this program cannot inject: the test
// that asks would pass without having tested anything.
func (l *loader) faultHook() {
	if !fault.Enabled {
		l.faults = append(l.faults, Fault{fault.Env, "", "environment", "needs a program built with -tags faults", "unset it"})
	}
}

// envNames answers the known variables, without the prefix that all of them have.
func (l *loader) envNames() []string {
	names := []string{strings.TrimPrefix(EnvFile, EnvPrefix)}
	for _, section := range l.sections {
		for _, s := range section.settings {
			names = append(names, strings.TrimPrefix(s.env(), EnvPrefix))
		}
	}
	return names
}
