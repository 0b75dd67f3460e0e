"""Loaded by pytest (-p quick): the double restarts at once, and one software RSA key per size and exponent is enough."""

import functools
import time

from cryptography.hazmat.primitives.asymmetric import rsa

# The tests wait 5 seconds after each reset for a real device to start again.
time.sleep = lambda seconds: None

_generate = rsa.generate_private_key


@functools.lru_cache(maxsize=None)
def _once(public_exponent, key_size):
    return _generate(public_exponent=public_exponent, key_size=key_size)


rsa.generate_private_key = lambda public_exponent, key_size, backend=None: _once(public_exponent, key_size)
