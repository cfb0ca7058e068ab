"""What speaks against a deal: at the agreement, at the signature, and when a transfer is registered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from app.domain import deal as rules, hold as hold_rules
from app.domain.asset import CN, AssetKind, AssetStatus
from app.domain.deal import TRANSFERABLE, DealKind
from app.domain.errors import Violation
from app.queries import parties as party_queries
from app.services import licensing

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.models.deal import Deal
    from app.queries.assets import Right


def to_agreement(deal: Deal, rights: Sequence[Right], *, today: date) -> list[Violation]:
    """What speaks already against agreeing on locked rights; consents may still come before the signature."""
    if deal.kind == DealKind.transfer:
        return to_transfer(deal, rights, today=today)
    return licensing.rights_objections(deal, rights, today=today)


async def to_signature(
    session: AsyncSession, deal: Deal, rights: Sequence[Right], *, today: date
) -> list[Violation]:
    """Everything that speaks against signing, but for consents (TR-04, TR-17)."""
    if deal.kind == DealKind.transfer:
        return [
            *to_transfer(deal, rights, today=today),
            *await _export_faults(session, deal, rights),
        ]
    return await licensing.objections(session, deal, rights, today=today)


def to_transfer(deal: Deal, rights: Sequence[Right], *, today: date) -> list[Violation]:
    """What speaks against passing locked rights: owner, status, stay, another's reservation.

    An application passes as well (专利申请权), a right in its late period too; whoever licenses a right
    keeps the licence (TR-05).
    """
    found: list[Violation] = []
    for position, right in enumerate(rights):
        pointer, number = f"/asset_ids/{position}", right.asset.number
        if deal.grantor_id not in right.owner_ids:
            found.append(rules.TRANSFEROR_NOT_OWNER.violation(pointer, number=number))
        if AssetStatus(right.asset.status) not in TRANSFERABLE:
            found.append(rules.RIGHT_ENDED.violation(pointer, number=number, status=right.asset.status))
        if right.stayed(today):
            found.append(rules.RIGHT_STAYED.violation(pointer, number=number))
        if right.reserved(today, but_for=deal.id):
            found.append(hold_rules.RESERVED.violation(pointer, number=number))
    return found


async def _export_faults(session: AsyncSession, deal: Deal, rights: Sequence[Right]) -> list[Violation]:
    """A patent that a Chinese owner passes abroad needs the evidence of 技术出口 (TR-04).

    Hong Kong, Macao and Taiwan count as abroad; a party without a country counts as Chinese.
    """
    if deal.export_evidence is not None:
        return []
    if all(right.asset.kind != AssetKind.patent for right in rights):
        return []
    grantor, grantee = [await party_queries.get(session, key) for key in (deal.grantor_id, deal.grantee_id)]
    if (grantor.country or CN) != CN or (grantee.country or CN) == CN:
        return []
    return [rules.EXPORT_EVIDENCE_REQUIRED.violation("/export_evidence", country=grantee.country)]
