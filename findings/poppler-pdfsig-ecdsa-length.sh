#!/usr/bin/env bash
# poppler 22.12.0 (Debian 12 poppler-utils 22.12.0-2+deb12u3) with NSS 3.87.1 (libnss3-tools)
#
# `pdfsig -add-signature` with an ECDSA key fails at random, with P-256 and P-384 alike: "unable update signature", exit
# code not 0, no file. The same command with the same key and document signs the next time. With RSA it always signs. An
# ECDSA signature in DER is not always of one length, and the place for it is measured with a signature made before.
#
# Seen 2026-11-29, 40 times each: P-256 fails 28 times, P-384 26 times, RSA-2048 never
#
# Why it matters here: the keys of this field are P-256 and P-384 for the most part; a failure is neither the token nor its
# certificate, and what is lost is another PIN and another touch.
set -euo pipefail
for program in pdfsig certutil python3; do command -v $program >/dev/null || { echo "needs $program (Debian: poppler-utils, libnss3-tools, python3)"; exit 3; }; done
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > document.py <<'PY'
objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
           b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>"]
pdf, at = b"%PDF-1.7\n", []
for number, text in enumerate(objects, 1):
    at.append(len(pdf))
    pdf += b"%d 0 obj\n%s\nendobj\n" % (number, text)
rows = b"".join(b"%010d 00000 n \n" % place for place in at)
pdf += b"xref\n0 4\n0000000000 65535 f \n%strailer << /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (rows, len(pdf))
open("in.pdf", "wb").write(pdf)
PY
python3 document.py
head -c 64 /dev/urandom > noise
failures() { # NAME CERTUTIL-KEY-OPTIONS...
  local name=$1 failed=0; shift
  mkdir "$name"; certutil -N -d "sql:$name" --empty-password
  certutil -S -d "sql:$name" -n signer -s CN=Signer -x -t C,C,C -z noise "$@" >/dev/null 2>&1
  for _ in $(seq 40); do
    rm -f out.pdf
    pdfsig -nick signer -nssdir "$name" -add-signature in.pdf out.pdf > said 2>&1 && [ -s out.pdf ] && continue
    grep -q 'unable update signature' said || { cat said >&2; return 1; }
    failed=$((failed + 1))
  done
  echo $failed
}
p256=$(failures p256 -k ec -q nistp256); p384=$(failures p384 -k ec -q secp384r1); rsa=$(failures rsa -k rsa -g 2048)
echo "failed of 40: P-256 $p256, P-384 $p384, RSA-2048 $rsa"
[ "$p256" -gt 0 ] && [ "$p384" -gt 0 ] && [ "$rsa" -eq 0 ] || { echo "changed"; exit 1; }
