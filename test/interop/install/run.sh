#!/usr/bin/env bash
# Installs the packed package with npm 10, 11 and 12, for all users and in a project, with every install script held back; then pastes the
# command that `doctor` prints, and asks `doctor` again: the addon must load. Needs what building pkcs11js takes.
# Usage: run.sh [NPM_VERSION...]
set -euo pipefail
root="$(cd "$(dirname "$0")/../../.." && pwd)"
for program in node npm python3 make c++; do
  command -v "$program" >/dev/null || { echo "missing: $program" >&2; exit 77; }
done
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
(cd "$root" && npm pack --silent --pack-destination "$work" >/dev/null)
package="$(echo "$work"/hsm-enroll-*.tgz)"
export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
unset npm_config_prefix npm_config_local_prefix npm_config_global_prefix npm_config_allow_scripts || true

# npm 12 asks for Node.js 22.22 or later, and comes with one of its own.
versions=("$@")
[ "${#versions[@]}" -gt 0 ] || versions=(10 11 12)
failed=0

# Prints what `doctor` says of the PKCS#11 addon; nothing where it loads.
complaint() { "$1" doctor --state-directory "$work/state" | grep -A1 'Could not load the PKCS#11 addon' || true; }

try() { # LABEL PROGRAM
  local before command
  before="$(complaint "$2")"
  command="$(sed -n 's/.* on this host, run: //p' <<<"$before")"
  if [ -z "$command" ]; then
    echo "FAILED  $1: doctor names no command: $before"
    failed=1
    return
  fi
  if (cd / && sh -c "$command" >"$work/log" 2>&1) && [ -z "$(complaint "$2")" ]; then
    echo "ok      $1: $command"
  else
    echo "FAILED  $1: $command"
    tail -20 "$work/log"
    failed=1
  fi
}

for version in "${versions[@]}"; do
  tools="$work/npm$version"
  node=20
  [ "$version" -lt 12 ] || node=24
  npm install --silent --prefix "$tools" "node@$node" "npm@$version"
  (
    export PATH="$tools/node_modules/.bin:$PATH"
    label="npm $(npm --version), Node.js $(node --version)"
    npm install --silent --global --prefix "$tools/global" --ignore-scripts "$package"
    try "$label, for all users" "$tools/global/bin/hsm-enroll"
    rm -rf "$tools/global/lib/node_modules/hsm-enroll/node_modules/graphene-pk11"
    try "$label, for all users, without graphene-pk11" "$tools/global/bin/hsm-enroll"

    mkdir "$tools/project"
    cd "$tools/project"
    echo '{ "name": "project", "version": "1.0.0", "private": true }' >package.json
    npm install --silent --ignore-scripts "$package"
    try "$label, in a project" "$tools/project/node_modules/.bin/hsm-enroll"
    rm -rf node_modules/graphene-pk11
    try "$label, in a project, without graphene-pk11" "$tools/project/node_modules/.bin/hsm-enroll"
    exit "$failed"
  ) || failed=1
done
exit "$failed"
