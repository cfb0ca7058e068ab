"""Rights for tests of other nouns, entered through the register's own service."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain.asset import AssetKind, AssetStatus, NumberScheme
from app.domain.asset_entry import NewAsset, NewClass, NewOwner
from app.domain.hold import HoldKind
from app.domain.identifiers import new_id
from app.domain.patent_number import patent_check_character
from app.domain.permission import system_actor
from app.domain.recordal import RecordalKind
from app.models.asset import Asset, Title
from app.models.recordal import ImportRow, Recordal, RecordalAsset
from app.queries import assets as asset_queries
from app.services import assets, holds
from app.services.holds import NewHold
from tests.factories.clock import now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

FILED_ON = date(2019, 3, 1)
GRANTED_ON = date(2021, 6, 1)
_numbers = itertools.count(1)


async def make_asset(
    session: AsyncSession,
    *,
    owners: Sequence[uuid.UUID],
    kind: AssetKind = AssetKind.patent,
    status: AssetStatus | None = None,
    shares: Sequence[int | None] = (),
    suspended: bool = False,
    acquired: Sequence[date | None] = (),
    **changes: Any,
) -> Asset:
    """A right in force and checked today, of the parties `owners`, undivided, with a number of its own.

    `shares`: what each of the owners holds of a divided right, in millionths; `acquired`: since when. `suspended`: the
    office has suspended its procedures. `changes` are set on the row afterwards: dates and flags that
    nobody can enter.
    """
    moment, number = now(), next(_numbers)
    facts: dict[str, Any]
    if kind is AssetKind.patent:
        digits = f"{FILED_ON.year}1{number:07d}"
        facts = {
            "numbers": {NumberScheme.application: digits + patent_check_character(digits)},
            "name": "示例装置",
            "status": status or AssetStatus.granted,
            "ipc": "G06F 17/30",
            "filed_on": FILED_ON,
            "granted_on": GRANTED_ON,
        }
    else:
        facts = {
            "numbers": {NumberScheme.registration: f"{50_000_000 + number}"},
            "name": f"示例商标{number}",
            "status": status or AssetStatus.registered,
            "classes": [NewClass(9)],
            "filed_on": FILED_ON,
            "registered_on": GRANTED_ON,
        }
    new = NewAsset(
        kind=kind,
        status_source="登记簿副本",
        status_as_of=moment.today,
        owners=[
            NewOwner(owner, share, since)
            for owner, share, since in zip(
                owners,
                shares or [None] * len(owners),
                acquired or [GRANTED_ON] * len(owners),
                strict=True,
            )
        ],
        **facts,
    )
    entered = await assets.register(session, actor=system_actor("test"), moment=moment, new=new)
    for name, value in changes.items():
        setattr(entered.asset, name, value)
    await session.flush()
    if suspended:
        await tie_up(session, entered.asset.id, HoldKind.suspension)
    return entered.asset


async def tie_up(session: AsyncSession, asset_id: uuid.UUID, kind: HoldKind) -> None:
    """A hold of that kind on the right from today, without an end."""
    moment = now()
    new = NewHold(asset_id, kind, "test", new_id(), new_id(), moment.today)
    await holds.place(session, moment=moment, holds=[new])


async def pass_title(
    session: AsyncSession, asset_id: uuid.UUID, party_id: uuid.UUID | None, *, on: date | None = None
) -> None:
    """The right has another owner, by a recorded document, as imported; None: one that is not recorded."""
    moment, event_id, recordal_id = now(), new_id(), new_id()
    basis = {"event_id": event_id, "recorded_at": moment.now}
    session.add(
        Recordal(
            id=recordal_id,
            office="CN",
            kind=RecordalKind.transfer.value,
            recorded_on=on,
            conveyance="示例",
            partial=False,
            source="示例",
            **basis,
        )
    )
    for title in (await asset_queries.live_titles(session, [asset_id]))[asset_id]:
        title.ceased_on, title.ceased_at, title.ceased_event_id = on, moment.now, event_id
    await session.flush()  # the ends first: a party has one live title of a right
    row = {"kind": "recordals", "row_sha256": str(recordal_id), "line": 1, "raw": "示例", "noun": "recordal"}
    session.add_all(
        [
            RecordalAsset(id=new_id(), recordal_id=recordal_id, asset_id=asset_id),
            ImportRow(id=new_id(), subject_id=recordal_id, **row, **basis),
            Title(
                id=new_id(),
                asset_id=asset_id,
                party_id=party_id,
                ordinal=1,
                acquired_on=on,
                recordal_id=recordal_id,
                **basis,
            ),
        ]
    )
    await session.flush()
