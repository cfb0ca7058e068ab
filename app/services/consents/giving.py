"""Consents from the request to the answer: asked for, granted, refused, revoked, expired (RB-04, UNI-02)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from app.domain import consent as rules
from app.domain.consent import (
    DEFAULT_PROCEEDS,
    VALID_DAYS,
    ConsentEvent,
    ConsentKind,
    ConsentStatus,
    Proceeds,
)
from app.domain.deal import DealKind, LicenceType
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.money import BASE_CURRENCY, Money
from app.domain.notice import NoticeKind
from app.models.consent import Consent, ConsentItem
from app.queries import consents as queries, documents as document_queries, parties as party_queries
from app.queries.serials import next_number
from app.services import events, notices
from app.services.consents import grantors
from app.services.consents.grantors import Grantor
from app.services.consents.telling import told

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


@dataclass(frozen=True, slots=True)
class NewConsent:
    """What is to be allowed over which rights. `licence_type` and `grantee_id` None: any.

    `grantor_id` names the co-owner whose consent it is; a pledgee follows from the pledge.
    """

    kind: ConsentKind
    action: DealKind
    asset_ids: Sequence[uuid.UUID]
    licence_type: LicenceType | None = None
    grantee_id: uuid.UUID | None = None
    grantor_id: uuid.UUID | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms it is allowed. What is None stays as it was asked for, or takes the usual value.

    `floor` is the lowest price of the deal; `document_id` the grantor's written consent.
    """

    floor: Money | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    max_uses: int = 1
    proceeds: Proceeds | None = None
    document_id: uuid.UUID | None = None


async def request(
    session: AsyncSession, *, actor: Actor, moment: Moment, new: NewConsent, terms: Terms
) -> Consent:
    """Ask the pledgee of the rights, or a co-owner, for its consent; its organisation is told.

    A co-owner that does not use the platform answers through the district's operator. Raises, all that
    apply: `consent.asset_twice`, `.licence_type_of_transfer`, `.currency_unsupported`,
    `.validity_passed`; `asset.not_found`, `party.not_found`; `consent.seeker_foreign`; then
    `consent.not_pledged`, `.pledgee_unreachable`, `.several_pledgees`, `.not_co_owner`,
    `.grantor_missing`, `.grantor_given`, `.own_consent`, `.nobody_answers`.
    """
    numbers = await _rights(session, moment, new, terms)
    refuse_if(await grantors.seeker_faults(session, actor, numbers, moment.today))
    grantor = await grantors.asked(session, actor, kind=new.kind, grantor_id=new.grantor_id, numbers=numbers)
    number = await next_number(session, "consent", grantor.district_code, moment.today)
    consent = _written(new, terms, grantor, number, moment)
    consent.requested_by = actor.organisation_id
    event = told(consent, "requested", event_id=consent.event_id)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await _add(session, consent, grantor)
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.consent_requested,
        recipients=[consent.organisation_id],
        facts={"number": consent.number},
    )
    return consent


async def give(
    session: AsyncSession, *, actor: Actor, moment: Moment, new: NewConsent, terms: Terms
) -> Consent:
    """Grant a consent that nobody asked for; the owners of the rights hear of it.

    Raises, all that apply: what `request` raises about its form, `consent.proceeds_of_pledgee`;
    `asset.not_found`, `party.not_found`; `consent.not_pledgee`, `.not_co_owner`, `.not_grantor`,
    `.grantor_present`, `.grantor_given`; `consent.document_required`, `document.not_found`.
    """
    numbers = await _rights(session, moment, new, terms)
    grantor = await grantors.giving(session, actor, kind=new.kind, grantor_id=new.grantor_id, numbers=numbers)
    number = await next_number(session, "consent", grantor.district_code, moment.today)
    consent = _written(new, terms, grantor, number, moment)
    await _require_evidence(session, actor, consent)
    owners = await queries.owner_organisations(session, new.asset_ids)
    event = told(consent, "granted", also=owners, event_id=consent.event_id)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await _add(session, consent, grantor)
    consent.advance(ConsentEvent.grant)
    consent.decided_on = moment.today
    await session.flush()
    return consent


async def grant(
    session: AsyncSession, *, actor: Actor, moment: Moment, consent_id: uuid.UUID, terms: Terms
) -> Consent:
    """Grant what was asked for, on the grantor's terms; who asked is told.

    Raises: `consent.not_found`, `.not_grantor`, `state.illegal_transition`; then, all that apply,
    `consent.currency_unsupported`, `.validity_invalid`, `.validity_passed`, `.proceeds_of_pledgee`;
    `.document_required`, `document.not_found`.
    """
    consent = await _of_grantor(session, actor, consent_id)
    consent.advance(ConsentEvent.grant)
    consent.valid_from = terms.valid_from or consent.valid_from
    consent.valid_to = terms.valid_to or consent.valid_to
    refuse_if(
        [
            *_term_faults(ConsentKind(consent.kind), terms),
            *_validity_faults(consent.valid_from, consent.valid_to, moment.today),
        ]
    )
    consent.floor_fen = terms.floor.fen if terms.floor else consent.floor_fen
    consent.max_uses = terms.max_uses
    consent.proceeds = (terms.proceeds or Proceeds(consent.proceeds)).value
    consent.document_id = terms.document_id
    await _require_evidence(session, actor, consent)
    return await _decided(session, actor, moment, consent, "granted")


async def refuse(
    session: AsyncSession, *, actor: Actor, moment: Moment, consent_id: uuid.UUID, reason: str
) -> Consent:
    """Refuse what was asked for. Raises: `consent.not_found`, `.not_grantor`, `state.illegal_transition`."""
    consent = await _of_grantor(session, actor, consent_id)
    consent.advance(ConsentEvent.refuse)
    return await _decided(session, actor, moment, consent, "refused", reason=reason)


async def revoke(
    session: AsyncSession, *, actor: Actor, moment: Moment, consent_id: uuid.UUID, reason: str
) -> Consent:
    """Take a consent back before its first use (RB-04).

    Raises: `consent.not_found`, `.not_grantor`, `.already_used`, `state.illegal_transition`.
    """
    consent = await _of_grantor(session, actor, consent_id)
    uses = await queries.uses(session, [consent_id])
    if uses[consent_id]:
        raise rules.ALREADY_USED.error()
    consent.advance(ConsentEvent.revoke)
    return await _decided(session, actor, moment, consent, "revoked", reason=reason)


async def expire_due(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """Expire what was asked for or granted and whose last day is over; how many. Again changes nothing."""
    over = await queries.due(session, moment.today)
    if not over:
        return 0
    for consent in over:
        consent.advance(ConsentEvent.expire)
    happened = [told(consent, "expired") for consent in over]
    await events.record(session, actor=actor, moment=moment, events=happened)
    await session.flush()
    return len(over)


async def _rights(
    session: AsyncSession, moment: Moment, new: NewConsent, terms: Terms
) -> dict[uuid.UUID, str]:
    """The numbers of the rights, once the form is right and everything named is in the register."""
    valid_from, valid_to = _validity(terms, moment.today)
    refuse_if(
        [
            *_form_faults(new),
            *_term_faults(new.kind, terms),
            *_validity_faults(valid_from, valid_to, moment.today),
        ]
    )
    numbers = await queries.numbers(session, new.asset_ids)
    await party_queries.require(session, {"/grantee_id": new.grantee_id, "/grantor_id": new.grantor_id})
    return numbers


def _written(new: NewConsent, terms: Terms, grantor: Grantor, number: str, moment: Moment) -> Consent:
    """A consent as it is asked for."""
    valid_from, valid_to = _validity(terms, moment.today)
    return Consent(
        id=new_id(),
        district_code=grantor.district_code,
        number=number,
        kind=new.kind.value,
        grantor_id=grantor.party_id,
        organisation_id=grantor.organisation_id,
        requested_by=None,
        action=new.action.value,
        licence_type=new.licence_type.value if new.licence_type else None,
        grantee_id=new.grantee_id,
        floor_fen=terms.floor.fen if terms.floor else None,
        valid_from=valid_from,
        valid_to=valid_to,
        max_uses=terms.max_uses,
        proceeds=(terms.proceeds or DEFAULT_PROCEEDS[new.kind]).value,
        document_id=terms.document_id,
        note=new.note,
        reason=None,
        status=ConsentStatus.requested.value,
        decided_on=None,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )


async def _add(session: AsyncSession, consent: Consent, grantor: Grantor) -> None:
    session.add(consent)
    await session.flush()
    session.add_all(
        ConsentItem(
            id=new_id(),
            district_code=consent.district_code,
            consent_id=consent.id,
            asset_id=asset_id,
            hold_id=hold_id,
        )
        for asset_id, hold_id in grantor.items
    )
    await session.flush()


async def _of_grantor(session: AsyncSession, actor: Actor, consent_id: uuid.UUID) -> Consent:
    """The consent, locked, for the organisation whose it is to give. Raises: `consent.not_grantor`."""
    consent = await queries.get(session, actor, consent_id, lock=True)
    if consent.organisation_id != actor.organisation_id:
        raise rules.NOT_GRANTOR.error()
    return consent


async def _decided(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    consent: Consent,
    what: str,
    *,
    reason: str | None = None,
) -> Consent:
    """Write down the grantor's answer and tell who asked."""
    consent.decided_on = moment.today
    consent.reason = reason
    event = told(consent, what)
    await events.record(session, actor=actor, moment=moment, events=[event])
    if consent.requested_by is not None:
        await notices.send(
            session,
            moment=moment,
            event=event,
            kind=NoticeKind.consent_decided,
            recipients=[consent.requested_by],
            facts={"number": consent.number, "status": consent.status},
        )
    await session.flush()
    return consent


async def _require_evidence(session: AsyncSession, actor: Actor, consent: Consent) -> None:
    """What an operator enters for a co-owner has the co-owner's paper behind it (RB-05)."""
    entered_for = consent.kind == ConsentKind.co_owner and consent.grantor_id != actor.party_id
    if entered_for and consent.document_id is None:
        raise rules.DOCUMENT_REQUIRED.error("/document_id")
    with session.no_autoflush:  # whether the document exists is asked before the consent refers to it
        await document_queries.require(session, actor, consent.document_id)


def _validity(terms: Terms, today: date) -> tuple[date, date]:
    """First and last day, from today for the usual time unless said otherwise."""
    valid_from = terms.valid_from or today
    return valid_from, terms.valid_to or max(valid_from, today) + timedelta(days=VALID_DAYS - 1)


def _form_faults(new: NewConsent) -> list[Violation]:
    found = [
        rules.ASSET_TWICE.violation(f"/asset_ids/{position}")
        for position, asset_id in enumerate(new.asset_ids)
        if asset_id in new.asset_ids[:position]
    ]
    if new.action is DealKind.transfer and new.licence_type is not None:
        found.append(rules.LICENCE_TYPE_OF_TRANSFER.violation("/licence_type"))
    return found


def _term_faults(kind: ConsentKind, terms: Terms) -> list[Violation]:
    found = []
    if terms.floor is not None and terms.floor.currency != BASE_CURRENCY:
        found.append(rules.CURRENCY_UNSUPPORTED.violation("/floor", currency=terms.floor.currency))
    if kind is ConsentKind.co_owner and terms.proceeds not in (None, Proceeds.free):
        found.append(rules.PROCEEDS_OF_PLEDGEE.violation("/proceeds"))
    return found


def _validity_faults(valid_from: date, valid_to: date, today: date) -> list[Violation]:
    found = []
    if valid_to < valid_from:
        found.append(rules.VALIDITY_INVALID.violation("/valid_to", valid_from=valid_from, valid_to=valid_to))
    if valid_to < today:
        found.append(rules.VALIDITY_PASSED.violation("/valid_to", valid_to=valid_to, today=today))
    return found
