#!/usr/bin/env bash
# The stream benchmark: a full topic of a real Kafka into bronze, beside a bare
# consumer loop. Prints a table to paste into docs/benchmarks.md. EVENTS, RUNS,
# SEED and LAKE (s3 or file) change what is run; arguments are passed on (--json).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cache=$PWD/.cache/bench

mkdir -p "$cache"
GOWORK=off go build -C services/bronze-writer -trimpath -ldflags "-s -w" -o "$cache/bronze-writer" .
GOWORK=off go build -C e2e -o "$cache/benchstream" ./benchstream
"$cache/benchstream" --events "${EVENTS:-3000000}" --runs "${RUNS:-3}" --seed "${SEED:-1}" --lake "${LAKE:-s3}" \
  "$@" "$cache/bronze-writer"
