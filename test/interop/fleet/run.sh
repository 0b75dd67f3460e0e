#!/usr/bin/env bash
# Hosts enrol through two brokers over one PostgreSQL, all of the built program and each in a network namespace, while hosts, brokers and
# the database are killed, paused and cut off at random; then everything is healed and counted, and porcupine, a linearizability checker,
# judges what each was answered. Where namespaces are forbidden: the ledger alone, with a proxy that goes silent. Prints figures; fails if
# an order is too many or too few, or if no single machine could have given these answers.
# Usage: run.sh [SECONDS [HOSTS [KEYS [SEED]]]]   (600 50 20: the long form); run.sh --ledger [SECONDS [HOSTS]] for the ledger alone.
set -euo pipefail
rig="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$rig/../../.." && pwd)"
[ -f "$root/dist/tools/campaign.js" ] || (cd "$root" && node scripts/build.mjs --no-types)
bash "$root/scripts/system-packages.sh"
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null && ! command -v go >/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends golang-go >/dev/null
fi
command -v go >/dev/null || { echo "missing: go" >&2; exit 77; }
work="$(mktemp -d /tmp/fleet-XXXXXX)"
trap 'rm -rf "$work"' EXIT
(cd "$rig/checker" && GOTOOLCHAIN=local GOFLAGS=-mod=mod go build -o "$work/check-history" .)
if [ "${1:-}" != --ledger ]; then
  code=0
  TIMEFORMAT='processor time: %U s, and %S s in the kernel'
  time node "$root/dist/tools/campaign.js" "${1:-60}" "${2:-8}" "${3:-4}" "$work" "${@:4:1}" || code=$?
  if [ "$code" -ne 77 ]; then
    "$work/check-history" orders "$work/history.jsonl" || code=1
    [ "$code" -eq 0 ] || { cp -r "$work" "$work-kept"; echo "kept: $work-kept" >&2; }
    exit "$code"
  fi
  echo "in place of it: the ledger alone, with a proxy that goes silent"
else
  shift
fi
node "$root/dist/tools/fleet.js" "${1:-60}" "${2:-12}" "$work"
"$work/check-history" claims "$work/history.jsonl"
