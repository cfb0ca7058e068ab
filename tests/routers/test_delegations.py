"""`/v1/delegations` and `On-Behalf-Of`: intermediaries act for a bank, within a scope and a time."""

from __future__ import annotations

import base64
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.domain.clock import Moment
from app.domain.errors import DomainError
from app.domain.identifiers import new_id
from app.domain.permission import Permission, Role
from app.models.audit import Audit
from app.models.delegation import Delegation
from app.services import delegations, organisations
from app.services.sandbox.organisations import sample_uscc
from tests.factories.clock import now
from tests.factories.finance import organisation_id, owned, party_id
from tests.factories.pledges import filing
from tests.routers.test_events import seal
from tests.support.api import Api, codes, objections
from tests.support.database import SavepointDatabase
from tests.support.samples import actor_of

PATH = "/v1/delegations"


def day(days: int) -> str:
    return str(now().today + timedelta(days=days))


async def attorney(api: Api, role: str = "bank_a") -> str:
    """A power of attorney of that organisation."""
    content = base64.b64encode(f"示例授权委托书 {uuid.uuid4()}".encode()).decode()
    body = {"name": "授权委托书.txt", "media_type": "text/plain", "content_base64": content}
    made = await api.made(role, "/v1/documents", body)
    return str(made["id"])


async def delegation(api: Api, **changes: Any) -> dict[str, Any]:
    """What lets the agency file for bank A."""
    return {
        "agent_id": organisation_id(api, "agency"),
        "permissions": ["pledge:file", "pledge:read"],
        "valid_from": day(0),
        "valid_to": day(30),
        "document_id": await attorney(api),
    } | changes


async def granted(api: Api, **changes: Any) -> dict[str, Any]:
    return await api.made("bank_a", PATH, await delegation(api, **changes))


async def by(api: Api, made: dict[str, Any], path: str, body: Any, role: str = "agency") -> httpx.Response:
    """POST as an agent, by that delegation."""
    return await api.post(role, path, body, headers={"On-Behalf-Of": made["id"]})


async def test_an_agent_files_for_the_bank_until_the_bank_takes_it_back(
    api: Api, database: SavepointDatabase
) -> None:
    """PLG-16, SEC-11: the pledge is the bank's, and the first call after the revocation is refused."""
    first, second = await owned(api, database), await owned(api, database)
    assert (await api.post("agency", "/v1/pledges", filing(party_id(api, "sme"), [first]))).status_code == 403
    made = await granted(api)
    assert (made["status"], made["principal_id"]) == ("granted", organisation_id(api, "bank_a"))
    response = await by(api, made, "/v1/pledges", filing(party_id(api, "sme"), [first]))
    assert response.status_code == 201, response.text
    pledge = response.json()
    assert pledge["pledgee_id"] == party_id(api, "bank_a")
    shown = await api.http.get(
        f"/v1/pledges/{pledge['id']}", headers=api.headers("agency") | {"On-Behalf-Of": made["id"]}
    )
    assert shown.status_code == 200
    assert (await api.get("agency", f"/v1/pledges/{pledge['id']}")).status_code == 404
    assert (await api.get("bank_a", f"/v1/pledges/{pledge['id']}")).status_code == 200

    await api.made("bank_a", f"{PATH}/{made['id']}/revocation", {"reason": "示例：终止合作"})
    refused = await by(api, made, "/v1/pledges", filing(party_id(api, "sme"), [second]))
    assert (refused.status_code, codes(refused)) == (403, ["delegation.revoked"])
    assert (await api.get("agency", f"{PATH}/{made['id']}")).json()["reason"] == "示例：终止合作"
    kinds = [one["kind"] for one in (await api.get("agency", "/v1/notices")).json()["items"]]
    assert {"delegation_granted", "delegation_revoked"} <= set(kinds)


async def test_both_sides_see_in_the_log_who_acted_for_whom(api: Api, database: SavepointDatabase) -> None:
    """RB-05, SEC-11: the agent's client stands in the audit beside the principal, and so does every refusal."""
    made = await granted(api)
    asset = await owned(api, database)
    response = await by(api, made, "/v1/pledges", filing(party_id(api, "sme"), [asset]))
    assert response.status_code == 201, response.text
    refused = await by(api, made, "/v1/pledges", filing(party_id(api, "sme"), [asset]))
    assert refused.status_code == 409
    async with database.read() as unit:
        client = api.samples["agency"].client.id
        rows = (
            await unit.session.scalars(select(Audit).where(Audit.client_id == client).order_by(Audit.id))
        ).all()
    told = [(row.action, row.outcome, str(row.organisation_id)) for row in rows]
    assert told == [
        ("delegation.used", "done", organisation_id(api, "agency")),
        ("pledge.filed", "done", organisation_id(api, "bank_a")),
        ("POST /v1/pledges", "refused", organisation_id(api, "bank_a")),
    ]
    assert rows[0].request_id == rows[1].request_id
    assert rows[2].detail == {"delegation_id": made["id"]}


@pytest.mark.parametrize("days", [-1, 31])
async def test_authority_has_its_days(api: Api, database: SavepointDatabase, days: int) -> None:
    """PLG-16: neither before its first day nor after its last, whether or not the daily job has run."""
    made = await granted(api, valid_from=day(0), valid_to=day(30))
    agent = api.actor("agency")

    async def act(at: Moment) -> None:
        async with database.write() as unit:
            await delegations.act(
                unit.session,
                actor=agent,
                moment=at,
                delegation_id=uuid.UUID(made["id"]),
                permission=Permission.pledge_file,
                writing=True,
            )

    moment = now()
    await act(moment)
    await act(replace(moment, today=moment.today + timedelta(days=30)))
    with pytest.raises(DomainError) as caught:
        await act(replace(moment, today=moment.today + timedelta(days=days)))
    assert caught.value.code.code == "delegation.not_in_force"


async def test_expires_with_its_last_day_once(api: Api, database: SavepointDatabase) -> None:
    made = await granted(api, valid_to=day(3))
    moment, system = now(), actor_of(api.samples, "operator")
    ended = []
    for days in (3, 4, 5):
        async with database.write() as unit:
            at = replace(moment, today=moment.today + timedelta(days=days))
            ended.append(await delegations.expire_due(unit.session, actor=system, moment=at))
    assert ended == [0, 1, 0]
    shown = (await api.get("bank_a", f"{PATH}/{made['id']}")).json()
    assert (shown["status"], shown["ended_on"]) == ("expired", day(3))
    refused = await by(api, made, "/v1/pledges", filing(party_id(api, "sme"), []))
    assert codes(refused) == ["delegation.not_in_force"]


async def test_carries_what_it_names_and_no_more(api: Api, database: SavepointDatabase) -> None:
    """PLG-16: not another permission of the bank, not another agent's, never passed on, never a stranger's."""
    made = await granted(api)
    wide = await delegation(api, agent_id=organisation_id(api, "bank_b"), document_id=made["document_id"])
    assert codes(await by(api, made, PATH, wide)) == ["delegation.out_of_scope"]
    empty: dict[str, list[str]] = {"registrations": []}
    path = f"/v1/pledges/{uuid.uuid4()}/registrations"
    assert codes(await by(api, made, path, empty)) == ["delegation.out_of_scope"]
    body = filing(party_id(api, "sme"), [await owned(api, database)])
    for role in ("bank_b", "sme", "bank_a"):
        assert codes(await by(api, made, "/v1/pledges", body, role=role)) == ["delegation.unknown"]
    for wrong in ("x", "", str(uuid.uuid4()), organisation_id(api, "bank_a")):
        refused = await by(api, {"id": wrong}, "/v1/pledges", body)
        assert (refused.status_code, objections(refused)) == (
            403,
            [("delegation.unknown", "header:On-Behalf-Of")],
        )


async def test_says_everything_that_speaks_against_it(api: Api) -> None:
    """RB-02, RB-05: only one's own, nothing that must stay in the house, and with a power of attorney."""
    body = await delegation(
        api,
        agent_id=organisation_id(api, "bank_a"),
        permissions=["pledge:file", "claim:release", "delegation:write", "asset:status", "asset:write"],
        valid_from=day(5),
        valid_to=day(4),
    )
    assert objections(await api.post("bank_a", PATH, body)) == [
        ("delegation.to_itself", "/agent_id"),
        ("delegation.term_invalid", "/valid_to"),
        ("delegation.not_delegable", "/permissions/1"),
        ("delegation.not_delegable", "/permissions/2"),
        ("delegation.not_delegable", "/permissions/3"),
        ("delegation.not_held", "/permissions/4"),
    ]
    foreign = await delegation(api, document_id=await attorney(api, "bank_b"))
    assert objections(await api.post("bank_a", PATH, foreign)) == [("document.not_found", "/document_id")]
    past = await delegation(api, valid_from=day(-9), valid_to=day(-1))
    assert codes(await api.post("bank_a", PATH, past)) == ["delegation.term_passed"]
    assert (await api.post("agency", PATH, await delegation(api))).status_code == 403
    no_paper = {name: value for name, value in (await delegation(api)).items() if name != "document_id"}
    assert codes(await api.post("bank_a", PATH, no_paper)) == ["request.malformed"]


async def test_a_key_used_for_oneself_is_not_answered_for_another(
    api: Api, database: SavepointDatabase
) -> None:
    """API-04: the same key and body with another principal is another request."""
    made, asset = await granted(api), await owned(api, database)
    body, key = filing(party_id(api, "sme"), [asset]), str(uuid.uuid4())
    first = await api.post("agency", "/v1/pledges", body, key=key, headers={"On-Behalf-Of": made["id"]})
    again = await api.post("agency", "/v1/pledges", body, key=key, headers={"On-Behalf-Of": made["id"]})
    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    other = await granted(api)
    crossed = await api.post("agency", "/v1/pledges", body, key=key, headers={"On-Behalf-Of": other["id"]})
    assert codes(crossed) == ["idempotency.key_reused"]

    papers, content = await granted(api, permissions=["document:write"]), base64.b64encode(b"x").decode()
    paper = {"name": "示例.txt", "media_type": "text/plain", "content_base64": content}
    for first_as, then_as in (({}, {"On-Behalf-Of": papers["id"]}), ({"On-Behalf-Of": papers["id"]}, {})):
        key = str(uuid.uuid4())
        done = await api.post("agency", "/v1/documents", paper, key=key, headers=first_as)
        assert done.status_code == 201, done.text
        crossed = await api.post("agency", "/v1/documents", paper, key=key, headers=then_as)
        assert codes(crossed) == ["idempotency.key_reused"]


async def test_is_seen_by_both_sides_and_the_offices(api: Api) -> None:
    made = await granted(api)
    seen = {"bank_a": 200, "agency": 200, "operator": 200, "bank_b": 404, "sme": 404}
    for role, status in seen.items():
        assert (await api.get(role, f"{PATH}/{made['id']}")).status_code == status, role
        listed = (await api.get(role, PATH)).json()["items"]
        assert [one["id"] for one in listed] == ([made["id"]] if status == 200 else []), role
    refused = await api.post("agency", f"{PATH}/{made['id']}/revocation", {"reason": "示例"})
    assert refused.status_code == 403


async def entered(
    database: SavepointDatabase, like: dict[str, Any], *, principal: str, agent: str, permissions: list[str]
) -> uuid.UUID:
    """A delegation as it would stand had it been given before its sides became what they are now."""
    async with database.write() as unit:
        given = await unit.session.get_one(Delegation, uuid.UUID(like["id"]))
        values = {column.key: getattr(given, column.key) for column in Delegation.__table__.columns}
        values |= {"id": new_id(), "number": f"{given.number}-{agent[-6:]}", "permissions": permissions}
        values |= {"principal_id": uuid.UUID(principal), "agent_id": uuid.UUID(agent)}
        other = Delegation(**values)
        unit.session.add(other)
        return other.id


@pytest.mark.parametrize("office", ["operator", "pool_manager", "treasury", "sme"])
async def test_neither_an_office_nor_a_borrower_acts_for_a_bank(
    api: Api, database: SavepointDatabase, office: str
) -> None:
    """RB-02, RB-03: it would approve, or ask for, as itself what it does in the bank's name."""
    refused = await api.post("bank_a", PATH, await delegation(api, agent_id=organisation_id(api, office)))
    assert (refused.status_code, objections(refused)) == (403, [("delegation.not_intermediary", "/agent_id")])
    given = await entered(
        database,
        await granted(api),
        principal=organisation_id(api, "bank_a"),
        agent=organisation_id(api, office),
        permissions=["pledge:file"],
    )
    body = filing(party_id(api, "sme"), [await owned(api, database)])
    called = await by(api, {"id": str(given)}, "/v1/pledges", body, role=office)
    assert objections(called) == [("delegation.not_intermediary", "header:On-Behalf-Of")]


async def test_a_principals_office_is_not_passed_on(api: Api, database: SavepointDatabase) -> None:
    """RB-01: the agent of a bank that is an office too sees the bank's cases, not the office's district."""
    system, moment = actor_of(api.samples, "operator"), now()
    async with database.write() as unit:
        both = await organisations.add(
            unit.session,
            actor=system,
            moment=moment,
            name="示例政策性银行",
            uscc=sample_uscc(901),
            roles=[Role.bank, Role.finance_office],
            district_code="120110",
        )
    given = await entered(
        database,
        await granted(api),
        principal=str(both.id),
        agent=organisation_id(api, "agency"),
        permissions=["pledge:read", "ledger:read"],
    )
    theirs = await api.made(
        "bank_a", "/v1/pledges", filing(party_id(api, "sme"), [await owned(api, database)])
    )
    headers = api.headers("agency") | {"On-Behalf-Of": str(given)}
    assert (await api.http.get(f"/v1/pledges/{theirs['id']}", headers=headers)).status_code == 404
    async with database.read() as unit:
        with pytest.raises(DomainError) as caught:
            await delegations.act(
                unit.session,
                actor=api.actor("agency"),
                moment=moment,
                delegation_id=given,
                permission=Permission.ledger_read,
                writing=False,
            )
    assert caught.value.code.code == "auth.denied"


async def test_a_narrowed_token_stays_narrow(api: Api, database: SavepointDatabase) -> None:
    """SEC-11: a token asked for with less scope carries that little by a delegation too."""
    made, body = await granted(api), filing(party_id(api, "sme"), [await owned(api, database)])

    async def status(path: str, *scope: Permission) -> tuple[int, int]:
        token = {"Authorization": f"Bearer {api.token('agency', list(scope))}", "On-Behalf-Of": made["id"]}
        shown = await api.http.get(path, headers=api.headers("agency") | token)
        return shown.status_code, (await api.post("agency", path, body, headers=token)).status_code

    assert await status("/v1/pledges", Permission.asset_read) == (403, 403)
    assert await status("/v1/pledges", Permission.pledge_read) == (200, 403)
    assert await status("/v1/pledges", *api.actor("agency").permissions) == (200, 201)


async def test_what_an_agent_reads_is_in_the_log_of_both(api: Api, database: SavepointDatabase) -> None:
    """RB-05, SEC-11: a read by a delegation is told with its path; a refused one shows nothing."""
    made = await granted(api)
    pledge = await api.made(
        "bank_a", "/v1/pledges", filing(party_id(api, "sme"), [await owned(api, database)])
    )
    path = f"/v1/pledges/{pledge['id']}"
    headers = api.headers("agency") | {"On-Behalf-Of": made["id"]}
    assert (await api.http.get(path, headers=headers)).status_code == 200
    assert (await api.http.get("/v1/claims", headers=headers)).status_code == 403
    await seal(database)
    for role in ("bank_a", "agency"):
        events = (await api.get(role, "/v1/events", type="delegation.used", limit=100)).json()["items"]
        told = [one["payload"]["request"] for one in events]
        assert told == [f"GET {path}"], role
