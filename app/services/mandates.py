"""Mandates: entering an owner's authorisation, confirming, refusing and ending it (RB-05)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.domain import mandate as rules
from app.domain.approval import ApprovalStep, Decision
from app.domain.errors import Violation, refuse_if
from app.domain.identifiers import new_id
from app.domain.mandate import EXPIRING, MandateEvent, MandatePower, MandateStatus, term_faults
from app.domain.notice import NoticeKind
from app.domain.permission import Role
from app.domain.request import asset_twice_faults
from app.models.mandate import Mandate, MandateItem
from app.queries import (
    assets as asset_queries,
    documents as document_queries,
    mandates as queries,
    organisations as organisation_queries,
    parties as party_queries,
)
from app.queries.driver import driver
from app.queries.serials import next_number
from app.services import approvals, events, notices
from app.services.events import NewEvent

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.models.organisation import Organisation


@dataclass(frozen=True, slots=True)
class NewMandate:
    """A mandate as it is entered. Without `asset_ids` it covers all the owner's rights.

    `organisation_id` None: the organisation that enters it. `fee_bp` is the fee in hundredths of a
    percent of the price, `document_id` the power of attorney.
    """

    owner_id: uuid.UUID
    powers: Collection[MandatePower]
    term_from: date
    term_to: date
    organisation_id: uuid.UUID | None = None
    fee_bp: int | None = None
    asset_ids: Sequence[uuid.UUID] = ()
    document_id: uuid.UUID | None = None


async def enter(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewMandate) -> Mandate:
    """Write a mandate in the agent's district: active if the owner's own organisation enters it.

    From anybody else it is a proposal, of which the owner's organisation is told. Raises:
    `organisation.not_found`, `mandate.not_concerned`; then all that apply: `mandate.term_invalid`,
    `.term_passed`, `.asset_twice`, `.to_itself`, `.not_agent`; `asset.not_found`, `party.not_found`,
    `document.not_found`.
    """
    by_owner = new.owner_id == actor.party_id
    agent = await organisation_queries.get(session, new.organisation_id or actor.organisation_id)
    if not (by_owner or agent.id == actor.organisation_id or Role.operator in actor.roles):
        raise rules.NOT_CONCERNED.error()
    refuse_if(_faults(new, agent, moment.today))
    await asset_queries.require(session, new.asset_ids)
    await party_queries.require(session, {"/owner_id": new.owner_id})
    await document_queries.require(session, actor, new.document_id)
    mandate = Mandate(
        id=new_id(),
        district_code=agent.district_code,
        number=await next_number(session, "mandate", agent.district_code, moment.today),
        owner_id=new.owner_id,
        organisation_id=agent.id,
        proposed_by=actor.organisation_id,
        powers=[power.value for power in MandatePower if power in new.powers],
        term_from=new.term_from,
        term_to=new.term_to,
        fee_bp=new.fee_bp,
        document_id=new.document_id,
        status=(MandateStatus.active if by_owner else MandateStatus.proposed).value,
        decided_on=moment.today if by_owner else None,
        ended_on=None,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    event = await _tell(
        session, actor, moment, mandate, "given" if by_owner else "proposed", event_id=mandate.event_id
    )
    session.add(mandate)
    await session.flush()
    session.add_all(
        MandateItem(
            id=new_id(), district_code=mandate.district_code, mandate_id=mandate.id, asset_id=asset_id
        )
        for asset_id in new.asset_ids
    )
    await session.flush()
    if not by_owner:
        await _propose(session, actor, moment, mandate, event)
    return mandate


async def _propose(
    session: AsyncSession, actor: Actor, moment: Moment, mandate: Mandate, event: NewEvent
) -> None:
    """Note who made the proposal, and tell the owner's organisation if there is one."""
    await approvals.decide(
        session,
        actor=actor,
        moment=moment,
        event=event,
        step=ApprovalStep.make,
        decision=Decision.approved,
        document_id=mandate.document_id,
    )
    owner = await organisation_queries.of_party(session, mandate.owner_id)
    if owner is not None:
        await notices.send(
            session,
            moment=moment,
            event=event,
            kind=NoticeKind.mandate_proposed,
            recipients=[owner.id],
            facts={"number": mandate.number, "powers": mandate.powers, "term_to": mandate.term_to},
        )


async def confirm(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    mandate_id: uuid.UUID,
    document_id: uuid.UUID | None = None,
) -> Mandate:
    """Make a proposal active. `document_id` names the power of attorney if the proposal did not.

    The operator may confirm for an owner with the power of attorney at hand. Raises:
    `mandate.not_found`, `mandate.not_owner`, `state.illegal_transition`; all that apply:
    `mandate.document_missing`, `mandate.term_passed`; `document.not_found`, `approval.same_person`.
    """
    mandate = await queries.get(session, actor, mandate_id, lock=True)
    _require_owner(actor, mandate)
    mandate.advance(MandateEvent.confirm)
    await document_queries.require(session, actor, document_id)
    mandate.document_id = document_id or mandate.document_id
    faults = term_faults(mandate.term_from, mandate.term_to, today=moment.today)
    if mandate.owner_id != actor.party_id and mandate.document_id is None:
        faults.append(rules.DOCUMENT_MISSING.violation("/document_id"))
    refuse_if(faults)
    mandate.decided_on = moment.today
    return await _decide(session, actor, moment, mandate, "confirmed", decision=Decision.approved)


async def refuse(
    session: AsyncSession, *, actor: Actor, moment: Moment, mandate_id: uuid.UUID, reason: str
) -> Mandate:
    """Decline a proposal. Raises: `mandate.not_owner`, `state.illegal_transition`, `approval.same_person`."""
    mandate = await queries.get(session, actor, mandate_id, lock=True)
    _require_owner(actor, mandate)
    mandate.advance(MandateEvent.decline)
    mandate.decided_on = moment.today
    return await _decide(
        session, actor, moment, mandate, "declined", decision=Decision.rejected, reason=reason
    )


async def revoke(
    session: AsyncSession, *, actor: Actor, moment: Moment, mandate_id: uuid.UUID, reason: str
) -> Mandate:
    """End an active mandate: the owner takes it back, or the agent lays it down (民法典第933条).

    Raises: `mandate.not_owner`, `state.illegal_transition`.
    """
    mandate = await queries.get(session, actor, mandate_id, lock=True)
    if mandate.organisation_id != actor.organisation_id:
        _require_owner(actor, mandate)
    mandate.advance(MandateEvent.revoke)
    mandate.ended_on = moment.today
    await _tell(session, actor, moment, mandate, "revoked", more={"reason": reason})
    await session.flush()
    return mandate


_END = """
WITH due AS (
  SELECT id FROM mandates WHERE status = ANY($2::text[]) AND term_to < $1
  ORDER BY id FOR NO KEY UPDATE
)
UPDATE mandates m SET status = 'ended', ended_on = m.term_to, version = version + 1
FROM due WHERE m.id = due.id
RETURNING m.id, m.number, m.district_code, m.status, m.organisation_id, m.proposed_by,
  (SELECT o.id FROM organisations o WHERE o.party_id = m.owner_id) AS owner_organisation_id
"""


async def end_due(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """End the mandates, and the proposals nobody decided, whose last day is over; how many.

    Doing it again changes nothing.
    """
    connection = await driver(session)
    rows = await connection.fetch(_END, moment.today, [state.value for state in EXPIRING])
    happened = [
        NewEvent(
            type="mandate.ended",
            noun="mandate",
            subject_id=row["id"],
            stream=row["district_code"],
            audience=sorted(
                {row["organisation_id"], row["proposed_by"], row["owner_organisation_id"]} - {None}
            ),
            payload={"number": row["number"], "status": row["status"]},
        )
        for row in rows
    ]
    if happened:
        await events.record(session, actor=actor, moment=moment, events=happened)
    return len(happened)


async def faults(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    party_id: uuid.UUID,
    asset_ids: Collection[uuid.UUID],
    power: MandatePower,
    pointer: str | None = None,
) -> list[Violation]:
    """Objections to the caller's using `power` in the name of a party: none for itself or with a mandate."""
    if party_id == actor.party_id or await queries.covers(
        session,
        organisation_id=actor.organisation_id,
        owner_id=party_id,
        asset_ids=asset_ids,
        power=power,
        today=moment.today,
    ):
        return []
    rights = rules.rights_named(await queries.numbers(session, asset_ids))
    return [rules.MISSING.violation(pointer, party_id=party_id, power=power.value, rights=rights)]


def _faults(new: NewMandate, agent: Organisation, today: date) -> list[Violation]:
    found = term_faults(new.term_from, new.term_to, today=today)
    found += asset_twice_faults(rules.ASSET_TWICE, new.asset_ids)
    if agent.party_id == new.owner_id:
        found.append(rules.TO_ITSELF.violation("/organisation_id"))
    elif not rules.is_agent(agent.roles):
        found.append(rules.NOT_AGENT.violation("/organisation_id"))
    return found


def _require_owner(actor: Actor, mandate: Mandate) -> None:
    """The owner decides, or the operator for it unless it is the agent itself (RB-03)."""
    if mandate.owner_id == actor.party_id:
        return
    if Role.operator not in actor.roles or mandate.organisation_id == actor.organisation_id:
        raise rules.NOT_OWNER.error()


async def _decide(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    mandate: Mandate,
    what: str,
    *,
    decision: Decision,
    reason: str | None = None,
) -> Mandate:
    event = await _tell(session, actor, moment, mandate, what, more={"reason": reason} if reason else {})
    await session.flush()
    await approvals.decide(
        session,
        actor=actor,
        moment=moment,
        event=event,
        step=ApprovalStep.check,
        decision=decision,
        reason=reason,
        document_id=mandate.document_id,
    )
    return mandate


async def _tell(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    mandate: Mandate,
    what: str,
    *,
    event_id: uuid.UUID | None = None,
    more: Mapping[str, object] = MappingProxyType({}),
) -> NewEvent:
    """Record `mandate.{what}` for the owner, the agent, the proposer and the district."""
    document = {"document_id": mandate.document_id} if mandate.document_id else {}
    event = NewEvent(
        id=event_id or new_id(),
        type=f"mandate.{what}",
        noun="mandate",
        subject_id=mandate.id,
        stream=mandate.district_code,
        audience=await queries.audience(session, mandate),
        payload={
            "number": mandate.number,
            "status": mandate.status,
            "powers": mandate.powers,
            **document,
            **more,
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
    return event
