"""Fictional parties: entered through the service, and as bodies for the API."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from app.domain.district import NATIONAL
from app.domain.identifiers import new_id
from app.domain.party import IdentifierScheme, PartyKind
from app.domain.permission import system_actor
from app.domain.text import name_key
from app.models.party import Party
from app.services import events, parties
from app.services.sandbox import sample_uscc
from tests.factories.clock import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

DISTRICT = "120110"
_numbers = itertools.count(200_000)


def party(number: int, **changes: object) -> dict[str, Any]:
    """A well-formed body with a 统一社会信用代码 of that number."""
    return {
        "name": f"示例新材料有限公司{number}",
        "district_code": DISTRICT,
        "identifiers": [{"scheme": "uscc", "value": sample_uscc(8_000 + number)}],
    } | changes


async def make_party(session: AsyncSession, *, district_code: str = DISTRICT) -> Party:
    """A party with a code of its own; what one process makes never collides."""
    number = next(_numbers)
    new = parties.NewParty(
        kind=PartyKind.organisation,
        name=f"示例科技有限公司{number}",
        district_code=district_code,
        identifiers=[parties.NewIdentifier(IdentifierScheme.uscc, sample_uscc(number))],
        country="CN",
    )
    return await parties.register(session, actor=system_actor("test"), moment=now(), new=new)


async def bare_party(session: AsyncSession, name: str) -> Party:
    """A party as the register had them before it kept histories: neither names, districts nor identifiers."""
    party_id, moment = new_id(), now()
    made = events.NewEvent(
        type="party.registered", noun="party", subject_id=party_id, stream=NATIONAL, payload={}
    )
    await events.record(session, actor=system_actor("test"), moment=moment, events=[made])
    bare = Party(
        id=party_id,
        kind=PartyKind.organisation.value,
        name=name,
        name_key=name_key(name),
        country="CN",
        district_code=DISTRICT,
        address=None,
        registered_on=None,
        imported=True,
        event_id=made.id,
        recorded_at=moment.now,
        version=1,
    )
    session.add(bare)
    await session.flush()
    return bare
