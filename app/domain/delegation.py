"""Delegations (委托办理): one organisation acts for another, within a scope and a time (PLG-16, SEC-11)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.domain.errors import ErrorKind, Violation, define
from app.domain.permission import REGULATORS, Actor, Permission, Role, permissions_of
from app.domain.state_machine import StateMachine


class DelegationStatus(StrEnum):
    """Whether the agent may act."""

    granted = "granted"
    revoked = "revoked"
    expired = "expired"


class DelegationEvent(StrEnum):
    """What moves a delegation from state to state."""

    revoke = "revoke"
    expire = "expire"


_S, _E = DelegationStatus, DelegationEvent

DELEGATION = StateMachine[DelegationStatus, DelegationEvent](
    noun="delegation",
    noun_zh="委托办理",
    initial=_S.granted,
    transitions={(_S.granted, _E.revoke): _S.revoked, (_S.granted, _E.expire): _S.expired},
)

NOT_FOUND = define("delegation.not_found", ErrorKind.not_found, "未找到该委托", "No such delegation.")
UNKNOWN = define(
    "delegation.unknown",
    ErrorKind.denied,
    "On-Behalf-Of 所指委托不存在，或者不是授予本机构的",
    "On-Behalf-Of names no delegation to the caller's organisation.",
)
REVOKED = define(
    "delegation.revoked",
    ErrorKind.denied,
    "委托 {number} 已撤回，不得再以委托人名义办理",
    "Delegation {number} was revoked: nothing more is done in the principal's name.",
    basis="民法典第173条",
)
NOT_IN_FORCE = define(
    "delegation.not_in_force",
    ErrorKind.denied,
    "委托 {number} 的有效期为 {valid_from} 至 {valid_to}",
    "Delegation {number} is in force from {valid_from} to {valid_to}.",
    basis="民法典第173条",
)
OUT_OF_SCOPE = define(
    "delegation.out_of_scope",
    ErrorKind.denied,
    "委托 {number} 不包括 {permission} 权限",
    "Delegation {number} does not carry the permission {permission}.",
    basis="民法典第171条",
)
TERM_INVALID = define(
    "delegation.term_invalid",
    ErrorKind.invalid,
    "委托期限无效：终止日早于起始日",
    "The delegation ends before it begins.",
)
TERM_PASSED = define(
    "delegation.term_passed",
    ErrorKind.invalid,
    "委托期限已过",
    "The delegation would be over already.",
)
TO_ITSELF = define(
    "delegation.to_itself",
    ErrorKind.invalid,
    "不得委托本机构",
    "An organisation does not delegate to itself.",
)
NOT_HELD = define(
    "delegation.not_held",
    ErrorKind.invalid,
    "委托人自身没有 {permission} 权限",
    "The principal does not hold the permission {permission} itself.",
)
NOT_DELEGABLE = define(
    "delegation.not_delegable",
    ErrorKind.invalid,
    "{permission} 权限不得委托他人行使",
    "The permission {permission} is exercised by the organisation itself only.",
    basis="RB-02",
)
NOT_PRINCIPAL = define(
    "delegation.not_principal",
    ErrorKind.denied,
    "只有委托人可以撤回委托",
    "Only the principal takes a delegation back.",
    basis="民法典第173条",
)

NOT_INTERMEDIARY = define(
    "delegation.not_intermediary",
    ErrorKind.denied,
    "受托人须为运营服务机构，且不承担审核、登记或者监管职责",
    "The agent is an intermediary, neither an office that checks and records nor a party to what it does.",
    basis="RB-02, RB-03",
)

PERSONAL = frozenset(
    {
        Permission.delegation_write,
        Permission.clock_write,
        Permission.asset_status,
        Permission.party_merge,
        Permission.certificate_revoke,
        Permission.reconciliation_decide,
        Permission.listing_approve,
        Permission.decision_replay,
        Permission.ledger_post,
        Permission.period_write,
        Permission.pool_write,
        Permission.pool_release,
        Permission.bank_statement_write,
        Permission.application_decide,
        Permission.claim_check,
        Permission.claim_approve,
        Permission.claim_release,
        Permission.claim_clawback,
        Permission.enrolment_check,
        Permission.enrolment_count,
        Permission.observation_check,
    }
)
"""What nobody does for another: passing authority on, deciding on credit, every second pair of eyes."""


def delegable_roles(roles: frozenset[Role]) -> frozenset[Role]:
    """The roles in which an agent may act for their holder: an office is nobody's to pass on."""
    return roles - REGULATORS


def is_intermediary(roles: frozenset[Role]) -> bool:
    """Whether an organisation of these roles acts for others, and does not check or oversee what they do.

    A borrower would answer its own demand as its bank's agent, an office approve what it drafted.
    """
    return Role.agency in roles and not roles & REGULATORS


def carried(
    permissions: frozenset[Permission], *, roles: frozenset[Role], token: Actor
) -> frozenset[Permission]:
    """What an agent may do of `permissions` for a principal of `roles`.

    Never what is personal. A token that asked for less than its client holds has no more here; one that did
    not is bounded by the delegation alone, for agents need not hold what they are entrusted with.
    """
    mine = permissions_of(token.roles)
    wide = token.permissions >= mine
    may = (permissions & permissions_of(delegable_roles(roles))) - PERSONAL
    return may if wide else may & token.permissions


@dataclass(frozen=True, slots=True)
class NewDelegation:
    """Authority as a principal gives it; `document_id` is the power of attorney (授权委托书, RB-05)."""

    agent_id: uuid.UUID
    permissions: Sequence[Permission]
    valid_from: date
    valid_to: date
    document_id: uuid.UUID


def faults(
    new: NewDelegation, *, principal_id: uuid.UUID, held: Collection[Permission], today: date
) -> list[Violation]:
    """What is wrong with a delegation; `held`: what the principal may do itself."""
    found: list[Violation] = []
    if new.agent_id == principal_id:
        found.append(TO_ITSELF.violation("/agent_id"))
    if new.valid_to < new.valid_from:
        found.append(TERM_INVALID.violation("/valid_to"))
    elif new.valid_to < today:
        found.append(TERM_PASSED.violation("/valid_to"))
    for position, permission in enumerate(new.permissions):
        pointer = f"/permissions/{position}"
        if permission in PERSONAL:
            found.append(NOT_DELEGABLE.violation(pointer, permission=permission.value))
        elif permission not in held:
            found.append(NOT_HELD.violation(pointer, permission=permission.value))
    return found


@dataclass(frozen=True, slots=True)
class Authority:
    """A delegation to the caller, as it stands when it is called upon."""

    number: str
    status: DelegationStatus
    valid_from: date
    valid_to: date
    permissions: frozenset[Permission]


def refusal(authority: Authority, permission: Permission, today: date) -> Violation | None:
    """Why an agent may not use `permission` by its delegation on a day; None: it may."""
    if authority.status is DelegationStatus.revoked:
        return REVOKED.violation("header:On-Behalf-Of", number=authority.number)
    in_force = authority.valid_from <= today <= authority.valid_to
    if authority.status is not DelegationStatus.granted or not in_force:
        return NOT_IN_FORCE.violation(
            "header:On-Behalf-Of",
            number=authority.number,
            valid_from=authority.valid_from,
            valid_to=authority.valid_to,
        )
    if permission not in authority.permissions or permission in PERSONAL:
        return OUT_OF_SCOPE.violation(
            "header:On-Behalf-Of", number=authority.number, permission=permission.value
        )
    return None
