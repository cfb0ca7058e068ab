"""`/v1/enforcements`: pledged rights are sold for their debt, free of the lien, and the proceeds shared."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.money import Money
from app.domain.permission import Permission
from app.models.enforcement import Enforcement, EnforcementPayment
from app.queries import enforcements as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import MoneyOut, Page, ReasonIn
from app.schemas.enforcement import (
    DisposalIn,
    DistributionIn,
    EnforcementIn,
    EnforcementOut,
    EnforcementTraceOut,
    PaymentOut,
    SaleIn,
    TraceLinkOut,
)
from app.services import enforcements

router = APIRouter(prefix="/v1", tags=["enforcements"])

Writing = Annotated[WriteUnit, writes(Permission.enforcement_write)]
Recording = Annotated[WriteUnit, writes(Permission.deal_record)]
Reading = Annotated[ReadUnit, reads(Permission.pledge_read)]


def _money(fen: int | None, currency: str) -> MoneyOut | None:
    return None if fen is None else MoneyOut.of(fen, currency)


def _out(
    row: Enforcement, asset_ids: list[uuid.UUID], payments: Sequence[EnforcementPayment]
) -> EnforcementOut:
    return EnforcementOut(
        id=row.id,
        number=row.number,
        district_code=row.district_code,
        pledge_id=row.pledge_id,
        organisation_id=row.organisation_id,
        mode=row.mode,
        status=row.status,
        opened_on=row.opened_on,
        asset_ids=asset_ids,
        reserve=_money(row.reserve_fen, row.currency),
        document_id=row.document_id,
        reason=row.reason,
        listing_id=row.listing_id,
        deal_id=row.deal_id,
        price=_money(row.price_fen, row.currency),
        sold_on=row.sold_on,
        payments=[
            PaymentOut(
                ordinal=payment.ordinal,
                purpose=payment.purpose,
                payee_id=payment.payee_id,
                amount=MoneyOut.of(payment.amount_fen, row.currency),
            )
            for payment in payments
        ],
        version=row.version,
    )


async def _shown(unit: ReadUnit | WriteUnit, rows: Sequence[Enforcement]) -> list[EnforcementOut]:
    ids = [row.id for row in rows]
    asset_ids = await queries.asset_ids(unit.session, ids)
    payments = await queries.payments(unit.session, ids)
    return [_out(row, asset_ids[row.id], payments[row.id]) for row in rows]


async def _answer(unit: WriteUnit, row: Enforcement, status_code: int = 200) -> Response:
    (shown,) = await _shown(unit, [row])
    return await unit.reply(status_code, shown, headers={"ETag": etag(row.version)})


@router.post("/pledges/{pledge_id}/enforcements", status_code=201, response_model=EnforcementOut)
async def open_(pledge_id: uuid.UUID, body: EnforcementIn, unit: Writing) -> Response:
    """Open the enforcement of a pledge on default or on a court's ruling; pledgor and borrower are told."""
    new = enforcements.NewEnforcement(
        mode=body.mode,
        opened_on=body.opened_on,
        reason=body.reason,
        asset_ids=body.asset_ids,
        reserve=body.reserve.money if body.reserve is not None else None,
        document_id=body.document_id,
    )
    opened = await enforcements.open_(
        unit.session, actor=unit.actor, moment=unit.moment, pledge_id=pledge_id, new=new
    )
    return await _answer(unit, opened, 201)


@router.get("/enforcements")
async def search(
    unit: Reading, paging: PageDep, pledge_id: Annotated[uuid.UUID | None, Query()] = None
) -> Page[EnforcementOut]:
    """List the enforcements the caller may see."""
    wanted = queries.matching(queries.visible(unit.actor), pledge_id=pledge_id)
    found = await page(unit.session, wanted, Enforcement.id, paging.wanted)
    return paging.answer(found, await _shown(unit, found.rows))


@router.get("/enforcements/{enforcement_id}")
async def get(enforcement_id: uuid.UUID, unit: Reading, response: Response) -> EnforcementOut:
    """One enforcement with what its proceeds paid."""
    row = await queries.get(unit.session, unit.actor, enforcement_id)
    response.headers["ETag"] = etag(row.version)
    (shown,) = await _shown(unit, [row])
    return shown


@router.get("/enforcements/{enforcement_id}/trace")
async def trace(enforcement_id: uuid.UUID, unit: Reading) -> EnforcementTraceOut:
    """All that came of it, from the pledge to the shares of what came back, each with its event."""
    row = await queries.get(unit.session, unit.actor, enforcement_id, money=True)
    links = await queries.trace(unit.session, row.id)
    return EnforcementTraceOut(
        trace_id=row.id,
        links=[
            TraceLinkOut(
                noun=link.noun,
                subject_id=link.subject_id,
                event_id=link.event_id,
                type=link.type,
                occurred_on=link.occurred_on,
                recorded_at=link.recorded_at,
                amount=_money(link.amount_fen, row.currency),
            )
            for link in links
        ],
    )


@router.post("/enforcements/{enforcement_id}/listing", status_code=201, response_model=EnforcementOut)
async def offer(enforcement_id: uuid.UUID, body: DisposalIn, unit: Writing) -> Response:
    """Offer the rights on the market, free of the lien; the listing waits for the operator's review."""
    new = enforcements.NewDisposal(
        name=body.name,
        description=body.description,
        expires_on=body.expires_on,
        price=body.price.money if body.price is not None else None,
    )
    offered = await enforcements.offer(
        unit.session, actor=unit.actor, moment=unit.moment, enforcement_id=enforcement_id, new=new
    )
    return await _answer(unit, offered, 201)


@router.post("/enforcements/{enforcement_id}/sales", status_code=201, response_model=EnforcementOut)
async def sell(enforcement_id: uuid.UUID, body: SaleIn, unit: Recording) -> Response:
    """Record what an auction or a court sold: title passes, the lien ends; the bank itself cannot."""
    new = enforcements.NewSale(
        grantee_id=body.grantee_id,
        price=body.price.money,
        sold_on=body.sold_on,
        document_id=body.document_id,
        registrations=[
            enforcements.SoldRight(
                one.asset_id,
                one.registration_no,
                one.registered_on,
                one.price.money if one.price is not None else None,
            )
            for one in body.registrations
        ],
    )
    sold = await enforcements.sell(
        unit.session, actor=unit.actor, moment=unit.moment, enforcement_id=enforcement_id, new=new
    )
    return await _answer(unit, sold, 201)


@router.post("/enforcements/{enforcement_id}/distribution", response_model=EnforcementOut)
async def distribute(enforcement_id: uuid.UUID, body: DistributionIn, unit: Writing) -> Response:
    """Share the price in the legal order; what a pool has paid for comes back to it (PL-24, RP-14)."""
    new = enforcements.NewDistribution(
        received_on=body.received_on,
        cost=body.cost.money if body.cost is not None else Money(0),
        interest=body.interest.money if body.interest is not None else Money(0),
        document_id=body.document_id,
    )
    closed = await enforcements.distribute(
        unit.session, actor=unit.actor, moment=unit.moment, enforcement_id=enforcement_id, new=new
    )
    return await _answer(unit, closed)


@router.post("/enforcements/{enforcement_id}/abandonment", response_model=EnforcementOut)
async def abandon(enforcement_id: uuid.UUID, body: ReasonIn, unit: Writing) -> Response:
    """Give the enforcement up: its offer leaves the market, the lien stays."""
    row = await enforcements.abandon(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        enforcement_id=enforcement_id,
        reason=body.reason,
    )
    return await _answer(unit, row)
