#!/usr/bin/env bash
# Go 1.26.8 crypto/x509, certtool of GnuTLS 3.7.9 (Debian gnutls-bin), asn1js 4.0.0 (npm); written by OpenSSL 3.0, and read
# by keytool of OpenJDK 17.0 (Debian openjdk-17) and cryptography 50.0.0 (PyPI) without a word
#
# Whoever has a UUID has an object identifier, 2.25.UUID (ITU-T X.667), whose last arc has 128 bits. An extension under such
# a name, not critical, in a request or a certificate: Go parses neither ("base 128 integer too large", "malformed extension
# OID field"); GnuTLS reads the request and stops at its extensions, and imports no such certificate; asn1js gives the arc
# in hexadecimal within braces, septets and all, which is no dotted name and equals none.
#
# Seen 2026-11-30: as below
#
# Why it matters here: hsm-enroll refused such requests, too, as damaged. An attribute that one CA has asked for makes a
# request that the next CA's programs cannot read.
set -euo pipefail
for program in go openssl certtool keytool npm python3; do
  command -v "$program" >/dev/null || { echo "needs $program"; exit 3; }
done
dir=$(mktemp -d); trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT; cd "$dir"
# The UUID f81d4fae-7dec-11d0-a765-00a0c91e6bf6.
name=2.25.329800735698586629295641978511506172918
printf '[req]\nprompt = no\ndistinguished_name = dn\n[dn]\nCN = Example\n[ext]\n%s = ASN1:UTF8String:hello\n' $name > openssl.cnf
openssl ecparam -genkey -name prime256v1 -noout -out key.pem
openssl req -new -key key.pem -config openssl.cnf -reqexts ext -out request.pem
openssl req -new -x509 -key key.pem -config openssl.cnf -extensions ext -days 30 -out certificate.pem
cat > main.go <<'GO'
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

func main() {
	read := func(file string) []byte {
		text, _ := os.ReadFile(file)
		block, _ := pem.Decode(text)
		return block.Bytes
	}
	_, request := x509.ParseCertificateRequest(read("request.pem"))
	_, certificate := x509.ParseCertificate(read("certificate.pem"))
	fmt.Println("Go request:", request)
	fmt.Println("Go certificate:", certificate)
}
GO
npm init -y >/dev/null; npm install --silent asn1js@4.0.0 >/dev/null
python3 -m venv py; py/bin/pip install -q --disable-pip-version-check cryptography==50.0.0
{
  go run main.go
  echo "certtool request: $({ certtool --crq-info --infile request.pem 2>&1 || true; } | grep -i '^error' || echo read)"
  echo "certtool certificate: $({ certtool -i --infile certificate.pem 2>&1 || true; } | grep -i error || echo read)"
  node -e "
    const { ObjectIdentifier, fromBER } = require('asn1js')
    const der = Buffer.from('06146983f09da7ebcfdee0c7a1a7b2c0948cc8f9d776', 'hex')
    console.log('asn1js:', fromBER(der).result.valueBlock.toString())"
  echo "keytool: $(keytool -printcertreq -file request.pem | grep -o "$name" | head -n 1)"
  py/bin/python -c "
from cryptography import x509
request = x509.load_pem_x509_csr(open('request.pem', 'rb').read())
print('cryptography:', *(extension.oid.dotted_string for extension in request.extensions))"
} > seen 2>&1
cat > expected <<EXPECTED
Go request: asn1: structure error: base 128 integer too large
Go certificate: x509: malformed extension OID field
certtool request: error: get_extension_info: ASN1 parser: Error in DER parsing.
certtool certificate: import error: ASN1 parser: Error in DER parsing.
asn1js: 2.25.{03701d276b4f5e604721273240140c48795776}
keytool: $name
cryptography: $name
EXPECTED
cat seen
diff expected seen >/dev/null || { echo "changed"; exit 1; }
