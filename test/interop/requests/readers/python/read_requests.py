"""Reads each request that is named, as a CA that is written in Python would."""

import sys
from pathlib import Path

from cryptography import x509


def read(file: str) -> None:
    request = x509.load_pem_x509_csr(Path(file).read_bytes())
    # The subject and the extensions are parsed only when they are asked for.
    _ = request.subject, list(request.extensions)
    if not request.is_signature_valid:
        raise ValueError("the signature is invalid")


for name in sys.argv[1:]:
    try:
        read(name)
    except Exception as error:  # Whatever it throws, it refuses the request.
        print("refused", name, " ".join(str(error).split()), sep="\t")
    else:
        print("ok", name, sep="\t")
