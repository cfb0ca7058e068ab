"""What a batch of rows does to the register, collected first and written in few set-based statements."""

from __future__ import annotations

import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import itemgetter
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
    "party_names",
    "party_districts",
    "recordals",
    "assets",
    "asset_identifiers",
    "asset_classes",
    "asset_status_changes",
    "legal_events",
    "titles",
    "recordal_parties",
    "recordal_assets",
    "party_successions",
)
AFTER_HOLDS = ("pledges", "pledge_items")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "assets": (
        *("id", "office", "kind", "regime", "version", "patent_type", "status_as_of"),
        *("invalidation_pending", "imported", "number", "status_source", "name", "sign_key", "ipc"),
        *("filed_on", "granted_on", "registered_on", "last_day_in_force", "status"),
        *("event_id", "recorded_at"),
    ),
    "asset_identifiers": ("id", "asset_id", "office", "kind", "scheme", "value", "key"),
    "asset_classes": ("id", "asset_id", "nice_class", "goods"),
    "asset_status_changes": (
        *("id", "asset_id", "status", "effective_on", "source", "event_id", "recorded_at"),
    ),
    "titles": (
        *("id", "asset_id", "party_id", "share_ppm", "ordinal", "acquired_on", "ceased_on", "recordal_id"),
        *("ceased_event_id", "ceased_at", "event_id", "recorded_at"),
    ),
}
"""The columns, in their order, of rows that are made as they are written (`Work.rows`)."""
_STATEMENTS = frozenset({"party_successions", "pledges"})
"""Tables that COPY does not fit: a repetition is left out, or there is JSON to be read."""
_FACT_COLUMNS = (
    *("district_code", "measure", "role", "value", "occurred_on", "dimensions"),
    *("source_noun", "source_id", "imported"),
)

_UPDATES: Mapping[str, str] = {
    "parties": """
UPDATE parties p SET name = r.name, name_key = r.name_key, address = r.address,
  registered_on = r.registered_on, district_code = r.district_code, version = p.version + 1
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, name text, name_key text, address text, registered_on date,
     district_code text) WHERE p.id = r.id""",
    "assets": """
UPDATE assets a SET number = r.number, name = r.name, sign_key = r.sign_key, ipc = r.ipc,
  filed_on = r.filed_on, granted_on = r.granted_on, registered_on = r.registered_on,
  last_day_in_force = r.last_day_in_force, status = r.status, status_source = r.status_source,
  version = a.version + 1
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, number text, name text, sign_key text, ipc text,
     filed_on date, granted_on date, registered_on date, last_day_in_force date, status text,
     status_source text)
WHERE a.id = r.id""",
    "titles": """
UPDATE titles t SET ceased_on = r.ceased_on, ceased_at = r.ceased_at, ceased_event_id = r.ceased_event_id
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, ceased_on date, ceased_at timestamptz, ceased_event_id uuid)
WHERE t.id = r.id""",
    "title_superseded": """
UPDATE titles t SET superseded_at = r.superseded_at, superseded_event_id = r.superseded_event_id
FROM jsonb_to_recordset($1::jsonb) AS r(id uuid, superseded_at timestamptz, superseded_event_id uuid)
WHERE t.id = r.id""",
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
    """Rows to insert, by table, and to update, by table and id; what became of each entry.

    `inserts` may still be changed by what a later row of the batch says, `rows` (see `COLUMNS`) are final.
    """

    event_id: uuid.UUID
    moment: Moment
    inserts: defaultdict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    rows: defaultdict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: defaultdict(list))
    updates: dict[str, dict[uuid.UUID, Record]] = field(default_factory=dict)
    facts: list[NewFact] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    refusals: list[tuple[Sequence[RawRow], DomainError]] = field(default_factory=list)
    differences: list[Record] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def insert(self, table: str, **values: Any) -> Record:
        """A new row with an id of its own; it may be changed until it is written."""
        values["id"] = new_id()
        self.inserts[table].append(values)
        return values

    def known(self, table: str, **values: Any) -> Record:
        """A new row of a table that says since when its rows are known, and under which event."""
        values["event_id"] = self.event_id
        values["recorded_at"] = self.moment.now
        values["id"] = new_id()
        self.inserts[table].append(values)
        return values

    def update(self, table: str, row_id: uuid.UUID, values: Record) -> None:
        """New values of a row that is already stored."""
        self.updates.setdefault(table, {}).setdefault(row_id, {"id": row_id}).update(values)

    def differs(self, noun: str, number: str, field_name: str, old: object, new: object) -> None:
        """Note what a file says otherwise than the register did."""
        self.differences.append(
            {"noun": noun, "number": number, "field": field_name, "old": _text(old), "new": _text(new)}
        )

    async def write(self, session: AsyncSession) -> None:
        """Write everything. The run's row in `imports` must have been written."""
        connection = await driver(session)
        for table in ("titles", "title_superseded", "holds"):  # what ends makes room for what begins
            await self._update(connection, table)
        for table in TABLES:
            await self._insert(connection, table)
        if liens := self.inserts.get("holds"):
            await connection.execute(_PLACE, to_json(liens), self.moment.now)
        for table in AFTER_HOLDS:
            await self._insert(connection, table)
        for table in ("parties", "assets", "pledges", "pledge_items"):
            await self._update(connection, table)
        await insert(connection, "facts", [self._fact(fact) for fact in self.facts])

    def _fact(self, fact: NewFact) -> Record:
        """A fact under the run's event: it counts with its batch, and is sealed with the whole run."""
        return {
            "id": new_id(),
            **{name: getattr(fact, name) for name in _FACT_COLUMNS},
            "event_id": self.event_id,
            "recorded_at": self.moment.now,
        }

    async def _insert(self, connection: asyncpg.Connection[asyncpg.Record], table: str) -> None:
        records, rows = self.inserts.get(table, []), self.rows.get(table, [])
        if table in _STATEMENTS:
            await insert(connection, table, records)
        elif records or rows:
            columns = COLUMNS.get(table) or tuple(records[0])
            rows += map(itemgetter(*columns), records)
            await copy(connection, table, columns, rows)

    async def _update(self, connection: asyncpg.Connection[asyncpg.Record], table: str) -> None:
        records = self.updates.get(table)
        if records:
            await connection.execute(_UPDATES[table], to_json(list(records.values())))


async def copy(
    connection: asyncpg.Connection[asyncpg.Record],
    table: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
) -> None:
    """Add rows by COPY: the fastest way into a table, with all of its keys, checks and triggers."""
    await connection.copy_records_to_table(table, records=rows, columns=columns)


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


def to_json(records: Sequence[Record] | Record) -> str:
    """The records as the JSON a statement reads."""
    return json.dumps(records, ensure_ascii=False, default=str)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
