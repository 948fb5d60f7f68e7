package config

// mask is what is shown of a secret that is set.
const mask = "***"

// Secret is a value that no log, error or dump may show. It comes from the
// environment or from a file, never from YAML or a flag.
type Secret string

// Reveal answers the value itself, for the client that needs it.
func (s Secret) Reveal() string { return string(s) }

// String answers *** for a secret that is set, and nothing for one that is not.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return mask
}

// GoString keeps %#v from showing the value.
func (s Secret) GoString() string { return s.String() }

// MarshalText keeps JSON and YAML from showing the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML keeps YAML from showing the value.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }
