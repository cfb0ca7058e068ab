"""`/v1/certificates` and `/verify`: issued, kept, superseded by late news, revoked, verified by anybody."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from app.infra.certificates import CertificatePress
from app.infra.security import new_secret
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.finance import organisation_id, owned, party_id
from tests.factories.pledges import filing
from tests.factories.scoreboards import seal
from tests.support.api import Api, codes, objections
from tests.support.database import SavepointDatabase
from tests.support.edges import told

PATH = "/v1/certificates"
RARE = "示例䶮㛃𬭎装置"
SECRETS = ("500000", "示例合同-1", "流动资金借款")
"""Terms of `filing`; the lender's name and ids come on top."""


def raw(text_: str) -> bytes:
    return base64.urlsafe_b64decode(text_ + "=" * (-len(text_) % 4))


async def anybody(api: Api, path: str) -> httpx.Response:
    """A request without a token."""
    return await api.http.get(path)


async def proven(api: Api, answer: dict[str, Any]) -> dict[str, Any]:
    """What a certificate says, its signature having been checked as a stranger would."""
    keys = {key["kid"]: key for key in (await anybody(api, f"{PATH}/keys")).json()["keys"]}
    key = keys[answer["key_id"]]
    members = json.dumps({name: key[name] for name in ("crv", "kty", "x")}, separators=(",", ":"))
    assert raw(key["kid"]) == hashlib.sha256(members.encode()).digest()
    body = answer["body"].encode()
    Ed25519PublicKey.from_public_bytes(raw(key["x"])).verify(raw(answer["signature"]), body)
    assert hashlib.sha256(body).hexdigest() == answer["body_sha256"]
    said: dict[str, Any] = json.loads(body)
    canonical = json.dumps(said["state"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(canonical.encode()).hexdigest() == said["state_sha256"]
    return said


async def verdict(api: Api, certificate: dict[str, Any]) -> dict[str, Any]:
    response = await anybody(api, f"{PATH}/verification/{certificate['code']}")
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def pledged(api: Api, asset_id: str) -> dict[str, Any]:
    return await api.made("bank_a", "/v1/pledges", filing(party_id(api, "sme"), [asset_id]))


async def test_late_news_changes_the_next_certificate_and_supersedes_the_first(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-25: two certificates of the same day differ after a filing, both verify, and each says so."""
    asset = await owned(api, database)
    response = await api.post("bank_b", PATH, {"asset_id": asset})
    first = response.json()
    assert response.status_code == 201, response.text
    assert re.fullmatch(r"CE-120110-\d{4}-\d{6}", first["number"])
    assert first["organisation_id"] == organisation_id(api, "bank_b")
    before = await proven(api, first)
    assert before["state"]["encumbrances"] == []
    assert (await verdict(api, first))["verdict"] == "valid"

    pledge = await pledged(api, asset)
    second = await api.made("bank_b", PATH, {"asset_id": asset})
    after = await proven(api, second)
    [lien] = after["state"]["encumbrances"]
    assert (lien["kind"], lien["rank"], lien["since"]) == ("lien", 1, str(now().today))
    assert before["on"] == after["on"]
    assert before["known_at"] < after["known_at"]
    assert (first["state_sha256"], first["code"]) != (second["state_sha256"], second["code"])

    stale, fresh = await verdict(api, first), await verdict(api, second)
    assert (stale["verdict"], fresh["verdict"]) == ("superseded", "valid")
    since = datetime.fromisoformat(stale["superseded_since"])
    assert datetime.fromisoformat(first["known_at"]) < since < datetime.fromisoformat(second["known_at"])
    assert fresh["superseded_since"] is None
    assert stale["body"] == first["body"]
    await proven(api, stale)

    as_then = await api.made("bank_b", PATH, {"asset_id": asset, "known_at": first["known_at"]})
    assert as_then["state_sha256"] == first["state_sha256"]
    assert (await verdict(api, as_then))["verdict"] == "superseded"
    assert pledge["id"] not in second["body"]


async def test_a_certificate_is_the_same_bytes_whenever_it_is_fetched(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-25: the page and the file are kept, not made anew; names of rare characters are on the page."""
    async with database.write() as unit:
        owner = api.samples["sme"].organisation.party_id
        asset = await make_asset(unit.session, owners=[owner], name=RARE)
    made = await api.made("sme", PATH, {"asset_id": str(asset.id)})
    path = f"{PATH}/{made['id']}"
    first, shown = await api.get("sme", f"{path}/file"), await api.get("sme", f"{path}/file", format="json")
    assert first.headers["content-type"] == "application/pdf"
    assert (
        first.headers["etag"] == f'"{made["pdf_sha256"]}"' == f'"{hashlib.sha256(first.content).hexdigest()}"'
    )
    assert made["number"] in first.headers["content-disposition"]
    assert first.content.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>2</pdfaid:part>" in first.content
    for words in (made["number"], RARE, "权利状态证明"):
        assert words.encode() in first.content  # the title and description of the document
    file = shown.json()
    assert set(file) == {"algorithm", "body", "key_id", "signature"}
    assert (await proven(api, file | {"body_sha256": made["body_sha256"]}))["right"]["name"] == RARE

    await pledged(api, str(asset.id))
    revoked = await api.made("operator", f"{path}/revocation", {"reason": "示例撤销"})
    assert (revoked["status"], revoked["version"]) == ("revoked", 2)
    assert (await api.get("sme", f"{path}/file")).content == first.content
    assert (await api.get("sme", f"{path}/file", format="json")).content == shown.content
    headers = api.headers("sme") | {"If-None-Match": first.headers["etag"]}
    again = await api.http.get(f"{path}/file", headers=headers)
    assert (again.status_code, again.content) == (304, b"")


async def test_anybody_verifies_and_nobody_learns_the_lender(api: Api, database: SavepointDatabase) -> None:
    """UNI-25: a lien shows date, kind and rank; never who holds it, for how much or on which terms."""
    asset = await owned(api, database)
    pledge = await pledged(api, asset)
    made = await api.made("agency", PATH, {"asset_id": asset})
    answers = [
        await anybody(api, f"{PATH}/verification/{made['code']}"),
        await anybody(api, f"/verify/{made['code']}"),
        await anybody(api, f"/verify/{made['code'].lower()}"),
        await api.get("agency", f"{PATH}/{made['id']}"),
        await api.get("agency", f"{PATH}/{made['id']}/file", format="json"),
    ]
    lender = (await api.get("agency", f"/v1/parties/{party_id(api, 'bank_a')}")).json()["name"]
    for answer in answers:
        assert answer.status_code == 200
        assert "lien" in answer.text or "质押" in answer.text
        hidden = (lender, party_id(api, "bank_a"), organisation_id(api, "bank_a"), pledge["id"], *SECRETS)
        assert [word for word in hidden if word in answer.text] == []


async def test_the_page_escapes_what_it_shows_and_runs_nothing(api: Api, database: SavepointDatabase) -> None:
    async with database.write() as unit:
        owner = api.samples["sme"].organisation.party_id
        asset = await make_asset(unit.session, owners=[owner], name='<script>alert("示例")</script>$code')
    made = await api.made("sme", PATH, {"asset_id": str(asset.id)})
    page = await anybody(api, f"/verify/{made['code']}")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script" not in page.text
    assert "&lt;script&gt;alert(&quot;示例&quot;)&lt;/script&gt;$code" in page.text
    assert page.text.index("有效") < page.text.index("Valid")
    policy = page.headers["content-security-policy"]
    [style] = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "http" not in page.text.split("</style>")[1].replace("https://ipops.example", "")


@pytest.mark.parametrize("code", ["A" * 26, "x", "A" * 27, "%00", "..%2F..", "A" * 25 + "!"])
async def test_a_code_that_was_never_given_out_is_nothing(api: Api, code: str) -> None:
    assert told(await anybody(api, f"{PATH}/verification/{code}"))[0] == 404
    page = await anybody(api, f"/verify/{code}")
    assert page.status_code == 404
    if "/" not in page.request.url.path.removeprefix("/verify/"):
        assert "未找到该证明" in page.text


async def test_codes_are_random(api: Api, database: SavepointDatabase) -> None:
    """128 random bits, none of them shared with the number or the id."""
    asset = await owned(api, database)
    made = [await api.made("sme", PATH, {"asset_id": asset}) for _ in range(3)]
    assert len({one["code"] for one in made}) == 3
    assert all(re.fullmatch(r"[A-Z2-7]{26}", one["code"]) for one in made)
    assert all(one["verify_url"] == f"https://ipops.example/verify/{one['code']}" for one in made)


async def test_a_revoked_certificate_says_so_for_good(api: Api, database: SavepointDatabase) -> None:
    """UNI-25: by the platform or the IP office, once, with a reason; not even the application's role undoes it."""
    asset = await owned(api, database)
    made = await api.made("bank_a", PATH, {"asset_id": asset})
    path = f"{PATH}/{made['id']}/revocation"
    assert (await api.post("bank_a", path, {"reason": "示例"})).status_code == 403
    revoked = await api.made("ip_office", path, {"reason": "示例：登记有误"})
    assert (revoked["revoked_on"], revoked["reason"]) == (str(now().today), "示例：登记有误")
    answer = await verdict(api, made)
    assert (answer["verdict"], answer["revoked_on"]) == ("revoked", str(now().today))
    assert "已撤销" in (await anybody(api, f"/verify/{made['code']}")).text
    assert codes(await api.post("operator", path, {"reason": "示例"})) == ["state.illegal_transition"]
    with pytest.raises(DBAPIError, match="revoked for good"):
        async with database.write() as unit:
            await unit.session.execute(
                text("UPDATE certificates SET status = 'issued', revoked_on = NULL, reason = NULL")
            )


async def test_a_changed_text_is_found_out(api: Api, database: SavepointDatabase) -> None:
    """By whoever holds the file, and by the service itself should its own row have been changed."""
    asset = await owned(api, database)
    made = await api.made("bank_a", PATH, {"asset_id": asset})
    forged = made["body"].replace('"in_force":true', '"in_force":false')
    with pytest.raises(InvalidSignature):
        await proven(api, made | {"body": forged})
    assert database.connection is not None
    await database.connection.execute(text("SET LOCAL ROLE NONE"))
    await database.connection.execute(
        text(
            "UPDATE certificates SET body = :body, body_sha256 = encode(sha256(convert_to(:body, 'UTF8')), 'hex')"
            " WHERE code = :code"
        ),
        {"body": forged, "code": made["code"]},
    )
    assert (await verdict(api, made))["verdict"] == "altered"


async def test_a_certificate_outlives_the_key_that_signed_it(api: Api, database: SavepointDatabase) -> None:
    """The key set keeps every key, the present one first; the key of tokens is another one."""
    asset = await owned(api, database)
    old = await api.made("bank_a", PATH, {"asset_id": asset})
    seed = new_secret()
    api.app.state.press = CertificatePress(seed, public_url="https://ipops.example", sample=True)
    new = await api.made("bank_a", PATH, {"asset_id": asset})
    listed = [key["kid"] for key in (await anybody(api, f"{PATH}/keys")).json()["keys"]]
    assert old["key_id"] != new["key_id"]
    assert listed == [new["key_id"], old["key_id"]]
    for one in (old, new):
        await proven(api, one)
        assert (await verdict(api, one))["verdict"] == "valid"


async def test_refuses_what_nobody_can_know(api: Api, database: SavepointDatabase) -> None:
    asset, moment = await owned(api, database), now()
    wrong = {
        "asset_id": asset,
        "on": str(moment.today + timedelta(days=1)),
        "known_at": (moment.now + timedelta(days=1)).isoformat(),
    }
    refused = await api.post("sme", PATH, wrong)
    assert objections(refused) == [
        ("request.date_in_future", "/on"),
        ("certificate.known_in_future", "/known_at"),
    ]
    early = {"asset_id": asset, "known_at": "2020-01-01T00:00:00+08:00"}
    assert objections(await api.post("sme", PATH, early)) == [
        ("certificate.right_not_yet_known", "/known_at")
    ]
    unknown = {"asset_id": party_id(api, "sme")}
    assert objections(await api.post("sme", PATH, unknown)) == [("asset.not_found", "/asset_id")]


@pytest.mark.parametrize("known_at", [1_700_000_000, "1700000000", "2026-01-01", "2026-01-01T00:00:00"])
async def test_a_moment_is_written_with_its_offset(
    api: Api, database: SavepointDatabase, known_at: Any
) -> None:
    asset = await owned(api, database)
    refused = await api.post("sme", PATH, {"asset_id": asset, "known_at": known_at})
    assert objections(refused) == [("request.malformed", "/known_at")]


async def test_a_day_before_the_grant_has_no_status_and_no_owner(
    api: Api, database: SavepointDatabase
) -> None:
    asset = await owned(api, database)
    made = await api.made("sme", PATH, {"asset_id": asset, "on": "1999-01-01"})
    state = (await proven(api, made))["state"]
    assert (state["in_force"], state["owners"]) == (False, [])
    assert "无记载" not in (await anybody(api, f"/verify/{made['code']}")).text.split("权利人")[0]


async def test_names_the_end_of_the_registers_chain(api: Api, database: SavepointDatabase) -> None:
    """Whoever keeps the chain can say of every entry whether it was there when the certificate was made."""
    asset = await owned(api, database)
    assert (await proven(api, await api.made("sme", PATH, {"asset_id": asset})))["seal"] is None
    await seal(database)
    told_ = (await proven(api, await api.made("sme", PATH, {"asset_id": asset})))["seal"]
    assert database.connection is not None
    [[seq, hash_]] = await database.connection.execute(
        text("SELECT seq, hash FROM seals WHERE stream = 'national' ORDER BY seq DESC LIMIT 1")
    )
    assert told_ == {"stream": "national", "seq": seq, "hash": hash_.hex()}


async def test_is_seen_by_its_issuer_and_the_regulators(api: Api, database: SavepointDatabase) -> None:
    asset = await owned(api, database)
    made = await api.made("bank_a", PATH, {"asset_id": asset})
    for role, status in {"bank_a": 200, "operator": 200, "auditor": 200, "bank_b": 404, "sme": 404}.items():
        for path in (f"{PATH}/{made['id']}", f"{PATH}/{made['id']}/file"):
            assert (await api.get(role, path)).status_code == status, role
        listed = (await api.get(role, PATH, asset_id=asset)).json()["items"]
        assert [one["id"] for one in listed] == ([made["id"]] if status == 200 else [])
    assert (await api.get("bank_a", PATH, status="revoked")).json()["items"] == []
    assert (await api.post("auditor", PATH, {"asset_id": asset})).status_code == 403


async def test_the_log_does_not_keep_the_code(api: Api, database: SavepointDatabase) -> None:
    """Whoever reads the log learns neither codes nor what somebody took for one."""
    made = await api.made("sme", PATH, {"asset_id": await owned(api, database)})
    with capture_logs() as lines:
        for path in ("/verify/", f"{PATH}/verification/"):
            for code in (made["code"], made["code"].lower(), f"{made['code']}/", f"%20{made['code']}"):
                await anybody(api, f"{path}{code}")
        await anybody(api, f"{PATH}/keys")
    paths = [line["path"] for line in lines if line["event"] == "request.done"]
    assert paths == ["/verify/***"] * 4 + [f"{PATH}/verification/***"] * 4 + [f"{PATH}/keys"]
    assert made["code"].lower() not in str(lines).lower()


async def test_a_dry_run_leaves_no_certificate(api: Api, database: SavepointDatabase) -> None:
    asset = await owned(api, database)
    shown = await api.post("sme", f"{PATH}?dry_run=true", {"asset_id": asset})
    assert (shown.status_code, shown.json()["signature"]) == (200, "")
    assert told(await anybody(api, f"{PATH}/verification/{shown.json()['code']}"))[0] == 404
