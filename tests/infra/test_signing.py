"""Keys: one per use, none of them the secret they come from."""

from __future__ import annotations

import base64
import hmac

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from app.infra.signing import Use, base64url, derived_key, thumbprint, verified

SEED = base64url(bytes(range(32)))


def raw(use: Use) -> bytes:
    return derived_key(SEED, use).private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


def test_each_use_has_a_key_of_its_own_and_always_the_same() -> None:
    """A derivation that changed would end every token (RFC 5869, spelt out)."""
    assert len({raw(use) for use in Use} | {bytes(range(32))}) == len(Use) + 1
    extracted = hmac.digest(bytes(32), bytes(range(32)), "sha256")
    assert raw(Use.certificates) == hmac.digest(extracted, b"ipops certificates\x01", "sha256")


def test_only_the_key_that_signed_verifies() -> None:
    key, other = derived_key(SEED, Use.certificates), derived_key(SEED, Use.tokens)
    public, wrong = (one.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) for one in (key, other))
    signature = key.sign(b"text")
    assert verified(public, b"text", signature)
    assert not verified(public, b"Text", signature)
    assert not verified(public, b"text", signature[:-1])
    assert not verified(wrong, b"text", signature)


def test_a_key_is_named_as_the_standard_has_it() -> None:
    """RFC 8037, appendix A.3."""
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    public = base64.urlsafe_b64decode(x + "=")
    assert thumbprint(public) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("seed", ["", "x" * 42, base64url(bytes(31)), base64url(bytes(33))])
def test_a_seed_has_32_bytes(seed: str) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        derived_key(seed, Use.tokens)
