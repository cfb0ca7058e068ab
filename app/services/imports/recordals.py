"""Recorded documents, replayed in their order: the chain of title, liens and their releases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.domain.errors import DomainError
from app.domain.recordal_row import (
    DUPLICATE,
    RecordalRow,
    merged,
    pair_file,
    replay_order,
)
from app.queries.driver import driver
from app.services.imports.replay import Replay
from app.services.imports.work import Change, Entry, Outcome, Work

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.services.imports.rows import RawRow

_PAIRS = """
SELECT a.key AS application, r.key AS registration
FROM asset_identifiers a JOIN asset_identifiers r ON r.asset_id = a.asset_id AND r.scheme = 'registration'
WHERE a.key = ANY($1) AND a.office = $2 AND a.scheme = 'application'
"""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The documents of a file in the order in which they take effect."""

    entries: list[Entry[RecordalRow]]
    refusals: list[tuple[Sequence[RawRow], DomainError]]
    unplaced: int


async def prepare(session: AsyncSession, entries: Sequence[Entry[RecordalRow]]) -> Prepared:
    """Name the rights of each document, join rows of one document, put all in order.

    Rows of one reference are one document if they differ in nothing but the rights they list; otherwise
    the later one is refused (`recordal.duplicate`).
    """
    connection = await driver(session)
    named: list[Entry[RecordalRow]] = []
    unplaced = 0
    for office in sorted({entry.row.office for entry in entries}):
        group = [entry for entry in entries if entry.row.office == office]
        applications = sorted({number for entry in group for number in entry.row.applications})
        pairs = await connection.fetch(_PAIRS, applications, office)
        known = {row["application"]: row["registration"] for row in pairs}
        rows, left = pair_file([entry.row for entry in group], known)
        named += [replace(entry, row=row) for entry, row in zip(group, rows, strict=True)]
        unplaced += left
    joined, refusals = _join(named)
    order = replay_order([entry.row for entry in joined])
    return Prepared([joined[place] for place in order], refusals, unplaced)


def _join(
    entries: Iterable[Entry[RecordalRow]],
) -> tuple[list[Entry[RecordalRow]], list[tuple[Sequence[RawRow], DomainError]]]:
    joined: dict[object, Entry[RecordalRow]] = {}
    refusals: list[tuple[Sequence[RawRow], DomainError]] = []
    for entry in entries:
        row = entry.row
        key: object = (row.office, row.reference) if row.reference else id(entry)
        first = joined.get(key)
        both = merged(first.row, row) if first else None
        if first is None:
            joined[key] = entry
        elif both is None:
            refusals.append((entry.raws, DUPLICATE.error("/reel_frame", reference=row.reference)))
        else:
            joined[key] = Entry(both, [*first.raws, *entry.raws])
    return list(joined.values()), refusals


async def plan(session: AsyncSession, work: Work, entries: Sequence[Entry[RecordalRow]]) -> None:
    """Replay documents. Refuses, row by row: `recordal.duplicate`, `asset.number_taken`,
    `pledge.already_pledged` (a second lien on a CN right).
    """
    replay = await Replay.load(session, work, entries)
    for entry in entries:
        try:
            replay.check(entry.row)
        except DomainError as refused:
            work.refusals.append((entry.raws, refused))
        else:
            work.outcomes.append(Outcome(entry.raws, "recordal", replay.apply(entry.row), Change.created))
