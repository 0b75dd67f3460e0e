#!/usr/bin/env bash
# GnuTLS. It reads a request whose signature is wrong, and says so. Usage: gnutls.sh FOLDER
source "$(dirname "$0")/../verdicts.sh"
need gnutls-bin certtool --version
certtool --version | head -n 1
read_and_verify() {
  local said
  said="$(certtool --crq-info --infile "$1" 2>&1)" || { echo "$said"; return 1; }
  grep '^Self signature:' <<<"$said"
  grep -q '^Self signature: verified$' <<<"$said"
}
for file in "$1"/*/*.pem; do verdict "$file" read_and_verify "$file"; done | judge gnutls "$1"
