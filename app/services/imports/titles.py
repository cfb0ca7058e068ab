"""The chain of title: how a recorded document changes who owns a right."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from app.services.imports.register import KnownRight, Rights
from app.services.imports.work import Record

Owner = uuid.UUID | None
"""A party, or None where the owner is unrecorded (a person whose name is withheld)."""


class Passed(StrEnum):
    """What a document did to the title of a right."""

    passed = "passed"
    same_owner = "same_owner"
    late = "late"
    divided = "divided"


def pass_title(
    rights: Rights,
    right: KnownRight,
    *,
    recordal_id: uuid.UUID,
    on: date,
    before: Sequence[Owner],
    after: Sequence[Owner],
) -> Passed:
    """All live titles end on the day and those of `after` begin, undivided.

    Where nothing was told of the owner yet, the giving side (`before`) is the owner until that day. A
    document that names the owners of today as the receiving side changes nothing. One that is older than
    the live titles joins the past, so that the chain is the same in whatever order documents arrive; if it
    is older than some shares of a divided right only, which it passed is not known and it changes nothing.
    """
    owners = [title["party_id"] for title in right.titles]
    if owners and None not in after and set(after) == set(owners):
        return Passed.same_owner
    since = [title["acquired_on"] for title in right.titles if title["acquired_on"] is not None]
    if since and min(since) > on:
        _join_past(rights, right, before, after, on=on, recordal_id=recordal_id)
        return Passed.late
    if since and max(since) > on and any(title["share_ppm"] for title in right.titles):
        return Passed.divided
    named = [owner for owner in before if owner is not None]
    if not owners:  # entered by this very document
        _add_past(rights, right, before or [None], acquired_on=None, ceased_on=on, recordal_id=None)
    elif named and owners == [None] and right.titles[0]["recordal_id"] is None:
        _add_past(rights, right, named, acquired_on=None, ceased_on=on, recordal_id=None)
        rights.end_titles(right, None)  # until when the owner was another is not known
    rights.end_titles(right, on)
    for ordinal, party_id in enumerate(after, start=1):
        rights.add_title(right, party_id, ordinal, acquired_on=on, recordal_id=recordal_id)
    return Passed.passed


def _join_past(
    rights: Rights,
    right: KnownRight,
    before: Sequence[Owner],
    after: Sequence[Owner],
    *,
    on: date,
    recordal_id: uuid.UUID,
) -> None:
    """Titles of `after` from `on` until the next ones that are known to have begun.

    Who owned the right on that day by an earlier document owns it until then. Who is known only as the
    giver of a later one began on the day if it is of `after`, and else no earlier than that document. Where
    no document is earlier, the giving side of this one was the owner until then.
    """
    every = [*right.past, *right.titles]
    until = min(start for title in every if (start := title["acquired_on"]) is not None and start > on)
    earlier = any(title["ceased_on"] <= on for title in right.past)
    told: set[Owner] = set()
    for title in every:
        start, end = title["acquired_on"], title["ceased_on"]
        if start is not None and start <= on and end is not None and end > on:
            earlier = True
            rights.revise_title(right, title, ceased_on=on)
        elif title["party_id"] in after and _giver_only(title, until):
            told.add(title["party_id"])
            rights.revise_title(right, title, acquired_on=on, recordal_id=recordal_id)
        elif start is None and (end is None or end > on):
            rights.revise_title(right, title, acquired_on=until)
    others = [owner for owner in after if owner not in told]
    if others:
        _add_past(rights, right, others, acquired_on=on, ceased_on=until, recordal_id=recordal_id)
    if not earlier:
        _add_past(rights, right, before or [None], acquired_on=None, ceased_on=on, recordal_id=None)


def _giver_only(title: Record, until: date) -> bool:
    """Whether no document tells when the title began, only that it lasted until then or lasts."""
    start, end = title["acquired_on"], title["ceased_on"]
    if start is None:
        return end is None or end >= until
    return bool(title["recordal_id"] is None and start == end == until)


def _add_past(
    rights: Rights,
    right: KnownRight,
    owners: Sequence[Owner],
    *,
    acquired_on: date | None,
    ceased_on: date,
    recordal_id: uuid.UUID | None,
) -> None:
    live, right.titles = right.titles, []
    for ordinal, party_id in enumerate(owners, start=1):
        rights.add_title(right, party_id, ordinal, acquired_on=acquired_on, recordal_id=recordal_id)
    rights.end_titles(right, ceased_on)
    right.titles = live
