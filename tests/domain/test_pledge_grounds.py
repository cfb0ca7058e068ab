"""PL-06: the twelve grounds, one by one and in pairs, and the acknowledgements that cure some."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.domain import pledge_ground as rules
from app.domain.asset import AssetKind, AssetStatus, MarkKind, Regime
from app.domain.asset_sign import COLLECTIVE_MARK
from app.domain.errors import ErrorCode
from app.domain.patent_number import PatentType
from app.domain.pledge import ALREADY_PLEDGED

OWNER, OTHER, RIGHT = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)
TODAY = date(2021, 7, 1)
CONTRACT = rules.Contract("示例-1", TODAY, "借款", "本金及利息")
PATENT = rules.Right(
    id=RIGHT,
    number="201910000001.3",
    kind=AssetKind.patent,
    patent_type=PatentType.utility_model,
    regime=Regime.cn,
    status=AssetStatus.granted,
    status_as_of=TODAY,
    last_day_in_force=date(2026, 5, 19),
    invalidation_pending=False,
    stayed=False,
    twin=False,
    owners=[OWNER],
)
FILING = rules.Filing(TODAY, date(2026, 5, 19), CONTRACT, {RIGHT: OWNER})

CASES: Mapping[ErrorCode, tuple[dict[str, Any], dict[str, Any]]] = {
    rules.NOT_OWNER: ({"owners": [OTHER]}, {}),
    rules.ENDED_OR_INVALID: ({"status": AssetStatus.invalid_full}, {}),
    rules.NOT_GRANTED: ({"status": AssetStatus.application}, {}),
    rules.ANNUITY_UNPAID: ({"status": AssetStatus.late_fee}, {}),
    rules.SUSPENDED_OR_PRESERVED: ({"stayed": True}, {}),
    rules.TERM_EXCEEDS: ({}, {"debt_to": date(2026, 5, 20)}),
    rules.CONTRACT_ITEMS_MISSING: ({}, {"contract": rules.Contract()}),
    rules.CO_OWNER_CONSENT_MISSING: ({"owners": [OWNER, OTHER]}, {}),
    ALREADY_PLEDGED: ({"liens": [rules.Encumbrance(TODAY, 1)]}, {}),
    rules.TWIN_UTILITY_MODEL: ({"twin": True}, {}),
    rules.INVALIDATION_STARTED: ({"invalidation_pending": True}, {}),
    rules.OTHER: ({"regime": Regime.notice}, {}),
}


def codes(right: Mapping[str, Any], filing: Mapping[str, Any]) -> set[ErrorCode]:
    """The grounds found when right and filing are changed so."""
    found = rules.grounds(replace(FILING, **filing), [replace(PATENT, **right)])
    return {violation.code for violation in found}


def test_nothing_speaks_against_a_sound_filing() -> None:
    """PL-07: a debt that ends on the last day in force passes."""
    assert codes({}, {}) == set()


def test_there_are_twelve_grounds() -> None:
    """PL-06: the pack is complete and each ground has a case here."""
    assert len(rules.GROUNDS) == 12
    assert set(CASES) == set(rules.GROUNDS)


@pytest.mark.parametrize("ground", CASES, ids=lambda ground: ground.code)
def test_each_ground_alone(ground: ErrorCode) -> None:
    """PLG-01: one cause, one objection."""
    assert codes(*CASES[ground]) == {ground}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pair
        for pair in itertools.combinations(CASES, 2)
        if not (set(CASES[pair[0]][0]) & set(CASES[pair[1]][0]))
    ],
    ids=lambda ground: ground.code,
)
def test_pairs_of_grounds_are_both_named(first: ErrorCode, second: ErrorCode) -> None:
    """PLG-01: no objection hides another."""
    right = CASES[first][0] | CASES[second][0]
    filing = CASES[first][1] | CASES[second][1]
    assert codes(right, filing) == {first, second}


@pytest.mark.parametrize("ground", CASES, ids=lambda ground: ground.code)
def test_acknowledgement_cures_only_what_it_may(ground: ErrorCode) -> None:
    """PLG-01: grounds 10 and 11 pass with both parties' dated statements, the others never."""
    right, filing = CASES[ground]
    told = rules.Acknowledgement(RIGHT, ground.code, TODAY, TODAY)
    expected = set() if ground in (rules.TWIN_UTILITY_MODEL, rules.INVALIDATION_STARTED) else {ground}
    assert codes(right, filing | {"acknowledgements": [told]}) == expected


def test_an_acknowledgement_dated_after_the_filing_does_not_count() -> None:
    """PL-06: both parties must have known."""
    later = rules.Acknowledgement(RIGHT, rules.TWIN_UTILITY_MODEL.code, TODAY, date(2021, 7, 2))
    assert codes({"twin": True}, {"acknowledgements": [later]}) == {rules.TWIN_UTILITY_MODEL}


def test_a_co_owners_consent_counts_for_the_right_it_names() -> None:
    """AST-06, PL-02: one of two consents is not enough."""
    third = uuid.UUID(int=9)
    owners = {"owners": [OWNER, OTHER, third]}
    one, two = (rules.Consent(RIGHT, party, TODAY, "0" * 64) for party in (OTHER, third))
    late = replace(two, consented_on=date(2021, 7, 2))
    for given in ([one], [one, late]):
        assert codes(owners, {"consents": given}) == {rules.CO_OWNER_CONSENT_MISSING}
    assert codes(owners, {"consents": [one, two]}) == set()


@pytest.mark.parametrize(("checked_on", "stale"), [(date(2021, 6, 24), False), (date(2021, 6, 23), True)])
def test_a_status_older_than_seven_days_must_be_acknowledged(checked_on: date, *, stale: bool) -> None:
    """LS-11: seven days are fresh, eight are not."""
    expected = {rules.STATUS_STALE} if stale else set()
    assert codes({"status_as_of": checked_on}, {}) == expected


def test_marks_have_their_own_grounds_beside_the_twelve() -> None:
    """PL-15, LS-16, PL-20: all associated marks, no collective mark, no second pledge."""
    other = uuid.UUID(int=9)
    mark: dict[str, Any] = {"kind": AssetKind.trademark, "patent_type": None, "mark_kind": MarkKind.ordinary}
    together = mark | {"associated": [(other, "59990002")]}
    found = rules.grounds(FILING, [replace(PATENT, **together)])
    assert [(one.code, one.facts["missing"]) for one in found] == [
        (rules.ASSOCIATED_MARKS_MISSING, "59990002")
    ]
    both = {"pledgors": {RIGHT: OWNER, other: OWNER}}
    assert codes(together, both) == set()
    assert codes(mark | {"mark_kind": MarkKind.certification}, {}) == {COLLECTIVE_MARK}
    assert codes(mark | {"liens": [rules.Encumbrance(TODAY, 1)]}, {}) == {ALREADY_PLEDGED}


def test_a_mark_in_its_grace_period_is_not_pledged_and_its_term_may_end_before_the_debt() -> None:
    """LS-14, PL-18, PL-07: the term is a ground of patents only; a mark is renewed."""
    mark: dict[str, Any] = {"kind": AssetKind.trademark, "patent_type": None}
    assert codes(mark | {"status": AssetStatus.grace}, {}) == {rules.ENDED_OR_INVALID}
    assert codes(mark | {"status": AssetStatus.renewal_window}, {"debt_to": date(2036, 1, 1)}) == set()
