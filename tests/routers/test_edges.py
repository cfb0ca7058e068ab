"""What holds at the edge of every route, shown once on `/v1/parties` (C01-C04, C12, API-10, API-19)."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from joserfc import jwt
from sqlalchemy import text

from app.domain.permission import Permission
from app.infra.security import ALGORITHM, TokenIssuer
from app.services.sandbox import sample_uscc
from tests.support.api import Api
from tests.support.database import SavepointDatabase

PARTIES = "/v1/parties"
TABLES = ("parties", "party_identifiers", "events", "outbox", "facts", "idempotency_keys")


def party(number: int, **changes: object) -> dict[str, Any]:
    """A well-formed party body."""
    return {
        "name": f"示例边界测试有限公司{number}",
        "district_code": "120110",
        "identifiers": [{"scheme": "uscc", "value": sample_uscc(8000 + number)}],
    } | changes


async def send(
    api: Api, content: Any, *, method: str = "POST", path: str = PARTIES, **headers: str | bytes | None
) -> httpx.Response:
    """A request as the operator with these bytes; header None leaves a header out."""
    given: dict[str, Any] = {**api.headers("operator"), "Content-Type": "application/json"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    given = {name: value for name, value in given.items() if value is not None}
    return await api.http.request(method, path, content=content, headers=given)


async def written(database: SavepointDatabase) -> dict[str, int]:
    """How many rows every table that a write touches has, and how many audited doings."""
    assert database.connection is not None
    columns = [f"(SELECT count(*) FROM {table}) AS {table}" for table in TABLES]
    columns.append("(SELECT count(*) FROM audit WHERE outcome <> 'refused') AS audit")
    return dict((await database.connection.execute(text("SELECT " + ", ".join(columns)))).mappings().one())


async def refusals(database: SavepointDatabase, request_id: str) -> list[tuple[str, str, list[str]]]:
    """Action, noun and codes of the audited refusals of one request."""
    assert database.connection is not None
    statement = text(
        "SELECT action, noun, codes FROM audit WHERE outcome = 'refused' AND request_id = :request_id"
    )
    rows = await database.connection.execute(statement, {"request_id": request_id})
    return [(row.action, row.noun, row.codes) for row in rows]


def told(response: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem that is a problem in every respect (RFC 9457)."""
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["status"] == response.status_code
    assert problem["type"] == f"/v1/problems/{problem['code']}"
    assert problem["request_id"] == response.headers["x-request-id"]
    assert problem["violations"][0]["code"] == problem["code"]
    assert all("?" not in violation["message_zh"] for violation in problem["violations"])
    return response.status_code, problem["code"]


def pointers(response: httpx.Response) -> list[str]:
    return [violation["pointer"] for violation in response.json()["violations"]]


def body_with(members: str) -> bytes:
    """A well-formed party body with more members, written as they stand."""
    return json.dumps(party(1))[:-1].encode() + b", " + members.encode() + b"}"


MALFORMED = (422, "request.malformed")
BODIES: dict[str, tuple[bytes, str | None]] = {
    "broken JSON": (b'{"name": ', ""),
    "no body": (b"", ""),
    "null": (b"null", ""),
    "an array": (b"[]", ""),
    "a bare string": (b'"x"', ""),
    "an unknown field": (body_with('"colour": "red"'), "/colour"),
    "a number for a string": (body_with('"address": 5'), "/address"),
    "a boolean for a string": (body_with('"address": true'), "/address"),
    "a number for a day": (body_with('"registered_on": 86400'), "/registered_on"),
    "a numeric string for a day": (body_with('"registered_on": "86400"'), "/registered_on"),
    "a time for a day": (body_with('"registered_on": "2020-01-01T00:00:00"'), "/registered_on"),
    "NaN": (body_with('"address": NaN'), ""),
    "Infinity": (body_with('"address": -Infinity'), ""),
    "a number beyond all floats": (body_with('"address": 1e999'), ""),
    "an integer of 5000 digits": (body_with('"address": ' + "9" * 5000), ""),
    "an integer beyond 64 bits": (body_with('"address": 18446744073709551616'), "/address"),
    "the same name twice": (body_with('"address": "a", "address": "b"'), ""),
    "the same name twice, inside": (body_with('"identifiers": [{"value": "a", "value": "b"}]'), ""),
    "NUL in a value": (body_with('"address": "a\\u0000b"'), ""),
    "NUL in a value in an array": (body_with('"x": ["\\\\\\u0000"]'), ""),
    "NUL in a name": (body_with('"a\\u0000": 1'), ""),
    "half a surrogate pair": (body_with('"address": "\\ud800"'), ""),
    "half a surrogate pair in a name": (body_with('"\\udc00": 1'), ""),
    "arrays 200 000 deep": (b"[" * 200_000, ""),
    "objects 100 000 deep": (b'{"a":' * 100_000, ""),
    "invalid UTF-8": (b'{"name": "\xff"}', ""),
    "UTF-16": (json.dumps(party(1)).encode("utf-16"), ""),
    "digits of another script": (
        body_with('"district_code": "１２０１１０"').replace(b'"district_code": "120110", ', b""),
        "/district_code",
    ),
}


@pytest.mark.parametrize(("content", "pointer"), BODIES.values(), ids=BODIES.keys())
async def test_a_malformed_body_is_refused_at_its_place_and_leaves_nothing(
    api: Api, database: SavepointDatabase, content: bytes, pointer: str
) -> None:
    """C12: 422 with a JSON pointer (the empty one means the whole body), nothing written."""
    before = await written(database)
    response = await send(api, content)
    assert told(response) == MALFORMED
    assert pointer in pointers(response)
    assert await written(database) == before


async def test_an_escaped_backslash_before_u0000_is_text(api: Api) -> None:
    """The six characters backslash u 0 0 0 0 are not a NUL; surrogate pairs are characters."""
    response = await send(api, body_with('"address": "\\\\u0000 \\ud83d\\ude00"'))
    assert (response.status_code, response.json()["address"]) == (201, "\\u0000 😀")


async def test_five_faults_are_told_at_once_in_both_languages(api: Api) -> None:
    """API-10: five faults, five violations, each with its pointer, Chinese first."""
    identifiers = [{"scheme": "uscc", "value": ""}, {"scheme": "telex", "value": "1"}]
    response = await api.post(
        "operator",
        PARTIES,
        {"name": 5, "district_code": "12", "identifiers": identifiers, "a/b~c": 1},
    )
    assert told(response) == MALFORMED
    messages = {v["pointer"]: (v["message_zh"], v["message_en"]) for v in response.json()["violations"]}
    assert set(messages) == {
        "/name",
        "/district_code",
        "/identifiers/0/value",
        "/identifiers/1/scheme",
        "/a~1b~0c",
    }
    assert messages["/name"] == (
        "请求内容不符合要求：应为字符串",
        "The request is not well formed: Input should be a valid string.",
    )
    assert messages["/identifiers/1/scheme"][0] == "请求内容不符合要求：应为 'uscc'、'lei' 或 'other'"


async def test_a_thousand_faults_are_answered_as_a_hundred(api: Api, database: SavepointDatabase) -> None:
    """Neither the answer nor the audit row grows with what a caller invents."""
    response = await api.post("operator", PARTIES, party(1) | {f"x{number}": 0 for number in range(1000)})
    assert len(response.json()["violations"]) == 100
    [(_, _, codes)] = await refusals(database, response.headers["x-request-id"])
    assert codes == ["request.malformed"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/jsonp", "", None])
async def test_a_body_of_another_media_type_is_refused(api: Api, content_type: str | None) -> None:
    """Without a JSON content type a browser form of another site could send a body."""
    response = await send(api, json.dumps(party(1)).encode(), Content_Type=content_type)
    assert told(response) == (415, "request.unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
async def test_json_is_recognised_however_it_is_announced(api: Api, content_type: str) -> None:
    response = await send(api, json.dumps(party(1)).encode(), Content_Type=content_type)
    assert response.status_code == 201


async def chunks() -> AsyncIterator[bytes]:
    """10 MB whose length nobody declares."""
    for _ in range(160):
        yield b" " * 65_536


@pytest.mark.parametrize("content", [lambda: b" " * (10 << 20), chunks], ids=["declared", "chunked"])
async def test_a_body_over_the_limit_is_refused(
    api: Api, database: SavepointDatabase, content: Callable[[], Any]
) -> None:
    before = await written(database)
    assert told(await send(api, content())) == (413, "request.too_large")
    assert await written(database) == before


@pytest.mark.parametrize("length", [b"\xb2", b"-1", b"1e3", b"", b"9" * 5000])
async def test_a_length_that_is_no_number_is_refused(api: Api, length: bytes) -> None:
    assert told(await send(api, None, Content_Length=length)) == (413, "request.too_large")


# --- who is calling ---------------------------------------------------------------------------------


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


# --- idempotency ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency.key_missing"),
        ("", "idempotency.key_invalid"),
        ("a b", "idempotency.key_invalid"),
        ("x" * 256, "idempotency.key_invalid"),
        ("é".encode(), "idempotency.key_invalid"),
    ],
)
async def test_a_write_needs_a_usable_key(api: Api, key: str | bytes | None, code: str) -> None:
    """C02: 400 without a key or with one that no log could show."""
    response = await send(api, json.dumps(party(1)).encode(), Idempotency_Key=key)
    assert told(response) == (400, code)
    assert pointers(response) == ["header:Idempotency-Key"]


async def test_the_same_request_again_gets_the_same_bytes(api: Api, database: SavepointDatabase) -> None:
    """C01, C03: the replay is marked, byte-equal, and does nothing."""
    key = "x" * 255
    first = await api.post("operator", PARTIES, party(2), key=key)
    after = await written(database)
    second = await api.post("operator", PARTIES, party(2), key=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert (first.headers["etag"], second.headers["etag"]) == ('"1"', '"1"')
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await written(database) == after


@pytest.mark.parametrize("change", ["body", "query", "if-match"])
async def test_a_key_belongs_to_one_request(api: Api, database: SavepointDatabase, change: str) -> None:
    """C02: the same key with anything else is 422, not the first answer."""
    key = str(uuid.uuid4())
    await api.post("operator", PARTIES, party(3), key=key)
    after = await written(database)
    body = party(4) if change == "body" else party(3)
    path = PARTIES + ("?x=1" if change == "query" else "")
    headers = {"If-Match": '"1"'} if change == "if-match" else {}
    again = await api.post("operator", path, body, key=key, headers=headers)
    assert told(again) == (422, "idempotency.key_reused")
    assert await written(database) == after


async def test_two_clients_may_use_one_key(api: Api) -> None:
    """C04: keys belong to a client."""
    key = str(uuid.uuid4())
    first = await api.post("operator", PARTIES, party(5), key=key)
    second = await api.post("agency", PARTIES, party(6), key=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


async def test_a_refusal_is_not_kept_under_the_key(api: Api) -> None:
    """A retry with the same key succeeds once the reason is gone, even with a mended body."""
    key = str(uuid.uuid4())
    refused = await api.post("operator", PARTIES, party(7, district_code="999999"), key=key)
    assert told(refused) == (422, "district.unknown")
    retried = await api.post("operator", PARTIES, party(7), key=key)
    assert retried.status_code == 201
    assert "idempotency-replayed" not in retried.headers


async def test_a_dry_run_writes_nothing_and_answers_alike(api: Api, database: SavepointDatabase) -> None:
    """`dry_run=true` gives the real call's answer, or its violations, and keeps nothing."""
    before = await written(database)
    dry = await send(api, json.dumps(party(8)).encode(), path=PARTIES + "?dry_run=true", Idempotency_Key=None)
    assert (dry.status_code, dry.headers["dry-run"]) == (200, "true")
    assert await written(database) == before
    real = await api.post("operator", PARTIES, party(8))
    assert real.status_code == 201

    def common(answer: httpx.Response) -> dict[str, Any]:
        return {name: value for name, value in answer.json().items() if name != "id"}

    assert common(dry) == common(real)

    after = await written(database)
    dry_refusal = await api.post("operator", PARTIES + "?dry_run=true", party(8))
    refusal = await api.post("operator", PARTIES, party(8))
    assert told(dry_refusal) == told(refusal) == (409, "party.identifier_taken")
    assert dry_refusal.json()["violations"] == refusal.json()["violations"]
    assert await written(database) == after


async def test_a_refused_write_leaves_one_audit_row_and_nothing_else(
    api: Api, database: SavepointDatabase
) -> None:
    """On refusal: the code with the value it is about, no row, no event, one `refused` row with the codes."""
    await api.made("operator", PARTIES, party(9))
    before = await written(database)
    response = await api.post("operator", PARTIES, party(9, name="示例另一公司"))
    assert told(response) == (409, "party.identifier_taken")
    assert sample_uscc(8009) in response.json()["detail"]
    assert await written(database) == before
    assert await refusals(database, response.headers["x-request-id"]) == [
        ("POST /v1/parties", "parties", ["party.identifier_taken"])
    ]


async def test_a_malformed_write_is_audited_too(api: Api, database: SavepointDatabase) -> None:
    response = await send(api, body_with('"colour": "red"'))
    assert await refusals(database, response.headers["x-request-id"]) == [
        ("POST /v1/parties", "parties", ["request.malformed"])
    ]


# --- addresses --------------------------------------------------------------------------------------


async def test_a_request_id_of_the_caller_comes_back(api: Api) -> None:
    """API-19: in the header of every answer and in a problem's body."""
    made = await send(api, json.dumps(party(10)).encode(), X_Request_Id="trace-1.a_b")
    refused = await send(api, b"{", X_Request_Id="trace-2")
    assert made.headers["x-request-id"] == "trace-1.a_b"
    assert (refused.headers["x-request-id"], refused.json()["request_id"]) == ("trace-2", "trace-2")


@pytest.mark.parametrize("given", [b"", b"a b", b"a\tb", b"\xe9", b"x" * 65, b"a\x7f"])
async def test_a_request_id_that_could_forge_a_log_line_is_replaced(api: Api, given: bytes) -> None:
    response = await send(api, b"{", X_Request_Id=given)
    assert told(response) == MALFORMED
    assert len(response.headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/nowhere", "/v1/parties/", "/v1/parties//", "/v1//parties", "/docs", "/V1/parties"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_unknown_address_is_a_problem(api: Api, method: str, path: str) -> None:
    """No redirect either: a client that follows one may turn its POST into a GET."""
    assert told(await send(api, None, method=method, path=path)) == (404, "request.not_found")


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "BREW"])
async def test_an_unsupported_method_is_a_problem_that_names_the_others(api: Api, method: str) -> None:
    """RFC 9110 §15.5.6: Allow names every method of the address."""
    response = await send(api, None, method=method)
    assert told(response) == (405, "request.method_not_allowed")
    assert response.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "address",
    ["not-a-uuid", "%00", "%ED%A0%80", "%FF", "1%2F2", "00000000-0000-0000-0000-00000000000g", "x" * 5000],
)
async def test_an_id_that_is_no_uuid_is_refused(api: Api, address: str) -> None:
    response = await api.get("operator", f"{PARTIES}/{address}")
    assert told(response) in [(422, "request.malformed"), (404, "request.not_found")]


async def test_an_id_that_nobody_has_is_not_found(api: Api) -> None:
    assert told(await api.get("operator", f"{PARTIES}/{uuid.uuid4()}")) == (404, "party.not_found")


@pytest.mark.parametrize(
    "query",
    [
        "identifier=%00",
        "limit=0",
        "limit=101",
        "limit=" + "9" * 5000,
        "limit=1.5",
        "limit=%ED%A0%80",
        "include_total=maybe",
        "cursor=%00",
        "cursor=x",
    ],
)
async def test_a_query_that_means_nothing_is_refused(api: Api, query: str) -> None:
    response = await api.http.get(f"{PARTIES}?{query}", headers=api.headers("operator"))
    assert response.status_code == 422
    told(response)


@pytest.mark.parametrize(
    "query", ["name=%00", "identifier=%ED%A0%80", "name=%FF", "&&==&", "name=" + "%F0" * 99]
)
async def test_odd_text_in_a_query_finds_nothing(api: Api, query: str) -> None:
    response = await api.http.get(f"{PARTIES}?{query}&limit=1", headers=api.headers("operator"))
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [("query_string", b"a=\xff"), ("headers", [(b"host", b"[")]), ("path", "/v1/\udcff\x00")],
)
async def test_bytes_that_no_client_library_sends_are_answered(api: Api, field: str, value: Any) -> None:
    """A raw socket can send them: the request's own URL object cannot be built from all of them."""
    headers = [(name.lower().encode(), content.encode()) for name, content in api.headers("operator").items()]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": PARTIES,
        "query_string": b"",
        "headers": [*headers, (b"content-type", b"application/json")],
        "server": ("ipops", 80),
    }
    scope[field] = scope[field] + value if field == "headers" else value
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(party(11)).encode(), "more_body": False}

    async def send_(message: dict[str, Any]) -> None:
        sent.append(message)

    await api.app(scope, receive, send_)  # type: ignore[arg-type]
    assert sent[0]["status"] == (404 if field == "path" else 201)


async def test_a_token_request_with_nul_is_refused(api: Api) -> None:
    response = await api.http.post(
        "/v1/oauth/token",
        data={"grant_type": "client_credentials", "client_id": "\0", "client_secret": "\0"},
    )
    assert told(response) == MALFORMED
