"""Roots: the heads of all chains of seals when a day was over, under one hash and one signature (POL-10).

docs/seals.md states the format; what is here may never change what it computes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from app.domain.errors import ErrorKind, define
from app.domain.seal import canonical

FORMAT = "ipops.root/1"
GENESIS = bytes(32)
"""What the first root is chained to."""

Heads = Mapping[str, Mapping[str, Any]]
"""Per stream the number (`seq`) and the hash (`hash`, hex) of its last seal."""

NOT_FOUND = define("root.not_found", ErrorKind.not_found, "未找到该日的链根", "There is no root of that day.")


class Signer(Protocol):
    """A key that signs roots and nothing else."""

    @property
    def key_id(self) -> str:
        """The key's thumbprint (RFC 7638)."""

    @property
    def public_key(self) -> bytes:
        """The raw Ed25519 public key, 32 bytes."""

    def sign(self, body: bytes) -> bytes:
        """The Ed25519 signature over the bytes (RFC 8032)."""


def body(root_on: date, position: int, heads: Heads, previous: bytes) -> str:
    """The text that is hashed and signed: canonical JSON of the day, the heads, and the root before.

    `position` is that of the youngest seal under the root.
    """
    members = {
        "format": FORMAT,
        "root_on": root_on.isoformat(),
        "position": position,
        "heads": {stream: {"seq": head["seq"], "hash": head["hash"]} for stream, head in heads.items()},
        "previous": previous.hex(),
    }
    return canonical(members)


def digest(text: str) -> bytes:
    """The root: SHA-256 of the text."""
    return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True, slots=True)
class Kept:
    """A root as somebody keeps it outside: the text, its hash, and who signed it."""

    text: str
    root: bytes
    key_id: str
    public_key: bytes
    signature: bytes

    @property
    def told(self) -> Mapping[str, Any]:
        """What the text says."""
        told: dict[str, Any] = json.loads(self.text)
        return told

    @property
    def root_on(self) -> date:
        """The day it is of."""
        return date.fromisoformat(self.told["root_on"])

    @property
    def name(self) -> str:
        """What its file is called."""
        return f"root-{self.told['root_on']}.json"

    def file(self) -> str:
        """The bytes of its file: one line of JSON with sorted names."""
        members = {
            "body": self.text,
            "root": self.root.hex(),
            "key_id": self.key_id,
            "public_key": self.public_key.hex(),
            "signature": self.signature.hex(),
        }
        return canonical(members) + "\n"


def read(content: str) -> Kept:
    """A root from its file, or from an answer of `/v1/roots/{day}`. Raises ValueError: it is neither."""
    try:
        given = json.loads(content)
        kept = Kept(
            text=str(given["body"]),
            root=bytes.fromhex(given["root"]),
            key_id=str(given["key_id"]),
            public_key=bytes.fromhex(given["public_key"]),
            signature=bytes.fromhex(given["signature"]),
        )
        told = kept.told
        again = body(
            date.fromisoformat(told["root_on"]),
            int(told["position"]),
            told["heads"],
            bytes.fromhex(told["previous"]),
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("not the file of a root") from error
    if told.get("format") != FORMAT or again != kept.text or digest(kept.text) != kept.root:
        raise ValueError("not the text that was hashed")
    return kept
