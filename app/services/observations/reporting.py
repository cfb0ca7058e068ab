"""Reporting: the rows of a return are judged together and entered as next revisions of their places."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain import indicator as indicator_rules, observation as rules
from app.domain.approval import ApprovalStep, Decision
from app.domain.errors import DomainError, Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.indicator import PLAIN, Category, IndicatorKind, SourceKind
from app.domain.notice import NoticeKind
from app.domain.observation import ObservationStatus, Reportable, Told
from app.domain.text import normalise
from app.models.observation import Observation
from app.queries import documents as document_queries, observations as queries, plans as plan_queries
from app.services import approvals, events, notices
from app.services.observations.telling import checks, first_of_each, told

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.queries.plans import Place


@dataclass(frozen=True, slots=True)
class NewObservation:
    """A value as it is reported, of an indicator named by its id or by the codes of plan and indicator."""

    year: int
    value: str
    component: str = PLAIN
    subject: str = ""
    indicator_id: uuid.UUID | None = None
    plan: str | None = None
    indicator: str | None = None
    note: str | None = None
    document_id: uuid.UUID | None = None

    @property
    def codes(self) -> tuple[str, str] | None:
        """The codes of plan and indicator, where those name it."""
        return None if self.plan is None or self.indicator is None else (self.plan, self.indicator)

    @property
    def named(self) -> bool:
        """Whether the indicator is named in one way and no more."""
        by_code = self.plan is not None or self.indicator is not None
        return by_code != (self.indicator_id is not None) and (not by_code or self.codes is not None)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a return with the indicator it names and the value it tells, as far as either is known."""

    new: NewObservation
    pointer: str
    place: Place | None
    told: Told | None
    faults: Sequence[Violation]

    @property
    def key(self) -> queries.Place | None:
        """What it is a value of."""
        if self.place is None or self.told is None:
            return None
        return (self.place.indicator.id, self.told.component, self.told.subject, self.told.year)


async def submit(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    new: Sequence[NewObservation],
    pointers: Sequence[str] = ("",),
) -> list[Observation]:
    """Report values, each as the next revision of its place; `pointers` say where each stands in the request.

    The district's IP office is told that they wait for its check. Raises, for all rows at once:
    `observation.indicator_unnamed`, `indicator.not_found`, `indicator.value_invalid`,
    `observation.not_responsible`, `observation.place_twice`, `document.not_found` and what
    `app.domain.observation.faults` finds.
    """
    places = await plan_queries.find_indicators(
        session,
        ids={one.indicator_id for one in new if one.indicator_id is not None},
        codes={one.codes for one in new if one.codes is not None},
    )
    rows = [_row(places, one, pointer, moment) for one, pointer in zip(new, pointers, strict=True)]
    answered = await plan_queries.departments_of(session, actor.organisation_id)
    refuse_if(
        [
            *(
                fault
                for row in rows
                for fault in (*row.faults, *_responsibility_faults(actor, row, answered))
            ),
            *_twice(rows),
            *await _document_faults(session, actor, rows),
        ]
    )
    return await _enter(session, actor, moment, rows)


def _row(places: Iterable[Place], new: NewObservation, pointer: str, moment: Moment) -> _Row:
    """A row read, with all that speaks against it in itself."""
    if not new.named:
        return _Row(new, pointer, None, None, [rules.INDICATOR_UNNAMED.violation(pointer)])
    place = next((one for one in places if _names(new, one)), None)
    try:
        micro = indicator_rules.parse_value(new.value, pointer=f"{pointer}/value")
    except DomainError as error:
        unknown = [] if place is not None else [indicator_rules.NOT_FOUND.violation(pointer)]
        return _Row(new, pointer, place, None, [*unknown, *error.violations])
    if place is None:
        return _Row(new, pointer, None, None, [indicator_rules.NOT_FOUND.violation(pointer)])
    value = Told(new.component, normalise(new.subject), new.year, micro)
    faults = rules.faults(_reportable(place), value, this_year=moment.today.year, pointer=pointer)
    return _Row(new, pointer, place, value, faults)


def _names(new: NewObservation, place: Place) -> bool:
    return new.indicator_id == place.indicator.id or new.codes == (place.plan.code, place.indicator.code)


def _reportable(place: Place) -> Reportable:
    indicator, plan = place.indicator, place.plan
    return Reportable(
        code=indicator.code,
        category=Category(indicator.category),
        kind=IndicatorKind(indicator.kind),
        operational=indicator.source == SourceKind.operational and bool(indicator.measures),
        components=indicator.components,
        base_year=indicator.base_year,
        first_year=plan.starts_on.year,
        last_year=plan.ends_on.year,
    )


def _responsibility_faults(
    actor: Actor, row: _Row, answered: Collection[tuple[uuid.UUID, str]]
) -> list[Violation]:
    if row.place is None:
        return []
    indicator, plan = row.place.indicator, row.place.plan
    if any((plan.id, name) in answered for name in indicator.departments) or checks(
        actor, plan.district_code
    ):
        return []
    facts = {"code": indicator.code, "departments": "、".join(indicator.departments)}
    return [rules.NOT_RESPONSIBLE.violation(row.pointer or None, **facts)]


def _twice(rows: Iterable[_Row]) -> list[Violation]:
    seen: set[queries.Place] = set()
    found: list[Violation] = []
    for row in rows:
        if row.key is not None and row.key in seen:
            found.append(rules.PLACE_TWICE.violation(row.pointer))
        if row.key is not None:
            seen.add(row.key)
    return found


async def _document_faults(session: AsyncSession, actor: Actor, rows: Iterable[_Row]) -> list[Violation]:
    """Objections to the evidence of rows: it has to be there, and to be the caller's to show."""
    first: dict[uuid.UUID, str] = {}
    for row in rows:
        if row.new.document_id is not None:
            first.setdefault(row.new.document_id, f"{row.pointer}/document_id")
    found: list[Violation] = []
    for document_id, pointer in first.items():
        try:
            await document_queries.require(session, actor, document_id, pointer=pointer)
        except DomainError as error:
            found += error.violations
    return found


async def _enter(
    session: AsyncSession, actor: Actor, moment: Moment, rows: Sequence[_Row]
) -> list[Observation]:
    codes = {row.place.indicator.id: row.place.indicator.code for row in rows if row.place is not None}
    await plan_queries.lock_indicators(session, codes)
    last = await queries.last_revisions(session, codes)
    entered = [
        _observation(actor, moment, row, last.get(row.key, 0) + 1) for row in rows if row.key is not None
    ]
    told_of = [told(one, codes[one.indicator_id], "submitted", one.event_id) for one in entered]
    await events.record(session, actor=actor, moment=moment, events=told_of)
    session.add_all(entered)
    await session.flush()
    for event in told_of:
        await approvals.decide(
            session,
            actor=actor,
            moment=moment,
            event=event,
            step=ApprovalStep.make,
            decision=Decision.approved,
        )
    for event, one in first_of_each(told_of, entered):
        await notices.send(
            session,
            moment=moment,
            event=event,
            kind=NoticeKind.observation_to_check,
            recipients=await queries.checkers(session, one.district_code),
            facts={"code": codes[one.indicator_id]},
        )
    return entered


def _observation(actor: Actor, moment: Moment, row: _Row, revision: int) -> Observation:
    if row.place is None or row.told is None:
        raise ValueError("a row with faults is not entered")
    return Observation(
        id=new_id(),
        district_code=row.place.plan.district_code,
        indicator_id=row.place.indicator.id,
        organisation_id=actor.organisation_id,
        component=row.told.component,
        subject=row.told.subject,
        year=row.told.year,
        revision=revision,
        value_micro=row.told.value_micro,
        note=row.new.note,
        reason=None,
        document_id=row.new.document_id,
        status=ObservationStatus.submitted.value,
        submitted_on=moment.today,
        decided_on=None,
        event_id=new_id(),
        decided_event_id=None,
        superseded_event_id=None,
        recorded_at=moment.now,
        version=1,
    )
