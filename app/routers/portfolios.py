"""`/v1/portfolios`: rights kept together, their members and whether they qualify on a day."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.permission import Permission
from app.domain.portfolio import Counting, PortfolioStatus, counted_on, qualifies
from app.models.portfolio import Portfolio, PortfolioMember
from app.queries import holds as hold_queries, portfolios as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import FIRST_DAY, LAST_DAY, Page
from app.schemas.portfolio import (
    MemberEncumbranceOut,
    MemberOut,
    MembersIn,
    PortfolioClosureIn,
    PortfolioIn,
    PortfolioOut,
    RemovalIn,
)
from app.services import portfolios

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(prefix="/v1/portfolios", tags=["portfolios"])

Writing = Annotated[WriteUnit, writes(Permission.portfolio_write)]
Reading = Annotated[ReadUnit, reads(Permission.portfolio_read)]
On = Annotated[
    date | None, Query(ge=FIRST_DAY, le=LAST_DAY, description="The day to look at; today if left out.")
]


async def _out(session: AsyncSession, rows: Sequence[Portfolio], on: date) -> list[PortfolioOut]:
    """Portfolios as they stood on a day."""
    ids = [portfolio.id for portfolio in rows]
    spans, sizes = await queries.spans(session, ids), await queries.sizes(session, ids, on)
    shown = []
    for portfolio in rows:
        counted = counted_on(spans[portfolio.id], on)
        shown.append(
            PortfolioOut(
                id=portfolio.id,
                number=portfolio.number,
                name=portfolio.name,
                industry=portfolio.industry,
                district_code=portfolio.district_code,
                organisation_id=portfolio.organisation_id,
                owner_id=portfolio.owner_id,
                status=portfolio.status,
                qualified_on=portfolio.qualified_on,
                on=on,
                members=sizes[portfolio.id],
                inventions=counted[Counting.invention],
                pct_applications=counted[Counting.pct_application],
                qualifies=qualifies(counted),
                version=portfolio.version,
            )
        )
    return shown


async def _answer(unit: WriteUnit, portfolio: Portfolio, status_code: int = 200) -> Response:
    [shown] = await _out(unit.session, [portfolio], unit.moment.today)
    return await unit.reply(status_code, shown, headers={"ETag": etag(portfolio.version)})


@router.post("", status_code=201, response_model=PortfolioOut)
async def open_(body: PortfolioIn, unit: Writing) -> Response:
    """Enter a portfolio of one owner's rights."""
    new = portfolios.NewPortfolio(
        name=body.name,
        industry=body.industry,
        owner_id=body.owner_id,
        asset_ids=body.asset_ids,
        joined_on=body.joined_on,
    )
    portfolio = await portfolios.open_(unit.session, actor=unit.actor, moment=unit.moment, new=new)
    return await _answer(unit, portfolio, 201)


@router.post("/{portfolio_id}/members", status_code=201, response_model=PortfolioOut)
async def add(portfolio_id: uuid.UUID, body: MembersIn, unit: Writing) -> Response:
    """Let rights join on a day up to today."""
    portfolio = await portfolios.add(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        portfolio_id=portfolio_id,
        asset_ids=body.asset_ids,
        joined_on=body.joined_on,
    )
    return await _answer(unit, portfolio, 201)


@router.post("/{portfolio_id}/removals", status_code=201, response_model=PortfolioOut)
async def remove(portfolio_id: uuid.UUID, body: RemovalIn, unit: Writing) -> Response:
    """Let rights leave from a day on."""
    portfolio = await portfolios.remove(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        portfolio_id=portfolio_id,
        asset_ids=body.asset_ids,
        left_on=body.left_on,
    )
    return await _answer(unit, portfolio, 201)


@router.post("/{portfolio_id}/closure", response_model=PortfolioOut)
async def close(portfolio_id: uuid.UUID, unit: Writing, body: PortfolioClosureIn | None = None) -> Response:
    """Close a portfolio today; its history stays."""
    portfolio = await portfolios.close(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        portfolio_id=portfolio_id,
        reason=body.reason if body else None,
    )
    return await _answer(unit, portfolio)


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    status: PortfolioStatus | None = None,
    owner_id: uuid.UUID | None = None,
    qualified: Annotated[bool | None, Query(description="Whether it qualifies now.")] = None,
    on: On = None,
) -> Page[PortfolioOut]:
    """List the portfolios the caller may see, as they stood on a day."""
    statement = queries.matching(
        queries.visible(unit.actor), status=status, owner_id=owner_id, qualified=qualified
    )
    found = await page(unit.session, statement, Portfolio.id, paging.wanted)
    return paging.answer(found, await _out(unit.session, found.rows, on or unit.moment.today))


@router.get("/{portfolio_id}")
async def get(portfolio_id: uuid.UUID, unit: Reading, response: Response, on: On = None) -> PortfolioOut:
    """One portfolio as it stood on a day."""
    portfolio = await queries.get(unit.session, unit.actor, portfolio_id)
    response.headers["ETag"] = etag(portfolio.version)
    [shown] = await _out(unit.session, [portfolio], on or unit.moment.today)
    return shown


@router.get("/{portfolio_id}/members")
async def members(
    portfolio_id: uuid.UUID, unit: Reading, paging: PageDep, *, on: On = None
) -> Page[MemberOut]:
    """List the members of a portfolio on a day, with what tied them up."""
    portfolio = await queries.get(unit.session, unit.actor, portfolio_id)
    day = on or unit.moment.today
    found = await page(unit.session, queries.members(portfolio.id, day), PortfolioMember.id, paging.wanted)
    asset_ids = [member.asset_id for member in found.rows]
    assets = await queries.assets(unit.session, asset_ids)
    held = await hold_queries.encumbering(unit.session, asset_ids, day)
    items = []
    for member in found.rows:
        asset = assets[member.asset_id]
        items.append(
            MemberOut(
                asset_id=asset.id,
                number=asset.number,
                name=asset.name,
                counting=queries.counting(asset),
                joined_on=member.joined_on,
                left_on=member.left_on,
                encumbered=bool(held[asset.id]),
                encumbrances=[
                    MemberEncumbranceOut(kind=hold.kind, rank=hold.rank, since=hold.placed_on)
                    for hold in held[asset.id]
                ],
            )
        )
    return paging.answer(found, items)
