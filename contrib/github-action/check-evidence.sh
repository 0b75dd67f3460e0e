#!/usr/bin/env bash
# Checks evidence that a repository keeps: every path (a file, or a folder with an attestation and what belongs to it) by `hsm-enroll check`.
# Usage: check-evidence.sh [--folders] [OPTION OF check, without blanks…] -- PATH…
#   --folders   for a file, check the folder that it is in, each folder once: an attestation with its request beside it
# HSM_ENROLL: the program, if it is not `hsm-enroll` on the PATH.
# Exit code: the worst one of `check` (docs/errors.md): 0 all acceptable, 1 something was refused, 2 something could not be read, or
# worse. In GitHub Actions it writes an annotation for each path and a summary.
set -uo pipefail

folders=no
options=()
while [ "$#" -gt 0 ] && [ "$1" != -- ]; do
  if [ "$1" = --folders ]; then folders=yes; else options+=("$1"); fi
  shift
done
[ "${1:-}" = -- ] && shift
if [ "$#" -eq 0 ]; then
  echo "check-evidence.sh: no path was given" >&2
  exit 2
fi
read -r -a program <<<"${HSM_ENROLL:-hsm-enroll}"
command -v "${program[0]}" >/dev/null || {
  echo "check-evidence.sh: there is no ${program[0]}; install hsm-enroll, or set HSM_ENROLL" >&2
  exit 2
}

paths=()
declare -A seen=()
for path in "$@"; do
  if [ "$folders" = yes ] && [ ! -d "$path" ]; then path="$(dirname -- "$path")"; fi
  # A path must not be taken for an option.
  case "$path" in -*) path="./$path" ;; esac
  [ -n "${seen["$path"]:-}" ] || paths+=("$path")
  seen["$path"]=yes
done

# For the value of a workflow command and for its property.
escaped() { local text="${1//'%'/%25}"; text="${text//$'\r'/%0D}"; printf '%s' "${text//$'\n'/%0A}"; }
property() { local text; text="$(escaped "$1")"; text="${text//:/%3A}"; printf '%s' "${text//,/%2C}"; }

worst=0
summary=""
for path in "${paths[@]}"; do
  shown="$(printf '%q' "$path")"
  echo "== $shown"
  code=0
  if [ "${GITHUB_ACTIONS:-}" = true ]; then
    # What evidence says must not be taken for a command by the runner.
    token="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
    echo "::stop-commands::$token"
    "${program[@]}" check --no-input ${options[@]+"${options[@]}"} --attestation "$path" 2>&1 || code=$?
    echo "::$token::"
  else
    "${program[@]}" check --no-input ${options[@]+"${options[@]}"} --attestation "$path" 2>&1 || code=$?
  fi
  case "$code" in
    0) said="acceptable" ;;
    1) said="refused" ;;
    2) said="cannot be read" ;;
    *) said="failed with exit code $code" ;;
  esac
  [ "$code" -le "$worst" ] || worst="$code"
  if [ "${GITHUB_ACTIONS:-}" = true ] && [ "$code" -ne 0 ]; then
    echo "::error file=$(property "$path")::$(escaped "Key attestation $said: $path")"
  fi
  cell="${shown//[|\`<>]/?}"
  summary+="| \`$cell\` | $said |"$'\n'
done
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  printf '| key attestation | verdict |\n|---|---|\n%s' "$summary" >>"$GITHUB_STEP_SUMMARY"
fi
exit "$worst"
