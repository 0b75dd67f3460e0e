#!/usr/bin/env bash
# Java: Bouncy Castle, at the version that pom.xml pins. Usage: bouncy-castle.sh FOLDER
source "$(dirname "$0")/../verdicts.sh"
need default-jdk-headless javac -version
need maven command -v mvn
java -version 2>&1 | head -n 1
source_folder="$rig/readers/bouncy-castle"
# It reports on stdout, in colour even where it is told not to.
mvn --quiet --batch-mode --file "$source_folder/pom.xml" dependency:build-classpath -Dmdep.outputFile="$cache/classpath" \
  >"$cache/maven.log" 2>&1 || { cat "$cache/maven.log" >&2; exit 1; }
grep -o 'bc[a-z]*-[a-z0-9]*-[0-9.]*\.jar' "$cache/classpath"
java -cp "$(cat "$cache/classpath")" "$source_folder/ReadRequests.java" "$1"/*/*.pem | judge bouncy-castle "$1"
