#!/usr/bin/env bash
# Go: crypto/x509. Usage: go.sh FOLDER
source "$(dirname "$0")/../verdicts.sh"
need golang-go go version
export GOTOOLCHAIN=local GOFLAGS=-mod=mod
go version
(cd "$rig/readers/go" && go build -o "$cache/read-requests" .)
"$cache/read-requests" "$1"/*/*.pem | judge go "$1"
