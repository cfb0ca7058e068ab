"""Entering firms: by themselves or by a provider, and their check (TG-04, TRU-06)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain import enrolment as rules, party as party_rules
from app.domain.enrolment import ENROLMENT, EnrolmentEvent, EnrolmentStatus
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import business_number, new_id
from app.domain.notice import NoticeKind
from app.domain.party import PartyKind
from app.domain.provider import ProviderStatus
from app.domain.size_class import MANUAL, Industry, SizeClass, size_of
from app.models.enrolment import Enrolment
from app.queries import (
    enrolments as queries,
    parties as party_queries,
    party_successions,
    programmes as programme_queries,
    providers as provider_queries,
    statistics as statistic_queries,
)
from app.queries.driver import driver
from app.services import events, notices, programmes
from app.services.enrolments import parts

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.programme import Programme


@dataclass(frozen=True, slots=True)
class NewEnrolment:
    """A firm to be enrolled; revenue and assets in 万元, as of its latest annual report (TG-10)."""

    party_id: uuid.UUID
    industry: Industry
    employees: int | None = None
    revenue_wan: int | None = None
    assets_wan: int | None = None


_INSERT = """
INSERT INTO enrolments (id, district_code, number, programme_id, party_id, organisation_id, industry,
  employees, revenue_wan, assets_wan, size_class, size_rule, confirmed_on, data_consent_on, findings, status,
  applied_on, event_id, recorded_at, version)
SELECT id, $2, number, $3, party_id, $4, industry, employees, revenue_wan, assets_wan, size_class, size_rule,
  $5, $5, '[]', 'applied', $6, event_id, $7, 1
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, number text, party_id uuid, industry text, employees bigint,
  revenue_wan bigint, assets_wan bigint, size_class text, size_rule text, event_id uuid)
ORDER BY party_id
"""
"""In the order of the firms, so that two batches with the same firms wait for each other and no more."""


async def enrol(
    session: AsyncSession, *, actor: Actor, moment: Moment, programme_id: uuid.UUID, new: NewEnrolment
) -> Enrolment:
    """Enrol the caller's own firm, which thereby confirms and consents to the use of its data.

    Raises: `programme.not_found`, `.closed`, `.over`, `enrolment.party_foreign`, `.not_a_firm`,
    `.already_enrolled`.
    """
    programme = await programme_queries.hold(session, programme_id, pointer="/programme_id")
    programmes.require_open(programme, moment.today)
    if new.party_id != actor.party_id:
        raise rules.PARTY_FOREIGN.error("/party_id")
    await _require_free(session, actor, programme, [new], lambda _: "/party_id")
    [enrolment] = await _enter(session, actor, moment, programme, [new], confirmed=True)
    return enrolment


async def enrol_many(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    programme_id: uuid.UUID,
    rows: Sequence[NewEnrolment],
) -> list[Enrolment]:
    """Enter firms as a selected provider; each has to confirm before its row goes on or counts (TRU-06).

    Raises: `programme.not_found`, `.closed`, `.over`, `enrolment.not_provider`; by row, all at once:
    `party.not_found`, `enrolment.not_a_firm`, `.party_twice`, `.already_enrolled`.
    """
    programme = await programme_queries.hold(session, programme_id, pointer="/programme_id")
    programmes.require_open(programme, moment.today)
    provider = await provider_queries.of_organisation(session, programme.id, actor.organisation_id)
    if provider is None or provider.status != ProviderStatus.selected:
        raise rules.NOT_PROVIDER.error()
    await _require_free(session, actor, programme, rows, lambda place: f"/rows/{place}/party_id")
    return await _enter(session, actor, moment, programme, rows, confirmed=False)


async def _require_free(
    session: AsyncSession,
    actor: Actor,
    programme: Programme,
    rows: Sequence[NewEnrolment],
    pointer: Callable[[int], str],
) -> None:
    """Every row names a firm of the register that is not in the programme now, once.

    What others entered without the firm's word blocks nobody; what the caller entered itself is not repeated.
    """
    party_ids = [row.party_id for row in rows]
    kinds = await queries.kinds(session, party_ids)
    entered_by = actor.organisation_id
    live = await queries.enrolled(session, programme.id, party_ids, entered_by=entered_by)
    seen: set[uuid.UUID] = set()
    found: list[Violation] = []
    for place, party_id in enumerate(party_ids):
        if party_id not in kinds:
            found.append(party_rules.NOT_FOUND.violation(pointer(place), party_id=party_id))
        elif kinds[party_id] is not PartyKind.organisation:
            found.append(rules.NOT_A_FIRM.violation(pointer(place)))
        if party_id in seen:
            found.append(rules.PARTY_TWICE.violation(pointer(place)))
        if party_id in live:
            found.append(rules.ALREADY_ENROLLED.violation(pointer(place)))
        seen.add(party_id)
    refuse_if(found)


async def _enter(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    programme: Programme,
    rows: Sequence[NewEnrolment],
    *,
    confirmed: bool,
) -> list[Enrolment]:
    serials = await queries.next_serials(session, len(rows))
    firms = await queries.organisations_of(session, [row.party_id for row in rows])
    made = [
        _columns(row, business_number("EN", programme.district_code, moment.today.year, serial), moment.today)
        for row, serial in zip(rows, serials, strict=True)
    ]
    told = [_applied(actor, programme, columns, firms, confirmed=confirmed) for columns in made]
    await events.record(session, actor=actor, moment=moment, events=told)
    connection = await driver(session)
    await connection.execute(
        _INSERT,
        json.dumps(made, default=str),
        programme.district_code,
        programme.id,
        actor.organisation_id,
        moment.today if confirmed else None,
        moment.today,
        moment.now,
    )
    if not confirmed:
        await _ask_to_confirm(session, moment, told, firms)
    return await queries.entered(session, [columns["id"] for columns in made])


def _columns(row: NewEnrolment, number: str, today: date) -> dict[str, Any]:
    """What `_INSERT` takes of one firm, its size class by the table as of today."""
    size, rule = size_of(row.industry, row.employees, row.revenue_wan, row.assets_wan, today)
    return {
        "id": new_id(),
        "number": number,
        "party_id": row.party_id,
        "industry": row.industry.value,
        "employees": row.employees,
        "revenue_wan": row.revenue_wan,
        "assets_wan": row.assets_wan,
        "size_class": size.value,
        "size_rule": rule,
        "event_id": new_id(),
    }


def _applied(
    actor: Actor,
    programme: Programme,
    columns: Mapping[str, Any],
    firms: Mapping[uuid.UUID, uuid.UUID],
    *,
    confirmed: bool,
) -> events.NewEvent:
    """The event `enrolment.applied`, for who entered the firm and the firm's own organisation."""
    return events.NewEvent(
        id=columns["event_id"],
        type="enrolment.applied",
        noun="enrolment",
        subject_id=columns["id"],
        stream=programme.district_code,
        audience=[actor.organisation_id, *filter(None, [firms.get(columns["party_id"])])],
        payload={
            "number": columns["number"],
            "programme_id": programme.id,
            "party_id": columns["party_id"],
            "status": EnrolmentStatus.applied.value,
            "size_class": columns["size_class"],
            "confirmed": confirmed,
        },
    )


async def _ask_to_confirm(
    session: AsyncSession,
    moment: Moment,
    told: Sequence[events.NewEvent],
    firms: dict[uuid.UUID, uuid.UUID],
) -> None:
    for event in told:
        firm = firms.get(event.payload["party_id"])
        if firm is not None:
            await notices.send(
                session,
                moment=moment,
                event=event,
                kind=NoticeKind.enrolment_to_confirm,
                recipients=[firm],
                facts={"number": event.payload["number"]},
            )


async def check(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    enrolment_id: uuid.UUID,
    size_class: SizeClass | None = None,
    reason: str | None = None,
) -> Enrolment:
    """Judge a firm by the conditions of TG-04: checked, or ineligible with every condition it failed.

    `size_class` is the operator's own finding, with a reason, where the table is silent. What can still be
    mended refuses instead: `enrolment.not_confirmed`, `.consent_withdrawn`, `.size_unknown`, `.size_known`,
    `.reason_missing`, `programme.closed`, `.over`; before that `enrolment.not_operator`,
    `state.illegal_transition`.
    """
    enrolment = await queries.get(session, actor, enrolment_id, lock=True)
    parts.require_operator(actor, enrolment)
    ENROLMENT.next(EnrolmentStatus(enrolment.status), EnrolmentEvent.check)
    programme = await programme_queries.hold(session, enrolment.programme_id)
    programmes.require_open(programme, moment.today)
    refuse_if(_open_questions(enrolment, size_class, reason))
    if size_class is not None:
        enrolment.size_class, enrolment.size_rule = size_class.value, MANUAL
    party = await party_queries.get(session, enrolment.party_id)
    others = await party_successions.same_firm(session, party.id, moment.today) - {party.id}
    findings = rules.eligibility(
        registered_in=party.district_code,
        district_code=enrolment.district_code,
        in_district=party.district_code in await statistic_queries.under(session, enrolment.district_code),
        size=SizeClass(enrolment.size_class),
        enrolled_elsewhere=bool(await queries.enrolled(session, enrolment.programme_id, others)),
    )
    enrolment.advance(EnrolmentEvent.fail if findings else EnrolmentEvent.check)
    enrolment.findings = rules.written(findings)
    enrolment.reason = reason
    event = parts.told(
        enrolment,
        enrolment.status,
        await parts.concerned(session, enrolment),
        more={
            "size_class": enrolment.size_class,
            "size_rule": enrolment.size_rule,
            "reason": reason,
            "findings": [found.code.code for found in findings],
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return enrolment


def _open_questions(
    enrolment: Enrolment, size_class: SizeClass | None, reason: str | None
) -> list[Violation]:
    found: list[Violation] = []
    if enrolment.confirmed_on is None:
        found.append(rules.NOT_CONFIRMED.violation())
    elif enrolment.data_consent_on is None:
        found.append(rules.CONSENT_WITHDRAWN.violation())
    known = enrolment.size_class != SizeClass.unknown
    if known and size_class is not None:
        found.append(rules.SIZE_KNOWN.violation("/size_class", size_class=enrolment.size_class))
    if not known and size_class is None:
        found.append(rules.SIZE_UNKNOWN.violation())
    if not known and size_class is not None and reason is None:
        found.append(rules.REASON_MISSING.violation("/reason"))
    return found
