"""PL-06: the grounds one by one and in pairs under every pack, and the acknowledgements that cure some."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.domain import pledge_ground as rules, pledge_ground_check as engine
from app.domain.asset import AssetKind, AssetStatus, MarkKind, Regime
from app.domain.asset_sign import COLLECTIVE_MARK
from app.domain.errors import ErrorCode, Severity
from app.domain.hold import RESERVED
from app.domain.patent_number import PatentType
from app.domain.pledge import ALREADY_PLEDGED
from app.domain.rule_pack import SEVERITIES, RulePack
from app.services import rule_packs

OWNER, OTHER, RIGHT, MATE = (uuid.UUID(int=number) for number in range(1, 5))
TODAY = date(2022, 7, 1)
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
MARK: dict[str, Any] = {
    "kind": AssetKind.trademark,
    "patent_type": None,
    "mark_kind": MarkKind.ordinary,
    "status": AssetStatus.registered,
}
FILING = rules.Filing(TODAY, date(2026, 5, 19), CONTRACT, {RIGHT: OWNER})
FORECLOSING = replace(CONTRACT, title_transfer_on_default=True)
OF_2010, OF_2020, OF_2021 = (
    rule_packs.of_grounds(f"cn-{code}") for code in ("56-2010", "358-2020", "461-2021")
)

Change = tuple[dict[str, Any], dict[str, Any]]
CASES: Mapping[ErrorCode, Change] = {
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
    rules.FORECLOSURE_CLAUSE: ({}, {"contract": FORECLOSING}),
    RESERVED: ({"reserved": True}, {}),
    rules.STATUS_STALE: ({"status_as_of": date(2022, 6, 23)}, {}),
}
"""What brings each ground about, as changes to the right and to the filing."""

TWELVE: Mapping[str, tuple[ErrorCode, ...]] = {
    "cn-461-2021": (
        rules.NOT_OWNER,
        rules.ENDED_OR_INVALID,
        rules.NOT_GRANTED,
        rules.ANNUITY_UNPAID,
        rules.SUSPENDED_OR_PRESERVED,
        rules.TERM_EXCEEDS,
        rules.CONTRACT_ITEMS_MISSING,
        rules.CO_OWNER_CONSENT_MISSING,
        ALREADY_PLEDGED,
        rules.TWIN_UTILITY_MODEL,
        rules.INVALIDATION_STARTED,
        rules.OTHER,
    ),
    "cn-56-2010": (
        rules.NOT_OWNER,
        rules.ENDED_OR_INVALID,
        rules.NOT_GRANTED,
        rules.ANNUITY_UNPAID,
        rules.INVALIDATION_STARTED,
        rules.SUSPENDED_OR_PRESERVED,
        rules.TERM_EXCEEDS,
        rules.FORECLOSURE_CLAUSE,
        rules.CONTRACT_ITEMS_MISSING,
        rules.CO_OWNER_CONSENT_MISSING,
        ALREADY_PLEDGED,
        rules.OTHER,
    ),
}
"""第11条 of 2021 and 第12条 of 2010, written down a second time."""

EXPECTED: Mapping[ErrorCode, tuple[Severity | None, Severity | None, Severity | None]] = {
    rules.TWIN_UTILITY_MODEL: (None, None, Severity.acknowledge),
    rules.INVALIDATION_STARTED: (Severity.block, Severity.block, Severity.acknowledge),
    rules.FORECLOSURE_CLAUSE: (Severity.block, Severity.block, Severity.warn),
    rules.STATUS_STALE: (Severity.acknowledge,) * 3,
}
"""Of a patent under the packs of 2010, 2020 and 2021; None: no ground. What is not listed blocks in all."""

OF_MARKS: Mapping[ErrorCode, Severity | None] = {
    rules.ANNUITY_UNPAID: None,
    rules.TERM_EXCEEDS: None,
    rules.TWIN_UTILITY_MODEL: None,
    rules.INVALIDATION_STARTED: Severity.acknowledge,
    rules.FORECLOSURE_CLAUSE: Severity.warn,
    rules.STATUS_STALE: Severity.acknowledge,
}
"""Of a mark, the same under every pack."""


def found(pack: RulePack, right: Mapping[str, Any], filing: Mapping[str, Any]) -> list[engine.Finding]:
    return engine.findings(replace(FILING, **filing), [replace(PATENT, **right)], pack)


def codes(right: Mapping[str, Any], filing: Mapping[str, Any], pack: RulePack = OF_2021) -> set[ErrorCode]:
    """The grounds that object when right and filing are changed so."""
    return {one.violation.code for one in found(pack, right, filing) if one.objects}


def expected(ground: ErrorCode, pack: RulePack, kind: AssetKind = AssetKind.patent) -> Severity | None:
    if kind is AssetKind.trademark:
        return OF_MARKS.get(ground, Severity.block)
    place = (OF_2010, OF_2020, OF_2021).index(pack)
    return EXPECTED[ground][place] if ground in EXPECTED else Severity.block


def together(first: Change, second: Change) -> Change | None:
    """Both changes at once; None where one undoes the other."""
    if set(first[0]) & set(second[0]) or set(first[1]) & set(second[1]):
        return None
    return first[0] | second[0], first[1] | second[1]


PACKS = pytest.mark.parametrize("pack", [OF_2010, OF_2020, OF_2021], ids=lambda pack: pack.code)
EACH = pytest.mark.parametrize("ground", CASES, ids=lambda ground: ground.code)
PAIRS = [
    (first, second, both)
    for first, second in itertools.combinations(CASES, 2)
    if (both := together(CASES[first], CASES[second])) is not None
]


@PACKS
def test_nothing_speaks_against_a_sound_filing(pack: RulePack) -> None:
    """PL-07: a debt that ends on the last day in force passes."""
    assert found(pack, {}, {}) == []
    assert found(pack, MARK, {}) == []


@pytest.mark.parametrize("code", TWELVE)
def test_a_pack_has_twelve_grounds_of_patents_in_the_order_of_the_law(code: str) -> None:
    """PL-06: the packs of 2010 and 2021 are complete, and each ground has a case here."""
    told = [rule.code for rule in rule_packs.of_grounds(code).grounds[AssetKind.patent]]
    assert told[:12] == [ground.code for ground in TWELVE[code]]
    assert set(TWELVE[code]) <= set(CASES)


@PACKS
@EACH
@pytest.mark.parametrize("kind", AssetKind)
def test_each_ground_alone_under_each_pack(ground: ErrorCode, pack: RulePack, kind: AssetKind) -> None:
    """PLG-01, UNI-36: one cause, one objection, as severe as the rules of the day have it."""
    right, filing = CASES[ground]
    of_kind: Mapping[str, Any] = MARK if kind is AssetKind.trademark else {}
    told = [(one.violation.code, one.violation.severity) for one in found(pack, {**of_kind, **right}, filing)]
    severity = expected(ground, pack, kind)
    assert told == ([] if severity is None else [(ground, severity)])
    for one in found(pack, {**of_kind, **right}, filing):
        ruling = one.violation.ruling
        assert ruling is not None
        assert ruling.basis
        assert ruling.remedy_zh
        assert ruling.remedy_en
        assert "?" not in one.violation.zh + one.violation.en


@PACKS
@pytest.mark.parametrize(("first", "second", "both"), PAIRS)
def test_all_pairs_of_grounds_are_both_named_in_order(
    first: ErrorCode, second: ErrorCode, both: Change, pack: RulePack
) -> None:
    """PLG-01: no objection hides another; the gravest comes first, then the order of the pack."""
    told = [one.violation for one in found(pack, *both)]
    wanted = {code: expected(code, pack) for code in (first, second)}
    assert {one.code: one.severity for one in told} == {
        code: severity for code, severity in wanted.items() if severity is not None
    }
    order = [rule.code for rule in pack.grounds[AssetKind.patent]]
    gravity = list(SEVERITIES)
    assert told == sorted(
        told,
        key=lambda one: (
            gravity.index(one.severity),
            not (one.pointer or "").startswith("/contract"),
            order.index(one.code.code),
        ),
    )


def test_most_pairs_can_be_brought_about() -> None:
    """PLG-01: only grounds on the same fact exclude each other."""
    assert len(PAIRS) == 15 * 14 // 2 - len(
        {
            (rules.NOT_OWNER, rules.CO_OWNER_CONSENT_MISSING),
            (rules.ENDED_OR_INVALID, rules.NOT_GRANTED),
            (rules.ENDED_OR_INVALID, rules.ANNUITY_UNPAID),
            (rules.NOT_GRANTED, rules.ANNUITY_UNPAID),
            (rules.CONTRACT_ITEMS_MISSING, rules.FORECLOSURE_CLAUSE),
        }
    )


def test_every_ground_at_once() -> None:
    """PLG-01: a filing as bad as can be hears everything."""
    right: dict[str, Any] = {}
    filing: dict[str, Any] = {"contract": rules.Contract(title_transfer_on_default=True)}
    for ground, (of_right, of_filing) in CASES.items():
        if ground not in {rules.NOT_OWNER, rules.ENDED_OR_INVALID, rules.NOT_GRANTED}:
            right |= of_right
            filing |= {name: value for name, value in of_filing.items() if name != "contract"}
    told = {one.violation.code for one in found(OF_2021, right, filing)}
    assert told == set(CASES) - {rules.NOT_OWNER, rules.ENDED_OR_INVALID, rules.NOT_GRANTED}


@PACKS
@EACH
def test_acknowledgement_cures_only_what_it_may(ground: ErrorCode, pack: RulePack) -> None:
    """PLG-01: what may be acknowledged passes with both parties' dated statements, the rest never."""
    right, filing = CASES[ground]
    told = rules.Acknowledgement(RIGHT, ground.code, TODAY, TODAY)
    severity = expected(ground, pack)
    wanted = {ground} if severity is Severity.block else set()
    assert codes(right, filing | {"acknowledgements": [told]}, pack) == wanted
    kept = [one.acknowledged for one in found(pack, right, filing | {"acknowledgements": [told]})]
    assert kept == ([] if severity is None else [severity is Severity.acknowledge])


@pytest.mark.parametrize(
    "told",
    [
        rules.Acknowledgement(RIGHT, rules.TWIN_UTILITY_MODEL.code, TODAY, date(2022, 7, 2)),
        rules.Acknowledgement(RIGHT, rules.TWIN_UTILITY_MODEL.code, date(2022, 7, 2), TODAY),
        rules.Acknowledgement(RIGHT, rules.INVALIDATION_STARTED.code, TODAY, TODAY),
        rules.Acknowledgement(MATE, rules.TWIN_UTILITY_MODEL.code, TODAY, TODAY),
    ],
    ids=["pledgee later", "pledgor later", "of another ground", "of another right"],
)
def test_an_acknowledgement_counts_for_what_it_names_and_from_its_day(told: rules.Acknowledgement) -> None:
    """PL-06: both parties must have known, of this, by the day of filing."""
    assert codes({"twin": True}, {"acknowledgements": [told]}) == {rules.TWIN_UTILITY_MODEL}


def test_a_co_owners_consent_counts_for_the_right_it_names() -> None:
    """AST-06, PL-02: one of two consents is not enough."""
    third = uuid.UUID(int=9)
    owners = {"owners": [OWNER, OTHER, third]}
    one, two = (rules.Consent(RIGHT, party, TODAY, "0" * 64) for party in (OTHER, third))
    late = replace(two, consented_on=date(2022, 7, 2))
    for given in ([one], [one, late]):
        assert codes(owners, {"consents": given}) == {rules.CO_OWNER_CONSENT_MISSING}
    assert codes(owners, {"consents": [one, two]}) == set()


@pytest.mark.parametrize(("checked_on", "stale"), [(date(2022, 6, 24), False), (date(2022, 6, 23), True)])
def test_a_status_older_than_seven_days_must_be_acknowledged(checked_on: date, *, stale: bool) -> None:
    """LS-11: seven days are fresh, eight are not."""
    assert codes({"status_as_of": checked_on}, {}) == ({rules.STATUS_STALE} if stale else set())


@pytest.mark.parametrize(("debt_to", "refused"), [(date(2026, 5, 19), False), (date(2026, 5, 20), True)])
@PACKS
def test_a_debt_ends_on_the_last_day_in_force_at_the_latest(
    pack: RulePack, debt_to: date, *, refused: bool
) -> None:
    """PL-07: a utility model filed on 2016-05-20 is in force until 2026-05-19."""
    assert codes({}, {"debt_to": debt_to}, pack) == ({rules.TERM_EXCEEDS} if refused else set())


def test_marks_have_their_own_grounds_beside_the_twelve() -> None:
    """PL-15, UNI-07, LS-16, PL-20: all associated marks, no collective mark, no second pledge by default."""
    both = {"associated": [(MATE, "59990002")]}
    (missing,) = found(OF_2021, MARK | both, {})
    assert missing.violation.code == rules.ASSOCIATED_MARKS_MISSING
    assert missing.violation.facts["missing"] == "59990002"
    assert missing.violation.facts["missing_asset_ids"] == [MATE]
    assert codes(MARK | both, {"pledgors": {RIGHT: OWNER, MATE: OWNER}}) == set()
    assert codes({**MARK, "mark_kind": MarkKind.certification}, {}) == {COLLECTIVE_MARK}
    pledged = {**MARK, "liens": [rules.Encumbrance(TODAY, 1)]}
    assert codes(pledged, {}) == {ALREADY_PLEDGED}
    lenient = replace(OF_2021, limits=replace(OF_2021.limits, second_pledge_of_marks=True))
    assert codes(pledged, {}, lenient) == set()
    assert codes({"liens": [rules.Encumbrance(TODAY, 1)]}, {}, lenient) == {ALREADY_PLEDGED}


def test_a_mark_in_its_grace_period_is_not_pledged_and_its_term_may_end_before_the_debt() -> None:
    """LS-14, PL-18, PL-07: the term is a ground of patents only; a mark is renewed."""
    assert codes({**MARK, "status": AssetStatus.grace}, {}) == {rules.ENDED_OR_INVALID}
    assert codes({**MARK, "status": AssetStatus.renewal_window}, {"debt_to": date(2036, 1, 1)}) == set()


def test_a_filing_with_a_patent_and_a_mark_is_held_to_the_stricter_rule_on_its_contract() -> None:
    """PL-21: under the rules of 2010 the patent's rule blocks what the mark's only warns of."""
    mark = replace(PATENT, **{**MARK, "id": MATE})
    filing = replace(FILING, pledgors={RIGHT: OWNER, MATE: OWNER}, contract=FORECLOSING)
    for rights, pack, severity in (
        ([mark], OF_2020, Severity.warn),
        ([mark, PATENT], OF_2020, Severity.block),
        ([mark, PATENT], OF_2021, Severity.warn),
    ):
        (told,) = engine.findings(filing, rights, pack)
        assert (told.violation.code, told.violation.severity) == (rules.FORECLOSURE_CLAUSE, severity)


@PACKS
def test_a_mixed_contract_is_refused_on_the_rules_of_both_kinds(pack: RulePack) -> None:
    """PL-04, PL-16: each kind's rule is named where both are as strict, and each only once."""
    mark = replace(PATENT, **{**MARK, "id": MATE})
    filing = replace(FILING, pledgors={RIGHT: OWNER, MATE: OWNER}, contract=rules.Contract())
    alone = [engine.findings(filing, [right], pack)[0].violation.basis for right in (PATENT, mark)]
    for rights in ([PATENT, mark], [mark, PATENT, replace(mark, id=OTHER)]):
        company = replace(filing, pledgors={right.id: OWNER for right in rights})
        (told,) = engine.findings(company, rights, pack)
        assert told.violation.basis == "; ".join(str(basis) for basis in alone)
    foreclosing = replace(filing, contract=FORECLOSING)
    (clause,) = engine.findings(foreclosing, [PATENT, mark], pack)
    (of_patent,) = engine.findings(foreclosing, [PATENT], pack)
    assert clause.violation.basis == of_patent.violation.basis
