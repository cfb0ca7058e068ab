"""Valuations (评估): what a right is worth, by whom, on which day and by which methods (PL-26)."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class ValuationMode(StrEnum):
    """How the value was found; a loan may do without an agency's report (专利权质押登记办法第7条)."""

    agency = "agency"
    bank_internal = "bank_internal"
    negotiated = "negotiated"


class ValuationMethod(StrEnum):
    """收益法, 市场法, 成本法 (资产评估法第26条)."""

    income = "income"
    market = "market"
    cost = "cost"


class ValuationStatus(StrEnum):
    """A signed valuation is never altered."""

    requested = "requested"
    signed = "signed"
    withdrawn = "withdrawn"


class ValuationEvent(StrEnum):
    """What moves a valuation from state to state."""

    sign = "sign"
    withdraw = "withdraw"


_S, _E = ValuationStatus, ValuationEvent

VALUATION = StateMachine[ValuationStatus, ValuationEvent](
    noun="valuation",
    noun_zh="评估",
    initial=_S.requested,
    transitions={
        (_S.requested, _E.sign): _S.signed,
        (_S.requested, _E.withdraw): _S.withdrawn,
    },
)

NOT_FOUND = define("valuation.not_found", ErrorKind.not_found, "未找到该评估", "No such valuation.")
