#!/usr/bin/env bash
# OpenSSL 3.0 (Debian 12 openssl) writes; read by Go 1.26.8 crypto/x509, certtool of GnuTLS 3.7.9 (Debian gnutls-bin), certutil of
# NSS 3.87 (Debian libnss3-tools), keytool of OpenJDK 17.0 (Debian openjdk-17), pkijs 4.0.0 (npm), cryptography 50.0.0 (PyPI)
#
# `openssl pkey -ec_conv_form compressed` gives an EC key whose public point is one coordinate and a sign, as RFC 5480 2.2
# allows; `openssl req` writes a PKCS#10 request with it without a word, and verifies it. cryptography reads it. All others do
# not, each in words that blame something else: Go "invalid uncompressed public key", GnuTLS calls the valid signature FAILED,
# NSS "bad certificate request", Java "Invalid EC key", pkijs 'JWK "crv" does not match the requested algorithm'.
#
# Seen 2026-11-30: as below
#
# Why it matters here: hsm-enroll called the signature of such a request wrong, too, which nobody can know who cannot read the key.
set -euo pipefail
for program in go openssl certtool certutil keytool npm python3; do
  command -v "$program" >/dev/null || { echo "needs $program"; exit 3; }
done
dir=$(mktemp -d); trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT; cd "$dir"
openssl ecparam -name prime256v1 -genkey -noout -out plain.pem
openssl pkey -in plain.pem -ec_conv_form compressed -out key.pem
openssl req -new -key key.pem -subj /CN=Example -out request.pem
cat > main.go <<'GO'
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

func main() {
	text, _ := os.ReadFile("request.pem")
	block, _ := pem.Decode(text)
	_, err := x509.ParseCertificateRequest(block.Bytes)
	fmt.Println("Go:", err)
}
GO
cat > read.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { CertificationRequest } from 'pkijs'
const der = Buffer.from(readFileSync('request.pem', 'utf8').replace(/-----.*-----|\s/g, ''), 'base64')
const says = await CertificationRequest.fromBER(der).verify().catch((error) => error.message)
console.log('pkijs:', says)
JS
npm init -y >/dev/null; npm install --silent pkijs@4.0.0 asn1js@4.0.0 >/dev/null
python3 -m venv py; py/bin/pip install -q --disable-pip-version-check cryptography==50.0.0
mkdir nss; certutil -N -d sql:nss --empty-password
head -c 64 /dev/urandom > noise; certutil -S -d sql:nss -n ca -s CN=CA -x -t C,C,C -z noise >/dev/null 2>&1
{
  echo "OpenSSL: $(openssl req -in request.pem -verify -noout 2>&1)"
  py/bin/python -c "
from cryptography import x509
print('cryptography:', x509.load_pem_x509_csr(open('request.pem', 'rb').read()).is_signature_valid)"
  go run main.go
  echo "GnuTLS: $({ certtool --crq-info --infile request.pem 2>&1 || true; } | sed -n 's/^Self signature: *//p')"
  echo "NSS: $(certutil -C -d sql:nss -c ca -a -i request.pem -o out.pem 2>&1 | head -n 1 || true)"
  echo "Java: $({ keytool -printcertreq -file request.pem 2>&1 || true; } | sed -n 's/^keytool error: //p')"
  node read.mjs
} > seen 2>&1
cat > expected <<'EXPECTED'
OpenSSL: Certificate request self-signature verify OK
cryptography: True
Go: ecdsa: invalid uncompressed public key
GnuTLS: FAILED
NSS: certutil: bad certificate request
Java: java.io.IOException: subject key, java.security.InvalidKeyException: Invalid EC key
pkijs: JWK "crv" does not match the requested algorithm
EXPECTED
cat seen
diff expected seen >/dev/null || { echo "changed"; exit 1; }
