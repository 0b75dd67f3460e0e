#!/usr/bin/env bash
# OpenSSL 3.0 (Debian 12 openssl 3.0.x): `openssl cms -sign` and `openssl crl2pkcs7`
#
# `cms -sign` writes the certificates in the order of their encodings, as the SET OF of RFC 5652 asks, whatever the order
# in -certfile; the signer's certificate comes where its bytes put it, here last because it is the longest.
# `crl2pkcs7` writes them in the order of the file. Both files are what people call "a .p7b with the chain".
#
# Seen 2026-11-29, two orders of -certfile: cms gives one and the same order for both; crl2pkcs7 keeps each
#
# Why it matters here: evidence and chains arrive in either; "the first certificate is the leaf" holds for one tool only.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
echo document > document
new() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.pem" -subj "$2" -days 30 2>/dev/null; }
new signer "/CN=Signer with a name so long that its certificate is the longest"; new a /CN=A; new b /CN=BB; new c /CN=CCC
cat a.pem b.pem c.pem > up.pem; cat c.pem b.pem a.pem > down.pem
subjects() { grep -o 'CN *= *[^,]*' | sed 's/CN *= *//' | tr '\n' ' '; }
for order in up down; do
  openssl cms -sign -signer signer.pem -inkey signer.key -certfile $order.pem -in document -outform DER -out $order.p7s
  openssl cms -cmsout -print -inform DER -in $order.p7s | grep 'subject:' | subjects > $order.cms
  openssl crl2pkcs7 -nocrl -certfile $order.pem | openssl pkcs7 -print_certs -noout | grep '^subject' | subjects > $order.p7b
done
head -n 1 up.cms down.cms up.p7b down.p7b
cmp -s up.cms down.cms || { echo "changed: cms keeps the order of -certfile"; exit 1; }
[ "$(cat up.p7b)" = "A BB CCC " ] && [ "$(cat down.p7b)" = "CCC BB A " ] || { echo "changed: crl2pkcs7"; exit 1; }
grep -q '^A BB CCC Signer' up.cms || { echo "changed: the order is not that of the encodings"; exit 1; }
