#!/usr/bin/env bash
# Yubico's own hardware tests of yubihsm-shell (resources/tests/bash and src/tests of its source) against the YubiHSM 2 double, unchanged:
# the suite for bats, the scripts that count their steps, and the tool's own tests. They and the programs are fetched from Debian by their
# SHA-256, kept in the user's cache, and never part of this project. Two run at a time, each on a double of its own, for each resets its
# device. Prints what passed; fails on any other outcome. Needs x86-64, dpkg-deb and the libraries that the programs are linked against.
# Without --all, the scripts for EC, RSA and wrap keys are left out: they take as long as all the rest, and what they do the suite does, too.
# Usage: run.sh [--all]
set -euo pipefail
root="$(cd "$(dirname "$0")/../../.." && pwd)"
[ -f "$root/dist/cli/main.js" ] || (cd "$root" && node scripts/build.mjs --no-types)
version=2.8.0
all="${1:-}"
[ "$(uname -m)" = x86_64 ] || { echo "cannot run here: the programs are for x86-64" >&2; exit 77; }
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends \
    bats bats-assert bats-support curl libcurl4 libedit2 openssl xxd >/dev/null
fi
for program in bats curl dpkg-deb openssl; do
  command -v "$program" >/dev/null || { echo "missing: $program" >&2; exit 77; }
done
[ -d /usr/lib/bats/bats-assert ] || { echo "missing: bats-assert, bats-support" >&2; exit 77; }

cache="${XDG_CACHE_HOME:-$HOME/.cache}/hsm-enroll-interop/yubihsm-shell-$version"
work="$(mktemp -d /tmp/yhs-XXXXXX)"
doubles=()
finish() {
  for double in "${doubles[@]}"; do kill "$double" 2>/dev/null && wait "$double" || true; done
  rm -rf "$work"
}
trap finish EXIT
if [ ! -f "$cache/ready" ]; then
  rm -rf "$cache"
  mkdir -p "$cache"
  while read -r sha256 file; do
    curl --silent --show-error --fail --location --output "$work/$file" \
      "https://deb.debian.org/debian/pool/main/y/yubihsm-shell/$file" ||
      { echo "missing: $file, which Debian has replaced or which cannot be reached" >&2; exit 77; }
    echo "$sha256  $work/$file" | sha256sum --check --quiet
    case "$file" in
      *.deb) dpkg-deb --extract "$work/$file" "$cache" ;;
      *) tar --extract --gzip --file "$work/$file" --directory "$cache" --strip-components=1 "yubihsm-shell-$version/resources/tests/bash" "yubihsm-shell-$version/src/tests" ;;
    esac
  done <<'PINS'
a9b07040a58be934124954fe66ede23519817ea57ab6b09bdad0778418643834 yubihsm-shell_2.8.0-1_amd64.deb
68be139864f1079c3a0e71497d7a5155b5875529720331ab31d2fab38601c517 libyubihsm2_2.8.0-1_amd64.deb
0e95789ed57abfaeb2b2d3d7d66edae442e3fe39022291df2ab09b7fa26581e9 libyubihsm-http2_2.8.0-1_amd64.deb
0fd2b14f5e956145a48b4703e27fce67d8920ff17fc54b3a7c12dc13db3021e4 libykhsmauth2_2.8.0-1_amd64.deb
627a06899096f8bc81a806ef415e00cf7f08a3fc38f4b6b3f39b8129e64dd481 yubihsm-shell_2.8.0.orig.tar.gz
PINS
  touch "$cache/ready"
fi
export LD_LIBRARY_PATH="$cache/usr/lib/x86_64-linux-gnu"
shell="$cache/usr/bin/yubihsm-shell"
"$shell" --version >/dev/null || { echo "missing: a library that yubihsm-shell is linked against" >&2; exit 77; }

# A double for lane $1; prints its connector.
double() {
  HSM_ENROLL_TEST_DEVICE_LOCKS="$work/$1" node "$root/dist/cli/main.js" sandbox --device yubihsm2 --directory "$work/$1" --json >"$work/$1.json" 2>/dev/null &
  doubles+=($!)
  until [ -s "$work/$1.json" ]; do
    kill -0 $! || { echo "the sandbox ended" >&2; exit 1; }
    sleep 0.2
  done
  connector="$(grep -o '=http://127.0.0.1:[0-9]*' "$work/$1.json" | head -1 | tr -d =)"
}

# A fresh copy of the tests as ./$1, since they write beside themselves.
copy() {
  cp -r "$cache/resources/tests/bash" "$1"
  ln -s /usr/lib/bats "$1/test_helper"
}

# The suite for bats; $2...: which of its tests. RSA and wrap keys not in one sitting: yubihsm-shell appends to a file that is there, and
# the first leave one of the same name.
suite() {
  local name="$1" passed
  shift
  copy "$name"
  (cd "$name" && echo | env "${@/%/=true}" TESTS=chosen YUBIHSM_PATH="$shell" SPECIFIED_CONNECTOR="$connector" bats --tap cmdline_test.bats) >"$name.out" 2>&1 || return 1
  passed="$(grep '^ok' "$name.out" | grep -vc '# skip')"
  # The first test of the file is never left out.
  [ "$passed" -eq $(($# + 1)) ] || return 1
  echo "bats $* $passed tests" >>passed
}

# A script that prints a line with "OK!" for each step; $2: how many.
steps() {
  copy "$1.d"
  (cd "$1.d" && bash "./test_$1.sh" "$shell -C $connector") >"$1.out" 2>&1 || return 1
  [ "$(grep -c 'OK!' "$1.out")" -eq "$2" ] || return 1
  echo "test_$1.sh $2 steps" >>passed
}

# What cmdline_test.sh has of its own; the scripts that it calls are run by `steps`.
own_steps() {
  copy cmdline.d
  for called in cmdline.d/test_*.sh; do printf '#!/bin/sh\n' >"$called"; done
  (cd cmdline.d && bash ./cmdline_test.sh "$shell" "$connector") >cmdline.out 2>&1 || return 1
  [ "$(grep -c 'OK!' cmdline.out)" -eq "$1" ] || return 1
  echo "cmdline_test.sh $1 steps" >>passed
}

# The tool's own tests expect it in the folder above.
tool() {
  mkdir -p tool/src/tests
  cp "$cache/src/tests/tests.sh" tool/src/tests
  ln -s "$shell" tool/src/yubihsm-shell
  (cd tool/src/tests && TMPDIR="$work" DEFAULT_CONNECTOR_URL="$connector" bash ./tests.sh) >tool.out 2>&1 || return 1
  [ "$(grep -cE '^\++ ../yubihsm-shell' tool.out)" -eq "$1" ] || return 1
  echo "tests.sh $1 commands" >>passed
}

cd "$work"
touch passed
one() {
  suite first ED_KEY_TESTS EC_KEY_TESTS HMAC_KEY_TESTS OTP_AEAD_TESTS TEMPLATE_TESTS LIST_TESTS LABEL_TESTS AUTHENTICATION_TESTS &&
    steps edkey 17 && steps hmackey 22 && steps otpaeadkey 21 && own_steps 46 && tool 19 || return 1
  [ "$all" != --all ] || steps eckey 472
}
two() {
  suite rsa RSA_KEY_TESTS && suite wrap WRAP_KEY_TESTS || return 1
  [ "$all" != --all ] || { steps rsakey 271 && steps wrapkey 317; }
}
failed=
double a
one & first=$!
double b
two & second=$!
wait "$first" || failed="$failed one"
wait "$second" || failed="$failed two"
cat passed
[ -z "$failed" ] || {
  tail -n 30 "$(ls -t ./*.out | head -1)" >&2
  echo "failed in lane$failed" >&2
  exit 1
}
echo "yubihsm-shell $version: all passes that the double is said to do"
