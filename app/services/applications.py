"""Applications: an enterprise asks a bank for financing, the bank reviews, decides and contracts.

An approval ties no rights up. It may reserve capacity of a pool, for a time: a pledge filed on the
application confirms that and contracts it; withdrawal and the passing of its last day give it back.
A pledge filed without naming the application is tied to it afterwards.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.domain import (
    application as rules,
    commitment as commitment_rules,
    commitment_ground as grounds,
    pool as pool_rules,
)
from app.domain.application import (
    APPLICATION,
    Answer,
    ApplicationEvent,
    ApplicationStatus,
    NewApplication,
)
from app.domain.approval import Decision
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.domain.money import BASE_CURRENCY, format_amount
from app.domain.notice import NoticeKind
from app.domain.permission import Role
from app.domain.term import add_months
from app.models.application import Application, ApplicationItem
from app.models.organisation import Organisation
from app.queries import applications as queries, assets as asset_queries, commitment_cover
from app.queries.serials import next_number
from app.services import commitments, events, notices, reservations
from app.services.commitments import Reserving
from app.services.events import NewEvent

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

_PLACES = grounds.Places(principal="/approved_amount", borrower="", items="", term="")
"""Of a decision: what it says of the loan; the rest is the application's."""


async def apply(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewApplication) -> Application:
    """Ask a bank for financing, in the applicant's district; the bank is told.

    Rights of others may be offered (PL-30); whether they can be pledged is judged when the pledge is
    filed. Raises, all that apply: `application.borrower_foreign`, `.currency_unsupported`,
    `.assets_missing`, `.asset_twice`; then `application.bank_unknown`, `application.own_bank`;
    `asset.not_found`.
    """
    refuse_if(rules.faults(new, own_party_id=actor.party_id))
    bank = await session.get(Organisation, new.bank_id)
    if bank is None or Role.bank not in bank.roles:
        raise rules.BANK_UNKNOWN.error("/bank_id", bank_id=new.bank_id)
    if bank.id == actor.organisation_id:
        raise rules.OWN_BANK.error("/bank_id")
    await asset_queries.require(session, new.asset_ids)
    number = await next_number(session, "application", actor.district_code, moment.today)
    application = _received(actor, moment, new, number)
    event = await _tell(session, actor, moment, application, "received", event_id=application.event_id)
    session.add(application)
    await session.flush()
    session.add_all(
        ApplicationItem(
            id=new_id(),
            district_code=application.district_code,
            application_id=application.id,
            asset_id=asset_id,
        )
        for asset_id in new.asset_ids
    )
    await session.flush()
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.application_received,
        recipients=[bank.id],
        facts={
            "number": application.number,
            "amount": format_amount(application.amount_fen),
            "currency": application.currency,
        },
    )
    return application


def _received(actor: Actor, moment: Moment, new: NewApplication, number: str) -> Application:
    """An application as it comes in."""
    return Application(
        id=new_id(),
        district_code=actor.district_code,
        number=number,
        organisation_id=actor.organisation_id,
        borrower_id=actor.party_id,
        bank_id=new.bank_id,
        amount_fen=new.amount.fen,
        currency=BASE_CURRENCY,
        purpose=new.purpose,
        term_months=new.term_months,
        approved_fen=None,
        reason=None,
        decided_on=None,
        pledge_id=None,
        status=ApplicationStatus.applied.value,
        applied_on=moment.today,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )


async def review(
    session: AsyncSession, *, actor: Actor, moment: Moment, application_id: uuid.UUID
) -> Application:
    """Take an application in hand.

    Raises: `application.not_found`, `.not_bank`, `state.illegal_transition`.
    """
    application = await _lock_as_bank(session, actor, application_id)
    application.advance(ApplicationEvent.review)
    await _tell(session, actor, moment, application, "reviewed")
    await session.flush()
    return application


async def decide(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    application_id: uuid.UUID,
    answer: Answer,
    reserving: Reserving | None = None,
) -> Application:
    """Approve or reject an application under review; the applicant is told.

    `reserving`: capacity of a pool for what is approved, kept until the pledge is filed or its day is over.

    Raises: `application.not_found`, `.not_bank`, `state.illegal_transition`; then all that apply:
    `application.reason_missing`, `.amount_of_rejection`, `.reservation_of_rejection`,
    `.currency_unsupported`, `.approved_exceeds_amount`, `commitment.expiry_invalid`; then `pool.not_found`
    and what speaks against the pool's cover (`app.domain.commitment_ground`).
    """
    application = await _lock_as_bank(session, actor, application_id)
    approved = answer.decision is Decision.approved
    application.advance(ApplicationEvent.approve if approved else ApplicationEvent.reject)
    found = rules.answer_faults(answer, amount_fen=application.amount_fen)
    if reserving is not None:
        if not approved:
            found.append(rules.RESERVATION_OF_REJECTION.violation("/pool_id"))
        found += commitment_rules.reserved_until(moment.today, reserving.expires_on)[1]
    refuse_if(found)
    if not approved:
        await reservations.release_for(session, actor=actor, moment=moment, application_id=application.id)
    if approved:
        application.approved_fen = answer.approved.fen if answer.approved else application.amount_fen
    if reserving is not None:
        await _reserve(session, actor, moment, application, reserving)
    application.reason = answer.reason
    application.decided_on = moment.today
    event = await _tell(session, actor, moment, application, answer.decision.value)
    await session.flush()
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.application_decided,
        recipients=[application.organisation_id],
        facts={"number": application.number, "decision": answer.decision.value},
    )
    return application


async def _reserve(
    session: AsyncSession, actor: Actor, moment: Moment, application: Application, reserving: Reserving
) -> None:
    """Reserve capacity for what was approved, over the term that was applied for."""
    principal = application.approved_fen or 0
    pool = await commitment_cover.lock_and_read(
        session,
        actor=actor,
        pool_id=reserving.pool_id,
        borrower_id=application.borrower_id,
        application_id=application.id,
        today=moment.today,
    )
    if pool is None:
        raise pool_rules.NOT_FOUND.error("/pool_id")
    rights = (await queries.offered(session, [application.id]))[application.id]
    loan = grounds.Loan(
        principal_fen=principal,
        currency=application.currency,
        ip_share_bp=reserving.ip_share_bp,
        begins_on=moment.today,
        ends_on=add_months(moment.today, application.term_months),
        kinds={(one.asset.kind, one.asset.patent_type) for one in rights},
    )
    refuse_if(grounds.faults(loan, pool.standing, _PLACES))
    await commitments.reserve(
        session,
        actor=actor,
        moment=moment,
        application=application,
        principal_fen=principal,
        pool=pool,
        reserving=reserving,
    )


async def withdraw(
    session: AsyncSession, *, actor: Actor, moment: Moment, application_id: uuid.UUID
) -> Application:
    """Take an application back before it is rejected or contracted; what is reserved for it is given back.

    Raises: `application.not_found`, `.not_applicant`, `state.illegal_transition`.
    """
    application = await queries.get(session, actor, application_id, lock=True)
    if application.organisation_id != actor.organisation_id:
        raise rules.NOT_APPLICANT.error()
    application.advance(ApplicationEvent.withdraw)
    await reservations.release_for(session, actor=actor, moment=moment, application_id=application.id)
    await commitments.give_back(
        session, actor=actor, moment=moment, application_id=application.id, reason="application.withdrawn"
    )
    await _tell(session, actor, moment, application, "withdrawn")
    await session.flush()
    return application


async def contract(
    session: AsyncSession, *, actor: Actor, moment: Moment, application_id: uuid.UUID, pledge_id: uuid.UUID
) -> Application:
    """Tie an approved application to the pledge that the bank has filed on it.

    A pledge filed on the application has contracted it already: nothing is left to do. One that was filed
    without it has cover of its own, if any: what is still reserved for the application is given back.

    Raises: `application.not_found`, `.not_bank`, `state.illegal_transition`;
    `application.pledge_mismatch`, `.principal_exceeds_approved`, `.pledge_taken`.
    """
    application = await _lock_as_bank(session, actor, application_id)
    if application.pledge_id == pledge_id:
        return application
    APPLICATION.next(ApplicationStatus(application.status), ApplicationEvent.contract)
    pledge = await queries.hold_pledge(session, pledge_id)
    if (
        pledge is None
        or pledge.organisation_id != application.bank_id
        or pledge.borrower_id != application.borrower_id
        or pledge.status not in rules.STANDING
        or pledge.principal_fen is None
    ):
        raise rules.PLEDGE_MISMATCH.error("/pledge_id")
    approved = application.approved_fen or 0
    if pledge.principal_fen > approved:
        raise rules.PRINCIPAL_EXCEEDS_APPROVED.error(
            "/pledge_id", principal=format_amount(pledge.principal_fen), approved=format_amount(approved)
        )
    if await queries.serves(session, pledge.id):
        raise rules.PLEDGE_TAKEN.error("/pledge_id")
    application.pledge_id = pledge.id
    application.advance(ApplicationEvent.contract)
    await commitments.give_back(
        session, actor=actor, moment=moment, application_id=application.id, reason="application.contracted"
    )
    await _tell(session, actor, moment, application, "contracted", more={"pledge_id": str(pledge.id)})
    await session.flush()
    return application


def contracted(
    *,
    application_id: uuid.UUID,
    number: str,
    district_code: str,
    audience: Sequence[uuid.UUID],
    amount_fen: int,
    approved_fen: int | None,
    pledge_id: uuid.UUID,
) -> NewEvent:
    """The event of a filing that contracts the application it is made on."""
    return NewEvent(
        type="application.contracted",
        noun="application",
        subject_id=application_id,
        stream=district_code,
        audience=audience,
        payload={
            "number": number,
            "status": APPLICATION.next(ApplicationStatus.approved, ApplicationEvent.contract).value,
            "amount_fen": amount_fen,
            "approved_fen": approved_fen,
            "pledge_id": str(pledge_id),
        },
    )


async def _lock_as_bank(session: AsyncSession, actor: Actor, application_id: uuid.UUID) -> Application:
    application = await queries.get(session, actor, application_id, lock=True)
    if application.bank_id != actor.organisation_id:
        raise rules.NOT_BANK.error()
    return application


async def _tell(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    application: Application,
    what: str,
    *,
    event_id: uuid.UUID | None = None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> NewEvent:
    """Record the event `application.{what}` for applicant, bank and the district."""
    event = NewEvent(
        id=event_id or new_id(),
        type=f"application.{what}",
        noun="application",
        subject_id=application.id,
        stream=application.district_code,
        audience=[application.organisation_id, application.bank_id],
        payload={
            "number": application.number,
            "status": application.status,
            "amount_fen": application.amount_fen,
            "approved_fen": application.approved_fen,
            **more,
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    return event
