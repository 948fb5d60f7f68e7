#!/usr/bin/env bash
# The batch benchmark: a generated CSV through bronze, silver and gold by
# saleslake, DuckDB and Polars in turn. Prints a table to paste into
# docs/benchmarks.md. ROWS, RUNS and SEED change what is run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rows=${ROWS:-3000000} runs=${RUNS:-3} seed=${SEED:-1}
cache=$PWD/.cache/bench
dir=$cache/$rows-$seed
python=${SALESLAKE_PYTHON:-$PWD/.cache/venv/bin/python}

mkdir -p "$cache" "$dir"
go build -o "$cache/producer" ./services/producer
go build -o "$cache/local-runner" ./services/local-runner
if [[ ! -f $dir/expected.json ]]; then
  "$cache/producer" bench --seed "$seed" --rows "$rows" --out "$dir"
fi
cat "$dir/bench.csv" >/dev/null # all start from a file that is in memory
"$python" bench/batch.py "$cache/local-runner" "$dir" "$runs"
rm -rf "$dir"/lake-*
