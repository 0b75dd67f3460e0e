"""Reads each request that is named, as a CA that is written in Python would."""

import sys
from pathlib import Path

from asn1crypto import algos, core, keys, pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509


class Attribute(core.Sequence):
    _fields = [("type", core.ObjectIdentifier), ("values", core.SetOf, {"spec": core.Any})]


class Attributes(core.SetOf):
    _child_spec = Attribute


class RequestInfo(core.Sequence):
    _fields = [
        ("version", core.Integer),
        ("subject", asn1_x509.Name),
        ("key", keys.PublicKeyInfo),
        ("attributes", Attributes, {"implicit": 0}),
    ]


class Request(core.Sequence):
    _fields = [("info", RequestInfo), ("algorithm", algos.SignedDigestAlgorithm), ("signature", core.OctetBitString)]


class Statement(core.Sequence):
    _fields = [("type", core.ObjectIdentifier), ("stmt", core.Any)]


class Statements(core.SequenceOf):
    _child_spec = Statement


class Certificates(core.SequenceOf):
    _child_spec = core.Any


class Bundle(core.Sequence):
    _fields = [("attestations", Statements), ("certs", Certificates, {"optional": True})]


def read_attestation(file: Path) -> None:
    """Reads id-aa-attestation by the ASN.1 module of the draft, and compares the statement with what the device made."""
    sent = file.with_suffix(".package").read_bytes()
    _, _, der = pem.unarmor(file.read_bytes())
    attributes = Request.load(der, strict=True)["info"]["attributes"]
    (found,) = [a for a in attributes if a["type"].dotted == "1.2.840.113549.1.9.16.2.59"]
    (value,) = found["values"]
    bundle = Bundle.load(value.dump(), strict=True)
    (statement,) = bundle["attestations"]
    if statement["type"].dotted != "1.3.6.1.4.1.99999.7":
        raise ValueError("another type of statement")
    content = statement["stmt"].dump()
    if content[0] == 0x04:
        if core.OctetString.load(content, strict=True).native != sent:
            raise ValueError("the statement is not the package")
        return
    beside = [certificate.dump() for certificate in bundle["certs"]]
    if [content, *beside] != [certificate for _, _, certificate in pem.unarmor(sent, multiple=True)]:
        raise ValueError("the certificates are not those of the package")


def read_yubico_extensions(request: x509.CertificateSigningRequest, file: Path) -> None:
    """Yubico's extensions as CAs read them: the certificates' DER as values, the attestation signed by slot F9 and of the request's key."""
    values = {e.oid.dotted_string: e.value.value for e in request.extensions if isinstance(e.value, x509.UnrecognizedExtension)}
    leaf, f9 = (x509.load_der_x509_certificate(values[f"1.3.6.1.4.1.41482.3.{n}"]) for n in (1, 2))
    leaf.verify_directly_issued_by(f9)
    if leaf.public_key() != request.public_key():
        raise ValueError("the attestation in Yubico's extensions is of another key")
    sent = x509.load_pem_x509_certificates(file.with_suffix(".package").read_bytes())
    if [leaf, f9] != sent:
        raise ValueError("the certificates in Yubico's extensions are not those of the package")


def read(file: str) -> None:
    request = x509.load_pem_x509_csr(Path(file).read_bytes())
    # The subject and the extensions are parsed only when they are asked for.
    _ = request.subject, list(request.extensions)
    if not request.is_signature_valid:
        raise ValueError("the signature is invalid")
    _ = list(request.attributes)
    if file.endswith("-attestation.pem"):
        read_attestation(Path(file))
        if Path(file).name.startswith("yubikey-"):
            read_yubico_extensions(request, Path(file))


for name in sys.argv[1:]:
    try:
        read(name)
    except Exception as error:  # Whatever it throws, it refuses the request.
        print("refused", name, " ".join(str(error).split()), sep="\t")
    else:
        print("ok", name, sep="\t")
