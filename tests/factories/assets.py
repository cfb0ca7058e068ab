"""Parties and rights for tests of other nouns: valid unless a test asks otherwise.

Numbers come from counters, so what one process makes never collides; CN numbers carry right check
digits. Rows are written with the register's own events, under the role of the open unit of work.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from app.domain.asset import AssetKind, AssetStatus, NumberScheme, Regime
from app.domain.clock import Moment
from app.domain.district import NATIONAL
from app.domain.identifiers import new_id
from app.domain.party import IdentifierScheme, PartyKind
from app.domain.patent_number import PatentType, patent_check_character
from app.domain.permission import system_actor
from app.domain.term import patent_last_day_in_force, trademark_last_day_in_force
from app.models.asset import Asset, AssetClass, AssetIdentifier, AssetStatusChange, Title
from app.models.party import Party
from app.services import events, parties
from app.services.sandbox import sample_uscc

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

FILED_ON = date(2019, 3, 1)
GRANTED_ON = date(2021, 6, 1)
_KIND_DIGIT = {PatentType.invention: "1", PatentType.utility_model: "2", PatentType.design: "3"}
_party_numbers = itertools.count(200_000)
_asset_numbers = itertools.count(1)


def now() -> Moment:
    """The real moment, for callers that have no unit of work's own."""
    return Moment.at(datetime.now(UTC))


def cn_patent_number(patent_type: PatentType = PatentType.invention, *, year: int = FILED_ON.year) -> str:
    """A new CN application number with its check digit, e.g. `201910000001.3`."""
    digits = f"{year}{_KIND_DIGIT[patent_type]}{next(_asset_numbers):07d}"
    return f"{digits}.{patent_check_character(digits)}"


def cn_trademark_number() -> str:
    """A new CN registration number of eight digits."""
    return f"{50_000_000 + next(_asset_numbers)}"


async def make_party(
    session: AsyncSession,
    *,
    name: str | None = None,
    district_code: str = "120110",
    moment: Moment | None = None,
) -> Party:
    """A fictional organisation with a well-formed 统一社会信用代码."""
    number = next(_party_numbers)
    return await parties.register(
        session,
        actor=system_actor("test"),
        moment=moment or now(),
        new=parties.NewParty(
            kind=PartyKind.organisation,
            name=name or f"示例科技有限公司{number}",
            district_code=district_code,
            identifiers=[parties.NewIdentifier(IdentifierScheme.uscc, sample_uscc(number))],
            country="CN",
        ),
    )


async def make_asset(
    session: AsyncSession,
    *,
    owners: Sequence[uuid.UUID | None],
    kind: AssetKind = AssetKind.patent,
    patent_type: PatentType = PatentType.invention,
    office: str = "CN",
    number: str | None = None,
    name: str | None = None,
    filed_on: date = FILED_ON,
    status: AssetStatus | None = None,
    status_as_of: date | None = None,
    last_day_in_force: date | None = None,
    suspended: bool = False,
    invalidation_pending: bool = False,
    shares_ppm: Sequence[int | None] | None = None,
    nice_classes: Sequence[int] = (9,),
    moment: Moment | None = None,
) -> Asset:
    """A right in force (a granted patent or a registered trademark), owned by the parties `owners`.

    Ownership is undivided unless `shares_ppm` is given; an owner None is unrecorded. `status_as_of`
    is today unless given; `last_day_in_force` follows from the filing date.
    """
    moment = moment or now()
    patent = kind is AssetKind.patent
    number = number or (
        cn_patent_number(patent_type, year=filed_on.year) if patent else cn_trademark_number()
    )
    asset = Asset(
        id=new_id(),
        office=office,
        kind=kind,
        patent_type=patent_type if patent else None,
        regime=Regime.cn if office == "CN" else Regime.notice,
        number=number,
        name=name or ("示例装置" if patent else "示例商标"),
        ipc="G06F" if patent else None,
        filed_on=filed_on,
        granted_on=GRANTED_ON if patent else None,
        registered_on=None if patent else GRANTED_ON,
        last_day_in_force=last_day_in_force or _last_day(kind, patent_type, filed_on),
        status=status or (AssetStatus.granted if patent else AssetStatus.registered),
        status_as_of=status_as_of or moment.today,
        status_source="登记簿副本",
        suspended=suspended,
        invalidation_pending=invalidation_pending,
        imported=False,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    event = events.NewEvent(
        id=asset.event_id,
        type="asset.registered",
        noun="asset",
        subject_id=asset.id,
        stream=NATIONAL,
        public=True,
        payload={"number": number},
    )
    await events.record(session, actor=system_actor("test"), moment=moment, events=[event])
    session.add(asset)
    await session.flush()
    session.add_all(_parts(asset, owners, shares_ppm or [None] * len(owners), nice_classes))
    await session.flush()
    await session.refresh(asset)
    return asset


def _last_day(kind: AssetKind, patent_type: PatentType, filed_on: date) -> date:
    if kind is AssetKind.trademark:
        return trademark_last_day_in_force(GRANTED_ON)
    return patent_last_day_in_force(patent_type, filed_on)


def _parts(
    asset: Asset,
    owners: Sequence[uuid.UUID | None],
    shares: Sequence[int | None],
    nice_classes: Sequence[int],
) -> list[AssetIdentifier | AssetClass | AssetStatusChange | Title]:
    patent = asset.kind == AssetKind.patent
    identifier = AssetIdentifier(
        id=new_id(),
        asset_id=asset.id,
        office=asset.office,
        kind=asset.kind,
        scheme=NumberScheme.application if patent else NumberScheme.registration,
        value=asset.number,
        key=asset.number.split(".")[0],
    )
    change = AssetStatusChange(
        id=new_id(),
        asset_id=asset.id,
        status=asset.status,
        effective_on=GRANTED_ON,
        source=asset.status_source,
        event_id=asset.event_id,
        recorded_at=asset.recorded_at,
    )
    titles = [
        Title(
            id=new_id(),
            asset_id=asset.id,
            party_id=owner,
            share_ppm=share,
            ordinal=ordinal,
            acquired_on=GRANTED_ON,
            event_id=asset.event_id,
            recorded_at=asset.recorded_at,
        )
        for ordinal, (owner, share) in enumerate(zip(owners, shares, strict=True), start=1)
    ]
    classes = [
        AssetClass(id=new_id(), asset_id=asset.id, nice_class=number)
        for number in ([] if patent else nice_classes)
    ]
    return [identifier, change, *titles, *classes]
