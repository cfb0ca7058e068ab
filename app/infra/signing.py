"""Signing keys: each use has an Ed25519 key of its own, derived from the instance's one secret (RFC 5869).

So a key that leaks forges in its own use only, and the secret itself signs nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SEED_BYTES = 32


class Use(StrEnum):
    """What a key signs; the word is part of how the key is derived and never changes."""

    tokens = "ipops access tokens"
    certificates = "ipops certificates"
    roots = "ipops roots"


def derived_key(seed: str, use: Use) -> Ed25519PrivateKey:
    """The key of one use. Raises ValueError when `seed` is not 32 bytes in base64url."""
    raw = base64.urlsafe_b64decode(seed + "=" * (-len(seed) % 4))
    if len(raw) != SEED_BYTES:
        raise ValueError("the signing key must be 32 bytes in base64url")
    derivation = HKDF(algorithm=SHA256(), length=SEED_BYTES, salt=None, info=use.encode())
    return Ed25519PrivateKey.from_private_bytes(derivation.derive(raw))


def verified(public_key: bytes, data: bytes, signature: bytes) -> bool:
    """Whether the signature over `data` was made with the key."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except InvalidSignature:
        return False
    return True


def base64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def thumbprint(public_key: bytes) -> str:
    """The name of a public key (RFC 7638 as RFC 8037 §2 has it for Ed25519)."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": base64url(public_key)}
    written = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return base64url(hashlib.sha256(written.encode()).digest())
