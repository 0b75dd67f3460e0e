#!/usr/bin/env bash
# NSS: certutil issues a certificate for each request, for which it verifies the signature. Usage: nss.sh FOLDER
source "$(dirname "$0")/../verdicts.sh"
need libnss3-tools command -v certutil
need openssl openssl version
dpkg-query -W libnss3-tools 2>/dev/null || certutil --version 2>&1 | head -n 1
database="$(mktemp -d)"
trap 'rm -rf "$database"' EXIT
openssl rand 64 >"$database/noise"
certutil -N -d "$database" --empty-password
certutil -S -d "$database" -n ca -s 'CN=a CA of the test' -x -t CT,, -m 1 -z "$database/noise" >/dev/null 2>&1
serial=1
for file in "$1"/*/*.pem; do
  serial=$((serial + 1))
  verdict "$file" certutil -C -d "$database" -c ca -m "$serial" -a -i "$file" -o "$database/certificate"
done | judge nss "$1"
