#!/usr/bin/env bash
# python-pkcs11 0.9.5 (PyPI), on SoftHSM 2.6.1 (Debian softhsm2)
#
# Without a mechanism, sign() of an EC key uses ECDSA with SHA-512 inside the token, whatever the curve. SoftHSM 2.6.1
# offers plain ECDSA alone, so that the shortest call of the one does not work on the other: MechanismInvalid.
#
# Seen 2026-11-29: sign(data) MechanismInvalid · sign(digest, mechanism=ECDSA) 64 bytes
#
# Why it matters here: after enrolment people sign with such a library. Some HSMs have only the plain mechanism, others
# only the hashing ones; what works must be looked up in the token's list, by them as by us.
set -euo pipefail
[ -e /usr/lib/softhsm/libsofthsm2.so ] || { echo "needs SoftHSM (Debian: softhsm2)"; exit 3; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
mkdir tokens; printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$dir" > softhsm2.conf
export SOFTHSM2_CONF="$dir/softhsm2.conf"
softhsm2-util --init-token --free --label t --pin 1234 --so-pin 12345678 >/dev/null
python3 -m venv py; py/bin/pip install -q --disable-pip-version-check python-pkcs11==0.9.5
cat > sign.py <<'PY'
import hashlib
import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism
from pkcs11.util.ec import encode_named_curve_parameters
token = pkcs11.lib('/usr/lib/softhsm/libsofthsm2.so').get_token(token_label='t')
with token.open(user_pin='1234', rw=True) as session:
    domain = session.create_domain_parameters(
        KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters('secp256r1')}, local=True)
    public, private = domain.generate_keypair(store=False)
    try:
        print('default', len(private.sign(b'document')))
    except Exception as error:
        print('default', type(error).__name__)
    print('plain', len(private.sign(hashlib.sha256(b'document').digest(), mechanism=Mechanism.ECDSA)))
PY
seen=$(py/bin/python sign.py | tr '\n' ';'); echo "$seen"
[ "$seen" = "default MechanismInvalid;plain 64;" ] || { echo "changed"; exit 1; }
