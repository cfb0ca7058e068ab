"""`/v1/oauth/token`: OAuth2 client credentials (RFC 6749 §4.4); public, guarded by the secret."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from app.domain.permission import BAD_CREDENTIALS, FORM_REQUIRED, GRANT_UNSUPPORTED
from app.infra.db import Database
from app.infra.security import TokenIssuer, secret_matches
from app.schemas.oauth import Token, TokenForm
from app.services import clients

_FORM = re.compile(r"application/x-www-form-urlencoded\s*(;.*)?", re.IGNORECASE)


class FormRoute(APIRoute):
    """A route whose body is a plain form; a multipart one brings an encoding of the sender's choice."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Judge the media type before the body is parsed. Raises: `auth.form_required`."""
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            if not _FORM.fullmatch(request.headers.get("content-type", "")):
                raise FORM_REQUIRED.error("header:Content-Type")
            return await handle(request)

        return checked


router = APIRouter(prefix="/v1/oauth", tags=["oauth"], route_class=FormRoute)


@router.post("/token")
async def issue(request: Request, response: Response, form: Annotated[TokenForm, Form()]) -> Token:
    """Exchange a client's secret for a short-lived access token."""
    if form.grant_type != "client_credentials":
        raise GRANT_UNSUPPORTED.error()
    name, secret = _credentials(request, form)
    database: Database = request.app.state.database
    tokens: TokenIssuer = request.app.state.tokens
    async with database.read() as unit:
        found = await clients.find(unit.session, name)
    matches = secret_matches(secret, found.secret_sha256 if found else None)
    if found is None or found.revoked or not matches:
        raise BAD_CREDENTIALS.error()
    granted = clients.grant_scope(found, form.scope)
    response.headers["Cache-Control"] = "no-store"
    return Token(
        access_token=tokens.issue(found.actor(request.state.request_id), granted),
        token_type="Bearer",  # noqa: S106 - the type's name, not a secret
        expires_in=tokens.seconds,
        scope=" ".join(granted),
    )


def _credentials(request: Request, form: TokenForm) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError as error:  # not ASCII, not base64, not UTF-8
            raise BAD_CREDENTIALS.error() from error
        return name, secret
    if form.client_id is None or form.client_secret is None:
        raise BAD_CREDENTIALS.error()
    return form.client_id, form.client_secret
