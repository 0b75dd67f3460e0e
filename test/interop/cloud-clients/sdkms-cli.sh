#!/usr/bin/env bash
# PyPI sdkms-cli: the life of a key in Fortanix DSM. The signature is verified by OpenSSL with the attested key.
# Usage: sdkms-cli.sh ENDPOINT(https) CA-FILE FILE-WITH-API-KEY FOLDER
set -euo pipefail
endpoint=$1 ca=$2 key_file=$3
cd "$4"
export HOME="$PWD"
cli() { sdkms-cli --api-endpoint "$endpoint" --ssl-ca-cert "$ca" "$@"; }
refused() { if cli "$@" >refused.log 2>&1; then echo "not refused: $*" >&2; exit 1; fi; grep -q "$wanted" refused.log; }

cli app-login --api-key "$(cat "$key_file")" 2>login.log
kid=$(cli create-key --obj-type EC --ec-name NistP256 --name "by sdkms-cli")
wanted=409 refused create-key --obj-type EC --ec-name NistP256 --name "by sdkms-cli"
cli list-keys | grep -q "^$kid \"by sdkms-cli\""
cli show-sobject --kid "$kid" | grep -q '"never_exportable": true'

printf 'a document' >document
cli sign --kid "$kid" --hash-alg SHA256 --in document --out signature
cli verify --kid "$kid" --hash-alg SHA256 --in document --sig-in signature
printf 'another' >other
wanted='verification fail' refused verify --kid "$kid" --hash-alg SHA256 --in other --sig-in signature

cli key-attestation --kid "$kid" >EC.attestation
sed 's/.*"statement": "\([^"]*\)".*/\1/' EC.attestation | base64 -d | openssl x509 -inform DER -noout -pubkey >EC.key
openssl dgst -sha256 -verify EC.key -signature signature document

cli delete-key --kid "$kid"
wanted=404 refused show-sobject --kid "$kid"
cli app-logout
