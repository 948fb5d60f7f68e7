#!/usr/bin/env bash
# Makes a lake of the sample files with the local runner and reads it with
# engines that are not ours.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
lake=$(mktemp -d)
trap 'rm -rf "$lake"' EXIT
go run ./services/local-runner --lake "$lake" --json >"$lake/report.json" || { cat "$lake/report.json"; exit 1; }
"${SALESLAKE_PYTHON:-python3}" e2e/readers/check.py "$lake" data/expected.json
