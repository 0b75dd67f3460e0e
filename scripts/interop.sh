#!/usr/bin/env bash
# The rigs of test/interop: programs of other people that have to be built or fetched first (Go, Maven, PyPI, other npm versions). Each
# installs what it needs, names what is missing, and prints what it ran. Usage: interop.sh [--within MINUTES] [RIG...]; without a name, all
# of them; with --within, none begins later than that.
# Prints one line a rig at the end, and fails if one failed. A rig ends with 77 where the machine has no place for it (no root, no
# namespaces, a compiler that no package of Debian 12 brings): it says what is missing, and is listed as "not run".
set -uo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
cd "$root"
# A program that is older than its sources would be tested against tests that are not.
[ -f dist/cli/main.js ] && [ -z "$(find src devices test/tools scripts package-lock.json -newer dist/cli/main.js -print -quit)" ] ||
  node scripts/build.mjs --no-types || exit 1

within=
if [ "${1:-}" = --within ]; then
  within=$(($2 * 60))
  shift 2
fi
rigs=("$@")
if [ "${#rigs[@]}" -eq 0 ]; then
  for run in test/interop/*/run.sh; do rigs+=("$(basename "$(dirname "$run")")"); done
fi
summary=()
failed=0
for rig in "${rigs[@]}"; do
  echo "=== $rig"
  started=$SECONDS
  if [ ! -f "test/interop/$rig/run.sh" ]; then
    echo "there is no test/interop/$rig/run.sh" >&2
    verdict=missing
  elif [ -n "$within" ] && [ "$SECONDS" -gt "$within" ]; then
    echo "not begun: the time is over (--within)"
    verdict='not run'
  else
    code=0
    bash "test/interop/$rig/run.sh" || code=$?
    case "$code" in 0) verdict=passed ;; 77) verdict='not run' ;; *) verdict=FAILED ;; esac
  fi
  case "$verdict" in passed | 'not run') ;; *) failed=1 ;; esac
  summary+=("$(printf '%-8s %-20s %4d s' "$verdict" "$rig" "$((SECONDS - started))")")
done
echo "=== interop"
printf '%s\n' "${summary[@]}"
exit "$failed"
