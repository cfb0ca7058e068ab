"""What holds at the edge of every route, shown once on `/v1/parties`: bodies, addresses, problems (C12, API-10)."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.factories.parties import party
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import MALFORMED, PARTIES, body_with, pointers, refusals, send, told, written

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
    "a day before 1850": (body_with('"registered_on": "1849-12-31"'), "/registered_on"),
    "a day after 2999": (body_with('"registered_on": "3000-01-01"'), "/registered_on"),
    "text nobody can see": (body_with('"address": "\\u200b \\u200d\\u2060"'), "/address"),
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


def test_every_shape_has_one_name_in_the_description_of_the_api(api: Api) -> None:
    """API-10: two models of one name would be told apart by the modules they stand in."""
    shapes = api.app.openapi()["components"]["schemas"]
    assert [name for name in shapes if "__" in name] == []
