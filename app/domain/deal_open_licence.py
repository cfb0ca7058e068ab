"""What speaks against opening a patent to everybody's licence (开放许可, 专利法第50条, OL-01, OL-02).

The statement itself is not offered by this service yet; the rules are, for those who ask beforehand.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from app.domain import deal as rules
from app.domain.asset import AssetKind, AssetStatus
from app.domain.errors import ErrorKind, Severity, Violation, define
from app.domain.operation import Operation, statuses
from app.domain.patent_number import PatentType

ONLY_PATENTS = define(
    "deal.open_licence_only_patents",
    ErrorKind.conflict,
    "{number} 不是中国专利，不适用开放许可",
    "{number} is not a Chinese patent: there is no open licence of it.",
    basis="专利法第50条",
)
NOT_IN_FORCE = define(
    "deal.open_licence_not_in_force",
    ErrorKind.conflict,
    "专利 {number} 当前状态为 {status}，不能声明开放许可",
    "Patent {number} has status {status}: no open licence of it can be declared.",
    basis="专利法实施细则第85条, 第86条",
)
STAYED = define(
    "deal.open_licence_stayed",
    ErrorKind.conflict,
    "专利 {number} 处于保全或中止状态，不能声明开放许可",
    "Patent {number} is preserved or suspended: no open licence of it can be declared.",
    basis="专利法实施细则第86条",
)
EXCLUSIVELY_LICENSED = define(
    "deal.open_licence_exclusive",
    ErrorKind.conflict,
    "专利 {number} 有有效的独占或者排他许可，不能声明开放许可",
    "Patent {number} is exclusively or solely licensed: no open licence of it can be declared.",
    basis="专利法实施细则第86条",
)
REPORT_REQUIRED = define(
    "deal.open_licence_report_required",
    ErrorKind.conflict,
    "{number} 为实用新型或者外观设计，声明开放许可须提供专利权评价报告",
    "{number} is a utility model or a design: its open licence needs the patent's evaluation report.",
    basis="专利法第50条",
    severity=Severity.acknowledge,
)


@dataclass(frozen=True, slots=True)
class OpenedRight:
    """A right as an open licence looks at it on a day; `exclusive`: an exclusive or sole licence is live."""

    number: str
    kind: AssetKind
    chinese: bool
    patent_type: PatentType | None
    status: AssetStatus
    owner_ids: Collection[uuid.UUID | None]
    stayed: bool
    exclusive: bool


def objections(party_id: uuid.UUID, right: OpenedRight) -> Iterator[Violation]:
    """Everything but missing consents."""
    number = right.number
    if right.kind is not AssetKind.patent or not right.chinese:
        yield ONLY_PATENTS.violation(number=number)
        return
    if party_id not in right.owner_ids:
        yield rules.LICENSOR_NOT_OWNER.violation(number=number)
    if right.status not in statuses(Operation.open_licence):
        yield NOT_IN_FORCE.violation(number=number, status=right.status.value)
    if right.stayed:
        yield STAYED.violation(number=number)
    if right.exclusive:
        yield EXCLUSIVELY_LICENSED.violation(number=number)
    if right.patent_type in {PatentType.utility_model, PatentType.design}:
        yield REPORT_REQUIRED.violation(number=number)
