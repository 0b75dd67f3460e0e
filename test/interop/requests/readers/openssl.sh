#!/usr/bin/env bash
# OpenSSL. Usage: openssl.sh FOLDER
source "$(dirname "$0")/../verdicts.sh"
need openssl openssl version
openssl version
# Exits 0 whatever the signature is, and says on stderr whether it verifies.
read_and_verify() {
  local said
  said="$(openssl req -in "$1" -verify -noout 2>&1)" || { echo "$said"; return 1; }
  grep 'self-signature verify' <<<"$said"
  grep -q 'self-signature verify OK' <<<"$said"
}
for file in "$1"/*/*.pem; do verdict "$file" read_and_verify "$file"; done | judge openssl "$1"
