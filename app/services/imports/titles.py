"""The chain of title: how a recorded document changes who owns a right."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from app.services.imports.register import KnownRight, Rights

Owner = uuid.UUID | None
"""A party, or None where the owner is unrecorded (a person whose name is withheld)."""


class Passed(StrEnum):
    """What a document did to the title of a right."""

    passed = "passed"
    same_owner = "same_owner"
    late = "late"


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
    the live titles joins the past: it begins and ends before them, or tells since when a later giver owned.
    """
    owners = [title["party_id"] for title in right.titles]
    if owners and None not in after and set(after) == set(owners):
        return Passed.same_owner
    since = [title["acquired_on"] for title in right.titles if title["acquired_on"] is not None]
    if since and min(since) > on:
        _join_past(rights, right, before, after, on=on, until=min(since), recordal_id=recordal_id)
        return Passed.late
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
    until: date,
    recordal_id: uuid.UUID,
) -> None:
    """Titles of `after` from `on` until the live ones.

    Who is known only as the giver of a later document gets the start that was unknown, and no second
    title; until then the giving side of this document was the owner.
    """
    givers = {title["party_id"]: title for title in right.begun_unknown if title["ceased_on"] > on}
    told = [owner for owner in after if owner in givers]
    for owner in told:
        rights.begin_title(right, givers[owner], on, recordal_id)
    others = [owner for owner in after if owner not in givers]
    if others:
        _add_past(rights, right, others, acquired_on=on, ceased_on=until, recordal_id=recordal_id)
    if told:
        _add_past(rights, right, before or [None], acquired_on=None, ceased_on=on, recordal_id=None)


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
