"""PyPI sdkms: a life of two keys in Fortanix DSM. Arguments: endpoint (https), its CA file, file with the API key, folder.

Leaves for each key its attestation as the service replied, and the public key that its signatures verify with:
NAME.attestation, .key.
"""
import base64
import hashlib
import json
import pathlib
import sys

import sdkms.v1 as dsm
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from sdkms.v1.rest import ApiException

endpoint, ca_file, key_file, folder = sys.argv[1:]


def client(**settings):
    configuration = dsm.configuration.Configuration()
    configuration.host = endpoint
    configuration.ssl_ca_cert = ca_file
    for name, value in settings.items():
        setattr(configuration, name, value)
    return dsm.ApiClient(configuration=configuration)


def refused(status, call, *arguments):
    try:
        call(*arguments)
    except ApiException as error:
        assert error.status == status, error
        return
    raise AssertionError(f"{call.__name__} was not refused with {status}")


api_key = pathlib.Path(key_file).read_text().strip()
session = client(app_api_key=api_key)
token = dsm.AuthenticationApi(session).authorize().access_token
logged_in = client(api_key={"Authorization": token}, api_key_prefix={"Authorization": "Bearer"})
objects = dsm.SecurityObjectsApi(logged_in)
signatures = dsm.SignAndVerifyApi(logged_in)
digests = dsm.DigestApi(logged_in)

OPERATIONS = [dsm.KeyOperations.SIGN, dsm.KeyOperations.VERIFY, dsm.KeyOperations.APPMANAGEABLE]
KEYS = {
    "EC": {"obj_type": dsm.ObjectType.EC, "elliptic_curve": dsm.EllipticCurve.NISTP384},
    "RSA": {"obj_type": dsm.ObjectType.RSA, "key_size": 3072},
}
PKCS1 = dsm.SignatureMode(pkcs1_v15={})
for name, kind in KEYS.items():
    request = dsm.SobjectRequest(name=f"sdkms {name}", key_ops=OPERATIONS, description="by PyPI sdkms", **kind)
    made = objects.generate_security_object(request)
    refused(409, objects.generate_security_object, request)
    shown = objects.get_security_object(made.kid)
    assert shown.name == f"sdkms {name}" and shown.never_exportable and shown.description == "by PyPI sdkms"
    assert [each.kid for each in objects.get_security_objects(name=f"sdkms {name}")] == [made.kid]

    key = dsm.SobjectDescriptor(kid=made.kid)
    attested = objects.get_key_attestation(dsm.KeyAttestationRequest(key=key))
    statement = attested.attestation_statement.statement
    public = x509.load_der_x509_certificate(base64.b64decode(statement)).public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    reply = {
        "authority_chain": list(attested.authority_chain),
        "attestation_statement": {"format": attested.attestation_statement.format, "statement": statement},
    }
    pathlib.Path(folder, f"{name}.attestation").write_text(json.dumps(reply))
    pathlib.Path(folder, f"{name}.key").write_bytes(pem)

    data = b"a document"
    digest = digests.compute_digest(dsm.DigestRequest(alg=dsm.DigestAlgorithm.SHA256, data=bytearray(data))).digest
    assert bytes(digest) == hashlib.sha256(data).digest()
    mode = {"mode": PKCS1} if name == "RSA" else {}
    for what in ({"data": bytearray(data)}, {"hash": digest}):
        asked = {"hash_alg": dsm.DigestAlgorithm.SHA256, **what, **mode}
        by_id = signatures.sign(made.kid, dsm.SignRequest(**asked)).signature
        named = signatures.sign_ex(dsm.SignRequestEx(key=key, **asked)).signature
        for signature in (by_id, named):
            if name == "EC":
                public.verify(bytes(signature), data, ec.ECDSA(hashes.SHA256()))
            else:
                public.verify(bytes(signature), data, padding.PKCS1v15(), hashes.SHA256())
            verify = dsm.VerifyRequestEx(key=key, signature=signature, **asked)
            assert signatures.verify_ex(verify).result
        other = {**asked, "signature": by_id, **({"data": bytearray(b"x")} if "data" in what else {"hash": bytearray(32)})}
        assert not signatures.verify(made.kid, dsm.VerifyRequest(**other)).result
    objects.delete_security_object(made.kid)
    refused(404, objects.get_security_object, made.kid)

dsm.AuthenticationApi(logged_in).terminate()
refused(401, objects.get_security_objects)
