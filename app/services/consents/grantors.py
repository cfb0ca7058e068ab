"""Who may ask for a consent, and whose it is to give."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import consent as rules
from app.domain.consent import ConsentKind
from app.domain.errors import Violation, refuse_if
from app.domain.permission import Role
from app.queries import assets as asset_queries, consents as queries, organisations as organisation_queries
from app.queries.consents import Lien

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor

Numbers = Mapping[uuid.UUID, str]
"""Rights in the order in which the caller named them, with the numbers people quote."""


@dataclass(frozen=True, slots=True)
class Grantor:
    """A pledgee or co-owner, the organisation that answers for it, and what it can consent to.

    `items`: rights, each with the lien to be lifted from it (None for a co-owner).
    """

    party_id: uuid.UUID
    organisation_id: uuid.UUID
    district_code: str
    items: tuple[tuple[uuid.UUID, uuid.UUID | None], ...]


async def seeker_faults(
    session: AsyncSession, actor: Actor, numbers: Numbers, today: date
) -> list[Violation]:
    """Who asks owns each right, acts for its owner, or operates the platform (`consent.seeker_foreign`)."""
    if Role.operator in actor.roles:
        return []
    owned = await asset_queries.owners(session, list(numbers))
    acted_for = await queries.acted_for(session, actor, numbers.keys(), today)
    return [
        rules.SEEKER_FOREIGN.violation(f"/asset_ids/{position}", number=number)
        for position, (asset_id, number) in enumerate(numbers.items())
        if asset_id not in acted_for and actor.party_id not in {owner.party_id for owner in owned[asset_id]}
    ]


async def asked(
    session: AsyncSession,
    actor: Actor,
    *,
    kind: ConsentKind,
    grantor_id: uuid.UUID | None,
    numbers: Numbers,
) -> Grantor:
    """Whom a request goes to. Raises what `giving.request` says of grantors, all that apply."""
    if kind is ConsentKind.pledgee:
        return await _pledgee_asked(session, actor, grantor_id, numbers)
    if grantor_id is None:
        raise rules.GRANTOR_MISSING.error("/grantor_id")
    if grantor_id == actor.party_id:
        raise rules.OWN_CONSENT.error("/grantor_id")
    refuse_if(await _co_owner_faults(session, grantor_id, numbers))
    answering = await organisation_queries.of_party(session, grantor_id) or await queries.operator_of(
        session, actor.district_code
    )
    if answering is None:
        raise rules.NOBODY_ANSWERS.error("/grantor_id")
    return _co_owner(grantor_id, answering.id, answering.district_code, numbers)


async def giving(
    session: AsyncSession,
    actor: Actor,
    *,
    kind: ConsentKind,
    grantor_id: uuid.UUID | None,
    numbers: Numbers,
) -> Grantor:
    """In whose name the caller grants. Raises what `giving.give` says of grantors, all that apply."""
    if kind is ConsentKind.pledgee:
        return await _pledgee_giving(session, actor, grantor_id, numbers)
    grantor_id = grantor_id or actor.party_id
    if grantor_id != actor.party_id:
        if Role.operator not in actor.roles:
            raise rules.NOT_GRANTOR.error("/grantor_id")
        if await organisation_queries.of_party(session, grantor_id) is not None:
            raise rules.GRANTOR_PRESENT.error("/grantor_id")
    refuse_if(await _co_owner_faults(session, grantor_id, numbers))
    return _co_owner(grantor_id, actor.organisation_id, actor.district_code, numbers)


async def _pledgee_asked(
    session: AsyncSession, actor: Actor, grantor_id: uuid.UUID | None, numbers: Numbers
) -> Grantor:
    by_asset = await _liens(session, numbers)
    known = [lien.organisation_id for key in numbers for lien in by_asset[key] if lien.organisation_id]
    found = [rules.GRANTOR_GIVEN.violation("/grantor_id")] if grantor_id is not None else []
    for position, (asset_id, number) in enumerate(numbers.items()):
        liens, pointer = by_asset[asset_id], f"/asset_ids/{position}"
        if not liens:
            found.append(rules.NOT_PLEDGED.violation(pointer, number=number))
        elif any(lien.organisation_id is None or lien.pledgee_id is None for lien in liens):
            found.append(rules.PLEDGEE_UNREACHABLE.violation(pointer, number=number))
        elif any(lien.organisation_id != known[0] for lien in liens):
            found.append(rules.SEVERAL_PLEDGEES.violation(pointer, number=number))
    if actor.organisation_id in known:
        found.append(rules.OWN_CONSENT.violation("/asset_ids"))
    refuse_if(found)
    return _pledgee([lien for key in numbers for lien in by_asset[key]])


async def _pledgee_giving(
    session: AsyncSession, actor: Actor, grantor_id: uuid.UUID | None, numbers: Numbers
) -> Grantor:
    by_asset = await _liens(session, numbers)
    own = {
        asset_id: [
            lien
            for lien in by_asset[asset_id]
            if lien.organisation_id == actor.organisation_id and lien.pledgee_id is not None
        ]
        for asset_id in numbers
    }
    found = [rules.GRANTOR_GIVEN.violation("/grantor_id")] if grantor_id is not None else []
    found += [
        rules.NOT_PLEDGEE.violation(f"/asset_ids/{position}", number=number)
        for position, (asset_id, number) in enumerate(numbers.items())
        if not own[asset_id]
    ]
    refuse_if(found)
    return _pledgee([lien for liens in own.values() for lien in liens])


async def _liens(session: AsyncSession, numbers: Numbers) -> dict[uuid.UUID, list[Lien]]:
    by_asset: dict[uuid.UUID, list[Lien]] = defaultdict(list)
    for lien in await queries.liens(session, list(numbers)):
        by_asset[lien.asset_id].append(lien)
    return by_asset


def _pledgee(liens: list[Lien]) -> Grantor:
    """The pledgee of liens that are all its own; the first pledge's district administers the consent."""
    first = liens[0]
    if first.pledgee_id is None or first.organisation_id is None or first.district_code is None:
        raise ValueError(f"nobody answers for lien {first.hold_id}")
    items = tuple((lien.asset_id, lien.hold_id) for lien in liens)
    return Grantor(first.pledgee_id, first.organisation_id, first.district_code, items)


async def _co_owner_faults(session: AsyncSession, grantor_id: uuid.UUID, numbers: Numbers) -> list[Violation]:
    """The grantor owns every right together with others (TR-03)."""
    owned = await asset_queries.owners(session, list(numbers))
    return [
        rules.NOT_CO_OWNER.violation(f"/asset_ids/{position}", number=number)
        for position, (asset_id, number) in enumerate(numbers.items())
        if len(owned[asset_id]) < 2 or grantor_id not in {owner.party_id for owner in owned[asset_id]}
    ]


def _co_owner(
    party_id: uuid.UUID, organisation_id: uuid.UUID, district_code: str, numbers: Numbers
) -> Grantor:
    items = tuple((asset_id, None) for asset_id in numbers)
    return Grantor(party_id, organisation_id, district_code, items)
