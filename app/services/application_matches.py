"""Matching: which banks and pools of a district suit a loan against given rights."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from app.domain import application_match as rules, asset as asset_rules
from app.domain.application_match import BankMatch, Wanted
from app.domain.errors import refuse_if
from app.domain.pool import FULL_SHARE_BP
from app.queries import application_matches as queries, applications as application_queries

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


async def match(
    session: AsyncSession,
    *,
    actor: Actor,
    today: date,
    amount_fen: int,
    term_months: int,
    asset_ids: Sequence[uuid.UUID],
    ip_share_bp: int = FULL_SHARE_BP,
) -> list[BankMatch]:
    """The banks of the caller's district for a loan to the caller itself, those that suit first.

    How much a pool or a bank in it has left is not told, only that it is too little.
    Raises: `asset.not_found` for each right that the register does not know.
    """
    known = await queries.kinds(session, asset_ids)
    refuse_if(
        [
            asset_rules.NOT_FOUND.violation("query:asset_id", asset_id=asset_id)
            for asset_id in asset_ids
            if asset_id not in known
        ]
    )
    banks = await queries.banks(
        session,
        borrower_id=actor.party_id,
        district_code=actor.district_code,
        amount_fen=amount_fen,
        today=today,
    )
    wanted = Wanted(amount_fen, term_months, set(known.values()), ip_share_bp)
    return _judged(banks, wanted, amounts_told=False)


async def for_application(
    session: AsyncSession, *, actor: Actor, today: date, application_id: uuid.UUID
) -> list[BankMatch]:
    """The pools in which the bank of an application may have it covered; a bank hears what is left.

    Raises: `application.not_found`.
    """
    application = await application_queries.get(session, actor, application_id)
    rights = (await application_queries.offered(session, [application_id]))[application_id]
    banks = await queries.banks(
        session,
        borrower_id=application.borrower_id,
        district_code=application.district_code,
        amount_fen=application.approved_fen or application.amount_fen,
        today=today,
        application_id=application_id,
        bank_id=application.bank_id,
    )
    wanted = Wanted(
        application.approved_fen or application.amount_fen,
        application.term_months,
        {(one.asset.kind, one.asset.patent_type) for one in rights},
    )
    told = actor.organisation_id == application.bank_id or actor.oversees(application.district_code)
    return _judged(banks, wanted, amounts_told=told)


def _judged(banks: Sequence[queries.Bank], wanted: Wanted, *, amounts_told: bool) -> list[BankMatch]:
    return rules.ranked(
        [
            BankMatch(
                bank.organisation_id,
                bank.name,
                rules.ranked_pools(
                    [rules.judge(wanted, pool, amounts_told=amounts_told) for pool in bank.pools]
                ),
            )
            for bank in banks
        ]
    )
