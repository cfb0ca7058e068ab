"""Blockers as rules: the table of operations, the paths past them, and what has none (UNI-08)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from app.domain.asset import STATUSES, AssetKind, AssetStatus, MarkKind, Regime
from app.domain.blocker import Action, Blocker, Facts, Held, OpenFee, Question
from app.domain.blocker_path import blockers
from app.domain.blocker_remedy import WORDS, RemedyAction
from app.domain.fee import FeeKind
from app.domain.hold import HoldKind
from app.domain.operation import Operation, Verdict
from app.domain.patent_number import PatentType
from app.services.rule_packs import packs
from tests.support.operation_table import Circumstance, findings

TODAY = date(2026, 11, 23)
OWNER, OTHER, ASSET = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)
OPERATIONS = {
    Action.list_: Operation.list_for_sale,
    Action.license_: Operation.licence,
    Action.transfer: Operation.transfer,
    Action.pledge: Operation.pledge,
    Action.open_license: Operation.open_licence,
    Action.enrol: Operation.trusteeship,
}


def facts(kind: AssetKind = AssetKind.patent, **changes: Any) -> Facts:
    """A right in force, checked today, of one owner."""
    patent = kind is AssetKind.patent
    known: dict[str, Any] = {
        "id": ASSET,
        "number": "202010000001.1",
        "kind": kind,
        "patent_type": PatentType.invention if patent else None,
        "regime": Regime.cn,
        "mark_kind": None if patent else MarkKind.ordinary,
        "status": AssetStatus.granted if patent else AssetStatus.registered,
        "status_as_of": TODAY,
        "status_since": date(2021, 6, 1),
        "last_day_in_force": date(2039, 2, 28),
        "invalidation_pending": False,
        "twin": False,
        "renewals": 0,
        "owner_ids": (OWNER,),
    }
    return Facts(**(known | changes))


def held(kind: HoldKind, **changes: Any) -> Held:
    """A live hold of a deal that can be ended."""
    hold = Held(
        id=uuid.uuid4(),
        kind=kind,
        rank=1,
        since=TODAY,
        until=TODAY + timedelta(days=30),
        running=True,
        conflicting=False,
        source_noun="deal",
        source_id=uuid.UUID(int=9),
        state="effective",
        answered=True,
    )
    return replace(hold, **changes)


def asked(action: Action, known: Facts, **changes: Any) -> list[Blocker]:
    question = Question(action=action, on=TODAY, party_id=OWNER, **changes)
    return blockers(question, known, packs().national(TODAY).pack)


def codes(found: list[Blocker]) -> list[str]:
    return [one.violation.code.code for one in found]


def rights() -> Iterator[tuple[AssetKind, AssetStatus]]:
    for kind in AssetKind:
        for status in sorted(STATUSES[kind]):
            yield kind, status


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize(("kind", "status"), list(rights()))
def test_a_status_blocks_what_the_table_of_operations_refuses(
    action: Action, kind: AssetKind, status: AssetStatus
) -> None:
    """UNI-08, domain §2.1: the same answer as the table's, for every operation and status."""
    found = asked(action, facts(kind, status=status))
    refused = any(cell.verdict is Verdict.no for cell in findings(OPERATIONS[action], status))
    if action is Action.open_license and kind is AssetKind.trademark:
        refused = True
    assert any(one.violation.blocks for one in found) is refused, codes(found)


CIRCUMSTANCES: dict[Circumstance, dict[str, Any]] = {
    Circumstance.stayed: {"holds": (held(HoldKind.preservation),)},
    Circumstance.pledged: {"holds": (held(HoldKind.lien, source_noun="pledge", state="registered"),)},
    Circumstance.invalidation_pending: {"invalidation_pending": True},
    Circumstance.exclusively_licensed: {"holds": (held(HoldKind.exclusive_licence, conflicting=True),)},
    Circumstance.collective_mark: {"kind": AssetKind.trademark, "mark_kind": MarkKind.collective},
}


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("circumstance", Circumstance)
def test_what_lies_on_a_right_blocks_what_the_table_of_operations_refuses(
    action: Action, circumstance: Circumstance
) -> None:
    """UNI-08, domain §2.1: without the pledgee's consent, and with a licence in conflict, it does not go."""
    right = facts(**CIRCUMSTANCES[circumstance])
    verdicts = {cell.verdict for cell in findings(OPERATIONS[action], right.status, {circumstance})}
    found = asked(action, right)
    blocked = {one.violation.blocks for one in found}
    assert (True in blocked) is bool(verdicts & {Verdict.no, Verdict.consent, Verdict.check}), codes(found)
    assert (False in blocked) is (Verdict.acknowledge in verdicts), codes(found)


@pytest.mark.parametrize(
    "status",
    [
        AssetStatus.expired,
        AssetStatus.invalid_full,
        AssetStatus.abandoned,
        AssetStatus.terminated_fee,
        AssetStatus.refused,
    ],
)
def test_what_has_ended_for_good_has_no_remedy(status: AssetStatus) -> None:
    """UNI-08, LS-07, LS-08: and says so for every action."""
    for action in Action:
        found = asked(action, facts(status=status))
        assert found
        assert not any(one.remediable for one in found if "status" not in one.violation.code.code)


def test_a_restorable_right_has_until_two_months_after_the_notice() -> None:
    """LS-07: the remedy names the last day; the day after there is none."""
    lost = facts(
        status=AssetStatus.restorable, status_since=date(2026, 3, 31), status_as_of=date(2026, 9, 30)
    )
    [found] = asked(Action.transfer, lost)
    [step] = found.remedies
    assert (step.action, step.by_day) == (RemedyAction.restore, date(2026, 11, 30))
    [late] = asked(Action.transfer, replace(lost, status_as_of=date(2026, 9, 22)))
    assert not late.remediable


def test_a_late_annuity_is_paid_with_its_surcharge() -> None:
    """LS-05: 2000 CNY in the third month after the due day cost 200 CNY more; nobody watching, it is news."""
    fee = OpenFee(FeeKind.annuity, 8, date(2026, 8, 31), 200_000, 0)
    [found] = asked(Action.license_, facts(status=AssetStatus.late_fee, fee=fee))
    [step] = found.remedies
    assert step.path == f"/v1/assets/{ASSET}/fees/payments"
    assert step.body is not None
    assert (step.body["ordinal"], step.body["paid"]) == (8, {"amount": "2200.00", "currency": "CNY"})
    assert step.by_day == date(2027, 2, 28)
    [unwatched] = asked(Action.license_, facts(status=AssetStatus.late_fee))
    assert unwatched.remedies[0].path == f"/v1/assets/{ASSET}/statuses"


def test_a_mark_past_its_decade_is_renewed_and_after_the_grace_lost() -> None:
    """LS-13: watch its fees, then pay the renewal of its classes with what is added in the grace."""
    mark = facts(
        AssetKind.trademark, status=AssetStatus.grace, last_day_in_force=date(2026, 10, 1), fee_classes=2
    )
    [found] = asked(Action.list_, mark)
    assert [step.action for step in found.remedies] == [RemedyAction.watch_fees, RemedyAction.renew]
    body = found.remedies[1].body
    assert body is not None
    assert body["paid"]["amount"] == "1500.00"
    [lost] = asked(Action.list_, replace(mark, last_day_in_force=date(2026, 5, 1)))
    assert not lost.remediable


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"patent_type": PatentType.design}, ["deal.open_licence_report_required"]),
        ({"owner_ids": (OWNER, OTHER)}, ["deal.co_owner_consent_missing"]),
        ({"holds": (held(HoldKind.exclusive_licence),)}, ["deal.open_licence_exclusive"]),
        ({"holds": (held(HoldKind.licence),)}, []),
        ({"holds": (held(HoldKind.suspension),)}, ["deal.open_licence_stayed"]),
        (
            {"holds": (held(HoldKind.lien, source_noun="pledge", state="registered"),)},
            ["deal.pledgee_consent_required"],
        ),
        ({"regime": Regime.notice}, ["deal.open_licence_only_patents"]),
    ],
)
def test_an_open_licence_is_judged_by_its_own_rules(changes: dict[str, Any], expected: list[str]) -> None:
    """OL-01, OL-02, TR-03: an exclusive licence bars it, a lien only without the pledgee's consent."""
    assert codes(asked(Action.open_license, facts(**changes))) == expected


def test_associated_marks_come_along() -> None:
    """TR-11, PL-15: the remedy names them as the action's own request does; a pending one is not pledged."""
    like, pending = uuid.UUID(int=11), uuid.UUID(int=12)
    together = ((like, "50000001", AssetStatus.registered), (pending, "50000002", AssetStatus.applied))
    mark = facts(AssetKind.trademark, associated=together)
    [found] = asked(Action.transfer, mark)
    assert found.violation.code.code == "deal.associated_marks_missing"
    assert found.remedies[0].body == {"asset_ids": [str(like), str(pending)]}
    [found] = asked(Action.pledge, mark)
    assert found.remedies[0].body == {"items": [{"asset_id": str(like), "pledgor_id": str(OWNER)}]}


def test_a_deal_that_cannot_be_ended_is_waited_for() -> None:
    """A settled licence runs to its last day: nobody can end it any more."""
    settled = held(HoldKind.exclusive_licence, state="settled", conflicting=True)
    [found] = asked(Action.license_, facts(holds=(settled,)))
    [step] = found.remedies
    assert (step.action, step.path, step.from_day) == (
        RemedyAction.wait_until,
        None,
        TODAY + timedelta(days=31),
    )


STATES = {"pledge": "registered", "deal": "effective", "listing": "published", "stay": None, "recordal": None}


@st.composite
def anything(draw: st.DrawFn) -> Facts:
    """A right with whatever may lie on it."""
    kind = draw(st.sampled_from(AssetKind))
    holds = []
    for one in draw(st.lists(st.sampled_from(HoldKind), max_size=4)):
        source = draw(st.sampled_from(sorted(STATES)))
        if one is HoldKind.transfer_offer:
            source = "listing"
        holds.append(
            held(
                one,
                source_noun=source,
                state=STATES[source],
                conflicting=draw(st.booleans()) and one is HoldKind.exclusive_licence,
                until=draw(st.sampled_from([None, TODAY])),
                source_id=draw(st.sampled_from([None, OTHER])) if source == "deal" else OTHER,
                answered=draw(st.booleans()),
            )
        )
    return facts(
        kind,
        status=draw(st.sampled_from(sorted(STATUSES[kind]))),
        status_as_of=draw(st.sampled_from([None, TODAY, date(2026, 1, 1)])),
        status_since=draw(st.sampled_from([None, date(2026, 1, 1)])),
        last_day_in_force=draw(st.sampled_from([None, date(2026, 10, 1), date(2039, 1, 1)])),
        regime=draw(st.sampled_from(Regime)),
        invalidation_pending=draw(st.booleans()),
        twin=draw(st.booleans()),
        mark_kind=draw(st.sampled_from(MarkKind)) if kind is AssetKind.trademark else None,
        owner_ids=draw(st.sampled_from([(), (None,), (OWNER,), (OTHER,), (OWNER, OTHER), (OWNER, None)])),
        holds=tuple(holds),
        party_country=draw(st.sampled_from([None, "CN"])),
        grantee_country=draw(st.sampled_from([None, "US"])),
    )


@given(st.sampled_from(Action), anything())
def test_every_blocker_has_a_path_or_none_at_all(action: Action, known: Facts) -> None:
    """Whatever lies on a right: an answer, words for every step, a request that is whole."""
    for one in asked(action, known, term_to=date(2041, 1, 1), debt_to=date(2041, 1, 1)):
        for step in one.remedies:
            assert step.zh
            assert step.en
            assert (step.method is None) == (step.path is None)
            assert not step.in_request or step.body


def test_every_remedy_has_words() -> None:
    assert set(WORDS) == set(RemedyAction)
