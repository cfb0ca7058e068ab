"""What is certified, what it hashes to, and how it is told to people."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain import certificate as rules
from app.domain.asset import AssetKind, AssetStatus, NumberScheme
from app.domain.asset_state import EncumbranceState, OwnerState, RightNumber, RightState, StatusState
from app.domain.certificate import CertificateStatus, Issue, Verdict
from app.domain.certificate_text import ENCUMBRANCES, STATUSES, share, sheet
from app.domain.hold import HoldKind
from app.domain.patent_number import PatentType
from app.domain.seal import canonical

NOW = datetime(2026, 11, 22, 7, 30, 0, 120, UTC)
LIEN = EncumbranceState(
    kind=HoldKind.lien,
    rank=1,
    placed_on=date(2025, 5, 6),
    since=date(2025, 5, 6),
    until=None,
    last_day=None,
    territory=None,
    field=None,
)
OWNER = OwnerState(uuid.UUID(int=1), "示例甲公司", None, False, date(2021, 6, 1), None)
RIGHT = RightState(
    asset_id=uuid.UUID(int=7),
    on=date(2026, 11, 20),
    known_at=NOW,
    known=True,
    office="CN",
    kind=AssetKind.patent,
    patent_type=PatentType.invention,
    number="2019100000015",
    numbers=(RightNumber(NumberScheme.application, "2019100000015"),),
    name="示例装置",
    last_day_in_force=date(2039, 2, 28),
    status=StatusState(AssetStatus.granted, date(2021, 6, 1), "示例公告"),
    in_force=True,
    owners=(OWNER,),
    encumbrances=(LIEN,),
)
ISSUE = Issue(
    "CE-120110-2026-000001", NOW, uuid.UUID(int=3), "示例银行", "120110", "https://x/verify/A", False, None
)


def test_what_is_certified_is_written_in_one_way() -> None:
    """UNI-25: the canonical state, and its hash, are what they are for good."""
    assert canonical(rules.state(RIGHT)) == (
        '{"asset_id":"00000000-0000-0000-0000-000000000007",'
        '"encumbrances":[{"kind":"lien","last_day":null,"placed_on":"2025-05-06","rank":1,"since":"2025-05-06"}],'
        '"in_force":true,"on":"2026-11-20",'
        '"owners":[{"acquired_on":"2021-06-01","party_id":"00000000-0000-0000-0000-000000000001","share_ppm":null}],'
        '"status":{"effective_on":"2021-06-01","status":"granted"}}'
    )
    told = rules.read(rules.body(RIGHT, ISSUE))
    assert told["state_sha256"] == rules.sha256(canonical(told["state"])) == rules.state_sha256(RIGHT)
    assert (told["known_at"], told["seal"]) == ("2026-11-22T07:30:00.000120Z", None)


@pytest.mark.parametrize(
    ("later", "same"),
    [
        (replace(RIGHT, name="示例装置及方法", known_at=NOW + timedelta(days=1)), True),
        (replace(RIGHT, owners=(replace(OWNER, name="示例甲集团"),)), True),
        (replace(RIGHT, encumbrances=(replace(LIEN, until=date(2026, 12, 1)),)), True),
        (replace(RIGHT, encumbrances=(LIEN, replace(LIEN, kind=HoldKind.transfer_offer))), True),
        (replace(RIGHT, encumbrances=(LIEN, replace(LIEN, kind=HoldKind.reservation))), True),
        (replace(RIGHT, status=StatusState(AssetStatus.granted, date(2021, 6, 1), "另一公告")), True),
        (replace(RIGHT, encumbrances=()), False),
        (replace(RIGHT, encumbrances=(LIEN, replace(LIEN, kind=HoldKind.preservation))), False),
        (replace(RIGHT, encumbrances=(replace(LIEN, rank=2),)), False),
        (replace(RIGHT, owners=(replace(OWNER, party_id=uuid.UUID(int=2)),)), False),
        (replace(RIGHT, owners=(replace(OWNER, share_ppm=1_000_000),)), False),
        (replace(RIGHT, status=None, in_force=False), False),
        (replace(RIGHT, on=date(2026, 11, 21)), False),
    ],
)
def test_only_what_bears_on_the_right_changes_what_is_certified(later: RightState, same: bool) -> None:
    """Neither a new name nor the release of a lien after the day, nor what is on the market."""
    assert (rules.state_sha256(later) == rules.state_sha256(RIGHT)) is same


def test_the_order_in_which_encumbrances_are_found_makes_no_difference() -> None:
    other = replace(LIEN, kind=HoldKind.licence, since=None, last_day=date(2030, 1, 1))
    one, two = (replace(RIGHT, encumbrances=order) for order in ((LIEN, other), (other, LIEN)))
    assert rules.state_sha256(one) == rules.state_sha256(two)


@pytest.mark.parametrize(
    ("status", "genuine", "now", "verdict"),
    [
        (CertificateStatus.issued, True, "a", Verdict.valid),
        (CertificateStatus.issued, True, "b", Verdict.superseded),
        (CertificateStatus.revoked, True, "b", Verdict.revoked),
        (CertificateStatus.revoked, True, "a", Verdict.revoked),
        (CertificateStatus.issued, False, "a", Verdict.altered),
        (CertificateStatus.revoked, False, "a", Verdict.altered),
    ],
)
def test_the_worst_is_said_first(
    status: CertificateStatus, genuine: bool, now: str, verdict: Verdict
) -> None:
    assert rules.verdict(status, genuine=genuine, certified="a", now=now) is verdict


def test_people_read_every_status_and_encumbrance_in_words() -> None:
    assert set(STATUSES) == set(AssetStatus)
    assert set(ENCUMBRANCES) == rules.CERTIFIED_KINDS
    nobody = replace(OWNER, party_id=None, name=None, acquired_on=None)
    licence = replace(LIEN, kind=HoldKind.exclusive_licence, last_day=date(2030, 4, 30))
    right = replace(RIGHT, owners=(OWNER, nobody), encumbrances=(LIEN, licence))
    told = sheet(rules.read(rules.body(right, ISSUE)))
    assert told["owners"] == [
        ["示例甲公司", ["共有，未约定份额", "undivided"], "2021-06-01"],
        [
            ["权利人未记载", "owner not recorded"],
            ["共有，未约定份额", "undivided"],
            ["未记载", "not recorded"],
        ],
    ]
    assert told["encumbrances"] == [
        [["独占或排他许可", "Exclusive or sole licence"], "1", "2025-05-06", "2030-04-30"],
        [["质押", "Pledge"], "1", "2025-05-06", ["至注销", "until released"]],
    ]
    assert ["知悉时点", "As known at", "2026-11-22 15:30:00 (UTC+8)"] in told["times"]
    assert told["sample"] is None


@pytest.mark.parametrize(
    ("ppm", "owners", "told"),
    [
        (None, 1, "100%"),
        (1_000_000, 1, "100%"),
        (500_000, 2, "50%"),
        (333_333, 3, "33.3333%"),
        (5_000, 2, "0.5%"),
        (1, 2, "0.0001%"),
    ],
)
def test_a_share_is_told_to_the_last_millionth(ppm: int | None, owners: int, told: str) -> None:
    assert share(ppm, owners) == told
