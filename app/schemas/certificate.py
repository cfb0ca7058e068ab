"""Certificates on the wire."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Literal

from app.domain.certificate import Verdict
from app.schemas.common import Day, Id, InstantIn, RequestModel, ResponseModel


class CertificateIn(RequestModel):
    """Which state is to be certified: of the day `on` (today), as known at `known_at` (now).

    Of a right its state; of a party, or with `include_discharged`, what a search for encumbrances finds.
    """

    asset_id: Id | None = None
    party_id: Id | None = None
    on: Day | None = None
    known_at: InstantIn | None = None
    include_discharged: bool = False


class CertificateOut(ResponseModel):
    """A certificate. `body` is the signed text, canonical JSON; `verify_url` shows anybody what it is worth.

    `signature` is the Ed25519 signature over the UTF-8 of `body`, in base64url, by the key `key_id` of
    `/v1/certificates/keys`. `state_sha256` is the hash of what is certified alone.
    """

    id: uuid.UUID
    number: str
    code: str
    verify_url: str
    asset_id: uuid.UUID | None
    party_id: uuid.UUID | None
    organisation_id: uuid.UUID
    district_code: str
    on: date
    known_at: datetime
    issued_at: datetime
    body: str
    body_sha256: str
    state_sha256: str
    signature: str
    key_id: str
    pdf_sha256: str
    status: str
    revoked_on: date | None
    reason: str | None
    version: int


class VerificationOut(ResponseModel):
    """What a certificate is worth now, with everything needed to check it without this service.

    `superseded_since` is the moment of the first news, where it can be told.
    """

    verdict: Verdict
    verdict_zh: str
    verdict_en: str
    superseded_since: datetime | None
    revoked_on: date | None
    number: str
    body: str
    body_sha256: str
    signature: str
    key_id: str


class KeyOut(ResponseModel):
    """A public Ed25519 key (RFC 8037)."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    kid: str
    use: Literal["sig"]
    alg: Literal["Ed25519"]


class KeysOut(ResponseModel):
    """A key set (RFC 7517): the key that signs now first, then every other that ever signed."""

    keys: list[KeyOut]
