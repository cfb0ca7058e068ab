"""Roots of all chains as anybody may read and keep them."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from app.schemas.certificate import KeyOut
from app.schemas.common import ResponseModel


class HeadOut(ResponseModel):
    """The last seal of a stream under a root; `hash` in hex."""

    stream: str
    seq: int
    hash: str


class RootOut(ResponseModel):
    """The heads of all chains when a day was over, signed.

    `root` is the SHA-256 of `body`, which `signature` signs (Ed25519, with the key at `/v1/roots/keys`);
    `previous` is the root before. Hashes, key and signature are in hex. Kept as it is, an answer can be given
    to `verify --root` and to `docs/verify_seals.py` years later.
    """

    id: uuid.UUID
    root_on: date
    position: int
    heads: list[HeadOut]
    previous: str
    root: str
    body: str
    key_id: str
    public_key: str
    signature: str
    recorded_at: datetime


class RootKeysOut(ResponseModel):
    """A key set (RFC 7517): the keys that have signed roots, the youngest first."""

    keys: list[KeyOut]
