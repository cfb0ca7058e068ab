"""Organisations: letting parties of the register use the system, each in its roles."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain.district import NATIONAL
from app.domain.identifiers import new_id
from app.domain.organisation import ENROLLED
from app.domain.party import IdentifierScheme, PartyKind
from app.domain.text import normalise
from app.domain.uscc import parse_uscc
from app.models.organisation import Organisation
from app.queries import organisations as queries, parties as party_queries
from app.services import events, parties

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor, Role


async def add(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    name: str,
    uscc: str,
    roles: Sequence[Role],
    district_code: str,
) -> Organisation:
    """Let a Chinese organisation use the system; its party is entered unless the register knows its code.

    A party that is known keeps its name and its district. Raises: `uscc.*` for a bad 统一社会信用代码,
    `organisation.already_enrolled`.
    """
    party = await party_queries.bearing(session, IdentifierScheme.uscc, parse_uscc(uscc, pointer="/uscc"))
    if party is None:
        new = parties.NewParty(
            kind=PartyKind.organisation,
            name=name,
            district_code=district_code,
            identifiers=[parties.NewIdentifier(IdentifierScheme.uscc, uscc)],
            country="CN",
        )
        party = await parties.register(session, actor=actor, moment=moment, new=new)
    return await enrol(
        session,
        actor=actor,
        moment=moment,
        party_id=party.id,
        name=normalise(name),
        roles=roles,
        district_code=district_code,
    )


async def enrol(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    party_id: uuid.UUID,
    name: str,
    roles: Sequence[Role],
    district_code: str,
) -> Organisation:
    """Let a party of the register use the system in `roles`, for a district.

    Raises: `organisation.already_enrolled`.
    """
    if await queries.of_party(session, party_id) is not None:
        raise ENROLLED.error()
    organisation = Organisation(
        id=new_id(),
        party_id=party_id,
        name=name,
        roles=[role.value for role in roles],
        district_code=district_code,
        created_at=moment.now,
    )
    session.add(organisation)
    await session.flush()
    event = events.NewEvent(
        type="organisation.enrolled",
        noun="organisation",
        subject_id=organisation.id,
        stream=NATIONAL,
        audience=[organisation.id],
        payload={"name": name, "roles": organisation.roles, "district_code": district_code},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    return organisation
