#!/usr/bin/env bash
# cryptography 50.0.0 (PyPI); the request is built with asn1crypto 1.5.1 (PyPI)
#
# An attribute of a PKCS#10 request may have several values unless its definition says SINGLE VALUE; unstructuredName
# (RFC 2985 5.4.2) does not. cryptography loads such a request and verifies its signature, but `attributes` raises
# ValueError for the whole set, so that the other attributes, the requested extensions among them, cannot be listed.
#
# Seen 2026-11-29: is_signature_valid True · list(csr.attributes): ValueError "Only single-valued attributes are supported"
#
# Why it matters here: a request that carries more than hsm-enroll puts into it (a CA's own attribute) can load at a
# registration authority and still break its tool.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv py; py/bin/pip install -q --disable-pip-version-check cryptography==50.0.0 asn1crypto==1.5.1
cat > request.py <<'PY'
from asn1crypto import core, csr, x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
key = ec.generate_private_key(ec.SECP256R1())
spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
values = b''.join(core.UTF8String(text).dump() for text in ('a', 'b'))
attribute = core.ObjectIdentifier('1.2.840.113549.1.9.2').dump() + b'\x31' + bytes([len(values)]) + values
attributes = b'\x30' + bytes([len(attribute)]) + attribute
info = (core.Integer(0).dump() + asn1.Name.build({'common_name': 'Example'}).dump() + spki
        + b'\xa0' + bytes([len(attributes)]) + attributes)
info = b'\x30\x81' + bytes([len(info)]) + info
signature = key.sign(info, ec.ECDSA(hashes.SHA256()))
algorithm = core.ObjectIdentifier('1.2.840.10045.4.3.2').dump()
body = info + b'\x30' + bytes([len(algorithm)]) + algorithm + core.BitString.load(
    b'\x03' + bytes([len(signature) + 1]) + b'\x00' + signature).dump()
request = x509.load_der_x509_csr(b'\x30\x81' + bytes([len(body)]) + body)
print('valid', request.is_signature_valid)
try:
    print(len(list(request.attributes)))
except ValueError as error:
    print('ValueError', error)
PY
seen=$(py/bin/python request.py | tr '\n' ';'); echo "$seen"
[ "$seen" = "valid True;ValueError Only single-valued attributes are supported;" ] || { echo "changed"; exit 1; }
