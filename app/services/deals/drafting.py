"""Drafting a deal: a licence or a transfer, from a listing or without one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain import deal as rules, enforcement as enforcement_rules
from app.domain.deal import LISTED_AS, DealKind, DealStatus, LicenceType
from app.domain.deal_paper import ExportEvidence
from app.domain.enforcement import EnforcementMode
from app.domain.errors import DomainError, Violation, refuse_if
from app.domain.hold import field_range, territory_range
from app.domain.identifiers import new_id
from app.domain.listing import ON_MARKET, Direction, ListingMode
from app.domain.permission import Role
from app.domain.request import asset_twice_faults
from app.models.deal import Deal, DealItem
from app.queries import (
    assets as asset_queries,
    enforcements as enforcement_queries,
    listings as listing_queries,
    parties as party_queries,
)
from app.queries.serials import next_number
from app.services.deals.case import tell

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.enforcement import Enforcement
    from app.models.listing import Listing

EVERYWHERE, EVERY_FIELD = "WW", "ALL"
"""What a transfer covers: a right passes as a whole."""


@dataclass(frozen=True, slots=True)
class NewLicence:
    """A licence as its drafter describes it; `amount_fen` is the fixed consideration."""

    licence_type: LicenceType
    grantor_id: uuid.UUID
    grantee_id: uuid.UUID
    asset_ids: Sequence[uuid.UUID]
    territory: str
    field: str
    term_from: date
    term_to: date
    amount_fen: int
    currency: str = "CNY"
    contract_no: str | None = None
    listing_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class NewTransfer:
    """A transfer as its drafter describes it; `amount_fen` is the price.

    `affiliated`: between affiliated firms, so that it counts without its price (ST-10).
    `export_evidence` may wait until the signature (TR-04).
    """

    grantor_id: uuid.UUID
    grantee_id: uuid.UUID
    asset_ids: Sequence[uuid.UUID]
    amount_fen: int
    currency: str = "CNY"
    contract_no: str | None = None
    listing_id: uuid.UUID | None = None
    affiliated: bool = False
    export_evidence: ExportEvidence | None = None


NewDeal = NewLicence | NewTransfer


async def draft(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewDeal) -> Deal:
    """Write a draft in the drafter's district.

    Raises, all that apply: `deal.same_party`, `.asset_twice`, `.term_invalid`, `.grantor_foreign`,
    `.currency_unsupported`, `hold.territory_unknown`, `hold.field_unknown`; then `asset.not_found`,
    `party.not_found`, `listing.not_found`, `deal.listing_mismatch`. Of a disposal, which the pledgee alone
    drafts: `enforcement.not_enforcer`, `.sold_to_itself`, `.lot_differs`, `.below_reserve`.
    """
    disposal = await enforcement_queries.of_listing(session, new.listing_id)
    refuse_if(_faults(actor, new, by_law=_is_enforcer(actor, disposal)))
    await asset_queries.require(session, new.asset_ids)
    await party_queries.require(session, {"/grantor_id": new.grantor_id, "/grantee_id": new.grantee_id})
    if new.listing_id is not None:
        listing = await listing_queries.get(session, actor, new.listing_id)
        offered = await listing_queries.asset_ids(session, listing.id)
        refuse_if(
            [
                *_mismatches(listing, offered, new),
                *(_disposal_faults(actor, disposal, offered, new) if disposal is not None else ()),
            ]
        )
    deal = Deal(
        id=new_id(),
        district_code=actor.district_code,
        number=await next_number(session, "deal", actor.district_code, moment.today),
        organisation_id=actor.organisation_id,
        listing_id=new.listing_id,
        grantor_id=new.grantor_id,
        grantee_id=new.grantee_id,
        amount_fen=new.amount_fen,
        currency=new.currency,
        contract_no=new.contract_no,
        contract_on=None,
        record_no=None,
        recorded_on=None,
        filed_on=None,
        registration_no=None,
        registered_on=None,
        settled_on=None,
        settlement=None,
        status=DealStatus.draft.value,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
        **_terms(new),
    )
    await tell(session, actor, moment, deal, "drafted", event_id=deal.event_id)
    session.add(deal)
    await session.flush()
    session.add_all(
        DealItem(id=new_id(), district_code=deal.district_code, deal_id=deal.id, asset_id=asset_id)
        for asset_id in new.asset_ids
    )
    await session.flush()
    return deal


def _terms(new: NewDeal) -> dict[str, Any]:
    """What licences and transfers have each of their own."""
    if isinstance(new, NewLicence):
        return {
            "kind": DealKind.licence.value,
            "licence_type": new.licence_type.value,
            "territory": new.territory,
            "field": new.field,
            "term_from": new.term_from,
            "term_to": new.term_to,
            "affiliated": False,
            "export_evidence": None,
        }
    return {
        "kind": DealKind.transfer.value,
        "licence_type": None,
        "territory": EVERYWHERE,
        "field": EVERY_FIELD,
        "term_from": None,
        "term_to": None,
        "affiliated": new.affiliated,
        "export_evidence": new.export_evidence and new.export_evidence.as_row(),
    }


def _is_enforcer(actor: Actor, disposal: Enforcement | None) -> bool:
    """Whether the caller sells the rights by law, as their pledgee (民法典第436条)."""
    return disposal is not None and disposal.organisation_id == actor.organisation_id


def _disposal_faults(
    actor: Actor, disposal: Enforcement, offered: Sequence[uuid.UUID], new: NewDeal
) -> list[Violation]:
    """Pledged rights are sold by their pledgee, together, and not below the reserve."""
    found = list(enforcement_rules.reserve_faults(new.amount_fen, disposal.reserve_fen, "/amount/amount"))
    if not _is_enforcer(actor, disposal):
        found.append(enforcement_rules.NOT_ENFORCER.violation("/listing_id"))
    elif new.grantee_id == actor.party_id and disposal.mode != EnforcementMode.agreement:
        found.append(enforcement_rules.SOLD_TO_ITSELF.violation("/grantee_id"))
    if set(new.asset_ids) != set(offered):
        found.append(enforcement_rules.LOT_DIFFERS.violation("/asset_ids"))
    return found


def _faults(actor: Actor, new: NewDeal, *, by_law: bool) -> list[Violation]:
    found: list[Violation] = []
    if new.grantor_id == new.grantee_id:
        found.append(rules.SAME_PARTY.violation("/grantee_id"))
    found += asset_twice_faults(rules.ASSET_TWICE, new.asset_ids)
    if new.currency != "CNY":
        found.append(rules.CURRENCY_UNSUPPORTED.violation("/amount/currency", currency=new.currency))
    if isinstance(new, NewLicence):
        found += _licence_faults(new)
    represents = actor.roles & {Role.agency, Role.operator}
    if not represents and not by_law and new.grantor_id != actor.party_id:
        found.append(rules.GRANTOR_FOREIGN.violation("/grantor_id"))
    return found


def _licence_faults(new: NewLicence) -> list[Violation]:
    """What is wrong with the scope and the term of a licence."""
    found: list[Violation] = []
    if new.term_to < new.term_from:
        found.append(rules.TERM_INVALID.violation("/term_to"))
    for read, code, pointer in (
        (territory_range, new.territory, "/territory"),
        (field_range, new.field, "/field"),
    ):
        try:
            read(code)
        except DomainError as error:
            found += [replace(violation, pointer=pointer) for violation in error.violations]
    return found


def _mismatches(listing: Listing, offered: Sequence[uuid.UUID], new: NewDeal) -> list[Violation]:
    """Where a deal departs from the listing it comes from; a need leaves owner and rights open."""
    offer = listing.direction == Direction.offer
    if isinstance(new, NewLicence):
        mode, differs_in = LISTED_AS[new.licence_type], "licence_type"
    else:
        mode, differs_in = ListingMode.transfer, "kind"
    differs = {
        "listing_id": listing.status not in ON_MARKET,
        differs_in: listing.mode != mode,
        "grantor_id": offer and listing.owner_id != new.grantor_id,
        "asset_ids": offer and not set(new.asset_ids) <= set(offered),
    }
    return [
        rules.LISTING_MISMATCH.violation(f"/{field}", number=listing.number, field=field)
        for field, departs in differs.items()
        if departs
    ]
