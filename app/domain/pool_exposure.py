"""What a pool is exposed to, and how it is concentrated: by bank, industry, appraiser and agency (UNI-35)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain.loan_class import LoanClass
from app.domain.money import allocate

WHOLE_HHI = 10_000
"""The Herfindahl-Hirschman index of one holder of everything: shares in per cent, squared and summed."""


class Dimension(StrEnum):
    """By what exposure is told apart. A loan without such a relation counts under none of its values."""

    bank = "bank"
    industry = "industry"
    appraiser = "appraiser"
    agency = "agency"


@dataclass(frozen=True, slots=True)
class Item:
    """A pledged right of a loan: its kind, who valued it for the pledge, whose mandate it was under."""

    kind: str
    appraiser_id: uuid.UUID | None = None
    agency_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Exposure:
    """A covered loan on a day, in fen.

    `covered_fen` is the covered principal the pool still reserves for it, `outstanding_fen` the whole
    principal the bank last reported. `industry` None: it was not known when the pool committed itself.
    """

    pledge_id: uuid.UUID
    bank_id: uuid.UUID
    borrower_id: uuid.UUID
    industry: str | None
    scheme_id: uuid.UUID
    loan_class: LoanClass
    outstanding_fen: int
    covered_fen: int
    items: Sequence[Item] = ()
    pledgor_ids: frozenset[uuid.UUID] = frozenset()


Key = tuple[str | None, ...]


def grouped(exposures: Iterable[Exposure], by: Sequence[Dimension]) -> dict[Key, int]:
    """Covered principal by the values of several dimensions, in fen; the parts sum to the whole.

    A loan's covered principal is split equally over its rights, the fen left over to the first of them:
    each part is its right's appraiser's and agency's.
    """
    found: dict[Key, int] = {}
    for one in exposures:
        for item, fen in _parts(one):
            key = tuple(_value(one, item, dimension) for dimension in by)
            found[key] = found.get(key, 0) + fen
    return found


def _parts(one: Exposure) -> list[tuple[Item, int]]:
    items = list(one.items) or [Item(kind="")]
    names = [str(place) for place in range(len(items))]
    parts = allocate(one.covered_fen, [(name, 1) for name in names], names)
    return [(item, parts[name]) for item, name in zip(items, names, strict=True)]


def _value(one: Exposure, item: Item, dimension: Dimension) -> str | None:
    values: Mapping[Dimension, object] = {
        Dimension.bank: one.bank_id,
        Dimension.industry: one.industry,
        Dimension.appraiser: item.appraiser_id,
        Dimension.agency: item.agency_id,
    }
    value = values[dimension]
    return None if value is None else str(value)


def hhi(amounts: Iterable[int]) -> int:
    """The Herfindahl-Hirschman index of amounts: squared shares in per cent, summed, rounded half up.

    Computed of whole numbers: 10 000 x (sum of squares) / (square of the sum). Nothing at all has 0.
    """
    known = list(amounts)
    whole = sum(known)
    if whole == 0:
        return 0
    squares = sum(amount * amount for amount in known)
    return (2 * WHOLE_HHI * squares + whole * whole) // (2 * whole * whole)


@dataclass(frozen=True, slots=True)
class Connected:
    """Borrowers that one another's fate touches, and what the pool covers of their loans, in fen."""

    borrower_ids: tuple[uuid.UUID, ...]
    covered_fen: int


def connected(exposures: Iterable[Exposure], ties: Iterable[tuple[uuid.UUID, uuid.UUID]]) -> list[Connected]:
    """Groups of connected borrowers, the largest first; a borrower without connections is one by itself.

    Connected are parties tied by a succession (rename, merger, split, duplicate), those with the same third
    party as pledgor, and whoever is connected with these.
    """
    loans = list(exposures)
    pledging = [(one.borrower_id, pledgor) for one in loans for pledgor in one.pledgor_ids]
    root: dict[uuid.UUID, uuid.UUID] = {}

    def top(one: uuid.UUID) -> uuid.UUID:
        while (above := root.setdefault(one, one)) != one:
            root[one] = root[above]
            one = above
        return one

    for left, right in (*ties, *pledging):
        first, second = sorted((top(left), top(right)))
        root[second] = first
    groups: dict[uuid.UUID, tuple[set[uuid.UUID], int]] = {}
    for one in loans:
        members, fen = groups.get(top(one.borrower_id), (set(), 0))
        groups[top(one.borrower_id)] = (members | {one.borrower_id}, fen + one.covered_fen)
    found = [Connected(tuple(sorted(members)), fen) for members, fen in groups.values()]
    return sorted(found, key=lambda group: (-group.covered_fen, group.borrower_ids))
