#!/usr/bin/env bash
# pyHanko 0.38.0 with python-pkcs11 0.9.5 (PyPI), on SoftHSM 2.6.1 and pkcs11-tool of OpenSC 0.23.0 (Debian)
#
# A token may hold two certificates with the CKA_ID of one key: libykcs11 shows the attestation of every YubiKey slot so,
# beside the certificate of the slot. pyHanko then signs neither by cert_id nor by key_id, and the label of the
# certificate alone does not do: it is taken for the label of the key, too. Both labels together work.
#
# Seen 2026-11-29:
#   cert_id or key_id: "Found more than one certificate with ID" · cert_label: "Could not find private key with label"
#   cert_label and key_label: signs
#
# Why it matters here: hsm-enroll stores the certificate under the id of its key; what to configure next differs by tool.
set -euo pipefail
for program in softhsm2-util pkcs11-tool openssl; do command -v $program >/dev/null || { echo "needs $program (Debian: softhsm2, opensc, openssl)"; exit 3; }; done
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
mkdir tokens; printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$dir" > softhsm2.conf
export SOFTHSM2_CONF="$dir/softhsm2.conf"
softhsm2-util --init-token --free --label t --pin 1234 --so-pin 12345678 >/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -outform DER -out one.der -subj /CN=Signer -days 30 2>/dev/null
openssl req -x509 -key key.pem -outform DER -out two.der -subj /CN=Attestation -days 30 2>/dev/null
openssl rsa -in key.pem -outform DER -out key.der 2>/dev/null
write() { pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label t --login --pin 1234 --id 01 "$@" >/dev/null 2>&1; }
write --write-object key.der --type privkey --label key --usage-sign
write --write-object one.der --type cert --label signer
write --write-object two.der --type cert --label attestation
python3 -m venv py; py/bin/pip install -q --disable-pip-version-check 'pyhanko[pkcs11]==0.38.0' python-pkcs11==0.9.5
cat > sign.py <<'PY'
import io
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, signers
from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session
writer = PdfFileWriter()
writer.insert_page(PageObject(contents=writer.add_object(generic.StreamObject(stream_data=b'q Q')), media_box=(0, 0, 100, 100)))
document = io.BytesIO()
writer.write(document)
session = open_pkcs11_session('/usr/lib/softhsm/libsofthsm2.so', slot_no=0, user_pin='1234')
for choice in ({'cert_id': b'\x01'}, {'key_id': b'\x01'}, {'cert_label': 'signer'}, {'cert_label': 'signer', 'key_label': 'key'}):
    try:
        document.seek(0)
        signer = PKCS11Signer(session, **choice)
        signers.sign_pdf(IncrementalPdfFileWriter(document), PdfSignatureMetadata(field_name='S'), signer=signer)
        print('+'.join(choice), 'signs')
    except Exception as error:
        print('+'.join(choice), str(error)[:30])
PY
seen=$(py/bin/python sign.py 2>/dev/null | tr '\n' ';'); echo "$seen"
[ "$seen" = "cert_id Found more than one certificat;key_id Found more than one certificat;cert_label Could not find private key wit;cert_label+key_label signs;" ] || { echo "changed"; exit 1; }
