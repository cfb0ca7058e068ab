"""Reads and locks of delegations, who may see them, and what one lets its agent do."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Select, or_, select

from app.domain import delegation as rules
from app.domain.delegation import Authority, DelegationStatus
from app.domain.permission import Permission, Role
from app.models.delegation import Delegation
from app.queries.districts import seen_by
from app.queries.driver import driver

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor


def visible(actor: Actor) -> Select[Delegation]:
    """Delegations the caller has given or was given, and those of the district it regulates."""
    return select(Delegation).where(
        seen_by(
            actor,
            Delegation.district_code,
            or_(
                Delegation.principal_id == actor.organisation_id, Delegation.agent_id == actor.organisation_id
            ),
        )
    )


def matching(
    statement: Select[Delegation],
    *,
    status: DelegationStatus | None = None,
    principal_id: uuid.UUID | None = None,
    agent_id: uuid.UUID | None = None,
) -> Select[Delegation]:
    """`statement` narrowed by what is given."""
    given = (
        (Delegation.status, status),
        (Delegation.principal_id, principal_id),
        (Delegation.agent_id, agent_id),
    )
    for column, value in given:
        if value is not None:
            statement = statement.where(column == value)
    return statement


async def get(
    session: AsyncSession, actor: Actor, delegation_id: uuid.UUID, *, lock: bool = False
) -> Delegation:
    """One delegation the caller may see, locked and fresh if asked. Raises: `delegation.not_found`."""
    statement = visible(actor).where(Delegation.id == delegation_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    delegation = (await session.scalars(statement)).one_or_none()
    if delegation is None:
        raise rules.NOT_FOUND.error("path:delegation_id", delegation_id=delegation_id)
    return delegation


async def lock_over(session: AsyncSession, today: date) -> Sequence[Delegation]:
    """The delegations granted whose last day is over, locked in the order of their ids."""
    statement = (
        select(Delegation)
        .where(Delegation.status == DelegationStatus.granted, Delegation.valid_to < today)
        .order_by(Delegation.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


@dataclass(frozen=True, slots=True)
class CalledUpon:
    """A delegation with its principal as that is now."""

    authority: Authority
    principal_id: uuid.UUID
    party_id: uuid.UUID
    principal_district: str
    roles: frozenset[Role]
    agent_roles: frozenset[Role]


_CALLED = """
SELECT d.number, d.status, d.valid_from, d.valid_to, d.permissions, d.principal_id,
       o.party_id, o.district_code AS principal_district, o.roles, g.roles AS agent_roles
FROM delegations d JOIN organisations o ON o.id = d.principal_id JOIN organisations g ON g.id = d.agent_id
WHERE d.id = $1 AND d.agent_id = $2
"""


async def called_upon(
    session: AsyncSession, delegation_id: uuid.UUID, agent_id: uuid.UUID, *, keep: bool
) -> CalledUpon | None:
    """The delegation that an agent calls upon, or None. `keep`: it is not revoked before the work is done."""
    connection = await driver(session)
    row = await connection.fetchrow(_CALLED + ("FOR SHARE OF d" if keep else ""), delegation_id, agent_id)
    if row is None:
        return None
    return CalledUpon(
        authority=Authority(
            number=row["number"],
            status=DelegationStatus(row["status"]),
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
            permissions=frozenset(Permission(permission) for permission in row["permissions"]),
        ),
        principal_id=row["principal_id"],
        party_id=row["party_id"],
        principal_district=row["principal_district"],
        roles=frozenset(Role(role) for role in row["roles"]),
        agent_roles=frozenset(Role(role) for role in row["agent_roles"]),
    )
