"""Amendments (变更): a pledge changed, extended, released in part, or given other rights."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from app.domain.errors import ErrorKind, Violation, define
from app.domain.money import Money
from app.domain.pledge_filing import NewItem
from app.domain.pledge_ground import Acknowledgement, Consent
from app.domain.request import date_faults
from app.domain.state_machine import StateMachine


class AmendmentKind(StrEnum):
    """变更, 延期, 部分解除, 置换 (专利权质押登记办法第13条, PL-19)."""

    change = "change"
    extension = "extension"
    release = "release"
    substitution = "substitution"


class AmendmentStatus(StrEnum):
    """An amendment has effect once the office has registered it."""

    filed = "filed"
    registered = "registered"
    refused = "refused"
    withdrawn = "withdrawn"


class AmendmentEvent(StrEnum):
    """What moves an amendment from state to state."""

    register = "register"
    refuse = "refuse"
    withdraw = "withdraw"


_S, _E = AmendmentStatus, AmendmentEvent

AMENDMENT = StateMachine[AmendmentStatus, AmendmentEvent](
    noun="amendment",
    noun_zh="质押变更",
    initial=_S.filed,
    transitions={
        (_S.filed, _E.register): _S.registered,
        (_S.filed, _E.refuse): _S.refused,
        (_S.filed, _E.withdraw): _S.withdrawn,
    },
)


class AmendmentAction(StrEnum):
    """What an amendment does to a right: changed or extended in its entry, added, or let go."""

    change = "change"
    extend = "extend"
    add = "add"
    release = "release"


FILE_WITHIN_DAYS = 30
"""A change is filed within 30 days of the day on which it was made (第13条, PL-09)."""


@dataclass(frozen=True, slots=True)
class PartyEntry:
    """A party's name or address as the office is to show it from now on."""

    party_id: uuid.UUID
    name: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of the claim or the parties' entries; None stays as it is (PL-09)."""

    principal: Money | None = None
    claim_kind: str | None = None
    security_scope: str | None = None
    parties: Sequence[PartyEntry] = ()

    @property
    def of_claim(self) -> bool:
        """Whether the claim itself changes, so that the grounds of a filing are looked at again."""
        return any(part is not None for part in (self.principal, self.claim_kind, self.security_scope))


@dataclass(frozen=True, slots=True)
class Extension:
    """The debt is to be paid by `debt_to`, later than agreed before (PL-19)."""

    debt_to: date


@dataclass(frozen=True, slots=True)
class Release:
    """Rights that are let go while others stay pledged."""

    asset_ids: Sequence[uuid.UUID]


@dataclass(frozen=True, slots=True)
class Substitution:
    """Rights that come in, and those that go, if any, once the office has registered the new ones."""

    items: Sequence[NewItem]
    asset_ids: Sequence[uuid.UUID]
    consents: Sequence[Consent] = ()
    acknowledgements: Sequence[Acknowledgement] = ()


Wish = Change | Extension | Release | Substitution
"""What an amendment is to do."""

KINDS: dict[type[Wish], AmendmentKind] = {
    Change: AmendmentKind.change,
    Extension: AmendmentKind.extension,
    Release: AmendmentKind.release,
    Substitution: AmendmentKind.substitution,
}


@dataclass(frozen=True, slots=True)
class NewAmendment:
    """An amendment that the parties agreed on `changed_on`; `document_id` shows the agreement."""

    changed_on: date
    wish: Wish
    document_id: uuid.UUID | None = None

    @property
    def kind(self) -> AmendmentKind:
        """Which of the four kinds it is."""
        return KINDS[type(self.wish)]


@dataclass(frozen=True, slots=True)
class AmendmentRegistration:
    """The office's registration of an amendment for one right.

    `registration_no`: of a right that is added. `expires_on`: of a mark that is added or extended.
    """

    asset_id: uuid.UUID
    registered_on: date
    registration_no: str | None = None
    expires_on: date | None = None


NOT_FOUND = define("amendment.not_found", ErrorKind.not_found, "未找到该变更", "No such amendment.")
ALREADY_OPEN = define(
    "amendment.already_open",
    ErrorKind.conflict,
    "该质押已有一项办理中的变更，办结前不得再提交或注销",
    "An amendment of this pledge is open: it is decided or withdrawn first.",
)
NOT_REGISTERED = define(
    "amendment.pledge_not_registered",
    ErrorKind.conflict,
    "质押当前状态为 {status}，只有已登记的质押可以变更",
    "The pledge is {status}: only a registered one is amended.",
    basis="专利权质押登记办法第13条",
)
CLAIMED = define(
    "amendment.pledge_claimed",
    ErrorKind.conflict,
    "该笔贷款的补偿申请 {claim} 尚未了结，结清前不得变更质押",
    "Claim {claim} on this loan is open: the pledge is amended once it is rejected or paid.",
    basis="RP-04",
)
ENFORCED = define(
    "amendment.pledge_enforced",
    ErrorKind.conflict,
    "该质押正在实现质权（{enforcement}），期间不得变更",
    "The pledge is being enforced ({enforcement}) and is not amended meanwhile.",
)
NOTHING_CHANGED = define(
    "amendment.nothing_changed",
    ErrorKind.invalid,
    "变更内容与原登记一致",
    "The amendment changes nothing.",
)
PARTY_NOT_INVOLVED = define(
    "amendment.party_not_involved",
    ErrorKind.invalid,
    "{party_id} 不是该质押的当事人",
    "{party_id} is no party of this pledge.",
)
CURRENCY_DIFFERS = define(
    "amendment.currency_differs",
    ErrorKind.invalid,
    "变更后的主债权币种应为 {currency}",
    "The amount stays in {currency}.",
)
BELOW_OUTSTANDING = define(
    "amendment.below_outstanding",
    ErrorKind.conflict,
    "变更后的主债权低于该笔质押下已放的 {outstanding} 元",
    "The amount would be below the {outstanding} yuan that the bank has lent on it.",
)
NOT_LATER = define(
    "amendment.not_later",
    ErrorKind.invalid,
    "延期后的履行期届满日应晚于 {debt_to}",
    "The debt already runs to {debt_to}: an extension ends later.",
)
RIGHT_NOT_PLEDGED = define(
    "amendment.right_not_pledged",
    ErrorKind.conflict,
    "该权利不是本质押中已登记的权利",
    "The right is not one that the pledge holds registered.",
)
RIGHT_KNOWN = define(
    "amendment.right_known",
    ErrorKind.conflict,
    "权利 {number} 已在本质押中",
    "Right {number} is part of this pledge already.",
)
OF_AMENDMENT = define(
    "amendment.right_of_amendment",
    ErrorKind.conflict,
    "该权利由变更新增，其登记、驳回或撤回在该变更下办理",
    "An amendment is to add this right: the office's word on it is recorded with the amendment.",
)
RELEASES_ALL = define(
    "amendment.releases_all",
    ErrorKind.conflict,
    "不得以部分解除的方式解除全部权利，应办理注销登记",
    "A release leaves at least one right pledged: deregister the pledge instead.",
    basis="专利权质押登记办法第14条",
)
COVERAGE_SHORT = define(
    "amendment.coverage_short",
    ErrorKind.conflict,
    "变更后所担保的 {owed} 元超过剩余权利按质押率上限可支持的 {lendable} 元",
    "The {owed} yuan secured would exceed the {lendable} yuan that the remaining rights support.",
    basis="PL-27",
)
ITEM_NOT_FOUND = define(
    "amendment.item_not_found",
    ErrorKind.invalid,
    "该变更不涉及此权利",
    "The amendment does not touch this right.",
)
ITEM_REGISTERED = define(
    "amendment.item_registered",
    ErrorKind.conflict,
    "该权利的变更登记已录入",
    "The registration of this right has been recorded already.",
)
REGISTRATION_NO_MISSING = define(
    "amendment.registration_no_missing",
    ErrorKind.invalid,
    "新增权利须填写质押登记号",
    "A right that is added needs its registration number.",
)
EXPIRY_TOO_EARLY = define(
    "amendment.expiry_too_early",
    ErrorKind.conflict,
    "商标质押登记期限须延至 {debt_to} 或之后，主债权方可展期",
    "The mark's registration must run to {debt_to} or longer before the loan's end moves.",
    basis="注册商标专用权质押登记程序规定; PL-19",
)
EXTENDED_TOO_LATE = define(
    "amendment.extended_too_late",
    ErrorKind.conflict,
    "商标质押登记已于 {expires_on} 届满失效，不能再延期",
    "The mark's registration ended on {expires_on}: it is extended before that.",
    basis="注册商标专用权质押登记程序规定; PL-19",
)


def is_late(changed_on: date, filed_on: date) -> bool:
    """Whether an amendment is filed later than 30 days after it was agreed (PL-09)."""
    return filed_on > changed_on + timedelta(days=FILE_WITHIN_DAYS)


def registration_faults(
    given: AmendmentRegistration,
    pointer: str,
    *,
    filed_on: date,
    today: date,
    action: AmendmentAction,
    runs_to: date | None,
    needed_to: date | None,
) -> list[Violation]:
    """What is wrong with the office's registration for a right.

    `runs_to`: the day on which a mark's registration ends so far; None of a patent and of what is added.
    `needed_to`: how far a mark's registration must run for the extension; None where it need not.
    """
    found = date_faults(f"{pointer}/registered_on", given.registered_on, today=today, first=filed_on)
    if action is AmendmentAction.add and given.registration_no is None:
        found.append(REGISTRATION_NO_MISSING.violation(f"{pointer}/registration_no"))
    if action is not AmendmentAction.extend:
        return found
    if runs_to is not None and given.registered_on > runs_to:
        found.append(EXTENDED_TOO_LATE.violation(f"{pointer}/registered_on", expires_on=runs_to))
    if needed_to is not None and (given.expires_on is None or given.expires_on < needed_to):
        found.append(EXPIRY_TOO_EARLY.violation(f"{pointer}/expires_on", debt_to=needed_to))
    return found
