"""Providers: trusteeship organisations apply to a programme, are selected with a quota, and leave (TG-03)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.domain import provider as rules
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.domain.provider import ProviderEvent, ProviderStatus
from app.domain.request import date_faults
from app.models.programme import Provider
from app.queries import programmes as programme_queries, providers as queries
from app.services import events, programmes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


async def apply(session: AsyncSession, *, actor: Actor, moment: Moment, programme_id: uuid.UUID) -> Provider:
    """Apply to a programme, once per organisation.

    Raises: `programme.not_found`, `.closed`, `.over`, `provider.already_applied`.
    """
    programme = await programme_queries.hold(session, programme_id)
    programmes.require_open(programme, moment.today)
    if await queries.of_organisation(session, programme.id, actor.organisation_id) is not None:
        raise rules.ALREADY_APPLIED.error()
    provider = Provider(
        id=new_id(),
        district_code=programme.district_code,
        programme_id=programme.id,
        organisation_id=actor.organisation_id,
        quota=None,
        contract_no=None,
        status=ProviderStatus.applied.value,
        decided_on=None,
        exited_on=None,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    event = _told(provider, "applied", [programme.organisation_id], event_id=provider.event_id)
    await events.record(session, actor=actor, moment=moment, events=[event])
    session.add(provider)
    await session.flush()
    return provider


async def select(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    provider_id: uuid.UUID,
    quota: int,
    contract_no: str,
) -> Provider:
    """Select an applicant for at most `quota` firms at a time, under a purchase contract (TRU-03).

    Raises: `provider.not_found`, `programme.not_holder`, `provider.same_organisation`,
    `state.illegal_transition`.
    """
    provider = await _lock_held(session, actor, provider_id)
    if provider.organisation_id == actor.organisation_id:
        raise rules.SAME_ORGANISATION.error()
    provider.advance(ProviderEvent.select)
    provider.quota, provider.contract_no, provider.decided_on = quota, contract_no, moment.today
    return await _moved(session, actor, moment, provider, more={"quota": quota, "contract_no": contract_no})


async def decline(
    session: AsyncSession, *, actor: Actor, moment: Moment, provider_id: uuid.UUID, reason: str
) -> Provider:
    """Turn an applicant down. Raises: as `select`."""
    provider = await _lock_held(session, actor, provider_id)
    provider.advance(ProviderEvent.decline)
    provider.decided_on = moment.today
    return await _moved(session, actor, moment, provider, more={"reason": reason})


async def exit_(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    provider_id: uuid.UUID,
    exited_on: date,
    reason: str,
) -> Provider:
    """A selected provider leaves: it gets no more firms; those it has are given to another one by one.

    Raises: `provider.not_found`, `programme.not_holder`, `state.illegal_transition`, `request.date_…`.
    """
    provider = await _lock_held(session, actor, provider_id)
    provider.advance(ProviderEvent.exit)
    refuse_if(date_faults("/exited_on", exited_on, today=moment.today, first=provider.decided_on))
    provider.exited_on = exited_on
    more = {"reason": reason}
    return await _moved(session, actor, moment, provider, occurred_on=exited_on, more=more)


async def _lock_held(session: AsyncSession, actor: Actor, provider_id: uuid.UUID) -> Provider:
    """A provider of a programme that the caller's office set up, locked."""
    provider = await queries.get(session, actor, provider_id, lock=True)
    programmes.require_holder(actor, await programme_queries.get(session, provider.programme_id))
    return provider


async def _moved(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    provider: Provider,
    *,
    occurred_on: date | None = None,
    more: Mapping[str, str | int],
) -> Provider:
    audience = [actor.organisation_id]
    event = _told(provider, provider.status, audience, occurred_on=occurred_on, more=more)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return provider


def _told(
    provider: Provider,
    what: str,
    audience: list[uuid.UUID],
    *,
    event_id: uuid.UUID | None = None,
    occurred_on: date | None = None,
    more: Mapping[str, str | int] = MappingProxyType({}),
) -> events.NewEvent:
    return events.NewEvent(
        id=event_id or new_id(),
        type=f"provider.{what}",
        noun="provider",
        subject_id=provider.id,
        stream=provider.district_code,
        audience=[*audience, provider.organisation_id],
        occurred_on=occurred_on,
        payload={"programme_id": provider.programme_id, "status": provider.status, **more},
    )
