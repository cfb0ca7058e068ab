"""What each operation makes of what lies on a right beside its status: the rest of domain §2.1, as data.

The product judges these by the rules of each noun; this table is what they are compared with.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from app.domain.asset import AssetStatus
from app.domain.operation import STATUS_RULES, Operation, Rule, Verdict


class Circumstance(StrEnum):
    """What lies on a right beside its status.

    `stayed`: preserved by a court or suspended by the office, today. `exclusively_licensed`: an exclusive
    or sole licence is live. `collective_mark`: a collective or certification mark.
    """

    stayed = "stayed"
    pledged = "pledged"
    invalidation_pending = "invalidation_pending"
    exclusively_licensed = "exclusively_licensed"
    collective_mark = "collective_mark"


_YES, _WARN, _TELL = Rule(Verdict.yes), Rule(Verdict.warn), Rule(Verdict.disclose)
_PLEDGED = Rule(Verdict.consent, "民法典第444条")
_STAYED = Rule(Verdict.no, "专利法实施细则第105条")
_OPEN = Rule(Verdict.no, "专利法实施细则第86条")
_ONLY_PATENTS = Rule(Verdict.no, "专利法第50条")
_MANUAL = Rule(Verdict.no, "商标法第3条")

CIRCUMSTANCE_RULES: Mapping[Operation, Mapping[Circumstance, Rule]] = {
    Operation.list_for_sale: {
        Circumstance.stayed: _STAYED,
        Circumstance.pledged: _TELL,
        Circumstance.invalidation_pending: _TELL,
        Circumstance.exclusively_licensed: _TELL,
        Circumstance.collective_mark: _WARN,
    },
    Operation.transfer: {
        Circumstance.stayed: _STAYED,
        Circumstance.pledged: _PLEDGED,
        Circumstance.invalidation_pending: _WARN,
        Circumstance.exclusively_licensed: _YES,
        Circumstance.collective_mark: _MANUAL,
    },
    Operation.licence: {
        Circumstance.stayed: _STAYED,
        Circumstance.pledged: _PLEDGED,
        Circumstance.invalidation_pending: _WARN,
        Circumstance.exclusively_licensed: Rule(Verdict.check, "技术合同解释第25条"),
        Circumstance.collective_mark: _YES,
    },
    Operation.open_licence: {
        Circumstance.stayed: _OPEN,
        Circumstance.pledged: _PLEDGED,
        Circumstance.invalidation_pending: _WARN,
        Circumstance.exclusively_licensed: _OPEN,
        Circumstance.collective_mark: _ONLY_PATENTS,
    },
    Operation.pledge: {
        Circumstance.stayed: Rule(Verdict.no, "专利权质押登记办法第11条第(五)项"),
        Circumstance.pledged: Rule(Verdict.no, "专利权质押登记办法第11条第(九)项"),
        Circumstance.invalidation_pending: Rule(Verdict.acknowledge, "专利权质押登记办法第11条第(十一)项"),
        Circumstance.exclusively_licensed: _TELL,
        Circumstance.collective_mark: _MANUAL,
    },
    Operation.trusteeship: dict.fromkeys(Circumstance, _YES),
}
"""Operation by what lies on the right (domain §2.1, LS-09, LS-10, LS-16)."""


def findings(
    operation: Operation, status: AssetStatus, circumstances: Collection[Circumstance] = ()
) -> list[Rule]:
    """What the table says to an operation on a right, but for what simply goes; the status comes first."""
    cells = [STATUS_RULES[operation][status]]
    cells += [CIRCUMSTANCE_RULES[operation][one] for one in Circumstance if one in circumstances]
    return [cell for cell in cells if cell.verdict is not Verdict.yes]
