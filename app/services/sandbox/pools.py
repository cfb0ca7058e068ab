"""The sample pool of a sandbox: the template scheme of the sample district with money paid in."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from app.domain.money import Money
from app.domain.pool import SharingParty, SourceType
from app.domain.scheme import Terms, Tier
from app.models.pool import Pool
from app.queries import pools as queries
from app.services import funds, pools
from app.services.sandbox.organisations import SampleClient

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment

NAME = "示例区知识产权质押融资风险补偿资金池"
SINCE = date(2019, 1, 1)
WAN = 1_000_000
"""Fen in 万元."""
PAID_IN = {SourceType.central: 1_000 * WAN, SourceType.district: 2_000 * WAN}
SCHEME = Terms(
    code="TJ-DL-TEMPLATE",
    effective_from=SINCE,
    leverage_multiple=10,
    tiers=[
        Tier(
            {
                SharingParty.pool: 4_000,
                SharingParty.bank: 3_000,
                SharingParty.guarantor: 2_000,
                SharingParty.insurer: 1_000,
            }
        )
    ],
    legal_basis="示例方案（待区金融局、财政局确定）",
    household_cap_fen=500 * WAN,
)


async def add_pool(
    session: AsyncSession, *, moment: Moment, manager: SampleClient, since: date = SINCE
) -> Pool:
    """Open the sample pool, managed by the sample pool manager, and book what was paid in."""
    actor = manager.actor("sandbox")
    pool = await pools.open_pool(
        session,
        actor=actor,
        moment=moment,
        name=NAME,
        currency="CNY",
        scheme=replace(SCHEME, effective_from=since),
    )
    for source, amount_fen in PAID_IN.items():
        await funds.contribute(
            session,
            actor=actor,
            moment=moment,
            pool_id=pool.id,
            source=source,
            amount=Money(amount_fen),
            occurred_on=since,
        )
    return pool


async def find_pool(session: AsyncSession) -> uuid.UUID | None:
    """The sample pool's id, or None where there is none."""
    found = await queries.named(session, NAME)
    return found.id if found is not None else None
