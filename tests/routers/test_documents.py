"""`/v1/documents` over HTTP: bytes by hash, versions, who may read them and how they go out (SE-07)."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.document import MAX_BYTES
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import MALFORMED, pointers, told

BYTES = "示例合同正文".encode()
PATH = "/v1/documents"


def document(content: bytes = BYTES, **changes: Any) -> dict[str, Any]:
    """A well-formed body."""
    return {
        "name": "示例合同.pdf",
        "media_type": "application/pdf",
        "content_base64": base64.b64encode(content).decode(),
    } | changes


def organisation(api: Api, role: str) -> str:
    return str(api.samples[role].organisation.id)


async def test_a_document_is_kept_under_the_hash_of_its_bytes(api: Api) -> None:
    """SE-07: what comes back is what was sent, and its hash says so."""
    response = await api.post("sme", PATH, document())
    made = response.json()
    digest = hashlib.sha256(BYTES).hexdigest()
    assert response.status_code == 201
    assert (made["sha256"], made["size_bytes"], made["version"]) == (digest, len(BYTES), 1)
    assert (made["series_id"], made["organisation_id"]) == (made["id"], organisation(api, "sme"))
    assert (made["shared_with"], made["district_code"]) == ([], "120110")
    content = await api.get("sme", f"{PATH}/{made['id']}/content")
    assert (content.status_code, content.content) == (200, BYTES)
    assert content.headers["etag"] == f'"{digest}"'
    assert content.headers["content-type"] == "application/pdf"
    assert content.headers["x-content-type-options"] == "nosniff"
    assert content.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''%E7%A4%BA%E4%BE%8B%E5%90%88%E5%90%8C.pdf"
    )


async def test_a_caller_who_has_the_bytes_is_not_sent_them_again(api: Api) -> None:
    made = await api.made("sme", PATH, document())
    headers = api.headers("sme") | {"If-None-Match": f'"{made["sha256"]}"'}
    answer = await api.http.get(f"{PATH}/{made['id']}/content", headers=headers)
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "application/xhtml+xml"])
async def test_what_a_browser_would_run_goes_out_as_octets_to_be_saved(api: Api, media_type: str) -> None:
    """An uploaded page must not run in the name of this service."""
    made = await api.made("sme", PATH, document(b"<script>", name="a.html", media_type=media_type))
    assert made["media_type"] == media_type
    answer = await api.get("sme", f"{PATH}/{made['id']}/content")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")


async def test_the_same_bytes_are_kept_once(api: Api, database: SavepointDatabase) -> None:
    made = [await api.made(role, PATH, document()) for role in ("sme", "bank_a")]
    assert made[0]["id"] != made[1]["id"]
    assert database.connection is not None
    kept = await database.connection.scalar(
        text("SELECT count(*) FROM document_contents WHERE sha256 = :sha256"), {"sha256": made[0]["sha256"]}
    )
    assert kept == 1
    hidden = await api.get("sme_b", f"{PATH}/{made[0]['id']}")
    assert told(hidden) == (404, "document.not_found")


async def test_versions_count_on_whichever_of_them_is_named(api: Api) -> None:
    """SE-07: the earlier versions stay as they were; sharing goes on unless it is changed."""
    bank = organisation(api, "bank_a")
    first = await api.made("sme", PATH, document(shared_with=[bank, bank]))
    second = await api.made("sme", PATH, document(b"2", series_id=first["id"]))
    third = await api.made("sme", PATH, document(b"3", series_id=second["id"], shared_with=[]))
    versions = [(one["series_id"], one["version"]) for one in (first, second, third)]
    assert versions == [(first["id"], 1), (first["id"], 2), (first["id"], 3)]
    assert (second["shared_with"], third["shared_with"]) == ([bank], [])
    seen = (await api.get("bank_a", PATH, series_id=first["id"])).json()["items"]
    assert [one["version"] for one in seen] == [1, 2]
    assert (await api.get("sme", f"{PATH}/{first['id']}/content")).content == BYTES


async def test_a_reader_cannot_add_a_version(api: Api) -> None:
    made = await api.made("sme", PATH, document(shared_with=[organisation(api, "bank_a")]))
    assert told(await api.post("bank_a", PATH, document(b"2", series_id=made["id"]))) == (
        403,
        "document.not_yours",
    )
    unseen = await api.post("bank_b", PATH, document(b"2", series_id=made["id"]))
    assert told(unseen) == (404, "document.not_found")
    assert pointers(unseen) == ["/series_id"]


SEEN = {"sme": 200, "bank_a": 200, "bank_b": 404, "sme_b": 404, "ip_office": 200, "auditor": 200}


@pytest.mark.parametrize("role", SEEN)
async def test_readers_are_the_owner_those_shared_with_and_the_district(api: Api, role: str) -> None:
    """SEC-12, RB-01: the list shows what one may open, and nothing else."""
    made = await api.made("sme", PATH, document(shared_with=[organisation(api, "bank_a")]))
    answers = [await api.get(role, f"{PATH}/{made['id']}{part}") for part in ("", "/content")]
    assert [answer.status_code for answer in answers] == [SEEN[role]] * 2
    listed = (await api.get(role, PATH)).json()["items"]
    assert [one["id"] for one in listed] == ([made["id"]] if SEEN[role] == 200 else [])


FAULTS: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "no base64": ({"content_base64": "示例"}, (422, "document.content_invalid")),
    "base64 with a blank": ({"content_base64": "QUJD QUJD"}, (422, "document.content_invalid")),
    "base64 without its padding": ({"content_base64": "QQ"}, (422, "document.content_invalid")),
    "nothing": ({"content_base64": ""}, (422, "document.content_invalid")),
    "a byte too many": (
        {"content_base64": base64.b64encode(b"x" * (MAX_BYTES + 1)).decode()},
        (413, "document.content_too_large"),
    ),
    "a name with folders": ({"name": "../../etc/passwd"}, MALFORMED),
    "a name with a line break": ({"name": "a\r\nb"}, MALFORMED),
    "a media type with a parameter": ({"media_type": "text/plain; charset=utf-8"}, MALFORMED),
    "a recipient that there is not": (
        {"shared_with": ["00000000-0000-0000-0000-000000000001"]},
        (422, "document.recipient_unknown"),
    ),
}


@pytest.mark.parametrize(("changes", "expected"), FAULTS.values(), ids=FAULTS.keys())
async def test_what_cannot_be_kept_is_refused(
    api: Api, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert told(await api.post("sme", PATH, document(**changes))) == expected
    assert (await api.get("sme", PATH, include_total=True)).json()["total"] == 0


async def test_the_largest_document_fits_through_the_request_limit(api: Api) -> None:
    made = await api.made("sme", PATH, document(b"x" * MAX_BYTES))
    assert made["size_bytes"] == MAX_BYTES


async def test_an_auditor_only_reads(api: Api) -> None:
    assert told(await api.post("auditor", PATH, document())) == (403, "auth.denied")
