#!/usr/bin/env bash
# How fresh the stack that runs is under load (make up first), and what its containers need.
# Prints tables to paste into docs/benchmarks.md. RATE, WARM and LENGTH change what is run;
# arguments are passed on (--json).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cache=$PWD/.cache/bench

mkdir -p "$cache"
GOWORK=off go build -C e2e -o "$cache/benchfreshness" ./benchfreshness
"$cache/benchfreshness" --rate "${RATE:-5000}" --warm "${WARM:-2m}" --length "${LENGTH:-5m}" "$@"
