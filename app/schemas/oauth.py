"""Tokens on the wire (RFC 6749 §4.4 and §5.1)."""

from __future__ import annotations

from pydantic import BaseModel

from app.schemas.common import ResponseModel


class TokenForm(BaseModel):
    """The form of a token request; the credentials may come in the Authorization header instead."""

    grant_type: str
    client_id: str | None = None
    client_secret: str | None = None
    scope: str | None = None


class Token(ResponseModel):
    """An access token."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
