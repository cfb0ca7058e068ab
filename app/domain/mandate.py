"""Mandates (委托): an owner authorises an agency to act for its rights (RB-05, 民法典第165条)."""

from collections.abc import Collection, Sequence
from datetime import date
from enum import StrEnum

from app.domain.errors import ErrorKind, Reason, Violation, define
from app.domain.permission import Role
from app.domain.state_machine import StateMachine


class MandatePower(StrEnum):
    """What the agency may do in the owner's name."""

    list = "list"
    negotiate = "negotiate"
    sign = "sign"


class MandateStatus(StrEnum):
    """`proposed` by the agency until the owner, or the operator with the paper at hand, confirms it."""

    proposed = "proposed"
    active = "active"
    declined = "declined"
    revoked = "revoked"
    ended = "ended"


class MandateEvent(StrEnum):
    """What moves a mandate from state to state; `expire` is the end of its term."""

    confirm = "confirm"
    decline = "decline"
    revoke = "revoke"
    expire = "expire"


_S, _E = MandateStatus, MandateEvent

MANDATE = StateMachine[MandateStatus, MandateEvent](
    noun="mandate",
    noun_zh="委托",
    initial=_S.proposed,
    transitions={
        (_S.proposed, _E.confirm): _S.active,
        (_S.proposed, _E.decline): _S.declined,
        (_S.proposed, _E.expire): _S.ended,
        (_S.active, _E.revoke): _S.revoked,
        (_S.active, _E.expire): _S.ended,
    },
)

EXPIRING = frozenset(state for state, event in MANDATE.transitions if event is _E.expire)

AGENTS = frozenset({Role.agency, Role.operator})
"""Roles in which an organisation acts for owners."""

NOT_FOUND = define("mandate.not_found", ErrorKind.not_found, "未找到该委托", "No such mandate.")
NOT_AGENT = define(
    "mandate.not_agent",
    ErrorKind.invalid,
    "受托机构须为服务机构或运营机构",
    "The organisation authorised must be an agency or the operator.",
)
TO_ITSELF = define(
    "mandate.to_itself",
    ErrorKind.invalid,
    "权利人不能委托自己；请写明受托机构",
    "An owner cannot authorise itself; name the agency.",
)
TERM_INVALID = define(
    "mandate.term_invalid",
    ErrorKind.invalid,
    "委托期限无效：止期早于起期",
    "The term is invalid: it ends before it starts.",
)
TERM_PASSED = define(
    "mandate.term_passed",
    ErrorKind.invalid,
    "委托止期 {term_to} 早于今日 {today}",
    "The mandate would end on {term_to}, before today {today}.",
)
ASSET_TWICE = define(
    "mandate.asset_twice", ErrorKind.invalid, "同一权利重复列出", "The same right is named twice."
)
NOT_CONCERNED = define(
    "mandate.not_concerned",
    ErrorKind.denied,
    "仅权利人、受托机构或运营机构可以录入委托",
    "Only the owner, the organisation authorised or the operator may enter a mandate.",
    basis="RB-05",
)
NOT_OWNER = define(
    "mandate.not_owner",
    ErrorKind.denied,
    "仅权利人本单位，或非受托方的运营机构代为办理",
    "Only the owner's own organisation may do this, or the operator where it is not the agent itself.",
    basis="RB-05",
)
DOCUMENT_MISSING = define(
    "mandate.document_missing",
    ErrorKind.conflict,
    "运营机构代权利人确认委托须附授权委托书",
    "The operator confirms for an owner only with the power of attorney.",
    basis="RB-05, 民法典第165条",
)
MISSING = define(
    "mandate.missing",
    ErrorKind.denied,
    "缺少委托人对 {rights} 的有效委托（权限：{power}）",
    "The party represented has given no active mandate over {rights} with the power {power}.",
    basis="RB-05, 民法典第165条",
)


SHOWN = 3
"""How many rights a refusal names; a portfolio has hundreds."""


def rights_named(numbers: Sequence[str]) -> Reason:
    """The rights in words: their numbers, as far as the register knows them."""
    if not numbers:
        return Reason("these rights", "相关权利")
    en, zh = ", ".join(numbers[:SHOWN]), "、".join(numbers[:SHOWN])
    if len(numbers) <= SHOWN:
        return Reason(en, zh)
    return Reason(f"{en} and {len(numbers) - SHOWN} more", f"{zh} 等 {len(numbers)} 项权利")


def is_agent(roles: Collection[str]) -> bool:
    """Whether an organisation with these roles acts for owners."""
    return not AGENTS.isdisjoint(roles)


def term_faults(term_from: date, term_to: date, *, today: date) -> list[Violation]:
    """Objections to a term: it ends before it starts, or before today."""
    if term_to < term_from:
        return [TERM_INVALID.violation("/term_to")]
    if term_to < today:
        return [TERM_PASSED.violation("/term_to", term_to=term_to, today=today)]
    return []
