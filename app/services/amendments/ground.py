"""What an amendment is judged on: everything it ties up is locked first, then read."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from app.domain.amendment import Substitution, Wish
from app.domain.identifiers import new_id
from app.domain.money import Money
from app.domain.pledge import PledgeStatus
from app.domain.pledge_filing import NewItem, NewPledge
from app.domain.pledge_ground import Contract
from app.queries import (
    amendments as queries,
    assets as asset_queries,
    pledge_filing,
    pledges as pledge_queries,
    pools as pool_queries,
)
from app.services import pledges
from app.services.amendments import effect

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.errors import Violation
    from app.domain.permission import Actor
    from app.models.pledge import Pledge, PledgeItem
    from app.models.pool import Commitment
    from app.queries.pledge_coverages import Stand
    from app.queries.pledge_filing import FilingState


@dataclass(frozen=True, slots=True)
class Ground:
    """A pledge under lock with its rights, its loan and its cover, and what stands in the way of amending it.

    `live`: its registered rights by id. `state`: these and the rights to come in as a filing reads them.
    `least_fen`: what the debt cannot be set below.
    """

    pledge: Pledge
    items: Sequence[PledgeItem]
    live: dict[uuid.UUID, PledgeItem]
    state: FilingState
    stand: Stand
    least_fen: int
    commitment: Commitment | None
    approved_fen: int | None
    amended: bool
    stopped: Sequence[Violation]

    @property
    def principal(self) -> Money:
        """The debt secured; of imported history it may be unknown, and then counts as nothing."""
        return Money(self.pledge.principal_fen or 0, self.pledge.currency)

    def kept(self) -> list[NewItem]:
        """The rights it holds, as they would be filed."""
        return [
            NewItem(item.asset_id, item.pledgor_id or new_id(), required=item.required)
            for item in self.live.values()
        ]


async def lock(
    session: AsyncSession, *, actor: Actor, moment: Moment, pledge_id: uuid.UUID, wish: Wish
) -> Ground:
    """Lock rights, pledge, pool and accounts in the system's order, and read what the wish is judged on.

    Raises: `pledge.not_found`, `pledge.not_yours`.
    """
    seen = await pledge_queries.get(session, actor, pledge_id)
    added = list(wish.items) if isinstance(wish, Substitution) else []
    await _lock_rights(session, pledge_id, {item.asset_id for item in added})
    pledge, items = await pledge_queries.lock(session, actor, pledge_id)
    live = {item.asset_id: item for item in items if item.status == PledgeStatus.registered}
    state = await pledge_filing.lock_and_read(
        session,
        asset_ids=list(dict.fromkeys([*(item.asset_id for item in added), *live])),
        pool_id=pledge.pool_id,
        party_ids=sorted(_parties(pledge, added)),
        borrower_id=pledge.borrower_id or pledge.id,
        actor=_bank(actor, seen),
        today=moment.today,
        valuation_ids=sorted({item.valuation_id for item in added if item.valuation_id is not None}),
    )
    return Ground(
        pledge=pledge,
        items=items,
        live=live,
        state=_own(state, live),
        stand=await pledges.stand(session, pledge, today=moment.today),
        least_fen=await effect.least_fen(session, pledge),
        commitment=await pool_queries.live_commitment(session, pledge.id),
        approved_fen=await queries.approved_fen(session, pledge.id),
        amended=await queries.open_one(session, pledge.id) is not None,
        stopped=await effect.stopped(session, pledge),
    )


async def _lock_rights(session: AsyncSession, pledge_id: uuid.UUID, added: Collection[uuid.UUID]) -> None:
    """Lock rights that come in with those that are there, by their ids, before the pledge.

    While they were waited for, another substitution may have given the pledge a further right, and to lock
    that one behind the others could close a circle. They are let go then, and locked anew with it. Once all
    are held none is added: who does that needs them too.
    """
    while True:
        known = await _rights(session, pledge_id)
        with suppress(_RightAdded):
            async with session.begin_nested():  # a savepoint's locks go with it
                await asset_queries.lock_ids(session, sorted({*known, *added}))
                if await _rights(session, pledge_id) != known:
                    raise _RightAdded
            return


class _RightAdded(Exception):  # noqa: N818 - a signal of this module, never seen outside
    """The pledge was given a right while its others were waited for."""


async def _rights(session: AsyncSession, pledge_id: uuid.UUID) -> set[uuid.UUID]:
    return {item.asset_id for item, _ in (await pledge_queries.items(session, [pledge_id]))[pledge_id]}


def _bank(actor: Actor, pledge: Pledge) -> Actor:
    """An operator amends for the bank: valuations and the pool are read as the bank sees them."""
    return actor if pledge.organisation_id is None else replace(actor, organisation_id=pledge.organisation_id)


def _parties(pledge: Pledge, added: Collection[NewItem]) -> set[uuid.UUID]:
    named = {pledge.borrower_id, pledge.pledgee_id, *(item.pledgor_id for item in added)}
    return {party_id for party_id in named if party_id is not None}


def _own(state: FilingState, live: Collection[uuid.UUID]) -> FilingState:
    """The state without what the pledge itself ties up: its liens are no objection to its amendment."""
    rights = {
        asset_id: replace(right, liens=(), reserved=False) if asset_id in live else right
        for asset_id, right in state.rights.items()
    }
    return replace(state, rights=rights)


def as_filing(
    ground: Ground,
    items: Sequence[NewItem],
    *,
    today: date,
    principal: Money | None = None,
    debt_to: date | None = None,
) -> NewPledge:
    """The pledge as it would be filed with these rights, this principal and this end of the debt."""
    pledge, contract = ground.pledge, ground.pledge.contract
    begins = pledge.debt_from or pledge.registered_on or today
    return NewPledge(
        borrower_id=pledge.borrower_id or pledge.id,
        principal=principal or ground.principal,
        debt_from=begins,
        debt_to=debt_to or pledge.debt_to or begins,
        contract=Contract(
            number=contract.get("number"),
            signed_on=pledge.contracted_on,
            claim_kind=contract.get("claim_kind"),
            security_scope=contract.get("security_scope"),
        ),
        items=items,
        pool_id=pledge.pool_id,
        ip_share_bp=pledge.ip_share_bp,
        rate_over_lpr_bp=contract.get("rate_over_lpr_bp"),
    )
