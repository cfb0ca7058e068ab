"""The office's time limits, what a filing comes to, how a pledge follows its rights, amounts in capitals."""

from __future__ import annotations

from datetime import date

import pytest

from app.domain.asset import AssetKind
from app.domain.filing import (
    FilingChannel,
    FilingEvent,
    FilingStatus,
    FilingTerm,
    RefusalGround,
    outcome,
    overdue,
    term_of,
)
from app.domain.money import MAX_FEN, capitals
from app.domain.pledge import PledgeEvent, PledgeStatus
from app.domain.pledge_count import Counted, earliest
from app.domain.pledge_ground import GROUNDS
from app.domain.pledge_life import fully_secured, steps
from app.services import filing_terms, filings

S, E = PledgeStatus, PledgeEvent
DAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("kind", "channel", "days"),
    [
        ("patent", "online", 2),
        ("patent", "window", 5),
        ("patent", "post", 5),
        ("trademark", "online", 2),
        ("trademark", "window", 2),
        ("trademark", "post", 2),
    ],
)
def test_every_channel_has_its_time_limit(kind: str, channel: str, days: int) -> None:
    """PL-05, PL-17: five working days, two online, two for marks."""
    term = term_of(
        filing_terms.terms(),
        asset_kind=AssetKind(kind),
        channel=FilingChannel(channel),
        district_code="120110",
        on=DAY,
    )
    assert term.working_days == days


def test_a_local_window_may_promise_less_from_a_day_on() -> None:
    """PL-05: the district's own limit comes first once it is in effect; before the first version it is the earliest."""
    general = FilingTerm(AssetKind.patent, FilingChannel.window, 5, date(2021, 11, 15), "第10条")
    older = FilingTerm(AssetKind.patent, FilingChannel.window, 7, date(2010, 10, 1), "旧办法")
    local = FilingTerm(AssetKind.patent, FilingChannel.window, 3, date(2025, 1, 1), "办事指南", "120110")

    def days(district: str, on: date) -> int:
        return term_of(
            [general, local, older],
            asset_kind=AssetKind.patent,
            channel=FilingChannel.window,
            district_code=district,
            on=on,
        ).working_days

    assert (days("120110", DAY), days("120111", DAY)) == (3, 5)
    assert (days("120110", date(2024, 12, 31)), days("120110", date(2015, 1, 1))) == (5, 7)
    assert days("120110", date(2001, 1, 1)) == 7


def test_the_time_runs_over_holidays_and_worked_weekends() -> None:
    """PL-05: handed in before the National Day week of 2019, decided after the Saturday worked in its place."""
    due = filings.due(AssetKind.patent, FilingChannel.window, "120110", date(2019, 9, 30))
    assert due == date(2019, 10, 12)


def test_the_office_is_late_only_while_it_is_its_turn() -> None:
    """PL-05: not on the last day, and not while it waits for corrections."""
    assert not overdue(FilingStatus.submitted, DAY, DAY)
    assert overdue(FilingStatus.submitted, DAY, date(2026, 3, 3))
    assert not overdue(FilingStatus.correction, DAY, date(2026, 3, 3))
    assert not overdue(FilingStatus.registered, DAY, date(2026, 3, 3))


@pytest.mark.parametrize(
    ("states", "event"),
    [
        ([], None),
        ([S.filed], None),
        ([S.registered, S.correction], None),
        ([S.registered, S.refused], FilingEvent.register),
        ([S.revoked, S.refused], FilingEvent.register),
        ([S.refused, S.withdrawn], FilingEvent.refuse),
        ([S.withdrawn], FilingEvent.withdraw),
    ],
)
def test_a_filing_comes_to_what_became_of_its_rights(
    states: list[PledgeStatus], event: FilingEvent | None
) -> None:
    """PL-28: the office decides right by right."""
    assert outcome(states) is event


@pytest.mark.parametrize(
    ("current", "rights", "last", "events"),
    [
        (S.filed, [S.filed, S.correction], E.correct, [E.correct]),
        (S.correction, [S.filed, S.correction], E.correct, []),
        (S.correction, [S.registered, S.correction], E.register, []),
        (S.correction, [S.filed, S.registered], E.refile, [E.refile]),
        (S.correction, [S.refused, S.registered], E.refuse, [E.refile, E.register]),
        (S.correction, [S.refused, S.withdrawn], E.refuse, [E.refuse]),
        (S.filed, [S.filed, S.registered], E.register, []),
        (S.filed, [S.refused, S.registered], E.refuse, [E.register]),
        (S.filed, [S.revoked, S.refused], E.refuse, [E.refuse]),
        (S.filed, [S.withdrawn, S.withdrawn], E.withdraw, [E.withdraw]),
        (S.registered, [S.revoked, S.registered], E.revoke, []),
        (S.registered, [S.revoked, S.filed], E.revoke, [E.revoke]),
        (S.registered, [S.registered, S.filed], E.revoke, []),
        (S.registered, [S.revoked, S.revoked], E.revoke, [E.revoke]),
        (S.registered, [S.revoked, S.lapsed], E.lapse, [E.lapse]),
        (S.deregistered, [S.deregistered], E.deregister, []),
    ],
)
def test_a_pledge_follows_its_rights(
    current: PledgeStatus, rights: list[PledgeStatus], last: PledgeEvent, events: list[PledgeEvent]
) -> None:
    """PL-28, SC-01: only along the arrows of its own life."""
    assert steps(current, rights, last) == events


@pytest.mark.parametrize(
    ("rights", "since", "secured"),
    [
        ([(True, S.registered), (True, S.registered)], None, True),
        ([(True, S.registered), (True, S.filed)], None, False),
        ([(True, S.registered), (False, S.filed)], None, True),
        ([(True, S.registered), (True, S.refused)], None, False),
        ([(True, S.registered), (True, S.deregistered)], None, True),
        ([(True, S.registered), (True, S.revoked)], DAY, False),
        ([(False, S.registered)], None, False),
        ([(True, S.deregistered)], None, False),
    ],
)
def test_fully_secured_means_all_that_money_waits_for(
    rights: list[tuple[bool, PledgeStatus]], since: date | None, secured: bool
) -> None:
    """PL-28: all contract-required registrations, not all registrations."""
    assert fully_secured(rights, since) is secured


def test_what_counted_counts_on() -> None:
    """PL-28: a revoked leg takes neither count nor mixed flag along, an earlier day still moves them."""
    kept = Counted(date(2021, 5, 1), date(2021, 6, 1))
    assert earliest(kept, Counted(date(2021, 6, 1), None)) == kept
    assert earliest(kept, Counted(date(2021, 4, 1), None)) == Counted(date(2021, 4, 1), date(2021, 6, 1))
    assert earliest(Counted(None, None), Counted(None, None)) == Counted(None, None)


def test_the_grounds_of_refusal_are_the_twelve() -> None:
    """PL-06: what the office answers with is what the pre-check looks for, in its order."""
    assert [f"pledge.{ground}" for ground in RefusalGround] == [code.code for code in GROUNDS]


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"),
        (5, "伍分"),
        (10, "壹角整"),
        (105, "壹元零伍分"),
        (1_050, "壹拾元零伍角整"),
        (168_032, "壹仟陆佰捌拾元零叁角贰分"),
        (140_950, "壹仟肆佰零玖元伍角整"),
        (600_714, "陆仟零柒元壹角肆分"),
        (32_504, "叁佰贰拾伍元零肆分"),
        (50_000_000, "伍拾万元整"),
        (10_000_500, "壹拾万零伍元整"),
        (10_000_000_100, "壹亿零壹元整"),
        (1_001_000_000, "壹仟零壹万元整"),
        (100_000_000_000_000, "壹万亿元整"),
        (100_001_000_000_000_000, "壹仟万零壹佰亿元整"),
    ],
)
def test_amounts_in_capitals(fen: int, words: str) -> None:
    """PL-04: 《支付结算办法》附件一, its own examples among them."""
    assert capitals(fen) == f"人民币{words}"


def test_no_two_amounts_have_the_same_capitals() -> None:
    amounts = {
        capitals(fen): fen for fen in [*range(20_000), *(10**n for n in range(17) if 10**n <= MAX_FEN)]
    }
    assert all(capitals(fen) == words for words, fen in amounts.items())
    assert len(amounts) == 20_000 + sum(10**n >= 20_000 and 10**n <= MAX_FEN for n in range(17))
