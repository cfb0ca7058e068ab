"""Indicators (指标): what a plan measures, how it is computed and what it asks (ST-01 to ST-12)."""

from enum import StrEnum


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
