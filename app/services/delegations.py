"""Delegations: giving authority, taking it back, and acting by it (PLG-16, SEC-11, RB-05)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.domain import delegation as rules
from app.domain.delegation import DelegationEvent, DelegationStatus, NewDelegation
from app.domain.errors import DomainError, refuse_if
from app.domain.identifiers import new_id
from app.domain.notice import NoticeKind
from app.domain.permission import DENIED, Permission, Role, permissions_of
from app.models.delegation import Delegation
from app.queries import (
    delegations as queries,
    documents as document_queries,
    organisations as organisation_queries,
)
from app.queries.serials import next_number
from app.services import events, notices
from app.services.events import NewEvent

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


async def grant(session: AsyncSession, *, actor: Actor, moment: Moment, new: NewDelegation) -> Delegation:
    """Let another organisation act for the caller's, with some of its permissions; the agent is told.

    Raises all that apply: `delegation.to_itself`, `.term_invalid`, `.term_passed`, `.not_delegable`,
    `.not_held`; then `organisation.not_found`, `delegation.not_intermediary`, `document.not_found`.
    """
    held = permissions_of(rules.delegable_roles(actor.roles))
    refuse_if(rules.faults(new, principal_id=actor.organisation_id, held=held, today=moment.today))
    agent = await organisation_queries.get(session, new.agent_id)
    if not rules.is_intermediary(frozenset(Role(role) for role in agent.roles)):
        raise rules.NOT_INTERMEDIARY.error("/agent_id")
    await document_queries.require(session, actor, new.document_id)
    delegation = Delegation(
        id=new_id(),
        district_code=actor.district_code,
        number=await next_number(session, "delegation", actor.district_code, moment.today),
        principal_id=actor.organisation_id,
        agent_id=agent.id,
        permissions=sorted({permission.value for permission in new.permissions}),
        valid_from=new.valid_from,
        valid_to=new.valid_to,
        document_id=new.document_id,
        reason=None,
        ended_on=None,
        status=DelegationStatus.granted.value,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    event = _happened(delegation, "granted", id_=delegation.event_id)
    await events.record(session, actor=actor, moment=moment, events=[event])
    session.add(delegation)
    await session.flush()
    await _tell(session, moment, delegation, event, NoticeKind.delegation_granted)
    return delegation


async def revoke(
    session: AsyncSession, *, actor: Actor, moment: Moment, delegation_id: uuid.UUID, reason: str
) -> Delegation:
    """Take authority back; it waits for what is being done by it just now. The agent is told.

    Raises: `delegation.not_found`, `.not_principal`, `state.illegal_transition`.
    """
    delegation = await queries.get(session, actor, delegation_id, lock=True)
    if actor.organisation_id != delegation.principal_id:
        raise rules.NOT_PRINCIPAL.error()
    delegation.advance(DelegationEvent.revoke)
    delegation.reason, delegation.ended_on = reason, moment.today
    event = _happened(delegation, "revoked", more={"reason": reason})
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    await _tell(session, moment, delegation, event, NoticeKind.delegation_revoked)
    return delegation


async def expire_due(session: AsyncSession, *, actor: Actor, moment: Moment) -> int:
    """End the delegations whose last day is over; how many. Doing it again changes nothing."""
    over = await queries.lock_over(session, moment.today)
    happened = []
    for delegation in over:
        delegation.advance(DelegationEvent.expire)
        delegation.ended_on = delegation.valid_to
        happened.append(_happened(delegation, "expired"))
    if happened:
        await events.record(session, actor=actor, moment=moment, events=happened)
        await session.flush()
    return len(over)


async def act(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    delegation_id: uuid.UUID,
    permission: Permission,
    writing: bool,
) -> Actor:
    """The principal as the caller that its agent acts as: its organisation and roles, the agent's client.

    It may do what the delegation names, its principal may do itself today, and its token was not narrowed
    below. Who checks must not have made (RB-02): by the client that is the agent's, and by the organisation
    no office is an agent.

    Raises: `delegation.unknown`, `.revoked`, `.not_in_force`, `.out_of_scope`, `.not_intermediary`,
    `auth.denied`.
    """
    found = await queries.called_upon(session, delegation_id, actor.organisation_id, keep=writing)
    if found is None:
        raise rules.UNKNOWN.error("header:On-Behalf-Of")
    refusal = rules.refusal(found.authority, permission, moment.today)
    if refusal is not None:
        raise DomainError([refusal])
    if not rules.is_intermediary(found.agent_roles):
        raise rules.NOT_INTERMEDIARY.error("header:On-Behalf-Of")
    may = rules.carried(found.authority.permissions, roles=found.roles, token=actor)
    if permission not in may:
        raise DENIED.error(permission=permission.value)
    return replace(
        actor,
        organisation_id=found.principal_id,
        party_id=found.party_id,
        district_code=found.principal_district,
        roles=rules.delegable_roles(found.roles),
        permissions=may,
        delegation_id=delegation_id,
    )


async def note_use(
    session: AsyncSession,
    *,
    agent: Actor,
    acting: Actor,
    moment: Moment,
    permission: Permission,
    request: str,
) -> None:
    """Put into the log, for both sides, that the agent acts by a delegation in this request (RB-05).

    `request`: its method and path.
    """
    if acting.delegation_id is None:
        raise ValueError("nobody acts for another here")
    event = NewEvent(
        type="delegation.used",
        noun="delegation",
        subject_id=acting.delegation_id,
        stream=acting.district_code,
        audience=sorted({agent.organisation_id, acting.organisation_id}),
        payload={
            "principal_id": str(acting.organisation_id),
            "agent_id": str(agent.organisation_id),
            "permission": permission.value,
            "request": request,
            "request_id": agent.request_id,
        },
    )
    await events.record(session, actor=agent, moment=moment, events=[event])


def _happened(
    delegation: Delegation,
    what: str,
    *,
    id_: uuid.UUID | None = None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> NewEvent:
    return NewEvent(
        id=id_ or new_id(),
        type=f"delegation.{what}",
        noun="delegation",
        subject_id=delegation.id,
        stream=delegation.district_code,
        audience=sorted({delegation.principal_id, delegation.agent_id}),
        payload={
            "number": delegation.number,
            "status": delegation.status,
            "permissions": delegation.permissions,
            "valid_from": delegation.valid_from.isoformat(),
            "valid_to": delegation.valid_to.isoformat(),
            "document_id": str(delegation.document_id),
            **more,
        },
    )


async def _tell(
    session: AsyncSession, moment: Moment, delegation: Delegation, event: NewEvent, kind: NoticeKind
) -> None:
    """Tell the agent."""
    facts = {"number": delegation.number, "valid_to": delegation.valid_to.isoformat()}
    recipients = [delegation.agent_id]
    await notices.send(session, moment=moment, event=event, kind=kind, recipients=recipients, facts=facts)
