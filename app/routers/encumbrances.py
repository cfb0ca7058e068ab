"""`/v1/encumbrances`: what lies, or lay, on a right or on all rights of a party (PLG-06, PLG-11)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from app.domain import encumbrance as rules
from app.domain.asset_number import search_keys
from app.domain.certificate import KNOWN_IN_FUTURE, instant
from app.domain.encumbrance import VOID
from app.domain.errors import refuse_if
from app.domain.permission import Permission
from app.models.hold import Hold
from app.queries import encumbrances as queries
from app.queries.encumbrances import Registration, Window
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, reads
from app.routers.paging import PageDep
from app.schemas.common import Day, Instant, Page
from app.schemas.encumbrance import FoundEncumbranceOut, LienRegistrationOut

router = APIRouter(prefix="/v1/encumbrances", tags=["encumbrances"])

Reading = Annotated[ReadUnit, reads(Permission.asset_read)]


class Include(StrEnum):
    """What is told beside what is in force."""

    discharged = "discharged"


@dataclass(frozen=True, slots=True)
class Subject:
    """Which right, or whose rights, are searched."""

    asset_id: uuid.UUID | None
    number: str | None
    party_id: uuid.UUID | None
    uscc: str | None

    @property
    def ways(self) -> int:
        """In how many ways it is said."""
        return sum(one is not None for one in (self.asset_id, self.number, self.party_id, self.uscc))


def subject(
    *,
    asset_id: uuid.UUID | None = None,
    number: Annotated[
        str | None, Query(description="Any number of the right, in any written form.", max_length=100)
    ] = None,
    party_id: Annotated[uuid.UUID | None, Query(description="The owner of the rights.")] = None,
    uscc: Annotated[str | None, Query(description="The owner's 统一社会信用代码.", max_length=40)] = None,
) -> Subject:
    """Read what is searched."""
    return Subject(asset_id, number, party_id, uscc)


def asked(
    *,
    at: Annotated[Day | None, Query(description="On that day; default: today.")] = None,
    include: Annotated[
        Include | None, Query(description="`discharged`: what has ended too, whenever that was.")
    ] = None,
    first: Annotated[
        Day | None, Query(alias="from", description="What lay on it on or after that day.")
    ] = None,
    last: Annotated[
        Day | None, Query(alias="to", description="What lay on it on or before that day.")
    ] = None,
    known_at: Annotated[
        Instant | None, Query(description="As it was known at that moment; default: now.")
    ] = None,
) -> tuple[Day | None, bool, Day | None, Day | None, datetime | None]:
    """Read of which days, and as known when."""
    return at, include is Include.discharged, first, last, known_at


@router.get("")
async def search(
    unit: Reading,
    request: Request,
    paging: PageDep,
    subject: Annotated[Subject, Depends(subject)],
    asked: Annotated[tuple[Day | None, bool, Day | None, Day | None, datetime | None], Depends(asked)],
) -> Page[FoundEncumbranceOut]:
    """What lies on a right, or on the rights of a party: kind, rank and days, never who lends or how much.

    Discharged registrations stay searchable by their days with `include=discharged`. Numbers of pledges are
    shown to their parties and to the offices of their district.
    """
    at, discharged, first, last, known_at = asked
    moment = unit.moment
    found = rules.faults(subjects=subject.ways, at=at, first=first, last=last, discharged=discharged)
    if known_at is not None and known_at > moment.now:
        found.append(KNOWN_IN_FUTURE.violation("query:known_at", known_at=instant(known_at)))
    refuse_if(found)
    day = None if discharged else at or moment.today
    window = Window(day or first, day or last, known_at or moment.now, discharged)
    statement = queries.matching(await _rights(unit, subject, window), window)
    rows = await page(unit.session, statement, Hold.id, paging.wanted)
    names = await queries.numbers(unit.session, [hold.asset_id for hold in rows.rows])
    registered: Mapping[uuid.UUID, Registration] = {}
    if known_at is None:  # of an earlier moment nobody knows how far the office had come
        registered = await queries.registrations(
            unit.session,
            unit.actor,
            rows.rows,
            names_open=request.app.state.settings.pledgee_names_open,
        )
    out = [_out(hold, names[hold.asset_id], registered.get(hold.id), window) for hold in rows.rows]
    return paging.answer(rows, out)


async def _rights(unit: ReadUnit, subject: Subject, window: Window) -> queries.Rights:
    if subject.asset_id is not None:
        return await queries.of_right(unit.session, subject.asset_id)
    if subject.number is not None:
        return await queries.of_number(unit.session, search_keys(subject.number, today=unit.moment.today))
    if subject.party_id is not None:
        return await queries.of_party(unit.session, subject.party_id, window)
    return await queries.of_uscc(unit.session, subject.uscc or "", window)


def _out(
    hold: Hold, named: tuple[str, str], registration: Registration | None, window: Window
) -> FoundEncumbranceOut:
    number, name = named
    ended = hold.ended_at is not None and hold.ended_at <= window.known_at
    return FoundEncumbranceOut(
        asset_id=hold.asset_id,
        asset_number=number,
        asset_name=name,
        kind=hold.kind,
        rank=hold.rank,
        placed_on=hold.placed_on,
        since=hold.since,
        until=hold.last_day,
        ended_on=hold.ended_on if ended else None,
        end_reason=hold.end_reason if ended else None,
        void=ended and hold.end_reason in VOID,
        registration=None if registration is None else _registration(registration),
    )


def _registration(one: Registration) -> LienRegistrationOut:
    return LienRegistrationOut(
        status=one.status,
        registered_on=one.registered_on,
        expires_on=one.expires_on,
        pledge_id=one.pledge_id if one.pledge_number is not None else None,
        pledge_number=one.pledge_number,
        pledgee=one.pledgee,
    )
