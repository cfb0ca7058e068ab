"""`/v1/assets`: the national register of rights."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.asset import AssetKind, AssetStatus, NumberScheme, status_in_force
from app.domain.asset_entry import NewAsset, NewClass, NewOwner
from app.domain.asset_goods import NewItem
from app.domain.asset_number import search_keys
from app.domain.errors import Violation
from app.domain.permission import Permission
from app.models.asset import Asset
from app.queries import assets as queries
from app.queries.assets import Details
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.asset import (
    AssetIn,
    AssetOut,
    AssetRegisteredOut,
    ClassOut,
    FlagsIn,
    HoldOut,
    LinkOut,
    NumberOut,
    NumbersIn,
    Office,
    OwnerOut,
    StatusChangeOut,
    StatusesOut,
    StatusIn,
    WarningOut,
)
from app.schemas.common import Day, Instant, Page
from app.services import assets

router = APIRouter(prefix="/v1/assets", tags=["assets"])

Write = Annotated[WriteUnit, writes(Permission.asset_write)]
Telling = Annotated[WriteUnit, writes(Permission.asset_status)]
Read = Annotated[ReadUnit, reads(Permission.asset_read)]


def out(asset: Asset, details: Details, today: date) -> AssetOut:
    """The right as it is shown to everyone: that it is encumbered, never for whom."""
    return AssetOut(
        id=asset.id,
        kind=asset.kind,
        office=asset.office,
        regime=asset.regime,
        number=asset.number,
        numbers=[NumberOut.model_validate(number) for number in details.numbers[asset.id]],
        name=asset.name,
        patent_type=asset.patent_type,
        ipc=asset.ipc,
        mark_kind=asset.mark_kind,
        classes=[ClassOut.model_validate(nice_class) for nice_class in details.classes[asset.id]],
        filed_on=asset.filed_on,
        granted_on=asset.granted_on,
        registered_on=asset.registered_on,
        last_day_in_force=asset.last_day_in_force,
        status=asset.status,
        status_as_of=asset.status_as_of,
        status_source=asset.status_source,
        suspended=details.suspended(asset.id, today),
        invalidation_pending=asset.invalidation_pending,
        imported=asset.imported,
        owners=[
            OwnerOut(
                party_id=owner.party_id,
                name=owner.name,
                share_ppm=owner.share_ppm,
                acquired_on=owner.acquired_on,
                unrecorded=owner.party_id is None,
            )
            for owner in details.owners[asset.id]
        ],
        holds=[
            HoldOut(kind=hold.kind, rank=hold.rank, since=hold.placed_on, source=hold.source_noun)
            for hold in details.holds[asset.id]
        ],
        links=[
            LinkOut(
                id=link.id,
                asset_id=link.other_asset_id if link.asset_id == asset.id else link.asset_id,
                kind=link.kind,
            )
            for link in details.links[asset.id]
        ],
        version=asset.version,
    )


def _numbers(body: NumbersIn) -> dict[NumberScheme, str]:
    return {NumberScheme(scheme): value for scheme, value in body if value is not None}


def _new(body: AssetIn) -> NewAsset:
    return NewAsset(
        kind=body.kind,
        office=body.office,
        numbers=_numbers(body.numbers),
        name=body.name,
        patent_type=body.patent_type,
        ipc=body.ipc,
        mark_kind=body.mark_kind,
        classes=[
            NewClass(
                given.nice_class,
                given.goods,
                [NewItem(given.nice_class, one.item, one.similar_group) for one in given.items],
            )
            for given in body.classes
        ],
        filed_on=body.filed_on,
        granted_on=body.granted_on,
        registered_on=body.registered_on,
        renewals=body.renewals,
        status=body.status,
        status_as_of=body.status_as_of,
        status_source=body.status_source,
        owners=[NewOwner(given.party_id, given.share_ppm, given.acquired_on) for given in body.owners],
    )


def _warning(violation: Violation) -> WarningOut:
    return WarningOut(code=violation.code.code, pointer=violation.pointer, zh=violation.zh, en=violation.en)


async def _reply(unit: WriteUnit, status_code: int, asset: Asset) -> Response:
    shown = out(asset, await queries.details(unit.session, [asset.id]), unit.moment.today)
    return await unit.reply(status_code, shown, headers={"ETag": etag(asset.version)})


@router.post("", status_code=201, response_model=AssetRegisteredOut)
async def register(body: AssetIn, unit: Write) -> Response:
    """Enter a right. Refuses with every objection at once; what is merely odd comes back as warnings."""
    made = await assets.register(unit.session, actor=unit.actor, moment=unit.moment, new=_new(body))
    shown = out(made.asset, await queries.details(unit.session, [made.asset.id]), unit.moment.today)
    answer = AssetRegisteredOut(**dict(shown), warnings=[_warning(violation) for violation in made.warnings])
    return await unit.reply(201, answer, headers={"ETag": etag(made.asset.version)})


@router.get("")
async def search(
    *,
    unit: Read,
    paging: PageDep,
    number: Annotated[str | None, Query(description="Any of its numbers, in any written form.")] = None,
    owner_id: Annotated[uuid.UUID | None, Query(description="A party that owns it now.")] = None,
    office: Annotated[Office | None, Query()] = None,
    kind: AssetKind | None = None,
    status: AssetStatus | None = None,
) -> Page[AssetOut]:
    """List rights."""
    statement = queries.matching(
        number_keys=None if number is None else search_keys(number, today=unit.moment.today),
        owner_id=owner_id,
        office=office,
        kind=kind,
        status=status,
    )
    found = await page(
        unit.session,
        statement,
        Asset.id,
        paging.wanted,
    )
    details = await queries.details(unit.session, [asset.id for asset in found.rows])
    items = [out(asset, details, unit.moment.today) for asset in found.rows]
    return paging.answer(found, items)


@router.get("/{asset_id}")
async def get(asset_id: uuid.UUID, unit: Read, response: Response) -> AssetOut:
    """One right with its numbers, classes, owners, holds and links."""
    asset = await queries.get(unit.session, asset_id)
    response.headers["ETag"] = etag(asset.version)
    return out(asset, await queries.details(unit.session, [asset_id]), unit.moment.today)


@router.post("/{asset_id}/statuses", status_code=201, response_model=AssetOut)
async def change_status(asset_id: uuid.UUID, body: StatusIn, unit: Telling) -> Response:
    """Record a legal status. Needs If-Match; answers the right as it now is."""
    asset = await assets.change_status(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        asset_id=asset_id,
        new=assets.NewStatus(body.status, body.effective_on, body.source, body.as_of),
        expect_version=unit.require_version,
    )
    return await _reply(unit, 201, asset)


@router.get("/{asset_id}/statuses")
async def statuses(
    asset_id: uuid.UUID,
    unit: Read,
    effective_on: Annotated[Day | None, Query(description="Default: today.")] = None,
    known_at: Annotated[Instant | None, Query(description="Default: now.")] = None,
) -> StatusesOut:
    """The status history and the status in force on a day, as known at an instant."""
    await queries.get(unit.session, asset_id)
    on, at = effective_on or unit.moment.today, known_at or unit.moment.now
    known = await queries.status_changes(unit.session, asset_id, known_at=at)
    current = status_in_force(known, on)
    return StatusesOut(
        asset_id=asset_id,
        effective_on=on,
        known_at=at,
        in_force=StatusChangeOut.model_validate(current) if current else None,
        items=[StatusChangeOut.model_validate(change) for change in known],
    )


@router.put("/{asset_id}/flags", response_model=AssetOut)
async def set_flags(asset_id: uuid.UUID, body: FlagsIn, unit: Telling) -> Response:
    """Say whether invalidation is pending. Needs If-Match."""
    asset = await assets.set_flags(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        asset_id=asset_id,
        invalidation_pending=body.invalidation_pending,
        expect_version=unit.require_version,
    )
    return await _reply(unit, 200, asset)
