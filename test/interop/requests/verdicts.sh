# shellcheck shell=bash
# What the readers have in common. Each prints a line per request, "ok<TAB>FILE" or "refused<TAB>FILE<TAB>WHY", into `judge`.
set -euo pipefail
rig="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cache="$(cd "$rig/../../.." && pwd)/.cache/interop-requests"
mkdir -p "$cache"

# need PACKAGE COMMAND…: installs the Debian package if the command fails and this can be done without asking.
need() {
  local package=$1
  shift
  if "$@" >/dev/null 2>&1; then return; fi
  if command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
    echo "installing the Debian package $package" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
    if "$@" >/dev/null 2>&1; then return; fi
  fi
  echo "missing: $package (a Debian package; this fails without it: $*)" >&2
  exit 1
}

# verdict FILE COMMAND…: runs the command and prints the verdict; why is what it said last.
verdict() {
  local file=$1 said
  shift
  if said="$("$@" 2>&1)"; then
    printf 'ok\t%s\n' "$file"
  else
    printf 'refused\t%s\t%s\n' "$file" "$(tail -n 1 <<<"$said")"
  fi
}

# judge NAME FOLDER: keeps the verdicts in FOLDER/verdicts/NAME and says what came of them. Fails unless every request of FOLDER/good is read.
judge() {
  local verdicts="$2/verdicts/$1"
  mkdir -p "$2/verdicts"
  cat >"$verdicts"
  awk -F '\t' -v name="$1" -v good="$2/good/" -v all="$(find "$2/good" -name '*.pem' | wc -l)" '
    index($2, good) != 1 { next }
    $1 == "ok" { read++; next }
    { print name " refuses " substr($2, length(good) + 1) ": " $3 }
    END { print name ": " read + 0 " of " all + 0 " requests read and verified"; exit !(read > 0 && read == all) }
  ' "$verdicts"
}
