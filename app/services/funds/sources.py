"""Sources of a pool's money: who committed how much, and what it may pay for (POL-12)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import fund as rules, pool as pool_rules
from app.domain.errors import Violation, refuse_if
from app.domain.fund import SOURCE_ZH
from app.domain.identifiers import new_id
from app.domain.ledger import Side
from app.domain.money import Money
from app.domain.pool import AccountCode, SourceType
from app.models.fund import FundSource
from app.queries import fund_sources as queries, pools as pool_queries
from app.services import events, ledger, pools

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.pool import Pool


@dataclass(frozen=True, slots=True)
class NewSource:
    """A source to be added; `committed` nothing: not stated. None: no earmark of that sort."""

    type: SourceType
    name: str
    effective_from: date
    committed: Money | None = None
    eligible_ip: Collection[str] | None = None
    eligible_districts: Collection[str] | None = None
    purpose: str | None = None


async def add_source(
    session: AsyncSession, *, actor: Actor, moment: Moment, pool_id: uuid.UUID, new: NewSource
) -> FundSource:
    """Add a source with its own contribution account, for the pool's manager.

    Raises: `pool.not_found`, and all that apply of `source.pools_own`, `source.exists`,
    `pool.currency_mismatch`.
    """
    pool = await pool_queries.lock_managed(session, actor, pool_id)
    refuse_if(await _faults(session, pool, new))
    return await open_source(session, actor=actor, moment=moment, pool=pool, new=new)


async def _faults(session: AsyncSession, pool: Pool, new: NewSource) -> list[Violation]:
    found: list[Violation] = []
    if new.type is SourceType.interest:
        found.append(rules.POOLS_OWN.violation("/type"))
    if await queries.named(session, pool.id, new.type, new.name) is not None:
        found.append(rules.EXISTS.violation("/name"))
    if new.committed is not None and new.committed.currency != pool.currency:
        place = "/committed/currency"
        found.append(pool_rules.CURRENCY_MISMATCH.violation(place, currency=pool.currency))
    return found


async def default_source(
    session: AsyncSession, *, actor: Actor, moment: Moment, pool: Pool, source_type: SourceType, on: date
) -> FundSource:
    """The source of that type without a name of its own and without earmark; made when it is first asked."""
    name = SOURCE_ZH[source_type]
    known = await queries.named(session, pool.id, source_type, name)
    if known is not None:
        return known
    new = NewSource(source_type, name, effective_from=on)
    return await open_source(session, actor=actor, moment=moment, pool=pool, new=new)


async def open_source(
    session: AsyncSession, *, actor: Actor, moment: Moment, pool: Pool, new: NewSource
) -> FundSource:
    """Write a source and its account; the pool is locked."""
    source_id = new_id()
    committed_fen = new.committed.fen if new.committed is not None else 0
    event = events.NewEvent(
        type="source.added",
        noun="pool",
        subject_id=pool.id,
        stream=pool.district_code,
        audience=[pool.manager_id],
        occurred_on=moment.today,
        payload={
            "source_id": str(source_id),
            "type": new.type.value,
            "name": new.name,
            "committed_fen": committed_fen,
            "eligible_ip": _listed(new.eligible_ip),
            "eligible_districts": _listed(new.eligible_districts),
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    number = await queries.count(session, pool.id)
    account = ledger.NewAccount(f"{AccountCode.contributions}.{number}", f"出资（{new.name}）", Side.credit)
    (opened,) = await ledger.open_accounts(session, moment=moment, book=pools.book(pool), accounts=[account])
    source = FundSource(
        id=source_id,
        district_code=pool.district_code,
        pool_id=pool.id,
        type=new.type.value,
        name=new.name,
        committed_fen=committed_fen,
        eligible_ip=_listed(new.eligible_ip),
        eligible_districts=_listed(new.eligible_districts),
        purpose=new.purpose,
        account_id=opened.id,
        effective_from=new.effective_from,
        event_id=event.id,
        recorded_at=moment.now,
    )
    session.add(source)
    await session.flush()
    return source


def _listed(given: Collection[str] | None) -> list[str] | None:
    return sorted(set(given)) if given is not None else None
