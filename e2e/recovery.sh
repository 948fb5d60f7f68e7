#!/usr/bin/env bash
# Rehearses "When something is lost" of docs/deploy.md on the Compose stack that runs: the commands
# are read from the page, each case loses something first, and after each the warehouse has to the
# row and the cent what it had, and every ledger balances. Events stop meanwhile, so that there is
# something to compare with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
page=docs/deploy.md

# block prints the commands below the paragraph that begins with a text.
block() {
  awk -v start="$1" 'index($0, start) == 1 {found = 1} found && /^```sh/ {on = 1; next} on && /^```/ {exit} on' "$page"
}

follow() {
  local commands
  commands=$(block "$1")
  [ -n "$commands" ] || { echo "$page has no commands for: $1" >&2; exit 1; }
  echo "--- $1"
  bash -euxo pipefail -c "$commands" </dev/null
}

warehouse() { docker compose exec -T postgres psql -U sales -d sales -Atc "$1" </dev/null; }
facts() { warehouse "select count(*), coalesce(sum(revenue), 0) from sales.fact_sales"; }
lose() { docker compose run --rm --no-TTY --user 65534 --entrypoint find s3-owner "/data/sales-lake/$1" -type f -delete </dev/null; }

# until runs a check again until it holds, for so many seconds at most.
until_() {
  local deadline=$((SECONDS + $1)); shift
  until "$@"; do
    [ $SECONDS -lt $deadline ] || { echo "gave up waiting for: $*" >&2; return 1; }
    sleep 2
  done
}

# balanced: the page's own check, its two lines equal, and what was there before.
balanced() {
  local said lines
  said=$(bash -euo pipefail -c "$(block 'Bronze and the topics')" </dev/null 2>&1) || return 1
  lines=$(tail -n 2 <<<"$said")
  grep -q ' 0 fail\. The ledger balances' <<<"$said" &&
    [ "$(head -n 1 <<<"$lines")" = "$(tail -n 1 <<<"$lines" | sed 's/\([.][0-9][0-9]\)0*$/\1/')" ] &&
    { [ -z "${expected:-}" ] || [ "$(facts)" = "$expected" ]; }
}

# settled: no event is on its way, as nothing changes for a while.
settled() {
  local before
  before=$(facts) && sleep 20 && [ "$(facts)" = "$before" ] && balanced
}

recovered() {
  until_ 600 balanced || { echo "it had $expected, it has $(facts)" >&2; bash -c "$(block 'Bronze and the topics')" >&2; exit 1; }
  echo "=== $1: $(facts), as before; the ledger balances ($((SECONDS - began)) s)"
}

docker compose stop producer
until_ 300 settled
expected=$(facts)
echo "=== the warehouse has $expected"

began=$SECONDS; follow '**The warehouse.**'; recovered "the warehouse was lost"
began=$SECONDS; lose gold/daily_sales; lose gold/hourly_sales; follow '**Gold**'; recovered "files of gold were lost"
began=$SECONDS; follow '**Silver**'; recovered "silver was made again"
began=$SECONDS; follow '**A topic of manifests**'; recovered "lake.silver was lost"
began=$SECONDS; follow '**All of Kafka.**'; docker compose stop producer; expected=''; until_ 600 settled
echo "=== all of Kafka was lost: $(facts), with what was sent since; the ledger balances ($((SECONDS - began)) s)"
docker compose start producer
