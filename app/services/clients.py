"""API clients as the keeper of an instance gives them out and takes them back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.domain.client import ALREADY_REVOKED, NOT_FOUND, ORGANISATION_UNKNOWN, TAKEN
from app.domain.district import NATIONAL
from app.domain.permission import Role
from app.models.organisation import Client, Organisation
from app.services import events, organisations

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


async def issue(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    organisation_id: uuid.UUID,
    client_id: str,
    secret_sha256: bytes,
    roles: Sequence[Role],
) -> Client:
    """Give an organisation one more client for some of its roles.

    Raises: `client.organisation_unknown`, `client.taken`, `auth.role_not_held`.
    """
    organisation = await session.get(Organisation, organisation_id)
    if organisation is None:
        raise ORGANISATION_UNKNOWN.error(organisation_id=organisation_id)
    if (await session.execute(select(Client.id).where(Client.client_id == client_id))).first() is not None:
        raise TAKEN.error(client_id=client_id)
    client = await organisations.add_client(
        session,
        moment=moment,
        organisation=organisation,
        client_id=client_id,
        secret_sha256=secret_sha256,
        roles=roles,
    )
    await _tell(session, actor, moment, "client.issued", client)
    return client


async def revoke(session: AsyncSession, *, actor: Actor, moment: Moment, client_id: str) -> Client:
    """End a client for good: its next call is refused, whatever token it holds.

    Raises: `client.not_found`, `client.already_revoked`.
    """
    statement = select(Client).where(Client.client_id == client_id).with_for_update()
    client = (await session.execute(statement)).scalar_one_or_none()
    if client is None:
        raise NOT_FOUND.error(client_id=client_id)
    if client.revoked_at is not None:
        raise ALREADY_REVOKED.error(client_id=client_id)
    client.revoked_at = moment.now
    await session.flush()
    await _tell(session, actor, moment, "client.revoked", client)
    return client


async def _tell(session: AsyncSession, actor: Actor, moment: Moment, kind: str, client: Client) -> None:
    event = events.NewEvent(
        type=kind,
        noun="client",
        subject_id=client.id,
        stream=NATIONAL,
        audience=[client.organisation_id],
        payload={"client_id": client.client_id, "roles": client.roles},
    )
    await events.record(session, actor=actor, moment=moment, events=[event])
