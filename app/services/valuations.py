"""Valuations: asked for by owners and banks, signed by who values, then never altered (PL-26)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain import valuation as rules
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.money import BASE_CURRENCY
from app.domain.notice import NoticeKind
from app.domain.permission import Role
from app.domain.valuation import (
    VALUATION,
    NewValuation,
    Report,
    ValuationEvent,
    ValuationMode,
    ValuationStatus,
)
from app.models.application import Application
from app.models.valuation import Valuation
from app.queries import (
    applications as application_queries,
    assets as asset_queries,
    documents as document_queries,
    valuations as queries,
)
from app.queries.serials import next_number
from app.services import events, notices, pledges
from app.services.events import NewEvent

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.organisation import Organisation


@dataclass(frozen=True, slots=True)
class _Matter:
    """What a valuation is about: the right's owners, the application, who asks, and the organisations."""

    owner_ids: frozenset[uuid.UUID]
    application: Application | None
    requester_id: uuid.UUID
    organisations: dict[uuid.UUID, Organisation]

    def interest_faults(self, mode: ValuationMode, appraiser_id: uuid.UUID) -> list[Violation]:
        """RB-03, as the register and the organisations are now."""
        lenders = {self.application.bank_id} if self.application else set()
        if Role.bank in self.organisations[self.requester_id].roles:
            lenders.add(self.requester_id)
        return rules.interest_faults(
            mode,
            self.organisations[appraiser_id].party_id,
            owner_ids=self.owner_ids,
            borrower_id=self.application.borrower_id if self.application else None,
            bank_party_ids=[self.organisations[lender].party_id for lender in lenders],
        )


async def request(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewValuation) -> Valuation:
    """Ask for a valuation; who is asked is told.

    Raises: `asset.not_found`, `application.not_found`; then all that apply: `valuation.not_entitled`,
    `.asset_not_offered`, `.appraiser_unknown`, `.bank_required`, `.conflict_of_interest`.
    """
    asset = await asset_queries.get(session, new.asset_id)
    matter = await _matter(session, actor, new)
    refuse_if(await _objections(session, actor, new, matter))
    district = matter.application.district_code if matter.application else actor.district_code
    valuation = Valuation(
        id=new_id(),
        district_code=district,
        number=await next_number(session, "valuation", district, moment.today),
        asset_id=asset.id,
        application_id=new.application_id,
        organisation_id=actor.organisation_id,
        appraiser_id=new.appraiser_id,
        mode=new.mode.value,
        base_on=None,
        value_fen=None,
        currency=BASE_CURRENCY,
        methods=[],
        method_reason=None,
        signatories=[],
        document_id=None,
        signed_on=None,
        status=ValuationStatus.requested.value,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    event = await _tell(session, actor, moment, valuation, "requested", event_id=valuation.event_id)
    session.add(valuation)
    await session.flush()
    await notices.send(
        session,
        moment=moment,
        event=event,
        kind=NoticeKind.valuation_requested,
        recipients=[new.appraiser_id],
        facts={"number": valuation.number, "asset_number": asset.number},
    )
    return valuation


async def sign(
    session: AsyncSession, *, actor: Actor, moment: Moment, valuation_id: uuid.UUID, report: Report
) -> Valuation:
    """Sign a valuation that was asked for; from then on the database refuses every change of it.

    Raises: `valuation.not_found`, `.not_appraiser`, `state.illegal_transition`; then all that apply:
    `request.date_in_future`, `valuation.base_after_signing`, `.currency_unsupported`,
    `.method_missing`, `.one_method`, `.signatories_too_few`, `.conflict_of_interest`;
    `document.not_found`.
    """
    valuation = await queries.get(session, actor, valuation_id, lock=True)
    if valuation.appraiser_id != actor.organisation_id:
        raise rules.NOT_APPRAISER.error()
    VALUATION.next(ValuationStatus(valuation.status), ValuationEvent.sign)
    mode = ValuationMode(valuation.mode)
    matter = await _matter_of(session, valuation)
    refuse_if(
        [
            *rules.report_faults(report, mode, moment.today),
            *matter.interest_faults(mode, valuation.appraiser_id),
        ]
    )
    await document_queries.require(session, actor, report.document_id)
    valuation.base_on = report.base_on
    valuation.value_fen = report.value.fen
    valuation.methods = [method.value for method in report.distinct_methods()]
    valuation.method_reason = report.method_reason
    valuation.signatories = report.distinct_signatories()
    valuation.document_id = report.document_id
    valuation.signed_on = report.signed_on
    valuation.advance(ValuationEvent.sign)
    await session.flush()  # all at once: what is signed cannot be completed
    await _tell(session, actor, moment, valuation, "signed")
    await pledges.review_coverage_of_right(session, actor=actor, moment=moment, asset_id=valuation.asset_id)
    return valuation


async def withdraw(
    session: AsyncSession, *, actor: Actor, moment: Moment, valuation_id: uuid.UUID
) -> Valuation:
    """Take a request back before it is signed.

    Raises: `valuation.not_found`, `.not_requester`, `state.illegal_transition`.
    """
    valuation = await queries.get(session, actor, valuation_id, lock=True)
    if valuation.organisation_id != actor.organisation_id:
        raise rules.NOT_REQUESTER.error()
    valuation.advance(ValuationEvent.withdraw)
    await _tell(session, actor, moment, valuation, "withdrawn")
    await session.flush()
    return valuation


async def _matter(session: AsyncSession, actor: Actor, new: NewValuation) -> _Matter:
    """What a request is about. Raises: `application.not_found`."""
    application = None
    if new.application_id is not None:
        application = await application_queries.get(
            session, actor, new.application_id, pointer="/application_id"
        )
    return await _gathered(session, new.asset_id, application, actor.organisation_id, new.appraiser_id)


async def _matter_of(session: AsyncSession, valuation: Valuation) -> _Matter:
    """What a valuation is about, whether or not who values may see the application."""
    application = None
    if valuation.application_id is not None:
        application = await session.get(Application, valuation.application_id)
    return await _gathered(
        session, valuation.asset_id, application, valuation.organisation_id, valuation.appraiser_id
    )


async def _gathered(
    session: AsyncSession,
    asset_id: uuid.UUID,
    application: Application | None,
    requester_id: uuid.UUID,
    appraiser_id: uuid.UUID,
) -> _Matter:
    involved = {requester_id, appraiser_id}
    if application is not None:
        involved.add(application.bank_id)
    return _Matter(
        owner_ids=frozenset(await queries.owners(session, asset_id)),
        application=application,
        requester_id=requester_id,
        organisations=await queries.organisations(session, involved),
    )


async def _objections(
    session: AsyncSession, actor: Actor, new: NewValuation, matter: _Matter
) -> list[Violation]:
    found: list[Violation] = []
    application = matter.application
    applicant = application is not None and application.organisation_id == actor.organisation_id
    if actor.party_id not in matter.owner_ids and Role.bank not in actor.roles and not applicant:
        found.append(rules.ENTITLED_ONLY.violation())
    if application is not None and not await application_queries.offers(
        session, application.id, new.asset_id
    ):
        found.append(rules.ASSET_NOT_OFFERED.violation("/asset_id"))
    appraiser = matter.organisations.get(new.appraiser_id)
    if new.mode is ValuationMode.agency:
        if appraiser is None or Role.appraiser not in appraiser.roles:
            unknown = rules.APPRAISER_UNKNOWN.violation("/appraiser_id", appraiser_id=new.appraiser_id)
            return [*found, unknown]
    elif new.appraiser_id not in _banks(actor, application):
        return [*found, rules.BANK_REQUIRED.violation("/appraiser_id")]
    return [*found, *matter.interest_faults(new.mode, new.appraiser_id)]


def _banks(actor: Actor, application: Application | None) -> set[uuid.UUID]:
    """The banks that may value for themselves: the one that asks and the one of the application."""
    asking = {actor.organisation_id} if Role.bank in actor.roles else set()
    return asking | ({application.bank_id} if application is not None else set())


async def _tell(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    valuation: Valuation,
    what: str,
    *,
    event_id: uuid.UUID | None = None,
) -> NewEvent:
    """Record the event `valuation.{what}` for who asked, who values and the district, without the value."""
    event = NewEvent(
        id=event_id or new_id(),
        type=f"valuation.{what}",
        noun="valuation",
        subject_id=valuation.id,
        stream=valuation.district_code,
        audience=sorted({valuation.organisation_id, valuation.appraiser_id}),
        payload={
            "number": valuation.number,
            "status": valuation.status,
            "mode": valuation.mode,
            "asset_id": str(valuation.asset_id),
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    return event
