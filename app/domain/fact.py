"""Facts: the countable consequences of operations, from which every published figure is summed."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define


class Measure(StrEnum):
    """What a fact counts. `_amount` measures are in fen, the others are counts."""

    pledge_financing_count = "pledge_financing_count"
    pledge_financing_amount = "pledge_financing_amount"
    pledge_registration_count = "pledge_registration_count"
    pledge_mixed_count = "pledge_mixed_count"
    licence_count = "licence_count"
    licence_amount = "licence_amount"
    transfer_count = "transfer_count"
    transfer_amount = "transfer_amount"
    listing_count = "listing_count"

    @property
    def unit(self) -> str:
        """`fen` for amounts, `1` for counts."""
        return "fen" if self.value.endswith("_amount") else "1"


class FactRole(StrEnum):
    """The district's part in the event: operations inside it, or rights coming in or going out."""

    internal = "internal"
    inbound = "in"
    outbound = "out"


MEASURE_UNKNOWN = define(
    "statistic.measure_unknown",
    ErrorKind.not_found,
    "没有名为 {measure} 的统计指标",
    "There is no measure named {measure}.",
)
PERIOD_INVALID = define(
    "statistic.period_invalid",
    ErrorKind.invalid,
    "统计期间无效：起始年份晚于结束年份",
    "The period is invalid: it starts after it ends.",
)
