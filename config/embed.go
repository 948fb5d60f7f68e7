// Package config holds the files of this folder that programs embed: the rules of
// dq-checker, which they are judged by when no other file is named, and their schema.
package config

import _ "embed"

// DQ is dq.yaml.
//
//go:embed dq.yaml
var DQ []byte

// DQSchema is dq.schema.json.
//
//go:embed dq.schema.json
var DQSchema []byte
