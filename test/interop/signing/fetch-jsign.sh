#!/usr/bin/env bash
# jsign from Maven Central, kept in the user's cache. Prints the path of its jar.
set -euo pipefail
version=7.1
jar="${XDG_CACHE_HOME:-$HOME/.cache}/hsm-enroll-interop/jsign-$version.jar"
if [ ! -f "$jar" ]; then
  command -v mvn >/dev/null || { echo "missing: mvn" >&2; exit 77; }
  mkdir -p "$(dirname "$jar")"
  mvn --quiet --batch-mode dependency:copy "-Dartifact=net.jsign:jsign:$version" "-DoutputDirectory=$(dirname "$jar")" >&2
fi
echo "$jar"
