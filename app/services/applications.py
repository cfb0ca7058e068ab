"""Applications: an enterprise asks a bank for financing, the bank reviews, decides and contracts.

An approval ties nothing up: neither rights nor the capacity of a pool are reserved by it. Filing the
pledge checks both, and the application is then contracted with that pledge.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.domain import application as rules
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
from app.models.application import Application, ApplicationItem
from app.models.organisation import Organisation
from app.queries import applications as queries, assets as asset_queries
from app.queries.serials import next_number
from app.services import events, notices
from app.services.events import NewEvent

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


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
    session: AsyncSession, *, actor: Actor, moment: Moment, application_id: uuid.UUID, answer: Answer
) -> Application:
    """Approve or reject an application under review; the applicant is told.

    Raises: `application.not_found`, `.not_bank`, `state.illegal_transition`; then all that apply:
    `application.reason_missing`, `.amount_of_rejection`, `.currency_unsupported`,
    `.approved_exceeds_amount`.
    """
    application = await _lock_as_bank(session, actor, application_id)
    approved = answer.decision is Decision.approved
    application.advance(ApplicationEvent.approve if approved else ApplicationEvent.reject)
    refuse_if(rules.answer_faults(answer, amount_fen=application.amount_fen))
    if approved:
        application.approved_fen = answer.approved.fen if answer.approved else application.amount_fen
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


async def withdraw(
    session: AsyncSession, *, actor: Actor, moment: Moment, application_id: uuid.UUID
) -> Application:
    """Take an application back before it is rejected or contracted.

    Raises: `application.not_found`, `.not_applicant`, `state.illegal_transition`.
    """
    application = await queries.get(session, actor, application_id, lock=True)
    if application.organisation_id != actor.organisation_id:
        raise rules.NOT_APPLICANT.error()
    application.advance(ApplicationEvent.withdraw)
    await _tell(session, actor, moment, application, "withdrawn")
    await session.flush()
    return application


async def contract(
    session: AsyncSession, *, actor: Actor, moment: Moment, application_id: uuid.UUID, pledge_id: uuid.UUID
) -> Application:
    """Tie an approved application to the pledge that the bank has filed on it.

    Raises: `application.not_found`, `.not_bank`, `state.illegal_transition`;
    `application.pledge_mismatch`, `.principal_exceeds_approved`, `.pledge_taken`.
    """
    application = await _lock_as_bank(session, actor, application_id)
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
    await _tell(session, actor, moment, application, "contracted", more={"pledge_id": str(pledge.id)})
    await session.flush()
    return application


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
