"""What speaks against a deal: at the agreement, at the signature, and when a transfer is registered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from app.domain import deal_ground
from app.domain.asset import AssetKind
from app.domain.deal import DealKind
from app.domain.errors import Violation
from app.queries import associated_marks, parties as party_queries
from app.services import licensing

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.models.deal import Deal
    from app.queries.assets import Right


def to_agreement(deal: Deal, rights: Sequence[Right], *, today: date, by_court: bool) -> list[Violation]:
    """What speaks already against agreeing on locked rights; consents may still come before the signature."""
    if deal.kind == DealKind.transfer:
        return to_transfer(deal, rights, today=today, by_court=by_court)
    return licensing.rights_objections(deal, rights, today=today)


async def to_signature(
    session: AsyncSession, deal: Deal, rights: Sequence[Right], *, today: date, by_court: bool
) -> list[Violation]:
    """Everything that speaks against signing, but for consents (TR-04, TR-11, TR-17)."""
    if deal.kind == DealKind.transfer:
        return [
            *await _to_sign_transfer(session, deal, rights, today, by_court=by_court),
            *await _export_faults(session, deal, rights),
        ]
    return await licensing.objections(session, deal, rights, today=today)


def to_transfer(deal: Deal, rights: Sequence[Right], *, today: date, by_court: bool) -> list[Violation]:
    """What speaks against passing locked rights (`deal_ground.to_transfer`)."""
    return [
        objection
        for position, right in enumerate(rights)
        for objection in deal_ground.to_transfer(
            deal.grantor_id, licensing.judged(deal, right, today, by_court=by_court), f"/asset_ids/{position}"
        )
    ]


async def _to_sign_transfer(
    session: AsyncSession, deal: Deal, rights: Sequence[Right], today: date, *, by_court: bool
) -> list[Violation]:
    """What speaks against signing (`deal_ground.to_sign_transfer`); the associated marks are asked for once.

    The office decides which marks are alike: at its registration nothing of this is asked again (TR-12).
    """
    marks = [right.asset.id for right in rights if right.asset.kind == AssetKind.trademark]
    together = await associated_marks.closure(session, marks) if marks else {}
    asset_ids = {right.asset.id for right in rights}
    return [
        objection
        for position, right in enumerate(rights)
        for objection in deal_ground.to_sign_transfer(
            deal.grantor_id,
            licensing.judged(
                deal, right, today, associated=together.get(right.asset.id, ()), by_court=by_court
            ),
            asset_ids=asset_ids,
            pointer=f"/asset_ids/{position}",
        )
    ]


async def _export_faults(session: AsyncSession, deal: Deal, rights: Sequence[Right]) -> list[Violation]:
    """The evidence of 技术出口 where it is needed and not given (`deal_ground.export_faults`)."""
    kinds = {AssetKind(right.asset.kind) for right in rights}
    if deal.export_evidence is not None or AssetKind.patent not in kinds:
        return []
    grantor, grantee = [await party_queries.get(session, key) for key in (deal.grantor_id, deal.grantee_id)]
    return deal_ground.export_faults(kinds, grantor.country, grantee.country)
