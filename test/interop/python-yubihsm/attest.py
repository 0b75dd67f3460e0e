"""Drives a connector with Yubico's client: session, key pairs, signatures, attestation by the factory key. Prints JSON."""

import json
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from yubihsm import YubiHsm
from yubihsm.defs import ALGORITHM, CAPABILITY, OBJECT
from yubihsm.objects import AsymmetricKey, AttestationExtensions

DATA = b"signed by Yubico's client"


def verify_issued(certificate, issuer):
    issuer.public_key().verify(
        certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(), certificate.signature_hash_algorithm
    )


def enrol(session, algorithm, capability, sign, verify):
    key = AsymmetricKey.generate(session, 0, "python " + algorithm.name, 0xFFFF, capability, algorithm)
    public_key = key.get_public_key()
    verify(public_key, sign(key))
    leaf = key.attest(0)
    device = session.get_object(0, OBJECT.OPAQUE).get_certificate()
    verify_issued(leaf, device)
    assert leaf.issuer == device.subject
    assert leaf.public_key() == public_key
    extensions = AttestationExtensions.parse(leaf)
    assert extensions.serial == AttestationExtensions.parse(device).serial
    return {
        "algorithm": algorithm.name,
        "objectId": extensions.object_id,
        "serial": extensions.serial,
        "label": extensions.label,
        "capabilities": int(extensions.capabilities),
        "spki": public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex(),
        "package": (leaf.public_bytes(Encoding.PEM) + device.public_bytes(Encoding.PEM)).decode(),
    }


with YubiHsm.connect(sys.argv[1]) as hsm:
    with hsm.create_session_derived(1, "password") as session:
        keys = [
            enrol(
                session,
                ALGORITHM.RSA_3072,
                CAPABILITY.SIGN_PKCS,
                lambda key: key.sign_pkcs1v1_5(DATA),
                lambda public, signature: public.verify(signature, DATA, padding.PKCS1v15(), hashes.SHA256()),
            ),
            enrol(
                session,
                ALGORITHM.EC_P384,
                CAPABILITY.SIGN_ECDSA,
                lambda key: key.sign_ecdsa(DATA, hash=hashes.SHA384()),
                lambda public, signature: public.verify(signature, DATA, ec.ECDSA(hashes.SHA384())),
            ),
        ]
print(json.dumps(keys))
