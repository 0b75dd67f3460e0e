#!/usr/bin/env bash
# Hosts claim names in a real PostgreSQL while they, their connections and the database are killed, paused and cut off at random; then
# porcupine, a linearizability checker, judges what each was answered. Prints figures; fails if a key was ordered for twice, or if no
# single ledger could have given these answers. Usage: run.sh [SECONDS [HOSTS]]   (600 50: the long form, ten minutes)
set -euo pipefail
rig="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$rig/../../.." && pwd)"
[ -f "$root/dist/tools/fleet.js" ] || (cd "$root" && node scripts/build.mjs --no-types)
bash "$root/scripts/system-packages.sh"
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null && ! command -v go >/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends golang-go >/dev/null
fi
command -v go >/dev/null || { echo "missing: go" >&2; exit 77; }
work="$(mktemp -d /tmp/fleet-XXXXXX)"
trap 'rm -rf "$work"' EXIT
(cd "$rig/checker" && GOTOOLCHAIN=local GOFLAGS=-mod=mod go build -o "$work/check-claims" .)
node "$root/dist/tools/fleet.js" "${1:-60}" "${2:-12}" "$work"
"$work/check-claims" "$work/history.jsonl"
