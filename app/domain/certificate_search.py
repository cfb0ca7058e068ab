"""Search certificates: what a search for encumbrances found, of one right or of all of a party's (PLG-06).

The same press, keys and verdicts as for the state of a right (`app.domain.certificate`); another text.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.domain.certificate import NOT_COVERED, Issue, head, instant, sha256
from app.domain.errors import ErrorKind, Violation, define
from app.domain.hold import HoldKind
from app.domain.seal import canonical

FORMAT = "ipops.certificate.search/1"
MAX_RIGHTS = 2_000
"""Rights of a party that fit on the pages of one certificate."""

ONE_SUBJECT = define(
    "certificate.one_subject",
    ErrorKind.invalid,
    "须且仅须指明一项：权利 asset_id 或者权利人 party_id",
    "Name either a right, `asset_id`, or a party, `party_id`.",
)
PARTY_NOT_YET_KNOWN = define(
    "certificate.party_not_yet_known",
    ErrorKind.conflict,
    "登记簿在 {known_at} 尚未载有该主体，无从证明",
    "The register did not hold the party at {known_at} yet: there is nothing to certify.",
)
TOO_MANY_RIGHTS = define(
    "certificate.too_many_rights",
    ErrorKind.conflict,
    "该主体名下权利超过 {maximum} 项，请逐项申请",
    "The party has more than {maximum} rights: ask for certificates of each.",
)


@dataclass(frozen=True, slots=True)
class SearchedRight:
    """A right that was searched."""

    asset_id: uuid.UUID
    office: str
    number: str
    name: str


@dataclass(frozen=True, slots=True)
class Lain:
    """What lay on a right. `void`: its registration was revoked, so that it never was (PL-08)."""

    asset_id: uuid.UUID
    kind: HoldKind
    rank: int
    placed_on: date | None
    since: date | None
    last_day: date | None
    ended_on: date | None
    end_reason: str | None
    void: bool


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found on the day `on`, as known at `known_at`.

    Either a right or a party is the subject; `subject_name` is what it is called today. `discharged`: what
    had ended by that day is told too, of the time a party owned the right.
    """

    asset_id: uuid.UUID | None
    party_id: uuid.UUID | None
    subject_name: str
    on: date
    known_at: datetime
    discharged: bool
    rights: tuple[SearchedRight, ...]
    encumbrances: tuple[Lain, ...]


def faults(asset_id: uuid.UUID | None, party_id: uuid.UUID | None) -> list[Violation]:
    """A certificate is about a right or about a party."""
    return [ONE_SUBJECT.violation("/party_id")] if (asset_id is None) == (party_id is None) else []


def size_faults(search: Search) -> list[Violation]:
    """What speaks against certifying so long a list."""
    too_many = len(search.rights) > MAX_RIGHTS
    return [TOO_MANY_RIGHTS.violation("/party_id", maximum=MAX_RIGHTS)] if too_many else []


def state(search: Search) -> dict[str, Any]:
    """What is certified: which rights were searched, and what lay on them."""
    subject = {"asset_id": str(search.asset_id)} if search.asset_id else {"party_id": str(search.party_id)}
    found = [
        {
            "asset_id": str(one.asset_id),
            "kind": one.kind.value,
            "rank": one.rank,
            "placed_on": _day(one.placed_on),
            "since": _day(one.since),
            "last_day": _day(one.last_day),
            "ended_on": _day(one.ended_on),
            "end_reason": one.end_reason,
            "void": one.void,
        }
        for one in search.encumbrances
    ]
    return subject | {
        "on": search.on.isoformat(),
        "include_discharged": search.discharged,
        "rights": sorted(str(right.asset_id) for right in search.rights),
        "encumbrances": sorted(found, key=canonical),
    }


def state_sha256(search: Search) -> str:
    """The hash of what is certified, to be compared with what is known later."""
    return sha256(canonical(state(search)))


def body(search: Search, issue: Issue) -> str:
    """The text that is signed. It names no lender, licensee or amount: nothing here knows one."""
    certified = state(search)
    return canonical(
        head(FORMAT, issue)
        | {
            "on": search.on.isoformat(),
            "known_at": instant(search.known_at),
            "subject": search.subject_name,
            "rights": {
                str(right.asset_id): {"office": right.office, "number": right.number, "name": right.name}
                for right in search.rights
            },
            "state": certified,
            "state_sha256": sha256(canonical(certified)),
            "seal": issue.seal,
            "not_covered": NOT_COVERED,
        }
    )


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
