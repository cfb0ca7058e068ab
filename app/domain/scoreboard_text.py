"""The words and numbers a scoreboard shows."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from app.domain.errors import Reason
from app.domain.indicator import MICRO, Comparator, IndicatorKind, format_value
from app.domain.scoreboard import PERCENT, Asked, Figure

_TWO_DECIMALS = frozenset({PERCENT, "万元"})
_SIGNS = {Comparator.at_least: "≥", Comparator.above: ">"}

NOT_BEGUN = Reason("the plan has not started", "方案尚未开始")
NO_TARGET = Reason("no target is set", "未设定目标")
NO_CLOSED_YEAR = Reason("no year has closed yet", "尚无已结束的年度")
NOT_REACHED_YET = Reason("not reported as reached", "尚未填报达成")
NO_YEAR_AFTER_BASE = Reason("no year after the base year has closed yet", "基期之后尚无已结束的年度")
BASE_YEAR_RUNS = Reason("the base year has not closed yet", "基期年度尚未结束")
NO_REPORTS = Reason("no approved figure has been reported", "尚无已审核的填报数据")


def missing(years: Iterable[int]) -> Reason:
    """Years without a usable figure."""
    zh, en = _listed(years)
    return Reason(f"no approved figure for {en}", f"缺少 {zh} 年已审核的数据")


def base_missing(year: int) -> Reason:
    """The base year has no figure."""
    return Reason(f"the base year {year} has no figure", f"缺少基期 {year} 年数据")


def base_not_positive(year: int) -> Reason:
    """No growth is reckoned from nothing (ST-04)."""
    return Reason(
        f"the figure of the base year {year} is not above zero: growth is undefined",
        f"基期 {year} 年数值不大于零，增幅无法计算",
    )


def negative(year: int) -> Reason:
    """Corrections outweigh what was counted."""
    return Reason(f"the figure of {year} is negative", f"{year} 年数值为负")


def divisor_zero(years: Iterable[int]) -> Reason:
    """A ratio has nothing to divide by."""
    zh, en = _listed(years)
    return Reason(f"what is divided by is zero in {en}", f"{zh} 年分母为零")


def reported_for(year: int) -> Reason:
    """The figure is older than the year under judgement."""
    return Reason(f"by the figure reported for {year}, the latest", f"按最近填报的 {year} 年数据")


def failed_in(years: Iterable[int]) -> Reason:
    """Years in which what was asked every year was not reached."""
    zh, en = _listed(years)
    return Reason(f"not reached in {en}", f"{zh} 年未达到")


def above_range(asked: Asked, upper: Fraction) -> Reason:
    """More than the plan's range asks for."""
    most = shown(Figure.of(upper), asked.value_unit)
    return Reason(f"above the plan's range, which ends at {most}", f"超过方案区间上限 {most}")


def _listed(years: Iterable[int]) -> tuple[str, str]:
    names = [str(year) for year in years]
    return "、".join(names), ", ".join(names)


def decimal(micro: int) -> str:
    """Millionths as a decimal without needless zeros, e.g. `29.998862`."""
    return f"-{format_value(-micro)}" if micro < 0 else format_value(micro)


def shown(figure: Figure, unit: str) -> str:
    """A figure with its unit, in two decimals unless it counts whole things, e.g. `30.00 %`, `12 家`."""
    if unit not in _TWO_DECIMALS and figure.micro % MICRO == 0:
        return f"{figure.micro // MICRO} {unit}"
    sign = "-" if figure.cents < 0 else ""
    whole, rest = divmod(abs(figure.cents), 100)
    return f"{sign}{whole}.{rest:02d} {unit}"


def target(asked: Asked) -> str:
    """What is asked, e.g. `≥ 30.00 %`, `≥ 3 家 (3–5 家)`; of a comparison, by what it is measured."""
    goal = asked.goal
    if goal is None:
        return ""
    sign = _SIGNS[goal.comparator]
    value = shown(Figure.of(goal.value), asked.value_unit)
    if asked.kind is IndicatorKind.comparison:
        return f"{sign} {asked.components[1]}" + (f" + {value}" if goal.value else "")
    if goal.upper is None:
        return f"{sign} {value}"
    low, high = decimal(Figure.of(goal.value).micro), shown(Figure.of(goal.upper), asked.value_unit)
    return f"{sign} {value} ({low}–{high})"


def path(asked: Asked, figure: Figure) -> str:
    """A point of the path: of a growth the figure to have been reached, with the yearly rate."""
    if asked.kind is not IndicatorKind.growth or asked.goal is None:
        return shown(figure, asked.unit)
    two_decimals = f"{figure.cents // 100}.{figure.cents % 100:02d} {asked.unit}"
    return f"{two_decimals} ({shown(Figure.of(asked.goal.value), PERCENT)})"
