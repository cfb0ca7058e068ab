"""Reads and locks of assets. The register is public to every authenticated caller."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Select, or_, select, tuple_

from app.domain import asset as rules
from app.domain.asset import AssetKind, AssetStatus
from app.domain.errors import Violation, refuse_if
from app.domain.hold import STAY_KINDS, HoldKind
from app.models.asset import Asset, AssetClass, AssetIdentifier, AssetLink, AssetStatusChange, Title
from app.models.hold import Hold
from app.models.party import Party
from app.queries import holds as hold_queries
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.asset_number import Number


_LOCK_IDS = "SELECT id FROM assets WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"


@dataclass(frozen=True, slots=True)
class Owner:
    """A live owner of a right; `party_id` and `name` are None where the owner is unrecorded."""

    party_id: uuid.UUID | None
    name: str | None
    share_ppm: int | None
    ordinal: int
    acquired_on: date | None


@dataclass(frozen=True, slots=True)
class Right:
    """A locked right with its live owners (None: unrecorded) and its live holds."""

    asset: Asset
    owner_ids: tuple[uuid.UUID | None, ...]
    holds: tuple[Hold, ...]

    def held(self, kind: HoldKind) -> bool:
        """Whether a live hold of that kind is on the right."""
        return any(hold.kind == kind for hold in self.holds)

    def stayed(self, today: date, *, by_court: bool = False) -> bool:
        """Whether dispositions are stayed: suspended by the office or preserved by a court (LS-09, LS-10).

        `by_court`: a court itself disposes of the right, which its preservation does not hinder.
        """
        kinds = STAY_KINDS - {HoldKind.preservation} if by_court else STAY_KINDS
        return any(hold.kind in kinds and hold.runs_on(today) for hold in self.holds)

    def reserved(self, today: date, *, but_for: uuid.UUID) -> bool:
        """Whether another than `but_for` has the right reserved today (DEA-03)."""
        return any(
            hold.kind == HoldKind.reservation and hold.source_id != but_for and hold.runs_on(today)
            for hold in self.holds
        )


@dataclass(frozen=True, slots=True)
class Details:
    """What is shown beside rights, by the right's id."""

    numbers: dict[uuid.UUID, list[AssetIdentifier]]
    classes: dict[uuid.UUID, list[AssetClass]]
    owners: dict[uuid.UUID, list[Owner]]
    holds: dict[uuid.UUID, list[Hold]]
    links: dict[uuid.UUID, list[AssetLink]]

    def suspended(self, asset_id: uuid.UUID, today: date) -> bool:
        """Whether the office has suspended the right's procedures today (LS-10)."""
        return any(hold.kind == HoldKind.suspension and hold.runs_on(today) for hold in self.holds[asset_id])


def visible() -> Select[Asset]:
    """All rights."""
    return select(Asset)


def matching(
    *,
    number_keys: Iterable[str] | None = None,
    owner_id: uuid.UUID | None = None,
    office: str | None = None,
    kind: AssetKind | None = None,
    status: AssetStatus | None = None,
) -> Select[Asset]:
    """Rights with one of the number keys, a live title of the owner, and the given properties."""
    statement = visible()
    if number_keys is not None:
        found = select(AssetIdentifier.asset_id).where(AssetIdentifier.key.in_(list(number_keys)))
        statement = statement.where(Asset.id.in_(found))
    if owner_id is not None:
        owned = select(Title.asset_id).where(Title.party_id == owner_id, Title.ceased_at.is_(None))
        statement = statement.where(Asset.id.in_(owned))
    for column, value in ((Asset.office, office), (Asset.kind, kind), (Asset.status, status)):
        if value is not None:
            statement = statement.where(column == value)
    return statement


async def get(session: AsyncSession, asset_id: uuid.UUID) -> Asset:
    """One right. Raises: `asset.not_found`."""
    asset = await session.get(Asset, asset_id)
    if asset is None:
        raise rules.NOT_FOUND.error("path:asset_id", asset_id=asset_id)
    return asset


async def lock(
    session: AsyncSession, asset_ids: Sequence[uuid.UUID], *, pointer: str = "/asset_ids/{}"
) -> list[Asset]:
    """The rights, locked and as they now are, in the order of their ids (the lock order everywhere).

    Raises: `asset.not_found` for each missing one, `{}` in `pointer` standing for its place in `asset_ids`.
    """
    statement = select(Asset).where(Asset.id.in_(asset_ids)).order_by(Asset.id)
    statement = statement.with_for_update(key_share=True)  # rows that refer to the right may be added
    found = list(await session.scalars(statement, execution_options={"populate_existing": True}))
    refuse_if(_missing(asset_ids, {asset.id for asset in found}, pointer))
    return found


async def lock_ids(session: AsyncSession, asset_ids: Sequence[uuid.UUID]) -> None:
    """Lock rights whose rows are not needed, in the order of their ids."""
    await (await driver(session)).execute(_LOCK_IDS, asset_ids)


async def require(session: AsyncSession, asset_ids: Sequence[uuid.UUID]) -> None:
    """Raises: `asset.not_found` for each right that is not in the register, at `/asset_ids/{n}`."""
    known = set(await session.scalars(select(Asset.id).where(Asset.id.in_(asset_ids))))
    refuse_if(_missing(asset_ids, known))


def _missing(
    asset_ids: Sequence[uuid.UUID], known: Collection[uuid.UUID], pointer: str = "/asset_ids/{}"
) -> list[Violation]:
    return [
        rules.NOT_FOUND.violation(pointer.format(position), asset_id=asset_id)
        for position, asset_id in enumerate(asset_ids)
        if asset_id not in known
    ]


async def lock_rights(
    session: AsyncSession, asset_ids: Sequence[uuid.UUID], *, pointer: str = "/asset_ids/{}"
) -> list[Right]:
    """Lock rights in the order of their ids and read what bears on them, in the caller's order.

    Raises: `asset.not_found` for each right that is not in the register, at `pointer` as `lock` does.
    """
    assets = {asset.id: asset for asset in await lock(session, asset_ids, pointer=pointer)}
    owned = await owners(session, asset_ids)
    held = await hold_queries.live(session, asset_ids)
    return [
        Right(assets[key], tuple(owner.party_id for owner in owned[key]), tuple(held[key]))
        for key in asset_ids
    ]


async def owners(session: AsyncSession, asset_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Owner]]:
    """Live owners of several rights, the first patentee first, in one statement."""
    found: dict[uuid.UUID, list[Owner]] = {asset_id: [] for asset_id in asset_ids}
    statement = (
        select(Title, Party.name)
        .outerjoin(Party, Party.id == Title.party_id)
        .where(Title.asset_id.in_(asset_ids), Title.ceased_at.is_(None))
        .order_by(Title.ordinal, Title.id)
    )
    for title, name in await session.execute(statement):
        owner = Owner(title.party_id, name, title.share_ppm, title.ordinal, title.acquired_on)
        found[title.asset_id].append(owner)
    return found


async def live_titles(session: AsyncSession, asset_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Title]]:
    """The live titles of locked rights, fresh, the first patentee first."""
    found: dict[uuid.UUID, list[Title]] = {asset_id: [] for asset_id in asset_ids}
    statement = select(Title).where(Title.asset_id.in_(asset_ids), Title.ceased_at.is_(None))
    in_order = statement.order_by(Title.ordinal, Title.id).execution_options(populate_existing=True)
    for title in await session.scalars(in_order):
        found[title.asset_id].append(title)
    return found


async def details(session: AsyncSession, asset_ids: Sequence[uuid.UUID]) -> Details:
    """What is shown beside the rights, in five statements however many they are."""
    numbers: dict[uuid.UUID, list[AssetIdentifier]] = {asset_id: [] for asset_id in asset_ids}
    by_scheme = select(AssetIdentifier).where(AssetIdentifier.asset_id.in_(asset_ids))
    for number in await session.scalars(by_scheme.order_by(AssetIdentifier.scheme, AssetIdentifier.key)):
        numbers[number.asset_id].append(number)
    classes: dict[uuid.UUID, list[AssetClass]] = {asset_id: [] for asset_id in asset_ids}
    by_class = select(AssetClass).where(AssetClass.asset_id.in_(asset_ids)).order_by(AssetClass.nice_class)
    for nice_class in await session.scalars(by_class):
        classes[nice_class.asset_id].append(nice_class)
    links: dict[uuid.UUID, list[AssetLink]] = {asset_id: [] for asset_id in asset_ids}
    either_end = or_(AssetLink.asset_id.in_(asset_ids), AssetLink.other_asset_id.in_(asset_ids))
    live_links = select(AssetLink).where(either_end, AssetLink.ended_at.is_(None)).order_by(AssetLink.id)
    for link in await session.scalars(live_links):
        for end in (link.asset_id, link.other_asset_id):
            if end in links:
                links[end].append(link)
    held = await hold_queries.live(session, asset_ids)
    return Details(numbers, classes, await owners(session, asset_ids), held, links)


async def taken(
    session: AsyncSession, *, office: str, kind: AssetKind, numbers: Sequence[Number]
) -> dict[tuple[str, str], uuid.UUID]:
    """Which of the numbers already name a right, by (scheme, key)."""
    key = tuple_(AssetIdentifier.scheme, AssetIdentifier.key)
    statement = select(AssetIdentifier).where(
        AssetIdentifier.office == office,
        AssetIdentifier.kind == kind,
        key.in_([(number.scheme.value, number.key) for number in numbers]),
    )
    return {(row.scheme, row.key): row.asset_id for row in await session.scalars(statement)}


async def status_histories(
    session: AsyncSession, asset_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[AssetStatusChange]]:
    """The status histories of several rights in one statement, each in the order it became known."""
    found: dict[uuid.UUID, list[AssetStatusChange]] = {asset_id: [] for asset_id in asset_ids}
    statement = select(AssetStatusChange).where(AssetStatusChange.asset_id.in_(asset_ids))
    in_order = statement.order_by(AssetStatusChange.recorded_at, AssetStatusChange.id)
    for change in await session.scalars(in_order):
        found[change.asset_id].append(change)
    return found


async def status_changes(
    session: AsyncSession, asset_id: uuid.UUID, *, known_at: datetime | None = None
) -> Sequence[AssetStatusChange]:
    """The status history, as it was known at `known_at` if given, in the order it became known."""
    statement = select(AssetStatusChange).where(AssetStatusChange.asset_id == asset_id)
    if known_at is not None:
        statement = statement.where(AssetStatusChange.recorded_at <= known_at)
    in_order = statement.order_by(AssetStatusChange.recorded_at, AssetStatusChange.id)
    return (await session.scalars(in_order)).all()
