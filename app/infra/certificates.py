"""The press of certificates: signs texts with the instance's certificate key and sets them as pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.domain import certificate as rules
from app.domain.certificate_search import FORMAT as SEARCH
from app.domain.certificate_search_text import search_sheet
from app.domain.certificate_text import sheet
from app.infra import typesetting
from app.infra.signing import Use, base64url, derived_key, thumbprint


class CertificatePress:
    """Makes certificates of one instance; `public_url` is where the world reaches it."""

    def __init__(self, seed: str, *, public_url: str, sample: bool) -> None:
        self._key = derived_key(seed, Use.certificates)
        self._public_url = public_url.rstrip("/")
        self.public_key = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = thumbprint(self.public_key)
        self.sample = sample

    def sign(self, body: bytes) -> bytes:
        """The Ed25519 signature over the bytes (RFC 8032)."""
        return self._key.sign(body)

    def address(self, code: str) -> str:
        """Where anybody verifies the certificate of that code."""
        return f"{self._public_url}/verify/{code}"

    async def page(self, body: str, *, signature: bytes, issued_at: datetime) -> bytes:
        """The certificate as a PDF; the same bytes for the same text."""
        told: dict[str, Any] = rules.read(body)
        search = told["format"] == SEARCH
        data = (search_sheet(told) if search else sheet(told)) | {
            "body_sha256": rules.sha256(body),
            "signature": base64url(signature),
            "key_id": self.key_id,
            "qr": typesetting.qr(told["verify_url"]),
        }
        template = "search_certificate" if search else "certificate"
        return await typesetting.pdf(template, data, made_at=issued_at)


def jwk(key_id: str, public_key: bytes) -> dict[str, str]:
    """A public key as JSON (RFC 8037)."""
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": base64url(public_key),
        "kid": key_id,
        "use": "sig",
        "alg": "Ed25519",
    }
