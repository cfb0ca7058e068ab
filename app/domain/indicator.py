"""Indicators (指标): what a plan measures, how it is computed and what it asks (ST-01 to ST-12)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.fact import Measure


class Category(StrEnum):
    """An indicator has a target; a trend only a direction; a milestone is reached or not."""

    indicator = "indicator"
    trend = "trend"
    milestone = "milestone"


class IndicatorKind(StrEnum):
    """How a value comes of yearly figures (ST-06)."""

    cumulative = "cumulative"
    stock = "stock"
    flow_ratio = "flow_ratio"
    growth = "growth"
    every_year = "every_year"
    qualified_count = "qualified_count"
    score = "score"
    comparison = "comparison"


class SourceKind(StrEnum):
    """O: the platform's own operations, R: a department's report, E: outside statistics (domain §8.2)."""

    operational = "operational"
    reported = "reported"
    external = "external"


class Comparator(StrEnum):
    """`以上/不低于/达到` include the number, `突破/超过` do not (domain §8.3)."""

    at_least = "at_least"
    above = "above"


class IndicatorStatus(StrEnum):
    """Where an indicator stands against its target's path."""

    met = "met"
    ahead = "ahead"
    on_track = "on_track"
    behind = "behind"
    missed = "missed"
    needs_baseline = "needs_baseline"
    no_data = "no_data"


MICRO = 1_000_000
"""Values are kept in millionths of their unit, so that none of six decimals is rounded."""
MAX_MICRO = 9_007_199_254_740_991
"""The largest value taken in: 2^53 - 1 millionths, exact in every caller's number type."""

PLAIN = "value"
"""The component of an indicator that is reported as one number."""
RATIOS = frozenset({IndicatorKind.flow_ratio, IndicatorKind.comparison})
"""Kinds of two components: the first is measured against the second."""

NOT_FOUND = define("indicator.not_found", ErrorKind.not_found, "未找到该指标", "No such indicator.")
VALUE_INVALID = define(
    "indicator.value_invalid",
    ErrorKind.invalid,
    "数值“{given}”格式不对：应为不带正负号和千分位、至多六位小数的文本，最大 {maximum}，例如 1250.5",
    "Value “{given}” is not in form: text without sign or separators, at most six decimals and at most "
    "{maximum}, e.g. 1250.5.",
    basis="ST-04",
)

_VALUE = re.compile(r"(0|[1-9][0-9]{0,9})(?:\.([0-9]{1,6}))?")


@dataclass(frozen=True, slots=True)
class NewTarget:
    """What an indicator is to reach, in millionths of its unit (a growth: percent a year).

    `upper_micro` closes a range such as 3–5; `thresholds_micro` is what each counted object must reach.
    """

    comparator: Comparator
    value_micro: int
    upper_micro: int | None = None
    thresholds_micro: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewIndicator:
    """An indicator as a plan's document states it; `wording` quotes the plan."""

    code: str
    category: Category
    kind: IndicatorKind
    source: SourceKind
    name_zh: str
    name_en: str
    wording: str
    unit: str
    departments: Sequence[str]
    components: Sequence[str]
    measures: Sequence[Measure] = ()
    rules: Sequence[str] = ()
    task_numbers: Sequence[int] = ()
    base_year: int | None = None
    target: NewTarget | None = None
    definition_version: int = 1


def parse_value(text: str, *, pointer: str | None = None) -> int:
    """The millionths of a value as callers write it, `"1250.5"`.

    Raises DomainError `indicator.value_invalid` for anything but plain digits with at most six decimals,
    and above `MAX_MICRO`.
    """
    match = _VALUE.fullmatch(text)
    micro = int(match[1] + (match[2] or "").ljust(6, "0")) if match is not None else MAX_MICRO + 1
    if micro > MAX_MICRO:
        raise VALUE_INVALID.error(pointer, given=text[:40], maximum=format_value(MAX_MICRO))
    return micro


def format_value(micro: int) -> str:
    """The wire form of `micro` millionths, without needless zeros: `"1250.5"`."""
    whole, rest = divmod(micro, MICRO)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".") if rest else str(whole)
