"""Titles: how ownership of a right passes otherwise than by a deal (TR-02), and who owned it meanwhile."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.domain.asset import OWNER_UNKNOWN, SHARES_INCOMPLETE, shares_whole
from app.domain.errors import ErrorKind, Violation, define
from app.domain.hold import ENCUMBERED
from app.domain.request import date_faults


class PassingKind(StrEnum):
    """By what a title passes that no contract of transfer passes; each is a kind of recordal."""

    inheritance = "inheritance"
    merger = "merger"
    court_ruling = "court_ruling"
    auction = "auction"
    agreement_on_shares = "agreement_on_shares"


ZH: Mapping[PassingKind, str] = {
    PassingKind.inheritance: "继承",
    PassingKind.merger: "合并",
    PassingKind.court_ruling: "法院裁判",
    PassingKind.auction: "拍卖",
    PassingKind.agreement_on_shares: "共有份额约定",
}
"""What the recordal calls its conveyance."""

OWNER_TWICE = define(
    "title.owner_twice",
    ErrorKind.invalid,
    "同一权利人只能列出一次",
    "An owner can be named once.",
)
UNCHANGED = define(
    "title.unchanged",
    ErrorKind.conflict,
    "权利人及其份额与登记簿现状相同",
    "The register shows these owners and shares already.",
)
EXECUTED_LATER = define(
    "title.executed_later",
    ErrorKind.invalid,
    "签署或裁判日期 {executed_on} 晚于登记日期 {acquired_on}",
    "Signed or ruled on {executed_on}, after it was recorded on {acquired_on}.",
)
NOT_THE_OWNERS = define(
    "title.not_the_owners",
    ErrorKind.conflict,
    "份额约定须由登记簿上的全体权利人作出，不得增减权利人",
    "Owners agree on shares among themselves: all whom the register shows, and nobody else.",
    basis="专利法第14条, 民法典第308条",
)
STAYED = define(
    "title.right_stayed",
    ErrorKind.conflict,
    "该权利被中止或保全，不能约定份额",
    "The right is suspended or preserved: its owners cannot divide it.",
    basis="专利法实施细则第105条",
)


@dataclass(frozen=True, slots=True)
class Share:
    """An owner with its share in millionths; None: undivided. `party_id` None: unrecorded."""

    party_id: uuid.UUID | None
    share_ppm: int | None


@dataclass(frozen=True, slots=True)
class NewTitles:
    """Who owns a right from the day on which the office recorded it, signed or ruled on `executed_on`."""

    kind: PassingKind
    owners: Sequence[Share]
    acquired_on: date
    executed_on: date | None
    reference: str | None
    document_id: uuid.UUID
    source: str


@dataclass(frozen=True, slots=True)
class Owned:
    """A right as it is before its title passes. `since`: when the last of its titles began."""

    owners: Sequence[Share]
    since: date | None
    encumbered: bool
    stayed: bool


def passing_faults(new: NewTitles, owned: Owned, *, known: set[uuid.UUID], today: date) -> list[Violation]:
    """Everything that speaks against the passing, at once (TR-02, TR-03).

    By law or ruling a title passes whatever hangs on the right: its liens stay with it; where a court sold
    it, the pledge is cancelled in a process of its own (PL-25). Dividing it is the owners' own act, which a
    lien or a stay forbids. `known`: the parties of the register among the new owners.
    """
    named = [owner.party_id for owner in new.owners]
    found = [
        OWNER_UNKNOWN.violation(f"/owners/{position}/party_id", party_id=party_id)
        for position, party_id in enumerate(named)
        if party_id not in known
    ]
    if len(set(named)) < len(named):
        found.append(OWNER_TWICE.violation("/owners"))
    if not shares_whole([owner.share_ppm for owner in new.owners]):
        found.append(SHARES_INCOMPLETE.violation("/owners"))
    if set(new.owners) == set(owned.owners):
        found.append(UNCHANGED.violation("/owners"))
    found += date_faults("/acquired_on", new.acquired_on, today=today, first=owned.since)
    if new.executed_on is not None:
        found += date_faults("/executed_on", new.executed_on, today=today)
        if new.executed_on > new.acquired_on:
            days = {"executed_on": new.executed_on, "acquired_on": new.acquired_on}
            found.append(EXECUTED_LATER.violation("/executed_on", **days))
    if new.kind is PassingKind.agreement_on_shares:
        if set(named) != {owner.party_id for owner in owned.owners}:
            found.append(NOT_THE_OWNERS.violation("/owners"))
        if owned.encumbered:
            found.append(ENCUMBERED.violation("path:asset_id"))
        if owned.stayed:
            found.append(STAYED.violation("path:asset_id"))
    return found


@dataclass(frozen=True, slots=True)
class Earlier:
    """A share of a right that somebody unrecorded held until a day; `acquired_on` None: since ever."""

    share_ppm: int
    acquired_on: date | None
    ceased_on: date


def unrecorded_before(owners: Sequence[tuple[int | None, date | None]]) -> list[Earlier]:
    """Who held, before it was acquired, the share of an owner that came later than another: nobody known.

    So the shares of a divided right are whole on every day since its first known owner (民法典第308条).
    `owners`: each share with the day it was acquired.
    """
    starts = [acquired_on for share, acquired_on in owners if share is not None]
    if not starts:
        return []
    known = [start for start in starts if start is not None]
    first = min(known) if len(known) == len(starts) else None
    return [
        Earlier(share, first, acquired_on)
        for share, acquired_on in owners
        if share is not None and acquired_on is not None and acquired_on != first
    ]
