"""Official lists as they come: a CSV document, read whole, its rows judged one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app.domain import imports as import_rules
from app.domain.asset import AssetKind
from app.domain.errors import DomainError, Violation
from app.domain.reconciliation import Subject
from app.domain.reconciliation_row import (
    COLUMNS,
    ListedLien,
    ListedRight,
    named,
    read_lien,
    read_right,
    twice_faults,
)
from app.services.imports.cells import rows_of

if TYPE_CHECKING:
    from app.queries.reconciliation_states import Place


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that could not be taken, with every objection."""

    line: int
    violations: Sequence[Violation]

    def told(self) -> list[dict[str, object]]:
        """An entry per objection: line, column, code and words."""
        return [
            {
                "line": self.line,
                "column": fault.pointer.lstrip("/") if fault.pointer else None,
                "code": fault.code.code,
                "message_zh": fault.zh,
                "message_en": fault.en,
            }
            for fault in self.violations
        ]


@dataclass(frozen=True, slots=True)
class OfficialList:
    """A list that was read. `named`: every right it names; `unread`: those of refused rows."""

    rows: int
    rights: Sequence[ListedRight]
    liens: Sequence[ListedLien]
    refused: Sequence[Refused]
    named: Sequence[Place]
    unread: frozenset[Place]


KINDS: Mapping[Subject, tuple[AssetKind, ...]] = {
    Subject.patents: (AssetKind.patent,),
    Subject.trademarks: (AssetKind.trademark,),
    Subject.liens: tuple(AssetKind),
}
"""Which rights a list is about."""


def read(content: bytes, *, name: str, subject: Subject, list_as_of: date) -> OfficialList:
    """Read a list; rows that cannot be taken are named and left out.

    Raises: `import.encoding`, `import.csv_broken`, `import.columns_missing`, `import.column_twice`.
    """
    rights: list[ListedRight] = []
    liens: list[ListedLien] = []
    faults: dict[int, Sequence[Violation]] = {}
    places: dict[int, Place] = {}
    total = 0
    for line, cells, row in rows_of(content, name, COLUMNS[subject]):
        total += 1
        try:
            if len(cells) != len(row):
                raise import_rules.ROW_WIDTH.error(cells=len(cells), columns=len(row))
            if subject is Subject.liens:
                liens.append(read_lien(row, line=line, list_as_of=list_as_of))
            else:
                (kind,) = KINDS[subject]
                rights.append(read_right(row, line=line, kind=kind, list_as_of=list_as_of))
        except DomainError as refused:
            faults[line] = refused.violations
        place = named(row, subject, list_as_of)
        if place is not None:
            places[line] = place
    twice = twice_faults(rights) | twice_faults(liens)
    faults |= {line: [fault] for line, fault in twice.items()}
    return OfficialList(
        rows=total,
        rights=[one for one in rights if one.line not in twice],
        liens=[one for one in liens if one.line not in twice],
        refused=[Refused(line, faults[line]) for line in sorted(faults)],
        named=list(dict.fromkeys(places.values())),
        unread=frozenset(place for line, place in places.items() if line in faults),
    )
