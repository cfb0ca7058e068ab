"""Tokens and secrets: Ed25519-signed access tokens (RFC 9068) and client secrets kept as SHA-256."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
import uuid
from collections import OrderedDict
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from app.domain.permission import UNAUTHENTICATED, Actor, Permission, Role
from app.infra.signing import SEED_BYTES, Use, derived_key

ALGORITHM = "Ed25519"
TYPE = "at+jwt"
CACHED_TOKENS = 4_096
NOBODYS_DIGEST = bytes(32)


def new_secret() -> str:
    """A client secret: 256 random bits."""
    return secrets.token_urlsafe(32)


def secret_digest(secret: str) -> bytes:
    """What is stored of a secret; it has enough entropy for a plain hash."""
    return hashlib.sha256(secret.encode()).digest()


def secret_matches(secret: str, digest: bytes | None) -> bool:
    """Compare in constant time; without a digest (nobody's secret) with the same work, in vain."""
    same = hmac.compare_digest(secret_digest(secret), NOBODYS_DIGEST if digest is None else digest)
    return same and digest is not None


def load_or_create_seed(path: Path) -> str:
    """The sandbox's own signing seed, made at the first start and kept readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(SEED_BYTES))
    return path.read_text().strip()


class TokenIssuer:
    """Signs and verifies access tokens; verified ones are remembered until they expire."""

    def __init__(self, seed: str, *, issuer: str, seconds: int) -> None:
        private = derived_key(seed, Use.tokens)
        self._key = OKPKey.import_key(
            private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        self._issuer = issuer
        self.seconds = seconds
        self._verified: OrderedDict[str, tuple[float, dict[str, Any]]] = OrderedDict()

    def issue(self, actor: Actor, scope: list[str], now: float | None = None) -> str:
        """An access token for `actor`, limited to `scope`."""
        issued = int(now if now is not None else time.time())
        claims = {
            "iss": self._issuer,
            "aud": self._issuer,
            "sub": str(actor.client_id),
            "client_id": str(actor.client_id),
            "org": str(actor.organisation_id),
            "party": str(actor.party_id),
            "district": actor.district_code,
            "roles": sorted(role.value for role in actor.roles),
            "scope": " ".join(scope),
            "iat": issued,
            "exp": issued + self.seconds,
            "jti": secrets.token_urlsafe(12),
        }
        return jwt.encode({"alg": ALGORITHM, "typ": TYPE}, claims, self._key, algorithms=[ALGORITHM])

    def verify(self, token: str, *, request_id: str) -> Actor:
        """The actor a token names. Raises: `auth.unauthenticated`."""
        claims = self._claims(token)
        try:
            return Actor(
                client_id=uuid.UUID(claims["sub"]),
                organisation_id=uuid.UUID(claims["org"]),
                party_id=uuid.UUID(claims["party"]),
                district_code=claims["district"],
                roles=frozenset(Role(role) for role in claims["roles"]),
                permissions=frozenset(Permission(scope) for scope in claims["scope"].split()),
                request_id=request_id,
            )
        except (KeyError, ValueError, AttributeError) as error:
            raise UNAUTHENTICATED.error() from error

    def _claims(self, token: str) -> dict[str, Any]:
        now = time.time()
        known = self._verified.get(token)
        if known is not None and known[0] > now:
            return known[1]
        try:
            decoded = jwt.decode(token, self._key, algorithms=[ALGORITHM])
        except (JoseError, ValueError, TypeError) as error:  # TypeError: `crit` is no list of names
            raise UNAUTHENTICATED.error() from error
        claims = decoded.claims
        expires = claims.get("exp")
        named = (decoded.header.get("typ"), claims.get("iss"), claims.get("aud"))
        if named != (TYPE, self._issuer, self._issuer):
            raise UNAUTHENTICATED.error()
        if not isinstance(expires, int) or expires <= now:
            raise UNAUTHENTICATED.error()
        self._verified[token] = (float(expires), claims)
        if len(self._verified) > CACHED_TOKENS:
            self._verified.popitem(last=False)
        return claims
