#!/usr/bin/env bash
# OpenSSL 3.0 (Debian 12 openssl) writes; read by Go 1.26.8 crypto/x509, certtool of GnuTLS 3.7.9 (Debian gnutls-bin), keytool of
# OpenJDK 17.0 (Debian openjdk-17) and cryptography 50.0.0 (PyPI)
#
# `openssl req -sigopt rsa_padding_mode:pss` signs with the longest salt that fits (222 bytes for RSA 2048 with SHA-256). That is
# what the parameters of the signature say, and RFC 8017 allows. Go reads the request and cannot verify it ("algorithm
# unimplemented"); certtool calls the valid signature FAILED (with an RSASSA-PSS key it verifies the same salt); Java and
# cryptography verify it. With rsa_pss_saltlen:digest, all do.
#
# Seen 2026-11-30: as below
#
# Why it matters here: keys of Cloud HSM may sign with RSASSA-PSS alone. A CA that says "invalid signature" may only mean the salt.
set -euo pipefail
for program in go openssl certtool keytool python3; do
  command -v "$program" >/dev/null || { echo "needs $program"; exit 3; }
done
dir=$(mktemp -d); trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT; cd "$dir"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem 2>/dev/null
pss() { openssl req -new -key key.pem -subj /CN=Example -sha256 -sigopt rsa_padding_mode:pss "$@"; }
pss -out longest.pem; pss -sigopt rsa_pss_saltlen:digest -out digest.pem
cat > main.go <<'GO'
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

func main() {
	text, _ := os.ReadFile(os.Args[1])
	block, _ := pem.Decode(text)
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err == nil {
		err = request.CheckSignature()
	}
	fmt.Println("Go:", err)
}
GO
go build -o read main.go
python3 -m venv py; py/bin/pip install -q --disable-pip-version-check cryptography==50.0.0
for salt in longest digest; do
  echo "$salt: $(openssl req -in $salt.pem -noout -text | grep -o 'Salt Length: .*')"
  echo "OpenSSL: $(openssl req -in $salt.pem -verify -noout 2>&1)"
  ./read $salt.pem
  echo "GnuTLS: $({ certtool --crq-info --infile $salt.pem 2>&1 || true; } | sed -n 's/^Self signature: *//p')"
  # keytool prints no request whose signature does not verify.
  echo "Java: $(keytool -printcertreq -file $salt.pem 2>&1 | sed -n 's/^Subject: //p')"
  py/bin/python -c "
import sys
from cryptography import x509
print('cryptography:', x509.load_pem_x509_csr(open(sys.argv[1], 'rb').read()).is_signature_valid)" $salt.pem
done > seen 2>&1
cat > expected <<'EXPECTED'
longest: Salt Length: 0xDE
OpenSSL: Certificate request self-signature verify OK
Go: x509: cannot verify signature: algorithm unimplemented
GnuTLS: FAILED
Java: CN=Example
cryptography: True
digest: Salt Length: 0x20
OpenSSL: Certificate request self-signature verify OK
Go: <nil>
GnuTLS: verified
Java: CN=Example
cryptography: True
EXPECTED
cat seen
diff expected seen >/dev/null || { echo "changed"; exit 1; }
