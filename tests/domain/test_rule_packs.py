"""Rule packs as data: which holds on a day and in a place, what they measure by, and what replay changes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, strategies as st

from app.domain import pledge_ground as grounds, valuation
from app.domain.asset import STATUSES, AssetKind, AssetStatus, MarkKind, Regime
from app.domain.decision import DecisionOutcome
from app.domain.decision_case import Case, Charged, Judgement, cover, item_cover, judge
from app.domain.decision_replay import replay
from app.domain.decision_text import found_row, inputs_row, read_case
from app.domain.errors import Severity
from app.domain.money import Money
from app.domain.patent_number import PatentType
from app.domain.pledge import DEBT_PERIOD_INVALID
from app.domain.pledge_filing import NewItem, NewPledge
from app.domain.pledge_ground_check import CODES
from app.domain.rule_pack import RulePack, read_pack
from app.domain.valuation import Support, ValuationStatus
from app.services import rule_packs
from tests.domain.test_pledge_grounds import (
    CASES,
    CONTRACT,
    FILING,
    MARK,
    OF_2010,
    OF_2020,
    OF_2021,
    OWNER,
    PATENT,
    RIGHT,
    TODAY,
)

MATE = uuid.UUID(int=4)
SECOND = replace(PATENT, **{**MARK, "id": MATE, "number": "59990001"})


def worth(right: grounds.Right, fen: int | None, base_on: date = TODAY) -> Support:
    status = ValuationStatus.requested if fen is None else ValuationStatus.signed
    return Support(right.id, status, base_on, fen)


def case(*charged: Charged, principal: int = 40_000, **changes: Any) -> Case:
    filing = replace(FILING, pledgors={one.right.id: OWNER for one in charged})
    given: dict[str, Any] = {
        "filing": filing,
        "charged": charged,
        "principal_fen": principal,
        "ip_share_bp": 10_000,
    }
    return Case(**given | {"counted_in": "120110"} | changes)


def judgement(given: Case, pack: RulePack = OF_2021, **changes: Any) -> Judgement:
    return Judgement(given, pack, assumed=False, found=judge(given, pack), **changes)


def as_filed(given: Case) -> NewPledge:
    return NewPledge(
        borrower_id=OWNER,
        principal=Money(given.principal_fen),
        debt_from=TODAY,
        debt_to=given.filing.debt_to,
        contract=CONTRACT,
        items=[NewItem(one.right.id, OWNER) for one in given.charged],
    )


def kept(made: Judgement) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Inputs and findings as a database gives them back."""
    inputs = inputs_row(as_filed(made.case), made.case)
    return json.loads(json.dumps(inputs)), json.loads(json.dumps(found_row(made)))


@pytest.mark.parametrize(
    ("day", "code", "assumed"),
    [
        (date(1998, 5, 1), "cn-56-2010", True),
        (date(2010, 9, 30), "cn-56-2010", True),
        (date(2010, 10, 1), "cn-56-2010", False),
        (date(2020, 4, 30), "cn-56-2010", False),
        (date(2020, 5, 1), "cn-358-2020", False),
        (date(2021, 11, 14), "cn-358-2020", False),
        (date(2021, 11, 15), "cn-461-2021", False),
        (date(2099, 1, 1), "cn-461-2021", False),
    ],
)
def test_the_pack_of_a_day_and_the_earliest_before_all(day: date, code: str, *, assumed: bool) -> None:
    """UNI-36, decisions §7: a rule holds from its day on; before the first version that one stands in."""
    chosen = rule_packs.packs().national(day)
    assert (chosen.pack.code, chosen.assumed) == (code, assumed)


@pytest.mark.parametrize(
    ("district", "day", "share_bp", "counted_fen"),
    [
        ("420106", date(2024, 1, 1), 5_000, 50_000),
        ("420106", date(2024, 1, 1), 4_999, None),
        ("420106", date(2023, 12, 31), 4_999, 49_990),
        ("421000", date(2024, 1, 1), 4_999, 49_990),
        ("460105", date(2024, 1, 1), 1, 10),
        ("460105", date(2024, 1, 1), 4_999, 49_990),
        ("120110", date(2024, 1, 1), 10_000, 100_000),
        ("000000", date(1999, 1, 1), 3_333, 33_330),
    ],
)
def test_what_a_combined_loan_counts_for_is_the_places_to_say(
    district: str, day: date, share_bp: int, counted_fen: int | None
) -> None:
    """PLG-13: in Wuhan half the loan must rest on the rights, in Haikou their part counts."""
    assert rule_packs.packs().counting(district, day).counted_fen(100_000, share_bp) == counted_fen


def test_a_figure_never_claims_a_fen_more_than_rests_on_the_rights() -> None:
    """PLG-13: rounded down, while what a pool covers is rounded up."""
    pack = rule_packs.packs().counting("120110", TODAY)
    assert pack.counted_fen(101, 3_333) == 33
    assert case(Charged(PATENT), principal=101, ip_share_bp=3_333).secured_fen == 34


def test_every_pack_names_its_sources_and_what_helps() -> None:
    """UNI-36: no ground without a basis, no code that nothing finds, no pack without a source."""
    for pack in rule_packs.listed():
        assert pack.sources
        if isinstance(pack, RulePack):
            told = {rule.code for rules in pack.grounds.values() for rule in rules}
            assert told <= set(CODES)
            assert all(rule.ruling.basis for rules in pack.grounds.values() for rule in rules)
    newest = {rule.code for rules in OF_2021.grounds.values() for rule in rules}
    assert newest == set(CODES)
    with pytest.raises(ValueError, match="no code tells"):
        read_pack(
            {
                "code": "x",
                "name_zh": "",
                "name_en": "",
                "note": "",
                "effective_from": TODAY,
                "sources": [],
                "grounds": {"patent": {"pledge.whim": {}}, "trademark": {}},
                "limits": {},
            },
            CODES,
        )


@pytest.mark.parametrize(
    ("kind", "patent_type", "cap_bp"),
    [
        (AssetKind.patent, PatentType.invention, 4_000),
        (AssetKind.patent, PatentType.utility_model, 3_000),
        (AssetKind.patent, PatentType.design, 2_000),
        (AssetKind.patent, None, 2_000),
        (AssetKind.trademark, None, 4_000),
    ],
)
def test_caps_of_loan_to_value_by_kind(kind: AssetKind, patent_type: PatentType | None, cap_bp: int) -> None:
    """PL-27: they are the pack's to set; a patent of unknown type takes the lowest."""
    assert OF_2021.limits.cap_bp(kind, patent_type) == cap_bp


@pytest.mark.parametrize(("principal", "warned"), [(70_000, False), (70_001, True)])
def test_a_loan_above_what_the_rights_bear_is_warned_of_and_passes(principal: int, *, warned: bool) -> None:
    """PL-27: 30 % of a utility model's 100,000 and 40 % of a mark's 100,000 bear 70,000 fen together."""
    given = case(
        Charged(PATENT, worth(PATENT, 100_000)), Charged(SECOND, worth(SECOND, 100_000)), principal=principal
    )
    made = judgement(given)
    assert [one.violation.code for one in made.found] == ([grounds.LTV_EXCEEDED] if warned else [])
    assert (made.objections, made.outcome) == ([], DecisionOutcome.passed)
    known = cover(given, OF_2021)
    assert known is not None
    assert (known.value_fen, known.cap_fen) == (200_000, 70_000)
    assert known.ltv_bp == -(-principal * 10_000 // 200_000)


def test_a_right_with_a_part_of_its_own_is_measured_by_that_part() -> None:
    """PL-27, PLG-03: its own amount, or its share of what rests on the rights; else only the whole is known."""
    limited = Charged(PATENT, worth(PATENT, 100_000), secured_fen=30_001)
    shared = Charged(SECOND, worth(SECOND, 200_000), share_ppm=500_000)
    whole = Charged(SECOND, worth(SECOND, 200_000))
    given = case(limited, shared, principal=60_000, ip_share_bp=5_000)
    (one,) = judge(given, OF_2021)
    assert (one.violation.pointer, one.violation.facts["ltv_bp"]) == ("/items/0", 3_001)
    part = item_cover(given, shared, OF_2021)
    assert part is not None
    assert part.secured_fen == 15_000
    assert item_cover(given, whole, OF_2021) is None


def test_nothing_is_said_of_a_ratio_while_a_right_has_no_worth() -> None:
    """PL-26: a loan may do without a valuation; what it rests on is then not known."""
    for other in (Charged(SECOND), Charged(SECOND, worth(PATENT, 1))):
        assert cover(case(Charged(PATENT, worth(PATENT, 1)), other, principal=90_000), OF_2021) is None


def test_the_age_of_a_valuation_is_the_packs_to_limit() -> None:
    """PL-26: a year from the base date by practice, longer by another pack, or by the pool's leave."""
    old = Charged(PATENT, worth(PATENT, 1_000_000, date(2021, 6, 30)))
    (found,) = judge(case(old), OF_2021)
    assert (found.violation.code, found.objects) == (valuation.EXPIRED, True)
    lenient = replace(OF_2021, limits=replace(OF_2021.limits, valuation_valid_years=2))
    assert judge(case(old), lenient) == []
    assert judge(case(old, accepts_expired=True), OF_2021) == []
    (unsigned,) = judge(case(Charged(PATENT, worth(PATENT, None))), OF_2021)
    assert unsigned.violation.code == valuation.UNFIT


@pytest.mark.parametrize("ground", CASES, ids=lambda ground: ground.code)
def test_a_decision_is_made_again_from_what_was_kept_alone(ground: Any) -> None:
    """UNI-36: under its own pack a replay says the very same, whatever was found."""
    right, filing = CASES[ground]
    told = grounds.Acknowledgement(RIGHT, grounds.TWIN_UTILITY_MODEL.code, TODAY, TODAY)
    consent = grounds.Consent(RIGHT, MATE, TODAY, "0" * 64)
    given = case(
        Charged(replace(PATENT, **right), worth(PATENT, 1), 7, None),
        Charged(replace(SECOND, owners=[OWNER, None], associated=[(RIGHT, "1")]), None, None, 250_000),
    )
    given = replace(
        given,
        filing=replace(given.filing, **filing | {"acknowledgements": [told], "consents": [consent]}),
    )
    for pack in (OF_2010, OF_2021):
        made = judgement(given, pack)
        inputs, found = kept(made)
        assert kept(judgement(read_case(inputs), pack)) == (inputs, found)
        assert not replay(inputs, found, pack).changes(made.outcome)


def changed(ground: Any, under: RulePack, to: RulePack, *, acknowledged: bool = False) -> Mapping[str, Any]:
    right, filing = CASES[ground]
    given = case(Charged(replace(PATENT, **right)))
    acks = [grounds.Acknowledgement(RIGHT, ground.code, TODAY, TODAY)] if acknowledged else []
    given = replace(given, filing=replace(given.filing, **filing | {"acknowledgements": acks}))
    made = judgement(given, under)
    told = replay(*kept(made), to)
    return {
        "outcome": (made.outcome.value, told.outcome.value),
        "added": [one["code"] for one in told.added],
        "removed": [one["code"] for one in told.removed],
        "weighed": [(one["severity"], other["severity"]) for one, other in told.weighed],
    }


def test_replay_changes_exactly_what_the_law_changed() -> None:
    """UNI-36: from 2010 to 2021 twins come in, invalidation and the foreclosure clause weigh less; no more."""
    same: dict[str, Any] = {"added": [], "removed": [], "weighed": []}
    both = ("refused", "refused")
    for ground in CASES:
        told = changed(ground, OF_2010, OF_2021)
        if ground == grounds.TWIN_UTILITY_MODEL:
            expected = same | {"outcome": ("passed", "refused"), "added": [ground.code]}
        elif ground == grounds.INVALIDATION_STARTED:
            expected = same | {"outcome": both, "weighed": [("block", "acknowledge")]}
        elif ground == grounds.FORECLOSURE_CLAUSE:
            expected = same | {"outcome": ("refused", "passed"), "weighed": [("block", "warn")]}
        else:
            expected = same | {"outcome": both}
        assert told == expected, ground.code
        assert changed(ground, OF_2010, OF_2020) == same | {"outcome": (told["outcome"][0],) * 2}


def test_replay_takes_acknowledgements_that_were_given_then() -> None:
    """UNI-36, PL-06: what both parties had acknowledged passes once the rules let it."""
    told = changed(grounds.INVALIDATION_STARTED, OF_2010, OF_2021, acknowledged=True)
    assert told["outcome"] == ("refused", "passed")
    back = changed(grounds.TWIN_UTILITY_MODEL, OF_2021, OF_2010, acknowledged=True)
    assert (back["outcome"], back["removed"]) == (("passed", "passed"), [grounds.TWIN_UTILITY_MODEL.code])


def test_what_the_pool_objected_to_stands_in_a_replay() -> None:
    """UNI-36: a pack of grounds says nothing of pools, so its objections are neither added nor removed."""
    made = judgement(case(Charged(PATENT)), beside=[DEBT_PERIOD_INVALID.violation("/pool_id")])
    told = replay(*kept(made), OF_2010)
    assert (made.outcome, told.outcome) == (DecisionOutcome.refused, DecisionOutcome.refused)
    assert not told.changes(made.outcome)


def test_a_foreign_right_of_unknown_status_is_told_of_twice_over() -> None:
    """PL-06 (12): each reason is named, and both survive being kept."""
    foreign = replace(PATENT, regime=Regime.notice, status=AssetStatus.unknown)
    made = judgement(case(Charged(foreign)))
    assert [one.violation.severity for one in made.found] == [Severity.block] * 2
    assert not replay(*kept(made), OF_2021).changes(made.outcome)


DAYS = st.sampled_from([None, date(2022, 6, 1), TODAY, date(2026, 5, 18), date(2039, 1, 1)])


@st.composite
def charged(draw: st.DrawFn, number: int) -> Charged:
    """A right with whatever may lie on it, valued or not."""
    kind = draw(st.sampled_from(AssetKind))
    key = uuid.UUID(int=number)
    right = grounds.Right(
        id=key,
        number=str(number),
        kind=kind,
        patent_type=draw(st.sampled_from([None, *PatentType])) if kind is AssetKind.patent else None,
        regime=draw(st.sampled_from(Regime)),
        status=draw(st.sampled_from(sorted(STATUSES[kind]))),
        status_as_of=draw(DAYS),
        last_day_in_force=draw(DAYS),
        invalidation_pending=draw(st.booleans()),
        stayed=draw(st.booleans()),
        twin=draw(st.booleans()),
        owners=draw(st.sampled_from([[], [None], [OWNER], [MATE], [OWNER, MATE], [OWNER, None]])),
        liens=draw(st.sampled_from([[], [grounds.Encumbrance(None, 1), grounds.Encumbrance(TODAY, 2)]])),
        reserved=draw(st.booleans()),
        mark_kind=draw(st.sampled_from(MarkKind)) if kind is AssetKind.trademark else None,
        associated=draw(st.sampled_from([[], [(RIGHT, "59990002")]])),
    )
    value = draw(st.none() | st.integers(1, 10**15))
    known = draw(st.none() | st.just(Support(key, ValuationStatus.signed, draw(DAYS) or TODAY, value)))
    return Charged(right, known, draw(st.none() | st.integers(1, 10**9)), draw(st.none() | st.just(500_000)))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A filing of up to three rights by their supposed owner, with what the parties said of them."""
    rights = [draw(charged(number)) for number in range(10, 10 + draw(st.integers(1, 3)))]
    made = case(*rights, principal=draw(st.integers(1, 10**15)), ip_share_bp=draw(st.integers(1, 10_000)))
    told = st.builds(
        grounds.Acknowledgement,
        st.sampled_from([one.right.id for one in rights]),
        st.sampled_from(sorted(CODES)),
        st.sampled_from([TODAY, date(2022, 7, 2)]),
        st.just(TODAY),
    )
    contract = draw(st.sampled_from([CONTRACT, replace(CONTRACT, title_transfer_on_default=True)]))
    acknowledgements = draw(st.lists(told, max_size=4))
    return replace(made, filing=replace(made.filing, contract=contract, acknowledgements=acknowledgements))


@given(cases(), st.sampled_from([OF_2010, OF_2020, OF_2021]))
def test_whatever_was_decided_is_decided_the_same_again(made: Case, pack: RulePack) -> None:
    """UNI-36: what is kept is enough, in every case, for the same findings to the last fact."""
    first = judgement(made, pack)
    inputs, found = kept(first)
    assert kept(judgement(read_case(inputs), pack)) == (inputs, found)
    assert not replay(inputs, found, pack).changes(first.outcome)


@given(cases(), st.sampled_from([OF_2010, OF_2020, OF_2021]))
def test_to_acknowledge_takes_objections_away_and_adds_none(made: Case, pack: RulePack) -> None:
    """PL-06: without its acknowledgements a filing meets the same grounds, and at least the same objections."""
    silent = replace(made, filing=replace(made.filing, acknowledgements=[]))
    spoken_of, unspoken = judge(made, pack), judge(silent, pack)
    assert [one.violation for one in spoken_of] == [one.violation for one in unspoken]
    cured = [one for one, other in zip(spoken_of, unspoken, strict=True) if other.objects > one.objects]
    assert all(one.violation.severity is Severity.acknowledge for one in cured)
    assert all(one.acknowledged for one in cured)
