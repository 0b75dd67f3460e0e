"""Verifies both signatures of the YubiKey pairs of a folder with cryptography, and prints, as JSON, how many and the
processor time that they took: microseconds, reading files left out, parsing PEM and certificates included."""

import json
import pathlib
import sys
import time

from cryptography import x509


def read(folder):
    return [file.read_bytes() for file in sorted(folder.glob("*.pem"))]


def judge(root, pairs):
    for pair in pairs:
        leaf, signer = x509.load_pem_x509_certificates(pair)
        leaf.verify_directly_issued_by(signer)
        signer.verify_directly_issued_by(root)


folder = pathlib.Path(sys.argv[1])
root = x509.load_pem_x509_certificate((folder / "root.pem").read_bytes())
judge(root, read(folder / "warm-up"))
pairs = read(folder / "pairs")
start = time.process_time_ns()
judge(root, pairs)
print(json.dumps({"pairs": len(pairs), "microseconds": (time.process_time_ns() - start) // 1000}))
