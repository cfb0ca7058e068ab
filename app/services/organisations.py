"""Organisations and their API clients: who may call, and with which permissions."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.domain.identifiers import new_id
from app.domain.permission import ROLE_NOT_HELD, SCOPE_INVALID, Actor, Permission, Role, permissions_of
from app.models.organisation import Client, Organisation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client as the token endpoint needs it."""

    id: uuid.UUID
    organisation_id: uuid.UUID
    party_id: uuid.UUID
    district_code: str
    roles: frozenset[Role]
    secret_sha256: bytes
    revoked: bool

    def actor(self, request_id: str) -> Actor:
        """The caller this client is, with all its permissions."""
        return Actor(
            client_id=self.id,
            organisation_id=self.organisation_id,
            party_id=self.party_id,
            district_code=self.district_code,
            roles=self.roles,
            permissions=permissions_of(self.roles),
            request_id=request_id,
        )


async def find_client(session: AsyncSession, client_id: str) -> KnownClient | None:
    """The client of that public name, or None."""
    statement = (
        select(Client, Organisation)
        .join(Organisation, Organisation.id == Client.organisation_id)
        .where(Client.client_id == client_id)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    client, organisation = row
    return KnownClient(
        id=client.id,
        organisation_id=organisation.id,
        party_id=organisation.party_id,
        district_code=organisation.district_code,
        roles=frozenset(Role(role) for role in client.roles),
        secret_sha256=client.secret_sha256,
        revoked=client.revoked_at is not None,
    )


def grant_scope(client: KnownClient, asked: str | None) -> list[str]:
    """The scopes a token gets: all the client holds, or the part it asks for.

    Raises: `auth.scope_invalid` when it asks for more.
    """
    held = {permission.value for permission in permissions_of(client.roles)}
    if asked is None:
        return sorted(held)
    wanted = set(asked.split())
    if not wanted or wanted - held:
        raise SCOPE_INVALID.error(scope=" ".join(sorted(wanted - held)))
    return sorted(Permission(scope).value for scope in wanted)


async def enrol(
    session: AsyncSession,
    *,
    moment: Moment,
    party_id: uuid.UUID,
    name: str,
    roles: Sequence[Role],
    district_code: str,
) -> Organisation:
    """Let a party of the register use the system in `roles`."""
    organisation = Organisation(
        id=new_id(),
        party_id=party_id,
        name=name,
        roles=[role.value for role in roles],
        district_code=district_code,
        created_at=moment.now,
    )
    session.add(organisation)
    await session.flush()
    return organisation


async def add_client(
    session: AsyncSession,
    *,
    moment: Moment,
    organisation: Organisation,
    client_id: str,
    secret_sha256: bytes,
    roles: Sequence[Role],
) -> Client:
    """Give an organisation API credentials for some of its roles. Raises: `auth.role_not_held`."""
    for role in roles:
        if role.value not in organisation.roles:
            raise ROLE_NOT_HELD.error(role=role.value)
    client = Client(
        id=new_id(),
        client_id=client_id,
        organisation_id=organisation.id,
        name=organisation.name,
        roles=[role.value for role in roles],
        secret_sha256=secret_sha256,
        created_at=moment.now,
        revoked_at=None,
    )
    session.add(client)
    await session.flush()
    return client
