"""`/v1/listings/{listing_id}/offers` and `/v1/offers`: bids, counter-offers and what comes of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.offer import OfferStatus
from app.domain.permission import Permission
from app.models.offer import Offer, OfferRound
from app.queries import offers as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import MoneyOut, Page
from app.schemas.offer import OfferIn, OfferOut, OfferRefusalIn, RoundIn, RoundOut
from app.services import offers

router = APIRouter(prefix="/v1", tags=["offers"])

Writing = Annotated[WriteUnit, writes(Permission.offer_write)]
Reading = Annotated[ReadUnit, reads(Permission.offer_read)]


def _out(offer: Offer, rounds: Iterable[OfferRound]) -> OfferOut:
    return OfferOut(
        id=offer.id,
        number=offer.number,
        listing_id=offer.listing_id,
        district_code=offer.district_code,
        organisation_id=offer.organisation_id,
        buyer_id=offer.buyer_id,
        territory=offer.territory,
        field=offer.field,
        term_from=offer.term_from,
        term_to=offer.term_to,
        amount=MoneyOut.of(offer.amount_fen, offer.currency),
        expires_on=offer.expires_on,
        round=offer.round,
        last_by=offer.last_by,
        status=offer.status,
        deal_id=offer.deal_id,
        rounds=[
            RoundOut(
                round=each.round,
                made_by=each.made_by,
                amount=MoneyOut.of(each.amount_fen, offer.currency),
                term_from=each.term_from,
                term_to=each.term_to,
                message=each.message,
                recorded_at=each.recorded_at,
            )
            for each in rounds
        ],
        version=offer.version,
    )


async def _answer(unit: WriteUnit, offer: Offer, status_code: int = 200) -> Response:
    rounds = await queries.rounds(unit.session, [offer.id])
    headers = {"ETag": etag(offer.version)}
    return await unit.reply(status_code, _out(offer, rounds[offer.id]), headers=headers)


@router.post("/listings/{listing_id}/offers", status_code=201, response_model=OfferOut)
async def make(listing_id: uuid.UUID, body: OfferIn, unit: Writing) -> Response:
    """Bid on a published listing of rights."""
    new = offers.NewOffer(
        amount_fen=body.amount.fen,
        currency=body.amount.currency,
        expires_on=body.expires_on,
        territory=body.territory,
        field=body.field,
        term_from=body.term_from,
        term_to=body.term_to,
        message=body.message,
        buyer_id=body.buyer_id,
    )
    offer = await offers.make(
        unit.session, actor=unit.actor, moment=unit.moment, listing_id=listing_id, new=new
    )
    return await _answer(unit, offer, 201)


@router.post("/offers/{offer_id}/rounds", status_code=201, response_model=OfferOut)
async def counter(offer_id: uuid.UUID, body: RoundIn, unit: Writing) -> Response:
    """Answer the other side's round with a counter-offer; `If-Match` names the version that was seen."""
    new = offers.NewRound(
        amount_fen=body.amount.fen,
        currency=body.amount.currency,
        term_from=body.term_from,
        term_to=body.term_to,
        expires_on=body.expires_on,
        message=body.message,
    )
    offer = await offers.counter(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        offer_id=offer_id,
        new=new,
        expect_version=unit.require_version,
    )
    return await _answer(unit, offer, 201)


@router.post("/offers/{offer_id}/acceptance", response_model=OfferOut)
async def accept(offer_id: uuid.UUID, unit: Writing) -> Response:
    """Accept the other side's last round and draft the deal; `If-Match` names the version that was seen."""
    offer = await offers.accept(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        offer_id=offer_id,
        expect_version=unit.require_version,
    )
    return await _answer(unit, offer)


@router.post("/offers/{offer_id}/refusal", response_model=OfferOut)
async def refuse(offer_id: uuid.UUID, unit: Writing, body: OfferRefusalIn | None = None) -> Response:
    """End the talks: the lister at any time, the buyer after the lister's round."""
    offer = await offers.refuse(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        offer_id=offer_id,
        reason=body.reason if body else None,
    )
    return await _answer(unit, offer)


@router.post("/offers/{offer_id}/withdrawal", response_model=OfferOut)
async def withdraw(offer_id: uuid.UUID, unit: Writing) -> Response:
    """Take one's own offer back."""
    offer = await offers.withdraw(unit.session, actor=unit.actor, moment=unit.moment, offer_id=offer_id)
    return await _answer(unit, offer)


@router.get("/offers")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    status: OfferStatus | None = None,
    listing_id: uuid.UUID | None = None,
    buyer_id: uuid.UUID | None = None,
) -> Page[OfferOut]:
    """List the offers the caller is a side of, or administers."""
    statement = queries.matching(
        queries.visible(unit.actor), status=status, listing_id=listing_id, buyer_id=buyer_id
    )
    found = await page(unit.session, statement, Offer.id, paging.wanted)
    rounds = await queries.rounds(unit.session, [offer.id for offer in found.rows])
    return paging.answer(found, [_out(offer, rounds[offer.id]) for offer in found.rows])


@router.get("/offers/{offer_id}")
async def get(offer_id: uuid.UUID, unit: Reading, response: Response) -> OfferOut:
    """One offer with its rounds."""
    offer = await queries.get(unit.session, unit.actor, offer_id)
    response.headers["ETag"] = etag(offer.version)
    rounds = await queries.rounds(unit.session, [offer_id])
    return _out(offer, rounds[offer_id])
