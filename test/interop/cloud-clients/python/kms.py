"""PyPI google-cloud-kms over REST: a life of three keys in Cloud KMS. Arguments: endpoint, credentials file, folder.

Leaves for each key its attestation, the chains and the public key as the client returned them: NAME.attestation,
.chains, .key.
"""
import hashlib
import pathlib
import sys

import google_crc32c
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import BadRequest, Conflict, NotFound
from google.cloud import kms
from google.oauth2 import service_account

endpoint, credentials_file, folder = sys.argv[1:]
client = kms.KeyManagementServiceClient(
    transport="rest",
    credentials=service_account.Credentials.from_service_account_file(credentials_file),
    client_options=ClientOptions(api_endpoint=endpoint),
)


def crc32c(octets):
    return google_crc32c.value(octets)


def refused(error, call, **arguments):
    try:
        call(**arguments)
    except error:
        return
    raise AssertionError(f"{call.__name__} was not refused with {error.__name__}")


location = "projects/hsm-enroll-sandbox/locations/europe-west4"
ring = client.create_key_ring(request={"parent": location, "key_ring_id": "python", "key_ring": {}})
assert ring.name in [listed.name for listed in client.list_key_rings(request={"parent": location})]

State = kms.CryptoKeyVersion.CryptoKeyVersionState
KEYS = {
    "EC_SIGN_P256_SHA256": hashes.SHA256(),
    "EC_SIGN_P384_SHA384": hashes.SHA384(),
    "RSA_SIGN_PKCS1_3072_SHA256": hashes.SHA256(),
}
for algorithm, digest_algorithm in KEYS.items():
    crypto_key = {
        "purpose": kms.CryptoKey.CryptoKeyPurpose.ASYMMETRIC_SIGN,
        "version_template": {
            "algorithm": kms.CryptoKeyVersion.CryptoKeyVersionAlgorithm[algorithm],
            "protection_level": kms.ProtectionLevel.HSM,
        },
    }
    create = {"parent": ring.name, "crypto_key_id": algorithm.lower(), "crypto_key": crypto_key}
    key = client.create_crypto_key(request=create)
    assert key.purpose == kms.CryptoKey.CryptoKeyPurpose.ASYMMETRIC_SIGN
    while True:
        version = client.get_crypto_key_version(request={"name": f"{key.name}/cryptoKeyVersions/1"})
        if version.state != State.PENDING_GENERATION:
            break
    assert version.state == State.ENABLED
    assert version.attestation.format == kms.KeyOperationAttestation.AttestationFormat.CAVIUM_V2_COMPRESSED

    public_key = client.get_public_key(request={"name": version.name})
    assert public_key.pem_crc32c == crc32c(public_key.pem.encode())
    parsed = serialization.load_pem_public_key(public_key.pem.encode())
    spki = parsed.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = client.get_public_key(request={"name": version.name, "public_key_format": kms.PublicKey.PublicKeyFormat.DER})
    assert der.public_key.data == spki and der.public_key.crc32c_checksum == crc32c(spki)

    data = b"a document"
    digest = hashlib.new(digest_algorithm.name, data).digest()
    asked = {"name": version.name, "digest": {digest_algorithm.name: digest}, "digest_crc32c": crc32c(digest)}
    signed = client.asymmetric_sign(request=asked)
    assert signed.verified_digest_crc32c and signed.name == version.name
    assert signed.signature_crc32c == crc32c(signed.signature)
    if algorithm.startswith("EC"):
        parsed.verify(signed.signature, data, ec.ECDSA(digest_algorithm))
    else:
        parsed.verify(signed.signature, data, padding.PKCS1v15(), digest_algorithm)
    other = {"name": version.name, "digest": {"sha512": hashlib.sha512(data).digest()}}
    refused(BadRequest, client.asymmetric_sign, request=other)
    refused(Conflict, client.create_crypto_key, request=create)

    mask = {"paths": ["labels"]}
    labelled = {"crypto_key": {"name": key.name, "labels": {"run": "python"}}, "update_mask": mask}
    assert dict(client.update_crypto_key(request=labelled).labels) == {"run": "python"}

    chains = version.attestation.cert_chains
    certificates = [*chains.cavium_certs, *chains.google_card_certs, *chains.google_partition_certs]
    pathlib.Path(folder, f"{algorithm}.attestation").write_bytes(version.attestation.content)
    pathlib.Path(folder, f"{algorithm}.chains").write_text("".join(certificates))
    pathlib.Path(folder, f"{algorithm}.key").write_text(public_key.pem)

    full = kms.CryptoKeyVersion.CryptoKeyVersionView.FULL
    [listed] = client.list_crypto_key_versions(request={"parent": key.name, "view": full})
    [basic] = client.list_crypto_key_versions(request={"parent": key.name})
    assert listed.attestation.content == version.attestation.content and not basic.attestation.content
    destroyed = client.destroy_crypto_key_version(request={"name": version.name})
    assert destroyed.state == State.DESTROY_SCHEDULED and destroyed.destroy_time is not None

# One key a page.
assert len(list(client.list_crypto_keys(request={"parent": ring.name, "page_size": 1}))) == 3
refused(NotFound, client.get_crypto_key, request={"name": f"{ring.name}/cryptoKeys/none"})
