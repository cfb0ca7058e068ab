"""When a portfolio qualifies, and what has to be counted for it, against a day-by-day model."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from app.domain import portfolio as rules
from app.domain.portfolio import (
    Counting,
    Period,
    Span,
    corrections,
    counted_on,
    judge,
    qualified_on,
    qualifies,
    qualifying,
)

START = date(2020, 1, 1)
DAYS = 30


def day(number: int) -> date:
    return START + timedelta(days=number)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """Rights in multiples of ten or five, so that a handful of spans crosses the thresholds often."""
    counting = draw(st.sampled_from(Counting))
    since = draw(st.integers(0, DAYS - 2))
    until = draw(st.none() | st.integers(since + 1, DAYS))
    rights = draw(st.integers(1, 5)) * (10 if counting is Counting.invention else 5)
    return Span(counting, day(since), None if until is None else day(until), rights)


histories = st.lists(spans(), max_size=12)
todays = st.integers(0, DAYS + 3)


def model(history: list[Span], number: int) -> bool:
    """Whether the portfolio qualifies on a day, counted anew on that day."""
    totals = dict.fromkeys(Counting, 0)
    for span in history:
        if span.since <= day(number) and (span.until is None or day(number) < span.until):
            totals[span.counting] += span.rights
    return totals[Counting.invention] >= 50 and totals[Counting.pct_application] >= 10


@given(histories, todays)
def test_it_qualifies_on_the_days_on_which_both_counts_are_reached(history: list[Span], today: int) -> None:
    """DL-04, BH-06: 50 inventions and 10 PCT applications, each day by itself."""
    periods = qualifying(history, day(today))
    for number in range(today + 1):
        within = any(
            period.since <= day(number) and (period.until is None or day(number) < period.until)
            for period in periods
        )
        assert within == model(history, number) == qualifies(counted_on(history, day(number)))
    assert (qualified_on(periods) is not None) == model(history, today)
    assert all(period.since <= day(today) for period in periods)


@given(st.permutations(range(8)), st.lists(spans(), min_size=8, max_size=8), todays)
def test_entered_in_any_order_history_is_counted_alike(
    order: list[int], history: list[Span], today: int
) -> None:
    """DL-04: after each entry the difference is written; what stands at the end depends on the whole only."""
    counted: dict[date, int] = {}
    known: list[Span] = []
    for position in order:
        known.append(history[position])
        for on, change in corrections(qualifying(known, day(today)), counted).items():
            counted[on] = counted.get(on, 0) + change
    running = 0
    for number in range(today + 1):
        running += counted.get(day(number), 0)
        assert running == model(history, number)
    assert corrections(qualifying(history, day(today)), counted) == {}


@st.composite
def courses(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """What happens one after the other: entries by requests and registers, days passing, jobs catching up."""
    cut = st.tuples(st.integers(0, 11), st.integers(0, DAYS))
    return draw(
        st.lists(
            st.one_of(
                st.tuples(st.sampled_from(["request", "register"]), spans()),
                st.tuples(st.sampled_from(["request", "register"]), cut),
                st.tuples(st.just("pass"), st.integers(1, 8)),
                st.tuples(st.just("replay"), st.integers(1, 5)),
            ),
            max_size=25,
        )
    )


class Book:
    """A portfolio's count: requests judge it at once, the job each day once, maybe days late."""

    def __init__(self) -> None:
        self.known: list[Span] = []
        self.counted: dict[date, int] = {}
        self.today = self.done = 0
        self.since: date | None = None
        self.seen: tuple[int, list[Span]] = (-1, [])

    def learn(self, entry: Any) -> None:
        if isinstance(entry, Span):
            self.known.append(entry)
        elif self.known:
            position, until = entry[0] % len(self.known), day(entry[1])
            old = self.known[position]
            self.known[position] = replace(old, until=max(until, old.since))

    def look(self, number: int) -> None:
        verdict = judge(self.known, self.counted, day(number))
        last, known = self.seen
        if number <= last and known == self.known:  # nothing has happened: nothing is written
            assert not verdict.differs(self.since)
        for on, change in verdict.changes.items():
            self.counted[on] = self.counted.get(on, 0) + change
        self.counted = {on: value for on, value in self.counted.items() if value}
        self.since, self.seen = verdict.qualified_on, (max(number, last), list(self.known))
        running = [
            sum(self.counted[on] for on in sorted(self.counted)[: n + 1]) for n in range(len(self.counted))
        ]
        assert set(running) <= {0, 1}
        assert sum(self.counted.values()) == (self.since is not None)

    def replay(self, days: int) -> None:
        for _ in range(min(days, self.today - self.done)):
            self.done += 1
            self.look(self.done)

    def follow(self, course: list[tuple[str, Any]], *, late: bool) -> None:
        for what, told in course:
            if what == "pass":
                self.today += told
            elif what != "replay":
                self.learn(told)
                if what == "request":
                    self.look(self.today)
            if not late or what == "replay":
                self.replay(told if late else self.today)
        self.today += 1
        self.replay(self.today)


@given(courses())
@example(
    [
        ("pass", 8),
        ("request", Span(Counting.invention, day(8), None, 50)),
        ("request", Span(Counting.pct_application, day(8), None, 10)),
        ("replay", 5),
    ]
)
def test_days_made_up_for_after_requests_of_later_days_leave_the_count_as_in_order(
    course: list[tuple[str, Any]],
) -> None:
    """DL-04, OPS-03: whatever the order, the same facts; and none are written where nothing is new."""
    late, prompt = Book(), Book()
    late.follow(course, late=True)
    prompt.follow(course, late=False)
    assert late.known == prompt.known
    assert (late.counted, late.since) == (prompt.counted, prompt.since)
    assert late.counted == corrections(qualifying(late.known, day(late.today)), {})


@pytest.mark.parametrize(
    ("inventions", "pct", "enough"), [(50, 10, True), (49, 10, False), (50, 9, False), (0, 60, False)]
)
def test_both_thresholds_include_the_number_itself(inventions: int, pct: int, enough: bool) -> None:
    """DL-04: 以上 includes the number."""
    history = [
        Span(Counting.invention, START, None, inventions),
        Span(Counting.pct_application, START, None, pct),
    ]
    expected = [Period(START, None)] if enough else []
    assert qualifying(history, START) == expected
    assert (rules.INVENTIONS_REQUIRED, rules.PCT_APPLICATIONS_REQUIRED) == (50, 10)
