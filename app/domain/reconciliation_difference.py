"""How a list and the register differ, row by row: pure judgments over what both say of the list's day.

A field that agrees now but did not as the register stood at the end of the list's day is `late`. A right
or a lien that the register heard of after that day is `late` as a whole, its fields are then not named too.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from app.domain.asset import AssetStatus
from app.domain.reconciliation import DifferenceField, DifferenceKind
from app.domain.reconciliation_row import ListedLien, ListedRight, uscc_of
from app.domain.text import name_key

UNRECORDED = "?"
"""An owner the register does not know."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `hold_id`: the lien of the register that is meant, if one is."""

    kind: DifferenceKind
    number: str
    line: int | None = None
    field: DifferenceField | None = None
    listed: str | None = None
    registered: str | None = None
    asset_id: uuid.UUID | None = None
    hold_id: uuid.UUID | None = None

    @property
    def whole(self) -> bool:
        """Whether it is about the right or the lien itself, not about something told of it."""
        return self.field in (None, DifferenceField.lien)

    def remains(self, found: Iterable[Difference]) -> list[Difference]:
        """What of the differences found anew speaks against saying that this one has been corrected.

        Being late is no difference any more. What a list lacks must be gone from the register; a row
        that the register lacked must agree with it in everything, else in the field.
        """
        differing = [one for one in found if one.kind is not DifferenceKind.late and one.line == self.line]
        if self.line is None:
            return [one for one in differing if (one.asset_id, one.hold_id) == (self.asset_id, self.hold_id)]
        return [one for one in differing if self.whole or one.whole or one.field == self.field]


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner on the list's day; `keys`: all its names, old ones too. An unrecorded one has none."""

    name: str | None
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class RegisteredRight:
    """A right on the list's day: as it is known now, and as it was known at the end of that day."""

    asset_id: uuid.UUID
    number: str
    late: bool
    status: AssetStatus | None
    status_then: AssetStatus | None
    owners: tuple[Owner, ...]
    owners_then: tuple[Owner, ...]
    last_day_in_force: date | None


@dataclass(frozen=True, slots=True)
class RegisteredLien:
    """A lien, ended ones too. `late`, `ended_late`: heard of after the list's day.

    `registered_on` None: filed, the office has not registered it. `live`: on the list's day.
    """

    hold_id: uuid.UUID
    asset_id: uuid.UUID
    number: str
    late: bool
    live: bool
    ended_late: bool
    registered_on: date | None
    ended_on: date | None
    references: frozenset[str]
    pledgee: str | None
    pledgee_keys: frozenset[str]
    pledgee_identifiers: frozenset[str]

    @property
    def shown(self) -> str:
        """Day and references, never for whom it is."""
        return " ".join([str(self.registered_on or UNRECORDED), *sorted(self.references)])


def of_right(listed: ListedRight, right: RegisteredRight | None) -> list[Difference]:
    """Where a row of a list of rights and the register differ."""
    if right is None:
        return [Difference(DifferenceKind.missing, listed.number.value, listed.line, listed=listed.status)]
    found: list[Difference] = []

    def differs(field: DifferenceField, given: str, registered: str, *, now: bool, then: bool) -> None:
        if not now or (not then and not right.late):
            kind = DifferenceKind.late if now else DifferenceKind.mismatch
            number, line = listed.number.value, listed.line
            found.append(Difference(kind, number, line, field, given, registered, right.asset_id))

    differs(
        DifferenceField.status,
        listed.status,
        right.status or UNRECORDED,
        now=right.status in listed.statuses,
        then=right.status_then in listed.statuses,
    )
    differs(
        DifferenceField.owners,
        "; ".join(listed.owners),
        "; ".join(owner.name or UNRECORDED for owner in right.owners) or UNRECORDED,
        now=_same(listed.owner_keys, right.owners),
        then=_same(listed.owner_keys, right.owners_then),
    )
    if listed.last_day_in_force is not None:
        agrees = listed.last_day_in_force == right.last_day_in_force
        days = str(listed.last_day_in_force), str(right.last_day_in_force or UNRECORDED)
        differs(DifferenceField.last_day_in_force, *days, now=agrees, then=agrees)
    if right.late:
        number, line = listed.number.value, listed.line
        found.append(Difference(DifferenceKind.late, number, line, asset_id=right.asset_id))
    return found


def _same(keys: frozenset[str], owners: Sequence[Owner]) -> bool:
    """Whether every owner has one of the names, and every name is one of an owner."""
    known = frozenset[str]().union(*(owner.keys for owner in owners))
    return keys <= known and all(owner.keys & keys for owner in owners)


def of_liens(
    rows: Sequence[ListedLien], liens: Sequence[RegisteredLien], asset_id: uuid.UUID | None, as_of: date
) -> list[Difference]:
    """Where the rows of a list about one right and the register's liens on it differ.

    `asset_id` None: the register does not know the right. A lien the office had not registered by the
    list's day, or one that had ended by then, may be missing from a list.
    """
    found: list[Difference] = []
    pairs, left = _paired(rows, liens)
    for row, lien in pairs:
        if lien is None:
            field = None if asset_id is None else DifferenceField.lien
            place = row.number.value, row.line, field
            found.append(Difference(DifferenceKind.missing, *place, row.shown, None, asset_id))
        else:
            found += _of_lien(row, lien)
    found += [
        Difference(
            DifferenceKind.extra,
            lien.number,
            field=DifferenceField.lien,
            registered=lien.shown,
            asset_id=lien.asset_id,
            hold_id=lien.hold_id,
        )
        for lien in left
        if lien.live and lien.registered_on is not None and lien.registered_on <= as_of
    ]
    return found


def _paired(
    rows: Sequence[ListedLien], liens: Iterable[RegisteredLien]
) -> tuple[list[tuple[ListedLien, RegisteredLien | None]], list[RegisteredLien]]:
    """Each row with the lien it means: of its reference, else of its day, else the only one left in force.

    A lien with another reference than the row's is not what the row means.
    """
    left = list(liens)
    found: dict[int, RegisteredLien] = {}

    def fits(row: ListedLien, lien: RegisteredLien) -> bool:
        return row.reference is None or not lien.references

    def take(row: ListedLien, candidates: list[RegisteredLien]) -> None:
        if row.line not in found and candidates:
            found[row.line] = candidates[0]
            left.remove(candidates[0])

    for row in rows:
        take(row, [lien for lien in left if row.reference in lien.references])
    for row in rows:
        take(row, [lien for lien in left if fits(row, lien) and lien.registered_on == row.registered_on])
    open_rows = [row for row in rows if row.line not in found and row.ended_on is None]
    live = [lien for lien in left if lien.live]
    if len(open_rows) == len(live) == 1 and fits(open_rows[0], live[0]):
        take(open_rows[0], live)
    return [(row, found.get(row.line)) for row in rows], left


def _of_lien(row: ListedLien, lien: RegisteredLien) -> list[Difference]:
    found: list[Difference] = []

    def add(kind: DifferenceKind, field: DifferenceField, listed: object, registered: object) -> None:
        texts = str(listed), str(registered)
        found.append(Difference(kind, row.number.value, row.line, field, *texts, lien.asset_id, lien.hold_id))

    if row.registered_on != lien.registered_on:
        day = lien.registered_on or UNRECORDED
        add(DifferenceKind.mismatch, DifferenceField.registered_on, row.registered_on, day)
    if not _is_pledgee(row, lien):
        known = lien.pledgee or UNRECORDED
        add(DifferenceKind.mismatch, DifferenceField.pledgee, row.pledgee, known)
    ended = "-" if lien.live else lien.ended_on or UNRECORDED
    if ended != (row.ended_on or "-"):
        add(DifferenceKind.mismatch, DifferenceField.ended_on, row.ended_on or "-", ended)
    elif row.ended_on is not None and lien.ended_late and not lien.late:
        add(DifferenceKind.late, DifferenceField.ended_on, row.ended_on, ended)
    if lien.late:
        add(DifferenceKind.late, DifferenceField.lien, row.shown, lien.shown)
    return found


def _is_pledgee(row: ListedLien, lien: RegisteredLien) -> bool:
    uscc = uscc_of(row.pledgee)
    if uscc is not None:
        return uscc in lien.pledgee_identifiers
    return name_key(row.pledgee) in lien.pledgee_keys
