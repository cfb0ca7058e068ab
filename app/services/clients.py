"""API clients: who may call and with which scopes, given out and taken back."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.client import ALREADY_REVOKED, TAKEN
from app.domain.district import NATIONAL
from app.domain.identifiers import new_id
from app.domain.permission import ROLE_NOT_HELD, SCOPE_INVALID, Actor, Permission, Role, permissions_of
from app.models.organisation import Client
from app.queries import clients as queries, organisations as organisation_queries
from app.services import events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.models.organisation import Organisation


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

    @classmethod
    def of(cls, client: Client, organisation: Organisation) -> KnownClient:
        """A client of an organisation."""
        return cls(
            id=client.id,
            organisation_id=organisation.id,
            party_id=organisation.party_id,
            district_code=organisation.district_code,
            roles=frozenset(Role(role) for role in client.roles),
            secret_sha256=client.secret_sha256,
            revoked=client.revoked_at is not None,
        )

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


async def find(session: AsyncSession, client_id: str) -> KnownClient | None:
    """The client of that public name, or None."""
    found = await queries.named(session, [client_id])
    return KnownClient.of(*found[0]) if found else None


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

    Raises: `organisation.not_found`, `client.taken`, `auth.role_not_held`.
    """
    organisation = await organisation_queries.get(session, organisation_id)
    for role in roles:
        if role.value not in organisation.roles:
            raise ROLE_NOT_HELD.error(role=role.value)
    if await queries.named(session, [client_id]):
        raise TAKEN.error(client_id=client_id)
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
    await _tell(session, actor, moment, "client.issued", client)
    return client


async def revoke(session: AsyncSession, *, actor: Actor, moment: Moment, client_id: str) -> Client:
    """End a client for good: its next call is refused, whatever token it holds.

    Raises: `client.not_found`, `client.already_revoked`.
    """
    client = await queries.lock(session, client_id)
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
