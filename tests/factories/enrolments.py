"""Programmes under a plan, firms with an organisation and without, and the course of an enrolment over the API."""

from __future__ import annotations

import base64
import itertools
import uuid
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from app.domain.district import NATIONAL
from app.domain.identifiers import new_id
from app.domain.permission import Role, system_actor
from app.infra.security import new_secret, secret_digest
from app.models.document import Document, DocumentContent
from app.models.party import PartySuccession
from app.models.plan import Plan
from app.services import clients, events, organisations
from app.services.sandbox import SampleClient, sample_uscc
from tests.factories.clock import now
from tests.factories.parties import DISTRICT, bare_party

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.infra.db import Database, Unit
    from app.models.organisation import Organisation
    from tests.support.api import Api

DELIVERABLES = ("inventory", "visit", "report")
SERVED = ("2020-01-01", "2020-12-31")
_numbers = itertools.count(700_000)
SMALL = {"industry": "software", "employees": 50, "revenue_wan": 800}


async def _event(session: AsyncSession, noun: str, stream: str, **subject: Any) -> uuid.UUID:
    """An event for rows that a test writes itself."""
    made = events.NewEvent(type=f"{noun}.made", noun=noun, stream=stream, payload={}, **subject)
    await events.record(session, actor=system_actor("test"), moment=now(), events=[made])
    return made.id


async def make_plan(session: AsyncSession, *, district_code: str = DISTRICT) -> Plan:
    """A plan of 2019 to 2022."""
    plan_id = new_id()
    plan = Plan(
        id=plan_id,
        district_code=district_code,
        code=f"T-{plan_id}",
        name_zh="示例方案",
        name_en="Sample plan",
        basis="示例",
        starts_on=date(2019, 1, 1),
        ends_on=date(2022, 12, 31),
        event_id=await _event(session, "plan", district_code, subject_id=plan_id),
        recorded_at=now().now,
        version=1,
    )
    session.add(plan)
    await session.flush()
    return plan


async def make_document(session: AsyncSession, organisation_id: uuid.UUID) -> uuid.UUID:
    """A document of an organisation."""
    document_id, content = new_id(), uuid.uuid4().bytes
    sha256 = (
        await session.execute(text("SELECT encode(sha256(:bytes), 'hex')"), {"bytes": content})
    ).scalar_one()
    event_id = await _event(session, "document", DISTRICT, subject_id=document_id)
    session.add(DocumentContent(sha256=sha256, content=content))
    await session.flush()
    session.add(
        Document(
            id=document_id,
            district_code=DISTRICT,
            organisation_id=organisation_id,
            series_id=document_id,
            name="示例.pdf",
            media_type="application/pdf",
            sha256=sha256,
            size_bytes=len(content),
            shared_with=[],
            version=1,
            event_id=event_id,
            recorded_at=now().now,
        )
    )
    await session.flush()
    return document_id


async def succeed(
    session: AsyncSession, predecessor: Any, successor: Any, on: date | None, kind: str = "rename"
) -> None:
    """Record that one party followed another."""
    event_id = await _event(session, "party", NATIONAL, subject_id=uuid.UUID(str(predecessor)))
    session.add(
        PartySuccession(
            id=new_id(),
            predecessor_id=uuid.UUID(str(predecessor)),
            successor_id=uuid.UUID(str(successor)),
            kind=kind,
            occurred_on=on,
            event_id=event_id,
            recorded_at=now().now,
        )
    )
    await session.flush()


async def join(api: Api, database: Database, key: str, *roles: Role, district_code: str = DISTRICT) -> str:
    """A further organisation in these roles, known to `api` by `key`; its party's id."""
    async with database.write() as unit:
        organisation = await organisations.add(
            unit.session,
            actor=system_actor("test"),
            moment=unit.moment,
            name=f"示例机构{new_id()}",
            uscc=sample_uscc(next(_numbers)),
            roles=roles,
            district_code=district_code,
        )
        await _let_in(api, unit, key, organisation, roles)
    return str(organisation.party_id)


async def join_bare(api: Api, database: Database, key: str, *roles: Role) -> str:
    """As `join`, of a party without a 统一社会信用代码."""
    async with database.write() as unit:
        party = await bare_party(unit.session, f"示例无代码机构{new_id()}")
        organisation = await organisations.enrol(
            unit.session,
            actor=system_actor("test"),
            moment=unit.moment,
            party_id=party.id,
            name=party.name,
            roles=roles,
            district_code=DISTRICT,
        )
        await _let_in(api, unit, key, organisation, roles)
    return str(organisation.party_id)


async def _let_in(api: Api, unit: Unit, key: str, organisation: Organisation, roles: Sequence[Role]) -> None:
    """A client of the organisation."""
    secret = new_secret()
    client = await clients.issue(
        unit.session,
        actor=system_actor("test"),
        moment=unit.moment,
        organisation_id=organisation.id,
        client_id=f"test-{organisation.id}",
        secret_sha256=secret_digest(secret),
        roles=roles,
    )
    api.samples = {**api.samples, key: SampleClient(key, organisation, client, secret)}


async def make_programme(api: Api, database: Database, **changes: Any) -> dict[str, Any]:
    """A programme of the sample district, from the start of a plan of its own or of `plan_id`, not over yet."""
    if "plan_id" not in changes:
        async with database.write() as unit:
            changes["plan_id"] = str((await make_plan(unit.session)).id)
    body = {"name": "示例托管项目", "starts_on": "2019-01-01", "ends_on": "2099-12-31"} | changes
    return await api.made("ip_office", "/v1/programmes", body)


async def make_provider(
    api: Api, programme: dict[str, Any], role: str = "trustee", *, quota: int = 10
) -> dict[str, Any]:
    """A trusteeship organisation selected for a programme."""
    applied = await api.made(role, f"/v1/programmes/{programme['id']}/providers", {})
    body = {"quota": quota, "contract_no": "示例采购-1"}
    return await api.made("ip_office", f"/v1/providers/{applied['id']}/selection", body)


async def enrol(api: Api, programme: dict[str, Any], firm: str = "sme", **changes: Any) -> dict[str, Any]:
    """A firm that enrolled itself."""
    body = {"programme_id": programme["id"], "data_consent": True, **SMALL} | changes
    return await api.made(firm, "/v1/enrolments", body)


async def match(
    api: Api, programme: dict[str, Any], provider: dict[str, Any], firm: str = "sme"
) -> dict[str, Any]:
    """A firm enrolled, checked and matched."""
    made = await enrol(api, programme, firm)
    checked = await step(api, "operator", made, "check", {})
    assert checked["status"] == "checked", checked
    return await step(api, "operator", made, "match", {"provider_id": provider["id"]})


async def step(api: Api, role: str, enrolment: dict[str, Any], what: str, body: Any) -> dict[str, Any]:
    """A step that must succeed."""
    return await api.made(role, f"/v1/enrolments/{enrolment['id']}/{what}", body)


async def signed_paper(api: Api, role: str = "trustee") -> str:
    """The id of a document that this organisation keeps: an agreement signed by both."""
    content = base64.b64encode(uuid.uuid4().bytes).decode()
    body = {"name": "示例协议.pdf", "media_type": "application/pdf", "content_base64": content}
    made = await api.made(role, "/v1/documents", body)
    return str(made["id"])


async def agree(
    api: Api,
    enrolment: dict[str, Any],
    role: str = "trustee",
    *,
    term: tuple[str, str] = SERVED,
    number: str = "示例协议-1",
) -> dict[str, Any]:
    """The agreement of a matched firm, entered with the signed paper, as a term in the past must be."""
    agreed = {"agreement_no": number, "active_from": term[0], "active_to": term[1]}
    paper = await signed_paper(api, role)
    return await step(api, role, enrolment, "agreement", agreed | {"document_id": paper})


async def serve(
    api: Api,
    enrolment: dict[str, Any],
    role: str = "trustee",
    firm: str = "sme",
    *,
    term: tuple[str, str] = SERVED,
    kinds: tuple[str, ...] = DELIVERABLES,
) -> dict[str, Any]:
    """The service of a matched firm from the agreement over its accepted deliverables to its end."""
    await agree(api, enrolment, role, term=term)
    for kind in kinds:
        done = {"kind": kind, "summary": "示例服务", "occurred_on": term[0]}
        record = await step(api, role, enrolment, "service-records", done)
        await api.made(firm, f"/v1/service-records/{record['id']}/acceptance", {"accepted_on": term[1]})
    return await step(api, role, enrolment, "end", {"ended_on": term[1]})


async def evaluate(api: Api, enrolment: dict[str, Any], on: str, score: int = 80) -> dict[str, Any]:
    """An evaluation by the district's IP office."""
    return await step(api, "ip_office", enrolment, "evaluation", {"score": score, "evaluated_on": on})


COVERED = """
SELECT f.occurred_on::text, f.value::int FROM facts f JOIN outbox o ON o.event_id = f.event_id
WHERE f.measure = 'trusteeship_covered_count' AND f.dimensions ->> 'plan_id' = :plan_id ORDER BY o.serial, f.id
"""
STOCK = """
SELECT f.occurred_on::text, f.value::int, f.dimensions ->> 'change', f.dimensions ->> 'cause'
FROM facts f JOIN outbox o ON o.event_id = f.event_id
WHERE f.measure = 'trusteeship_active_count' AND f.dimensions ->> 'plan_id' = :plan_id ORDER BY o.serial, f.id
"""


async def counted(database: Database, statement: str, plan_id: str) -> list[tuple[Any, ...]]:
    """The facts of a plan in the order in which they were recorded."""
    async with database.write() as unit:
        rows = await unit.session.execute(text(statement), {"plan_id": plan_id})
        return [tuple(row) for row in rows]
