#!/usr/bin/env bash
# jsign from Maven Central, kept in the user's cache. Prints the path of its jar.
set -euo pipefail
version=7.1
jar="${XDG_CACHE_HOME:-$HOME/.cache}/hsm-enroll-interop/jsign-$version.jar"
if [ ! -f "$jar" ]; then
  if ! command -v mvn >/dev/null && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends maven >/dev/null
  fi
  command -v mvn >/dev/null || { echo "missing: mvn" >&2; exit 77; }
  mkdir -p "$(dirname "$jar")"
  mvn --quiet --batch-mode dependency:copy "-Dartifact=net.jsign:jsign:$version" "-DoutputDirectory=$(dirname "$jar")" >&2
fi
echo "$jar"
