"""Indicators of levels: totals, stocks and counts of objects; the running year counts up to the day."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from app.domain import scoreboard_text as words
from app.domain.errors import Reason
from app.domain.indicator import IndicatorKind, IndicatorStatus
from app.domain.scoreboard import Figure, Finding, Goal
from app.domain.scoreboard_case import Case, Levels

_S = IndicatorStatus


def cumulative(case: Case, goal: Goal) -> Finding:
    """Totals since the plan's start; a total does not fall, so one that reaches the target is enough."""
    levels = _levels(case, within_plan=True)
    if not levels:
        return case.unknown(words.NO_REPORTS, path=_due(case, goal))
    year, value = max(levels.items())
    if goal.satisfied(value):
        status = _S.met
    elif not case.term.ended:
        status = case.paced(goal, value)
    elif year < case.term.latest_year:
        return case.unknown(case.missing([case.term.latest_year]), levels, _due(case, goal))
    else:
        status = _S.missed
    return _level(case, goal, levels, status, straight=True)


def stock(case: Case, goal: Goal) -> Finding:
    """The last level known, at the end that of the last year."""
    levels = _levels(case, within_plan=False)
    if not levels:
        return case.unknown(words.NO_REPORTS, path=goal.value)
    year, value = max(levels.items())
    enough = goal.satisfied(value)
    if not case.term.ended:
        status = _S.ahead if enough else _S.behind
    elif year < case.term.latest_year:
        return case.unknown(case.missing([case.term.latest_year]), levels, goal.value)
    else:
        status = _S.met if enough else _S.missed
    return _level(case, goal, levels, status, straight=False)


def qualified_count(case: Case, goal: Goal) -> Finding:
    """Objects that qualify: by facts now, by reports in the last closed year that has any.

    At the plan's end that is its last year, or nothing is told (DL-01).
    """
    subjects: tuple[str, ...] = ()
    if case.asked.operational:
        levels = _levels(case, within_plan=False)
    else:
        told = {year: _qualifying(case, goal, year) for year in case.term.closed}
        qualifying = {year: names for year, names in told.items() if names is not None}
        if not qualifying:
            reason = words.NO_REPORTS if case.term.closed else words.NO_CLOSED_YEAR
            return case.unknown(reason, path=_due(case, goal))
        levels = {year: Fraction(len(names)) for year, names in qualifying.items()}
        if case.term.ended and case.term.latest_year not in levels:
            return case.unknown(case.missing([case.term.latest_year]), levels, _due(case, goal))
        subjects = qualifying[max(qualifying)]
    _, value = max(levels.items())
    final = _S.met if goal.satisfied(value) else _S.missed
    status = final if case.term.ended else case.paced(goal, value)
    return replace(_level(case, goal, levels, status, straight=True), subjects=subjects)


def _qualifying(case: Case, goal: Goal, year: int) -> tuple[str, ...] | None:
    """The objects that reach every threshold in a year; None for a year without reports."""
    reports = case.evidence.reports
    subjects = sorted({subject for _, subject, one in reports if one == year and subject})
    if not subjects:
        return None
    return tuple(
        subject
        for subject in subjects
        if all(
            reports.get((component, subject, year), Fraction(-1)) >= least
            for component, least in goal.thresholds.items()
        )
    )


def _levels(case: Case, *, within_plan: bool) -> Levels:
    """Totals or stocks at the end of each year of the plan, of the running one on the day."""
    years = range(case.term.years[0], case.term.latest_year + 1)
    if not case.asked.operational:
        return case.flows(years)
    return {year: case.evidence.until(year, within_plan=within_plan).value for year in years}


def _level(case: Case, goal: Goal, levels: Levels, status: IndicatorStatus, *, straight: bool) -> Finding:
    """A finding on the last of the levels."""
    term, (year, value) = case.term, max(levels.items())
    path = case.straight(goal) if straight else dict.fromkeys(term.years, goal.value)
    late = term.judged_year is not None and year < term.judged_year
    found = Finding(
        status,
        value=Figure.of(value),
        path=Figure.path(path[term.judged_year]) if term.judged_year is not None else None,
        years=case.shown(levels, path),
        reason=words.reported_for(year) if late else beyond(case, goal, value),
    )
    if not case.asked.operational:
        return found
    total = case.asked.kind is IndicatorKind.cumulative
    facts = case.evidence.until(term.latest_year, within_plan=total).facts
    return replace(found, facts=facts, days=(term.starts_on if total else None, term.counted_to))


def _due(case: Case, goal: Goal) -> Fraction | None:
    due = case.term.judged_year
    return None if due is None else case.straight(goal)[due]


def beyond(case: Case, goal: Goal, value: Fraction) -> Reason | None:
    """A range is met above its end too, which is worth saying."""
    return (
        words.above_range(case.asked, goal.upper) if goal.upper is not None and value > goal.upper else None
    )
