"""Who may call: tokens, permissions, revoked clients, shown once on `/v1/parties`."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from sqlalchemy import text

from app.domain.permission import Permission
from app.infra.security import ALGORITHM, TokenIssuer, secret_matches
from app.routers import oauth
from tests.factories.parties import party
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import PARTIES, refusals, told, written


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return decoded


def signed(api: Api, *, kind: str = "at+jwt", **changes: Any) -> str:
    """The operator's claims with these changes (None: left out), signed by this instance."""
    changed = claims(api.token("operator")) | changes
    kept = {name: value for name, value in changed.items() if value is not None}
    return jwt.encode({"alg": ALGORITHM, "typ": kind}, kept, api.tokens._key, [ALGORITHM])


def rewritten(api: Api, *, header: object = None, signature: str | None = None, **changes: Any) -> str:
    """The operator's token with another header, claims or signature, not signed anew."""
    old = api.token("operator").split(".")
    head = old[0] if header is None else part(header)
    return f"{head}.{part(claims('.'.join(old)) | changes)}.{old[2] if signature is None else signature}"


def signed_with_the_public_key(api: Api) -> str:
    """The classic confusion: the public key taken as the secret of an HMAC."""
    text_ = rewritten(api, header={"alg": "HS256", "typ": "at+jwt"}).rpartition(".")[0]
    mac = hmac.digest(api.tokens._key.as_pem(private=False), text_.encode(), "sha256")
    return f"{text_}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def of_another_key(api: Api) -> str:
    other = TokenIssuer(secrets.token_urlsafe(32), issuer="ipops", seconds=600)
    return other.issue(api.actor("operator"), ["party:read"])


KNOWN = {"alg": ALGORITHM, "typ": "at+jwt"}
NONE = {"alg": "none", "typ": "at+jwt"}
FORGERIES: dict[str, Callable[[Api], str]] = {
    "garbage": lambda _: "x.y.z",
    "expired": lambda api: signed(api, exp=int(time.time())),
    "without end": lambda api: signed(api, exp=None),
    "other audience": lambda api: signed(api, aud="elsewhere"),
    "other issuer": lambda api: signed(api, iss="elsewhere"),
    "other type": lambda api: signed(api, kind="JWT"),
    "unknown role": lambda api: signed(api, roles=["owner"]),
    "claims changed": lambda api: rewritten(api, roles=["treasury"]),
    "alg none": lambda api: rewritten(api, header=NONE, signature=""),
    "alg none, signature kept": lambda api: rewritten(api, header=NONE),
    "of another key": of_another_key,
    "crit is a number": lambda api: rewritten(api, header=KNOWN | {"crit": 5}),
    "crit names a list": lambda api: rewritten(api, header=KNOWN | {"crit": [[1]]}),
    "alg HS256 with the public key": signed_with_the_public_key,
}


async def test_the_forgeries_start_from_a_token_that_is_believed(api: Api) -> None:
    response = await api.http.get(PARTIES, headers={"Authorization": f"Bearer {signed(api)}"})
    assert response.status_code == 200


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
async def test_a_token_that_this_instance_did_not_sign_for_now_is_refused(
    api: Api, forge: Callable[[Api], str]
) -> None:
    """RFC 9068: signature, type, issuer, audience and expiry are all checked."""
    response = await api.http.get(PARTIES, headers={"Authorization": f"Bearer {forge(api)}"})
    assert told(response) == (401, "auth.unauthenticated")
    assert response.headers["www-authenticate"] == 'Bearer realm="ipops"'


@pytest.mark.parametrize(
    "header", [None, b"", b"Bearer", b"Bearer ", b"Basic eDp5", b"Bearer \xe9\xff", b"Bearer W10.W10.W10"]
)
async def test_a_header_that_is_no_token_is_refused(api: Api, header: bytes | None) -> None:
    headers = {} if header is None else {b"Authorization": header}
    for response in (
        await api.http.get(PARTIES, headers=headers),
        await api.http.post(PARTIES, json=party(1), headers=headers),
    ):
        assert told(response) == (401, "auth.unauthenticated")
        assert "www-authenticate" in response.headers


async def test_a_missing_permission_is_named(api: Api, database: SavepointDatabase) -> None:
    """Deny by default: 403 names what is missing, before the body is looked at for meaning."""
    before = await written(database)
    response = await api.post("bank_a", PARTIES, party(1))
    assert told(response) == (403, "auth.denied")
    assert response.json()["violations"][0]["facts"] == {"permission": "party:write"}
    assert await written(database) == before
    assert await refusals(database, response.headers["x-request-id"]) == [
        ("POST /v1/parties", "parties", ["auth.denied"])
    ]


async def test_a_token_narrowed_to_a_scope_grants_no_more(api: Api) -> None:
    token = api.token("operator", scope=[Permission.party_read])
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
    assert (await api.http.get(PARTIES, headers=headers)).status_code == 200
    assert told(await api.http.post(PARTIES, json=party(1), headers=headers)) == (403, "auth.denied")


async def test_a_revoked_client_is_refused_at_once(api: Api, database: SavepointDatabase) -> None:
    """A token outlives nothing: the client is looked up in each request's own transaction."""
    assert database.connection is not None
    assert (await api.get("operator", PARTIES)).status_code == 200
    await database.connection.execute(
        text("UPDATE clients SET revoked_at = now() WHERE id = :id"),
        {"id": api.samples["operator"].client.id},
    )
    for response in (await api.get("operator", PARTIES), await api.post("operator", PARTIES, party(1))):
        assert told(response) == (401, "auth.client_revoked")
        assert "www-authenticate" in response.headers


TOKEN = "/v1/oauth/token"
GRANT = {"grant_type": "client_credentials"}


@pytest.mark.parametrize(
    "credentials", [b"Basic \xff", b"Basic " + b64encode(b"a:b") + b"\xff", b"Basic ====", b"Basic /w=="]
)
async def test_credentials_that_are_no_text_are_wrong_credentials(api: Api, credentials: bytes) -> None:
    """RFC 6749 §5.2: not ASCII, not base64, not UTF-8: refused, not a failure."""
    answer = await api.http.post(TOKEN, data=GRANT, headers={b"Authorization": credentials})
    assert told(answer) == (401, "auth.bad_credentials")


@pytest.mark.parametrize(
    "media_type", ["multipart/form-data; boundary=x; charset=unicode_escape", "application/json", ""]
)
async def test_a_token_request_is_a_plain_form(api: Api, media_type: str) -> None:
    """RFC 6749 §4.4.2: of a multipart form the sender could choose any decoder the platform has."""
    body = b'--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\n\\ud800\r\n--x--\r\n'
    answer = await api.http.post(TOKEN, content=body, headers={"Content-Type": media_type})
    assert told(answer) == (415, "auth.form_required")


async def test_a_client_nobody_knows_costs_the_same_comparison(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of an answer does not tell which client ids exist."""
    compared: list[bool] = []

    def watched(secret: str, digest: bytes | None) -> bool:
        compared.append(digest is None)
        return secret_matches(secret, digest)

    monkeypatch.setattr(oauth, "secret_matches", watched)
    known = api.samples["sme"].client.client_id
    for client_id in (known, "nobody"):
        wrong = GRANT | {"client_id": client_id, "client_secret": "wrong"}
        assert told(await api.http.post(TOKEN, data=wrong)) == (401, "auth.bad_credentials")
    assert compared == [False, True]
    assert not secret_matches("any", None)
