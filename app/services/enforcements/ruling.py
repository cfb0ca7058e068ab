"""A sale outside our market: the title passes by the document of an auction or a court (TR-02, PL-25)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import deal as deal_rules, enforcement as rules
from app.domain.enforcement import ENFORCEMENT, EnforcementEvent, EnforcementMode, EnforcementStatus
from app.domain.errors import Violation, refuse_if
from app.domain.money import Money, format_amount
from app.domain.request import date_faults
from app.domain.title import NewTitles, PassingKind, Share
from app.queries import (
    assets as asset_queries,
    documents as document_queries,
    enforcements as queries,
    listings as listing_queries,
    parties as party_queries,
)
from app.services import titles
from app.services.enforcements.selling import Sold, conclude, sale_faults, take_sale

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.enforcement import Enforcement
    from app.queries.assets import Right
    from app.services.enforcements.selling import Sale

SOURCES = {
    EnforcementMode.auction: (PassingKind.auction, "拍卖成交确认书"),
    EnforcementMode.court: (PassingKind.court_ruling, "法院裁定书"),
}
"""By what the title passes, and what the document is called."""


@dataclass(frozen=True, slots=True)
class SoldRight:
    """The office's registration of the new owner of one right, and what it brought if that is known."""

    asset_id: uuid.UUID
    registration_no: str
    registered_on: date
    price: Money | None = None


@dataclass(frozen=True, slots=True)
class NewSale:
    """What an auction or a court sold to whom, by the document that says so."""

    grantee_id: uuid.UUID
    price: Money
    sold_on: date
    document_id: uuid.UUID
    registrations: Sequence[SoldRight]


async def sell(
    session: AsyncSession, *, actor: Actor, moment: Moment, enforcement_id: uuid.UUID, new: NewSale
) -> Enforcement:
    """Record a sale by auction or court: the titles pass and the lien ends, in this transaction.

    Entered by another than the bank (RB-02). Raises: `enforcement.not_found`, `.same_organisation`,
    `.not_by_ruling`, `document.not_found`, `party.not_found`, `state.illegal_transition`, `.deal_under_way`;
    then all that apply: `.rights_differ`, `.prices_missing`, `.prices_differ`, `.not_open`,
    `.right_not_pledged`, `.senior_lien`, `.debt_settled`, `.below_reserve`, `.grantee_is_owner`,
    `.currency_unsupported`, `deal.right_stayed`, `request.date_in_future`, `request.date_too_early`; then
    what `titles.pass_title` objects to.
    """
    seen = await queries.get(session, actor, enforcement_id)
    if seen.organisation_id == actor.organisation_id:
        raise rules.SAME_ORGANISATION.error()
    if seen.mode not in rules.BY_RULING:
        raise rules.NOT_BY_RULING.error()
    await document_queries.require(session, actor, new.document_id)
    await party_queries.require(session, {"/grantee_id": new.grantee_id})
    asset_ids = (await queries.asset_ids(session, [seen.id]))[seen.id]
    rights = await asset_queries.lock_rights(session, asset_ids)
    await _lock_listings(session, await queries.fresh(session, seen.id), rights)
    sale = await take_sale(session, seen)
    ENFORCEMENT.next(EnforcementStatus(sale.enforcement.status), EnforcementEvent.sell)
    refuse_if(
        [
            *_faults(new, sale, asset_ids, moment),
            *await sale_faults(session, sale, new.price.fen, "/price/amount"),
            *_right_faults(new, sale, rights, moment.today),
        ]
    )
    passed_on = max(one.registered_on for one in new.registrations)
    await queries.keep_prices(
        session,
        sale.enforcement.id,
        {one.asset_id: one.price.fen for one in new.registrations if one.price is not None},
    )
    sold = Sold(new.price.fen, new.sold_on, ended_on=passed_on)
    await conclude(session, actor=actor, moment=moment, sale=sale, sold=sold)
    kind, source = SOURCES[EnforcementMode(sale.enforcement.mode)]
    for one in sorted(new.registrations, key=lambda registered: registered.asset_id):
        await titles.pass_title(
            session,
            actor=actor,
            moment=moment,
            asset_id=one.asset_id,
            new=NewTitles(
                kind=kind,
                owners=[Share(new.grantee_id, None)],
                acquired_on=one.registered_on,
                executed_on=new.sold_on,
                reference=one.registration_no,
                document_id=new.document_id,
                source=source,
            ),
            expect_version=lambda _: None,
            trace_id=sale.enforcement.id,
        )
    return sale.enforcement


async def _lock_listings(session: AsyncSession, seen: Enforcement, rights: Sequence[Right]) -> None:
    """Lock whatever offers the rights, before the pledge. Raises: `enforcement.deal_under_way`."""
    owners = {owner for right in rights for owner in right.owner_ids if owner is not None}
    offering = await listing_queries.offering(session, [right.asset.id for right in rights], owners)
    await listing_queries.lock(session, {*offering, *([seen.listing_id] if seen.listing_id else [])})
    if seen.listing_id is not None:
        deal = await queries.deal_under_way(session, seen.listing_id)
        if deal is not None:
            raise rules.DEAL_SIGNED.error(deal=deal.number)


def _faults(new: NewSale, sale: Sale, asset_ids: Sequence[uuid.UUID], moment: Moment) -> list[Violation]:
    enforcement = sale.enforcement
    found: list[Violation] = []
    if sorted(one.asset_id for one in new.registrations) != sorted(asset_ids):
        found.append(rules.RIGHTS_DIFFER.violation("/registrations"))
    if new.price.currency != enforcement.currency:
        found.append(rules.CURRENCY_UNSUPPORTED.violation("/price/currency", currency=enforcement.currency))
    found += _price_faults(new, sale)
    found += date_faults("/sold_on", new.sold_on, today=moment.today, first=enforcement.opened_on)
    for position, one in enumerate(new.registrations):
        pointer = f"/registrations/{position}/registered_on"
        found += date_faults(pointer, one.registered_on, today=moment.today, first=new.sold_on)
    return found


def _price_faults(new: NewSale, sale: Sale) -> list[Violation]:
    """Rights of several pledgors have a price each, by which the surplus is shared."""
    prices = [one.price for one in new.registrations if one.price is not None]
    if len(prices) < len(new.registrations):
        several = len({item.pledgor_id for item in sale.items}) > 1
        return [rules.PRICES_MISSING.violation("/registrations")] if several or prices else []
    whole = sum(price.fen for price in prices) == new.price.fen
    if whole and {price.currency for price in prices} == {new.price.currency}:
        return []
    return [rules.PRICES_DIFFER.violation("/registrations", price=format_amount(new.price.fen))]


def _right_faults(new: NewSale, sale: Sale, rights: Sequence[Right], today: date) -> list[Violation]:
    """A stay hinders an auction; a court's own preservation hinders no sale by that court."""
    by_court = sale.enforcement.by_court
    found: list[Violation] = []
    for right in rights:
        if right.stayed(today, by_court=by_court):
            found.append(deal_rules.RIGHT_STAYED.violation(number=right.asset.number))
        if new.grantee_id in right.owner_ids:
            found.append(rules.GRANTEE_IS_OWNER.violation("/grantee_id", number=right.asset.number))
    return found
