"""What can be done with a right in which legal status: the table of domain §2.1, as data.

One row per operation, one column per status. The checks of listings, deals, pledges and blockers take the
statuses in which an operation goes from here (`statuses`), so that there is one opinion. What lies on a
right beside its status (holds, a pending invalidation) each of them judges by rules of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.asset import ENDED, AssetStatus


class Operation(StrEnum):
    """What somebody wants to do with a right."""

    list_for_sale = "list_for_sale"
    transfer = "transfer"
    licence = "licence"
    open_licence = "open_licence"
    pledge = "pledge"
    trusteeship = "trusteeship"


class Verdict(StrEnum):
    """What a cell of the table says.

    `warn`: goes, and whoever does it is told. `disclose`: goes, and the other side must be told.
    `consent`: goes with the pledgee's consent. `acknowledge`: goes once both parties, being told, agree.
    `check`: goes unless territory, field and period conflict. `no`: does not go.
    """

    yes = "yes"
    warn = "warn"
    disclose = "disclose"
    consent = "consent"
    acknowledge = "acknowledge"
    check = "check"
    no = "no"


@dataclass(frozen=True, slots=True)
class Rule:
    """A cell: the verdict and the legal basis, None where it is plainly allowed or the platform's default."""

    verdict: Verdict
    basis: str | None = None


_YES, _WARN = Rule(Verdict.yes), Rule(Verdict.warn)
_ENDED = Rule(Verdict.no, "专利法第42条, 第44条, 第47条; 商标法第40条, 第55条")
_LICENCE_ENDED = Rule(Verdict.no, "专利实施许可合同备案办法第12条")
_LATE = Rule(Verdict.no, "专利实施许可合同备案办法第12条")
_OPEN = Rule(Verdict.no, "专利法实施细则第85条, 第86条")
_ONLY_PATENTS = Rule(Verdict.no, "专利法第50条")
_GRACE = Rule(Verdict.no, "商标法第40条")


def _ground(numeral: str) -> Rule:
    return Rule(Verdict.no, f"专利权质押登记办法第11条第({numeral})项")


def _row(
    *,
    pending: Rule = _YES,
    in_force: Rule = _YES,
    late_fee: Rule,
    grace: Rule,
    ended: Rule,
    unknown: Rule,
    **others: Rule,
) -> Mapping[AssetStatus, Rule]:
    """A row of statuses from the groups that the table has for columns; `others` single statuses."""
    cells = {
        AssetStatus.application: pending,
        AssetStatus.applied: pending,
        AssetStatus.granted: in_force,
        AssetStatus.invalid_part: in_force,
        AssetStatus.registered: in_force,
        AssetStatus.renewal_window: in_force,
        AssetStatus.late_fee: late_fee,
        AssetStatus.grace: grace,
        AssetStatus.unknown: unknown,
        **dict.fromkeys(ENDED, ended),
    }
    return cells | {AssetStatus(status): rule for status, rule in others.items()}


STATUS_RULES: Mapping[Operation, Mapping[AssetStatus, Rule]] = {
    Operation.list_for_sale: _row(late_fee=_WARN, grace=_GRACE, ended=_ENDED, unknown=_WARN),
    Operation.transfer: _row(late_fee=_WARN, grace=_WARN, ended=_ENDED, unknown=Rule(Verdict.no)),
    Operation.licence: _row(
        late_fee=_LATE,
        grace=_WARN,
        ended=_LICENCE_ENDED,
        unknown=Rule(Verdict.no),
        applied=Rule(Verdict.no, "商标法第43条"),
    ),
    Operation.open_licence: _row(
        pending=_OPEN,
        late_fee=_OPEN,
        grace=_ONLY_PATENTS,
        ended=_OPEN,
        unknown=Rule(Verdict.no),
        applied=_ONLY_PATENTS,
        registered=_ONLY_PATENTS,
        renewal_window=_ONLY_PATENTS,
    ),
    Operation.pledge: _row(
        pending=_ground("三"),
        late_fee=_ground("四"),
        grace=_ground("二"),
        ended=_ground("二"),
        unknown=_ground("十二"),
    ),
    Operation.trusteeship: _row(late_fee=_WARN, grace=_WARN, ended=Rule(Verdict.no), unknown=_WARN),
}
"""Operation by legal status, every status of every kind of right (domain §2.1, LS-04, LS-14)."""


def statuses(operation: Operation) -> frozenset[AssetStatus]:
    """The legal statuses in which the operation goes, warned or not."""
    rules = STATUS_RULES[operation]
    return frozenset(status for status, rule in rules.items() if rule.verdict is not Verdict.no)
