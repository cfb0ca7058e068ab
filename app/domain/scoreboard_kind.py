"""How each kind of indicator is judged (ST-03, ST-06).

- cumulative: what was counted since the plan's start, or the total last reported. The path is straight
  over the plan's years. Once the target is reached it is met.
- stock: the last level known. It has no path: until the end it is ahead while it satisfies the target.
- qualified_count: objects that qualify now, or that reached every threshold in the last closed year that
  has reports, which at the end must be the plan's last. Its path is a count's, but what qualifies may fall
  again: it is met at the end only.
- flow_ratio, score, comparison: by the last closed year, the target being the path of every year. A ratio
  of increments (新增) is one of their sums over all closed years of the plan.
- growth: from the base year to the last closed year, its path being the base grown at the target's rate.
- every_year: by each closed year, its value being the least of them; one failure is a miss at once.

On a straight path an indicator is ahead when it is already where the running year is to end, behind when it
is not yet where the last closed year was to end, and on track between the two.

Reported and external figures are the approved observations: of one component itself, of two their ratio.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from app.domain import growth as rates, scoreboard_level as kinds_of_level, scoreboard_text as words
from app.domain.errors import Reason
from app.domain.indicator import Category, IndicatorKind, IndicatorStatus
from app.domain.scoreboard import (
    Asked,
    Base,
    BaseSource,
    Evidence,
    Figure,
    Finding,
    Goal,
    Term,
    compare,
)
from app.domain.scoreboard_case import Case, Levels, combined

_S = IndicatorStatus


def judge(asked: Asked, term: Term, evidence: Evidence) -> Finding:
    """Where the indicator stands on the day."""
    case = Case(asked, term, evidence)
    if not term.begun:
        return case.unknown(words.NOT_BEGUN)
    if asked.category is Category.milestone:
        return _milestone(case)
    if asked.category is Category.trend:
        return _trend(case)
    if asked.goal is None:
        return case.unknown(words.NO_TARGET)
    return _KINDS[asked.kind](case, asked.goal)


def _growth(case: Case, goal: Goal) -> Finding:
    """The average yearly rate from the base year, compared by powers (ST-01 to ST-05)."""
    base_year, judged, rate = case.asked.base_year, case.term.judged_year, goal.value / 100
    if base_year is None:
        raise ValueError("a growth has a base year")
    flows = case.flows(range(base_year, case.term.latest_year + 1))
    base, source = _base(case, base_year)
    if isinstance(base, Reason):
        return replace(case.unknown(base, flows), status=_S.needs_baseline)
    flows[base_year] = base
    path = {year: rates.path(base, rate, year - base_year) for year in range(base_year, case.term.years.stop)}
    found = replace(
        case.unknown(words.NO_YEAR_AFTER_BASE),
        base=Base(base_year, Figure.of(base), source),
        years=case.shown(flows, path),
    )
    if judged is None or judged <= base_year:
        return found
    found = replace(found, path=Figure.path(path[judged]))
    if judged not in flows:
        return replace(found, reason=case.missing([judged]))
    if flows[judged] < 0:
        return replace(found, reason=words.negative(judged))
    order = rates.compare(flows[judged], base, rate, judged - base_year)
    value = Figure.rate(rates.average(flows[judged], base, judged - base_year))
    if order < 0:
        # Cut off towards zero, a rate below zero may land on a target of zero that it misses.
        value = replace(value, micro=min(value.micro, Figure.of(goal.value).micro - 1))
    return replace(
        found, status=case.against(goal, order), value=value, reason=None, **case.counted([judged])
    )


def _base(case: Case, year: int) -> tuple[Fraction | Reason, BaseSource]:
    """The base year's figure: the observation where there is one, else its facts; or why there is none."""
    base, source = case.reported(year), BaseSource.observation
    if base is None and case.asked.operational:
        if not case.term.over(year):
            return words.BASE_YEAR_RUNS, source
        told = case.evidence.of_year(year)
        base, source = (told.value if told.facts else None), BaseSource.facts
    if base is None:
        return words.base_missing(year), source
    return (base if base > 0 else words.base_not_positive(year)), source


def _ratio(case: Case, goal: Goal) -> Finding:
    """A ratio of the last closed year, or of sums over all closed years where increments are compared."""
    if case.asked.operational or not all(map(_increment, case.asked.components)):
        return _yearly(case, goal)
    closed, levels = case.term.closed, Levels()
    told = {year: [case.part(name, year) for name in case.asked.components] for year in closed}
    missing = [year for year in closed if None in told[year]]
    for year in closed[: closed.index(missing[0])] if missing else closed:
        summed = [
            sum((part or Fraction(0) for part in parts), Fraction(0))
            for parts in zip(*(told[one] for one in range(closed[0], year + 1)), strict=True)
        ]
        value = combined(list(summed), case.asked.unit)
        if value is not None:
            levels[year] = value
    return _by_year(case, goal, levels, missing or closed)


def _increment(component: str) -> bool:
    """Components that count what is new in a year are named so: `new_…`, `…_added`."""
    return component.startswith("new_") or component.endswith("_added")


def _yearly(case: Case, goal: Goal) -> Finding:
    """The figure of the last closed year against the target."""
    closed = case.term.closed
    found = _by_year(case, goal, case.flows(closed), closed[-1:])
    return replace(found, **case.counted(closed[-1:])) if found.value is not None else found


def _by_year(case: Case, goal: Goal, levels: Levels, wanting: Sequence[int]) -> Finding:
    judged = case.term.judged_year
    if judged is None:
        return case.unknown(words.NO_CLOSED_YEAR)
    if judged not in levels:
        return case.unknown(case.missing(wanting), levels, goal.value)
    value = levels[judged]
    return Finding(
        case.against(goal, compare(value, goal.value)),
        value=Figure.of(value),
        path=Figure.path(goal.value),
        years=case.shown(levels, dict.fromkeys(levels, goal.value)),
        reason=kinds_of_level.beyond(case, goal, value),
    )


def _comparison(case: Case, goal: Goal) -> Finding:
    """The first component of the last closed year against the second; the target is the lead it must have."""
    first, second = case.asked.components
    judged = case.term.judged_year
    told = {year: (case.part(first, year), case.part(second, year)) for year in case.term.closed}
    levels = {year: ours for year, (ours, theirs) in told.items() if ours is not None and theirs is not None}
    path = {year: theirs + goal.value for year, (_, theirs) in told.items() if theirs is not None}
    if judged is None:
        return case.unknown(words.NO_CLOSED_YEAR)
    if judged not in levels:
        return case.unknown(words.missing([judged]), levels)
    return Finding(
        case.against(goal, compare(levels[judged], path[judged])),
        value=Figure.of(levels[judged]),
        path=Figure.path(path[judged]),
        years=case.shown(levels, path),
    )


def _every_year(case: Case, goal: Goal) -> Finding:
    """Each closed year for itself; the value is the least of them."""
    closed = case.term.closed
    if not closed:
        return case.unknown(words.NO_CLOSED_YEAR)
    levels = case.flows(closed)
    failed = [year for year, value in levels.items() if not goal.satisfied(value)]
    missing = [year for year in closed if year not in levels]
    if missing and not failed:
        return case.unknown(case.missing(missing), levels, goal.value)
    return Finding(
        _S.missed if failed else _S.met if case.term.ended else _S.on_track,
        value=Figure.of(min(levels.values())),
        path=Figure.path(goal.value),
        years=case.shown(levels, dict.fromkeys(levels, goal.value)),
        reason=words.failed_in(failed) if failed else None,
        **case.counted(closed),
    )


def _trend(case: Case) -> Finding:
    """A direction without a target, from the base year on.

    Growing (持续增长、逐年增长、提高): each closed year above the one before; a fall is a miss at once.
    Keeping a level (保持高位, kind `score`): the last closed year not below the base year.
    """
    closed = case.term.closed
    start = case.asked.base_year if case.asked.base_year is not None else case.term.years[0]
    after = [year for year in closed if year > start]
    if not after:
        return case.unknown(words.NO_YEAR_AFTER_BASE, case.flows(closed))
    levels = case.flows(range(start, after[-1] + 1))
    keeps = case.asked.kind is IndicatorKind.score
    pairs = [(start, after[-1])] if keeps else [(year - 1, year) for year in after]
    known = [(old, new) for old, new in pairs if old in levels and new in levels]
    failed = [new for old, new in known if not compare(levels[new], levels[old]) >= (0 if keeps else 1)]
    if not failed and len(known) < len(pairs):
        wanted = sorted({year for pair in pairs for year in pair})
        return case.unknown(case.missing([year for year in wanted if year not in levels]), levels)
    last = max(new for _, new in known)
    return Finding(
        (_S.behind if keeps and not case.term.ended else _S.missed)
        if failed
        else _S.met
        if case.term.ended
        else _S.on_track,
        value=Figure.of(levels[last]),
        years=case.shown(levels),
        reason=words.failed_in(failed) if failed else None,
        **case.counted(range(start, last + 1)),
    )


def _milestone(case: Case) -> Finding:
    """Reached in the first year for which 1 is reported; from then on it is met."""
    years = {year for _, _, year in case.evidence.reports if year <= case.term.latest_year}
    levels = {year: value for year in years if (value := case.reported(year)) is not None}
    if not levels:
        return case.unknown(words.NO_REPORTS)
    reached = [year for year, value in levels.items() if value >= 1]
    return Finding(
        _S.met if reached else _S.missed if case.term.ended else _S.behind,
        value=Figure.of(max(levels.values())),
        years=case.shown(levels),
        reason=None if reached else words.NOT_REACHED_YET,
    )


_KINDS: dict[IndicatorKind, Callable[[Case, Goal], Finding]] = {
    IndicatorKind.cumulative: kinds_of_level.cumulative,
    IndicatorKind.stock: kinds_of_level.stock,
    IndicatorKind.qualified_count: kinds_of_level.qualified_count,
    IndicatorKind.flow_ratio: _ratio,
    IndicatorKind.growth: _growth,
    IndicatorKind.score: _yearly,
    IndicatorKind.comparison: _comparison,
    IndicatorKind.every_year: _every_year,
}
