"""What a batch of rows does to the register, collected first and written in few set-based statements."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from app.domain.errors import DomainError
from app.domain.identifiers import new_id
from app.queries.driver import driver
from app.services.events import NewFact
from app.services.imports.rows import RawRow

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment

T = TypeVar("T")
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """What one row says, or several rows of one document, with the rows it was read from."""

    row: T
    raws: Sequence[RawRow]


class Change(StrEnum):
    """What an accepted row did: a new record, a changed one, or a further source that says the same."""

    created = "created"
    changed = "changed"
    confirmed = "confirmed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """An accepted entry and the record it is the source of."""

    raws: Sequence[RawRow]
    noun: str
    subject_id: uuid.UUID
    change: Change


TABLES = (
    "parties",
    "party_identifiers",
    "recordals",
    "assets",
    "asset_identifiers",
    "asset_classes",
    "asset_status_changes",
    "titles",
    "recordal_parties",
    "recordal_assets",
    "party_successions",
)
AFTER_HOLDS = ("pledges", "pledge_items")

_UPDATES: Mapping[str, str] = {
    "parties": """
UPDATE parties p SET name = r.name, name_key = r.name_key, address = r.address,
  registered_on = r.registered_on, district_code = r.district_code, version = p.version + 1
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, name text, name_key text, address text, registered_on date,
     district_code text) WHERE p.id = r.id""",
    "assets": """
UPDATE assets a SET number = r.number, name = r.name, ipc = r.ipc, filed_on = r.filed_on,
  granted_on = r.granted_on, registered_on = r.registered_on, last_day_in_force = r.last_day_in_force,
  status = r.status, status_source = r.status_source, version = a.version + 1
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, number text, name text, ipc text, filed_on date,
     granted_on date, registered_on date, last_day_in_force date, status text, status_source text)
WHERE a.id = r.id""",
    "titles": """
UPDATE titles t SET ceased_on = r.ceased_on, ceased_at = r.ceased_at, ceased_event_id = r.ceased_event_id
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, ceased_on date, ceased_at timestamptz, ceased_event_id uuid)
WHERE t.id = r.id""",
    "title_starts": """
UPDATE titles t SET acquired_on = r.acquired_on, recordal_id = r.recordal_id
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, acquired_on date, recordal_id uuid) WHERE t.id = r.id""",
    "holds": """
UPDATE holds h SET ended_on = r.ended_on, end_reason = r.end_reason, ended_at = r.ended_at
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, ended_on date, end_reason text, ended_at timestamptz)
WHERE h.id = r.id""",
    "pledge_items": """
UPDATE pledge_items i SET status = r.status, ended_on = r.ended_on
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, status text, ended_on date) WHERE i.id = r.id""",
    "pledges": """
UPDATE pledges p SET status = r.status, ended_on = r.ended_on, pledgee_id = r.pledgee_id,
  version = p.version + 1
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, status text, ended_on date, pledgee_id uuid)
WHERE p.id = r.id""",
}

_PLACE = """
INSERT INTO holds (id, asset_id, asset_serial, regime, kind, rank, source_noun, source_id, placed_on,
                   ended_on, end_reason, ended_at, imported, event_id, recorded_at)
SELECT r.id, a.id, a.serial, a.regime, 'lien', r.rank, 'pledge', r.source_id, r.placed_on, r.ended_on,
       r.end_reason, r.ended_at, true, r.event_id, $2
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, asset_id uuid, rank smallint, source_id uuid, placed_on date,
     ended_on date, end_reason text, ended_at timestamptz, event_id uuid)
JOIN assets a ON a.id = r.asset_id ORDER BY a.id, r.id
"""


@dataclass(slots=True)
class Work:
    """Rows to insert, by table, and to update, by table and id; what became of each entry."""

    event_id: uuid.UUID
    moment: Moment
    inserts: dict[str, list[Record]] = field(default_factory=dict)
    updates: dict[str, dict[uuid.UUID, Record]] = field(default_factory=dict)
    facts: list[NewFact] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    refusals: list[tuple[Sequence[RawRow], DomainError]] = field(default_factory=list)
    differences: list[Record] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def insert(self, table: str, **values: Any) -> Record:
        """A new row with an id of its own unless given; it may be changed until it is written."""
        record = {"id": new_id(), **values}
        self.inserts.setdefault(table, []).append(record)
        return record

    def known(self, table: str, **values: Any) -> Record:
        """A new row of a table that says since when its rows are known, and under which event."""
        return self.insert(table, **values, event_id=self.event_id, recorded_at=self.moment.now)

    def update(self, table: str, row_id: uuid.UUID, values: Record) -> None:
        """New values of a row that is already stored."""
        self.updates.setdefault(table, {}).setdefault(row_id, {"id": row_id}).update(values)

    def differs(self, noun: str, number: str, field_name: str, old: object, new: object) -> None:
        """Note what a file says otherwise than the register did."""
        self.differences.append(
            {"noun": noun, "number": number, "field": field_name, "old": _text(old), "new": _text(new)}
        )

    async def write(self, session: AsyncSession) -> None:
        """Write everything. The event must have been recorded."""
        connection = await driver(session)
        for table in ("titles", "holds"):  # what ends makes room for what begins
            await self._update(connection, table)
        for table in TABLES:
            await self._insert(connection, table)
        if liens := self.inserts.get("holds"):
            await connection.execute(_PLACE, to_json(liens), self.moment.now)
        for table in AFTER_HOLDS:
            await self._insert(connection, table)
        for table in ("parties", "assets", "title_starts", "pledges", "pledge_items"):
            await self._update(connection, table)

    async def _insert(self, connection: asyncpg.Connection[asyncpg.Record], table: str) -> None:
        await insert(connection, table, self.inserts.get(table, []))

    async def _update(self, connection: asyncpg.Connection[asyncpg.Record], table: str) -> None:
        records = self.updates.get(table)
        if records:
            await connection.execute(_UPDATES[table], to_json(list(records.values())))


async def insert(
    connection: asyncpg.Connection[asyncpg.Record], table: str, records: Sequence[Record]
) -> None:
    """Insert the records, which have all the same columns, in one statement; a repetition is left out."""
    if not records:
        return
    columns = ", ".join(records[0])
    await connection.execute(
        f"INSERT INTO {table} ({columns}) SELECT {columns}"
        f" FROM jsonb_populate_recordset(NULL::{table}, $1::jsonb)"
        + (" ON CONFLICT DO NOTHING" if table == "party_successions" else ""),
        to_json(records),
    )


def to_json(records: Sequence[Record]) -> str:
    """The records as the JSON array a statement reads."""
    return json.dumps(records, ensure_ascii=False, default=str)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
