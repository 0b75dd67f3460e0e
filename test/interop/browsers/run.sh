#!/usr/bin/env bash
# The page (dist/check.html) in real Chromium and Firefox, from file://: the answers of `check --json` and `inspect` over all vectors, forms
# and mutants; what leaves the page (nothing); hostile labels; keyboard; print. Then the reports of ceremonies on all doubles, with hostile
# words. Before all of it, every signature of Project Wycheproof by the page's own arithmetic. Installs the browsers (Debian) and puppeteer-core.
# Usage: run.sh [FOLDER to keep screenshots and PDFs in]     MUTANTS=N (default 2000)     BROWSERS="chrome firefox"
set -euo pipefail
rig="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$rig/../../.." && pwd)"
cd "$root"
[ -f dist/check.html ] && [ -f dist/tools/page-cases.js ] && [ -f dist/tools/ceremony-reports.js ] || node scripts/build.mjs --no-types

if ! command -v chromium >/dev/null || ! command -v firefox-esr >/dev/null; then
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "missing: chromium and firefox-esr" >&2; exit 77; }
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends chromium firefox-esr fonts-dejavu-core >/dev/null
fi
for program in chromium firefox-esr openssl; do
  command -v "$program" >/dev/null || { echo "missing: $program" >&2; exit 77; }
done

npx vitest run --config test/interop/vitest.config.ts test/interop/browsers

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cp "$rig"/package.json "$rig"/package-lock.json "$rig"/*.mjs "$work"/
(cd "$work" && npm ci --silent --ignore-scripts --no-audit --no-fund)
pictures="${1:-$work/pictures}"
mkdir -p "$pictures"
chromium --version
firefox-esr --version
node dist/tools/ceremony-reports.js "$work/reports"
node dist/tools/page-cases.js "$work/cases.jsonl" --mutants "${MUTANTS:-2000}"

failed=()
for browser in ${BROWSERS:-chrome firefox}; do
  echo "== $browser"
  node "$work/compare.mjs" "$browser" "$root/dist/check.html" "$work/cases.jsonl" || failed+=("$browser: answers")
  node "$work/behave.mjs" "$browser" "$root/dist/check.html" "$work/cases.jsonl" "$pictures" || failed+=("$browser: behaviour")
  node "$work/reports.mjs" "$browser" "$work/reports" "$pictures" || failed+=("$browser: reports")
done
if [ "${#failed[@]}" -gt 0 ]; then
  printf 'failed: %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "browsers: no differences, nothing left the page"
