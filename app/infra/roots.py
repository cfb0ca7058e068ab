"""Roots outside the database: the key that signs them, and the folder their files are put into."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.infra.signing import Use, derived_key, thumbprint


class RootSigner:
    """Signs the roots of one instance with a key of their own."""

    def __init__(self, seed: str) -> None:
        self._key = derived_key(seed, Use.roots)
        self.public_key = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id = thumbprint(self.public_key)

    def sign(self, body: bytes) -> bytes:
        """The Ed25519 signature over the bytes (RFC 8032)."""
        return self._key.sign(body)


class RootFolder:
    """Where signed roots are put as files, for somebody else to carry away. No file is ever overwritten."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, name: str, content: str) -> bool:
        """Put a file in its place as a whole, unless it is there; False when other bytes are there.

        Raises OSError when the folder cannot be written.
        """
        file = self._path / name
        written = content.encode()
        if file.exists():
            return file.read_bytes() == written
        self._path.mkdir(parents=True, exist_ok=True)
        draft = self._path / f".{name}.{os.getpid()}.new"
        try:
            with draft.open("wb") as out:
                out.write(written)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)
        return True
