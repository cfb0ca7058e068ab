"""Patents by the dozen for portfolios, and portfolios of them."""

from __future__ import annotations

import itertools
import uuid
from datetime import date
from typing import TYPE_CHECKING

from app.domain.asset import AssetKind, AssetStatus, Regime
from app.domain.identifiers import new_id
from app.domain.patent_number import PatentType
from app.models.asset import Asset, AssetStatusChange, Title
from tests.factories.clock import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

SINCE = date(2015, 1, 1)
_numbers = itertools.count(1)


async def make_patents(
    session: AsyncSession,
    owner_id: uuid.UUID,
    *,
    inventions: int = 0,
    pct: int = 0,
    acquired_on: date | None = SINCE,
    granted_on: date | None = SINCE,
) -> list[uuid.UUID]:
    """Inventions and then PCT applications of one owner, written straight into the register.

    The inventions are in force from `granted_on`, applications until then; None: they are that still.
    """
    moment, event_id, ids = now(), new_id(), []
    titles: list[Title] = []
    changes: list[AssetStatusChange] = []
    for office in ["CN"] * inventions + ["WO"] * pct:
        chinese = office == "CN"
        granted = granted_on if chinese else None
        status = AssetStatus.application if granted is None else AssetStatus.granted
        asset = Asset(
            id=new_id(),
            office=office,
            kind=AssetKind.patent.value,
            patent_type=PatentType.invention.value if chinese else None,
            regime=(Regime.cn if chinese else Regime.notice).value,
            number=f"{office}-示例-{next(_numbers)}",
            name="示例装置",
            filed_on=SINCE,
            status=status.value,
            status_as_of=moment.today,
            status_source="示例",
            invalidation_pending=False,
            imported=False,
            event_id=event_id,
            recorded_at=moment.now,
            version=1,
        )
        session.add(asset)
        ids.append(asset.id)
        basis = {"id": new_id(), "asset_id": asset.id, "event_id": event_id, "recorded_at": moment.now}
        titles.append(Title(**basis, party_id=owner_id, ordinal=1, acquired_on=acquired_on))
        history = {SINCE: AssetStatus.application}
        if granted is not None:
            history[granted] = status
        for effective_on, came in history.items():
            basis["id"] = new_id()
            changes.append(
                AssetStatusChange(**basis, status=came.value, effective_on=effective_on, source="示例")
            )
    await session.flush()
    session.add_all([*titles, *changes])
    await session.flush()
    return ids
