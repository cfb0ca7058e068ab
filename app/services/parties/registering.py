"""Entering organisations and persons into the national register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain.district import NATIONAL
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.domain.party import IdentifierScheme, PartyKind
from app.domain.request import date_faults
from app.domain.text import name_key, normalise
from app.domain.uscc import parse_uscc
from app.models.party import Party, PartyIdentifier
from app.services import events
from app.services.parties.histories import keep_first

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


@dataclass(frozen=True, slots=True)
class NewIdentifier:
    """An identifier as the caller wrote it."""

    scheme: IdentifierScheme
    value: str


@dataclass(frozen=True, slots=True)
class NewParty:
    """A party as the caller describes it."""

    kind: PartyKind
    name: str
    district_code: str
    identifiers: Sequence[NewIdentifier]
    country: str | None = None
    address: str | None = None
    registered_on: date | None = None


async def register(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewParty) -> Party:
    """Enter a party with its identifiers, and begin the histories of its name and district.

    Raises: `uscc.*` for a bad 统一社会信用代码 (ID-15 to ID-17), `request.date_in_future`,
    `party.identifier_taken`.
    """
    if new.registered_on is not None:
        refuse_if(date_faults("/registered_on", new.registered_on, today=moment.today))
    party_id = new_id()
    identifiers = [
        PartyIdentifier(
            id=new_id(), party_id=party_id, scheme=given.scheme, value=_canonical(given, position)
        )
        for position, given in enumerate(new.identifiers)
    ]
    event = events.NewEvent(
        type="party.registered",
        noun="party",
        subject_id=party_id,
        stream=NATIONAL,
        public=True,
        payload={"name": new.name, "district_code": new.district_code},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    party = Party(
        id=party_id,
        kind=new.kind,
        name=normalise(new.name),
        name_key=name_key(new.name),
        country=new.country,
        district_code=new.district_code,
        address=new.address,
        registered_on=new.registered_on,
        imported=False,
        event_id=event.id,
        recorded_at=moment.now,
        version=1,
    )
    session.add(party)
    await session.flush()
    session.add_all(identifiers)
    await keep_first(session, [party.id], event_id=event.id)
    await session.flush()
    return party


def _canonical(given: NewIdentifier, position: int) -> str:
    if given.scheme is IdentifierScheme.uscc:
        return parse_uscc(given.value, pointer=f"/identifiers/{position}/value")
    return normalise(given.value)
