"""Tokens on the wire (RFC 6749 §5.1)."""

from app.schemas.common import ResponseModel


class Token(ResponseModel):
    """An access token."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
