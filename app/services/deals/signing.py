"""Signing a deal: a licence takes effect, a transfer waits for the office."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING

from app.domain.deal import EXCLUSIVE, DealEvent, DealKind
from app.domain.deal_paper import ExportEvidence
from app.domain.errors import Violation, refuse_if
from app.domain.listing import ListingEvent
from app.domain.mandate import MandatePower
from app.domain.request import date_faults
from app.queries import assets as asset_queries, party_histories, tags as tag_queries
from app.services import consents, enforcements, holds, licensing, listings
from app.services.deals import figures, objections
from app.services.deals.agreeing import reserve, take_free
from app.services.deals.case import Case, consents_of, free, mandate_faults, permits, tell

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.deal import Deal


async def sign(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    deal_id: uuid.UUID,
    signed_on: date,
    export_evidence: ExportEvidence | None = None,
) -> Deal:
    """Record the signed contract, using up the consents it needs (RB-04).

    A licence takes effect, ties up its rights and counts; an exclusive or sole one closes the listing it
    came from, others leave it open. A transfer keeps its rights reserved until the office has decided.

    Raises, with every objection at once: `deal.mandate_missing`, `.licensor_not_owner`,
    `.transferor_not_owner`, `.co_owner_consent_missing`, `.right_not_in_force`, `.right_ended`,
    `.right_stayed`, `.term_exceeds_right`, `.pledgee_consent_required`, `.owner_unrecorded`,
    `.export_evidence_required`, `.associated_marks_missing`, `asset.collective_mark`,
    `hold.already_reserved`, `hold.licence_conflict`, `request.date_in_future`,
    `request.date_too_early`; before that `deal.not_drafter` and `state.illegal_transition`. A disposal of
    pledged rights needs no mandate and no consents; what speaks against it is `enforcement.not_open`,
    `.right_not_pledged`, `.debt_settled` and `.below_reserve`.
    """
    case = await take_free(session, actor, moment, deal_id)
    deal = case.deal
    deal.advance(DealEvent.sign)
    if export_evidence is not None:
        deal.export_evidence = export_evidence.as_row()
    chosen, lacking = await consents_of(session, case, today=moment.today)
    refuse_if(
        [
            *await mandate_faults(session, actor, case, powers=[MandatePower.sign], today=moment.today),
            *await objections.to_signature(
                session, deal, case.rights, today=moment.today, by_court=case.by_court
            ),
            *await _disposal_faults(session, case),
            *lacking,
            *date_faults("/signed_on", signed_on, today=moment.today, first=await _first_day(session, case)),
        ]
    )
    deal.contract_on = signed_on
    used = {"consent_ids": [str(consent.id) for consent in chosen.consents]}
    event = await tell(session, actor, moment, deal, "signed", occurred_on=signed_on, more=used)
    await consents.use(
        session, actor=actor, moment=moment, deal=deal, chosen=chosen, event_id=event.id
    )  # before the holds, which may rest on the pledgee's consent
    await free(session, moment, deal, "signed")
    if deal.kind == DealKind.transfer:
        await reserve(session, actor, moment, case, event.id, days=None)
    else:
        await _license(session, actor, moment, case, signed_on)
    await session.flush()
    return deal


async def _disposal_faults(session: AsyncSession, case: Case) -> list[Violation]:
    """What speaks against selling pledged rights for their debt, judged under the lock of their pledge."""
    if case.disposal is None:
        return []
    sale = await enforcements.take_sale(session, case.disposal)
    return await enforcements.sale_faults(session, sale, case.deal.amount_fen)


async def _first_day(session: AsyncSession, case: Case) -> date | None:
    """The first day on which the grantor can have signed: all rights were there and its own, if known."""
    known: list[date] = []
    for right in case.rights:
        asset = right.asset
        began = [day for day in (asset.filed_on, asset.granted_on, asset.registered_on) if day is not None]
        known += [min(began)] if began else []
    for owners in (await asset_queries.owners(session, case.asset_ids)).values():
        known += [
            owner.acquired_on
            for owner in owners
            if owner.party_id == case.deal.grantor_id and owner.acquired_on is not None
        ]
    return max(known, default=None)


async def _license(session: AsyncSession, actor: Actor, moment: Moment, case: Case, signed_on: date) -> None:
    """The licence is in effect by its contract."""
    deal = case.deal
    deal.advance(DealEvent.take_effect)
    districts = await party_histories.districts_on(session, [deal.grantor_id, deal.grantee_id], signed_on)
    kinds = {right.asset.kind for right in case.rights}
    industry = await tag_queries.industry(session, case.asset_ids, on=signed_on)
    facts = figures.of_licence(deal, districts, asset_kinds=kinds, industry=industry, recorded=False)
    event = await tell(session, actor, moment, deal, "effective", occurred_on=signed_on, facts=facts)
    await holds.place(session, moment=moment, holds=licensing.licence_holds(deal, case.asset_ids, event.id))
    exclusive = licensing.type_of(deal) in EXCLUSIVE
    if exclusive and case.listing is not None and permits(case.listing, ListingEvent.close):
        await listings.close_locked(session, actor=actor, moment=moment, listing=case.listing)
