"""`/v1/listings`: the market, from draft to close, and its public face `/v1/public/listings`."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.domain.enforcement import CLEAN_TITLE_BASIS, CLEAN_TITLE_EN, CLEAN_TITLE_ZH
from app.domain.hold import LICENCE_KINDS, HoldKind
from app.domain.listing import Direction, ListingMode, ListingStatus
from app.domain.permission import Permission
from app.models.listing import Listing
from app.queries import holds as hold_queries, listings as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep, PublicPageDep
from app.schemas.common import MoneyOut, Page, ReasonIn
from app.schemas.listing import (
    ListedAssetOut,
    ListingIn,
    ListingOut,
    ListingPatch,
    PublicListingOut,
    TitleNoteOut,
)
from app.services import listings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.infra.db import Database

router = APIRouter(prefix="/v1/listings", tags=["listings"])
public_router = APIRouter(prefix="/v1/public/listings", tags=["listings"])

DISCLOSED = (*sorted(LICENCE_KINDS), HoldKind.lien, HoldKind.preservation)
"""Holds a buyer must know of (TR-05, LS table); their holders and terms are not shown."""

CLEAN_TITLE = TitleNoteOut(zh=CLEAN_TITLE_ZH, en=CLEAN_TITLE_EN, basis=CLEAN_TITLE_BASIS)
"""What is said of a sale of pledged rights by enforcement (UNI-12)."""

Writing = Annotated[WriteUnit, writes(Permission.listing_write)]
Reviewing = Annotated[WriteUnit, writes(Permission.listing_approve)]
Reading = Annotated[ReadUnit, reads(Permission.listing_read)]


async def _offered(session: AsyncSession, rows: Iterable[Listing]) -> dict[uuid.UUID, list[ListedAssetOut]]:
    """The rights of listings as they are shown."""
    assets = await queries.assets(session, [listing.id for listing in rows])
    held = await hold_queries.live(
        session, {asset.id for offered in assets.values() for asset in offered}, DISCLOSED
    )
    return {
        listing_id: [
            ListedAssetOut(
                asset_id=asset.id,
                kind=asset.kind,
                patent_type=asset.patent_type,
                number=asset.number,
                name=asset.name,
                holds=sorted({hold.kind for hold in held[asset.id]}),
            )
            for asset in offered
        ]
        for listing_id, offered in assets.items()
    }


def _shown(listing: Listing, assets: list[ListedAssetOut]) -> dict[str, Any]:
    """What anybody may see of a listing."""
    negotiable = listing.price_fen is None
    return {
        "id": listing.id,
        "number": listing.number,
        "direction": listing.direction,
        "mode": listing.mode,
        "name": listing.name,
        "description": listing.description,
        "price": None if listing.price_fen is None else MoneyOut.of(listing.price_fen, listing.currency),
        "negotiable": negotiable,
        "status": listing.status,
        "district_code": listing.district_code,
        "disposal": listing.disposal,
        "title_note": CLEAN_TITLE if listing.disposal else None,
        "published_on": listing.published_on,
        "expires_on": listing.expires_on,
        "assets": assets,
    }


def _out(listing: Listing, assets: list[ListedAssetOut]) -> ListingOut:
    return ListingOut(
        **_shown(listing, assets),
        organisation_id=listing.organisation_id,
        owner_id=listing.owner_id,
        closed_on=listing.closed_on,
        version=listing.version,
    )


async def _answer(unit: WriteUnit, listing: Listing, status_code: int = 200) -> Response:
    assets = await _offered(unit.session, [listing])
    headers = {"ETag": etag(listing.version)}
    return await unit.reply(status_code, _out(listing, assets[listing.id]), headers=headers)


@router.post("", status_code=201, response_model=ListingOut)
async def draft(body: ListingIn, unit: Writing) -> Response:
    """Draft an offer of rights or a need."""
    new = listings.NewListing(
        direction=body.direction,
        mode=body.mode,
        name=body.name,
        description=body.description,
        expires_on=body.expires_on,
        price_fen=body.price.fen if body.price else None,
        currency=body.price.currency if body.price else "CNY",
        asset_ids=body.asset_ids,
        owner_id=body.owner_id,
    )
    listing = await listings.draft(unit.session, actor=unit.actor, moment=unit.moment, new=new)
    return await _answer(unit, listing, 201)


@router.patch("/{listing_id}", response_model=ListingOut)
async def revise(listing_id: uuid.UUID, body: ListingPatch, unit: Writing) -> Response:
    """Change a draft; `If-Match` names the version that was seen."""
    changes = listings.Changes(
        mode=body.mode,
        name=body.name,
        description=body.description,
        expires_on=body.expires_on,
        priced="price" in body.model_fields_set,
        price=body.price.money if body.price else None,
    )
    listing = await listings.revise(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        listing_id=listing_id,
        changes=changes,
        expect_version=unit.require_version,
    )
    return await _answer(unit, listing)


@router.post("/{listing_id}/submission", response_model=ListingOut)
async def submit(listing_id: uuid.UUID, unit: Writing) -> Response:
    """Hand a draft to the operator for review."""
    listing = await listings.submit(unit.session, actor=unit.actor, moment=unit.moment, listing_id=listing_id)
    return await _answer(unit, listing)


@router.post("/{listing_id}/return", response_model=ListingOut)
async def return_(listing_id: uuid.UUID, body: ReasonIn, unit: Reviewing) -> Response:
    """Send a submitted listing back with a reason."""
    listing = await listings.return_(
        unit.session, actor=unit.actor, moment=unit.moment, listing_id=listing_id, reason=body.reason
    )
    return await _answer(unit, listing)


@router.post("/{listing_id}/approval", response_model=ListingOut)
async def approve(listing_id: uuid.UUID, unit: Reviewing) -> Response:
    """Publish a submitted listing, or say everything that speaks against it."""
    listing = await listings.approve(
        unit.session, actor=unit.actor, moment=unit.moment, listing_id=listing_id
    )
    return await _answer(unit, listing)


@router.post("/{listing_id}/withdrawal", response_model=ListingOut)
async def withdraw(listing_id: uuid.UUID, unit: Writing) -> Response:
    """Take a listing back; a reserved one is not free to go."""
    listing = await listings.withdraw(
        unit.session, actor=unit.actor, moment=unit.moment, listing_id=listing_id
    )
    return await _answer(unit, listing)


@router.post("/{listing_id}/closure", response_model=ListingOut)
async def close(listing_id: uuid.UUID, unit: Writing) -> Response:
    """Close a listing that has served its purpose."""
    listing = await listings.close(unit.session, actor=unit.actor, moment=unit.moment, listing_id=listing_id)
    return await _answer(unit, listing)


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    status: ListingStatus | None = None,
    mode: ListingMode | None = None,
    direction: Direction | None = None,
    asset_id: uuid.UUID | None = None,
    disposal: bool | None = None,
    mine: Annotated[bool, Query(description="Only those of the caller's organisation.")] = False,
) -> Page[ListingOut]:
    """List the listings the caller may see."""
    statement = queries.matching(
        queries.visible(unit.actor),
        status=status,
        mode=mode,
        direction=direction,
        asset_id=asset_id,
        disposal=disposal,
        organisation_id=unit.actor.organisation_id if mine else None,
    )
    found = await page(
        unit.session,
        statement,
        Listing.id,
        paging.wanted,
    )
    assets = await _offered(unit.session, found.rows)
    items = [_out(listing, assets[listing.id]) for listing in found.rows]
    return paging.answer(found, items)


@router.get("/{listing_id}")
async def get(listing_id: uuid.UUID, unit: Reading, response: Response) -> ListingOut:
    """One listing."""
    listing = await queries.get(unit.session, unit.actor, listing_id)
    response.headers["ETag"] = etag(listing.version)
    assets = await _offered(unit.session, [listing])
    return _out(listing, assets[listing.id])


@public_router.get("")
async def search_public(
    request: Request,
    paging: PublicPageDep,
    mode: ListingMode | None = None,
    direction: Direction | None = None,
    *,
    disposal: Annotated[bool | None, Query(description="Only sales by enforcement, or none of them.")] = None,
) -> Page[PublicListingOut]:
    """The market for readers without an account (LST-16)."""
    database: Database = request.app.state.database
    async with database.read() as unit:
        found = await page(
            unit.session,
            queries.matching(queries.on_market(), mode=mode, direction=direction, disposal=disposal),
            Listing.id,
            paging.wanted,
        )
        assets = await _offered(unit.session, found.rows)
    items = [PublicListingOut(**_shown(listing, assets[listing.id])) for listing in found.rows]
    return paging.answer(found, items)
