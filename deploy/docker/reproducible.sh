#!/usr/bin/env bash
# Builds the services that are named from two copies of the sources in two places, each with an empty build cache,
# with the flags of the image, and compares the bytes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for place in one two/deeper; do
  copy=$work/$place/src
  mkdir -p "$copy"
  git ls-files -z pkg services sql config | xargs -0 cp --parents -t "$copy"
  for service in "$@"; do
    GOWORK=off CGO_ENABLED=1 GOCACHE=$work/$place/cache go build -C "$copy/services/$service" \
      -trimpath -buildvcs=false -ldflags "-s -w" -o "$work/$place/$service" .
  done
done
for service in "$@"; do
  cmp "$work/one/$service" "$work/two/deeper/$service"
  echo "$service: twice $(sha256sum <"$work/one/$service" | cut -c1-16), $(stat -c %s "$work/one/$service") bytes"
done
