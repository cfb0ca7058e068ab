"""Which coverages count: one firm under all its names and rows is covered once (TG-06)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Covered:
    """The coverage of a party under a plan: since the first day on which one of its enrolments counted."""

    id: uuid.UUID
    party_id: uuid.UUID
    since: date


@dataclass(frozen=True, slots=True)
class Join:
    """Two parties that are one firm from `day` on."""

    one_id: uuid.UUID
    other_id: uuid.UUID
    day: date


@dataclass(frozen=True, slots=True)
class Fold:
    """A coverage counts no more from a day on, its firm being covered by another."""

    into_id: uuid.UUID
    folded_on: date


def folds(coverages: Iterable[Covered], joins: Iterable[Join]) -> Mapping[uuid.UUID, Fold]:
    """The coverages of one plan that another takes the place of, by id.

    Day by day firms become one; the earliest coverage of what they become goes on, each other ends on
    that day, or on its own first day when it came after. So on every day as many coverages count as
    there are firms covered.
    """
    firms: dict[uuid.UUID, uuid.UUID] = {}
    heads: dict[uuid.UUID, Covered] = {}
    for covered in coverages:
        heads[covered.party_id] = covered

    def firm_of(party_id: uuid.UUID) -> uuid.UUID:
        while (up := firms.get(party_id, party_id)) != party_id:
            party_id = up
        return party_id

    found: dict[uuid.UUID, Fold] = {}
    for join in sorted(joins, key=lambda one: one.day):
        one, other = firm_of(join.one_id), firm_of(join.other_id)
        if one == other:
            continue
        firms[other] = one
        rivals = sorted(
            (heads.pop(firm) for firm in (one, other) if firm in heads),
            key=lambda covered: (covered.since, covered.id.int),
        )
        if rivals:
            heads[one] = rivals[0]
        for late in rivals[1:]:
            found[late.id] = Fold(rivals[0].id, max(join.day, late.since))
    return found
