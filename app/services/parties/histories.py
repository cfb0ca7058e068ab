"""Histories of parties: names, districts (ID-18), sizes (TG-08) and roles, each row with its source.

Rows are only added. What the party is called and where it is registered today follows from them; news of an
earlier day may leave that as it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain import district as districts, party as rules
from app.domain.district import NATIONAL
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.party import PartyKind, PartyRole, holding
from app.domain.request import date_faults
from app.domain.size_class import Industry, size_of
from app.domain.text import name_key, normalise
from app.models.district import District
from app.models.party import Party, PartyDistrict, PartyName, PartyRoleChange, PartySize
from app.queries import parties as queries, party_histories as histories
from app.queries.driver import driver
from app.services import events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

FIRST_SOURCE = "party.registered"
"""Source of a history's first row: what the register said when the party was entered."""

_KEEP_FIRST = (
    """
INSERT INTO party_names (id, party_id, name, name_key, source, event_id, recorded_at)
SELECT k.id, p.id, p.name, p.name_key, $3, $4, p.recorded_at
FROM unnest($1::uuid[], $2::uuid[]) AS k(id, party_id) JOIN parties p ON p.id = k.party_id
WHERE NOT EXISTS (SELECT 1 FROM party_names n WHERE n.party_id = p.id)
""",
    """
INSERT INTO party_districts (id, party_id, district_code, source, event_id, recorded_at)
SELECT k.id, p.id, p.district_code, $3, $4, p.recorded_at
FROM unnest($1::uuid[], $2::uuid[]) AS k(id, party_id) JOIN parties p ON p.id = k.party_id
WHERE NOT EXISTS (SELECT 1 FROM party_districts d WHERE d.party_id = p.id)
""",
)


@dataclass(frozen=True, slots=True)
class NewSize:
    """The figures of an enterprise in a year; revenue and assets in 万元 (TG-08)."""

    year: int
    industry: Industry
    employees: int | None
    revenue_wan: int | None
    assets_wan: int | None
    source: str


async def keep_first(session: AsyncSession, party_ids: Collection[uuid.UUID], *, event_id: uuid.UUID) -> None:
    """Begin the histories of those parties that have none: what they are now has been so since ever.

    Name and district are written as known since the party was entered. Call it after `event_id` is recorded
    (or is to be recorded in the transaction) and the parties are written, and before their columns change:
    whoever changes the name or the district of known parties, as imports do, calls this first and then adds
    the new rows to `party_names` and `party_districts` itself, with the day the news is of (NULL: not known)
    and its own source. Two statements, whatever the number of parties.
    """
    await session.flush()
    connection = await driver(session)
    ids = sorted(party_ids)
    for statement in _KEEP_FIRST:
        await connection.execute(statement, [new_id() for _ in ids], ids, FIRST_SOURCE, event_id)


async def rename(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    party_id: uuid.UUID,
    name: str,
    effective_on: date,
    source: str,
) -> PartyName:
    """Record the name a party has from a day on; one legal person stays one party under all its names.

    Raises: `party.not_found`; all that apply: `request.date_…`, `party.unchanged`.
    """
    party = await queries.lock(session, party_id)
    rows = await histories.names(session, party_id)
    before = holding(rows, effective_on)
    found = _day_faults(party, effective_on, moment)
    if normalise(name) == (before.name if before else party.name):
        found.append(rules.UNCHANGED.violation("/name", day=effective_on))
    refuse_if(found)
    event_id = await _tell(
        session,
        actor,
        moment,
        party,
        what="renamed",
        occurred_on=effective_on,
        said={"name": normalise(name), "source": source},
    )
    made = PartyName(
        id=new_id(),
        party_id=party_id,
        name=normalise(name),
        name_key=name_key(name),
        effective_on=effective_on,
        source=source,
        event_id=event_id,
        recorded_at=moment.now,
    )
    session.add(made)
    await session.flush()
    today = holding(await histories.names(session, party_id), moment.today)
    if today is not None:
        party.name, party.name_key = today.name, today.name_key
    party.version += 1
    await session.flush()
    return made


async def move(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    party_id: uuid.UUID,
    district_code: str,
    effective_on: date,
    source: str,
) -> PartyDistrict:
    """Record the district a party is registered in from a day on; what counts that day follows it (ID-18).

    What was counted before stays where it was. Raises: `party.not_found`; all that apply: `request.date_…`,
    `district.unknown`, `party.unchanged`.
    """
    party = await queries.lock(session, party_id)
    before = holding(await histories.districts(session, party_id), effective_on)
    found = _day_faults(party, effective_on, moment)
    if await session.get(District, district_code) is None:
        found.append(districts.UNKNOWN.violation("/district_code", district_code=district_code))
    if district_code == (before.district_code if before else party.district_code):
        found.append(rules.UNCHANGED.violation("/district_code", day=effective_on))
    refuse_if(found)
    event_id = await _tell(
        session,
        actor,
        moment,
        party,
        what="moved",
        occurred_on=effective_on,
        said={"district_code": district_code, "source": source},
    )
    made = PartyDistrict(
        id=new_id(),
        party_id=party_id,
        district_code=district_code,
        effective_on=effective_on,
        source=source,
        event_id=event_id,
        recorded_at=moment.now,
    )
    session.add(made)
    await session.flush()
    today = holding(await histories.districts(session, party_id), moment.today)
    if today is not None:
        party.district_code = today.district_code
    party.version += 1
    await session.flush()
    return made


async def classify(
    session: AsyncSession, *, actor: Actor, moment: Moment, party_id: uuid.UUID, new: NewSize
) -> PartySize:
    """Class an enterprise by its figures of a year, under the table in force at that year's end (TG-08).

    An industry the table leaves out, or a figure that is missing, gives `unknown`. Raises:
    `party.not_found`; all that apply: `party.not_an_organisation`, `party.year_in_future`.
    """
    party = await queries.lock(session, party_id)
    found = []
    if party.kind != PartyKind.organisation:
        found.append(rules.NOT_AN_ORGANISATION.violation())
    if new.year > moment.today.year:
        found.append(rules.YEAR_IN_FUTURE.violation("/year", year=new.year))
    refuse_if(found)
    on = min(date(new.year, 12, 31), moment.today)
    size, rule = size_of(new.industry, new.employees, new.revenue_wan, new.assets_wan, on)
    said = {"year": new.year, "size_class": size.value, "size_rule": rule, "source": new.source}
    event_id = await _tell(session, actor, moment, party, what="sized", said=said)
    made = PartySize(
        id=new_id(),
        party_id=party_id,
        year=new.year,
        industry=new.industry.value,
        employees=new.employees,
        revenue_wan=new.revenue_wan,
        assets_wan=new.assets_wan,
        size_class=size.value,
        size_rule=rule,
        source=new.source,
        event_id=event_id,
        recorded_at=moment.now,
    )
    session.add(made)
    party.version += 1
    await session.flush()
    return made


async def change_role(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    party_id: uuid.UUID,
    role: PartyRole,
    begins: bool,
    effective_on: date,
    source: str,
) -> PartyRoleChange:
    """Record that a party took a role on a day, or gave it up.

    Raises: `party.not_found`; all that apply: `request.date_…`, `party.unchanged`.
    """
    party = await queries.lock(session, party_id)
    rows = [row for row in await histories.roles(session, party_id) if row.role == role]
    before = holding(rows, effective_on)
    found = _day_faults(party, effective_on, moment)
    if begins == (before is not None and before.begins):
        found.append(rules.UNCHANGED.violation("/role", day=effective_on))
    refuse_if(found)
    said = {"role": role.value, "begins": begins, "source": source}
    event_id = await _tell(
        session, actor, moment, party, what="role_changed", occurred_on=effective_on, said=said
    )
    made = PartyRoleChange(
        id=new_id(),
        party_id=party_id,
        role=role.value,
        begins=begins,
        effective_on=effective_on,
        source=source,
        event_id=event_id,
        recorded_at=moment.now,
    )
    session.add(made)
    party.version += 1
    await session.flush()
    return made


def _day_faults(party: Party, day: date, moment: Moment) -> list[Violation]:
    return date_faults("/effective_on", day, today=moment.today, first=party.registered_on)


async def _tell(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    party: Party,
    *,
    what: str,
    said: Mapping[str, Any],
    occurred_on: date | None = None,
) -> uuid.UUID:
    """Record the public event `party.{what}`, see that the histories have begun; the event's id."""
    event = events.NewEvent(
        type=f"party.{what}",
        noun="party",
        subject_id=party.id,
        stream=NATIONAL,
        public=True,
        occurred_on=occurred_on,
        payload=said,
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    await keep_first(session, [party.id], event_id=event.id)
    return event.id
