"""A run: a file checked as a whole, then taken batch by batch, each batch one transaction."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from app.domain.district import NATIONAL
from app.domain.errors import DomainError
from app.domain.identifiers import new_id
from app.domain.imports import ImportKind, ImportStatus, Row, party_row, patent_row, trademark_row
from app.domain.permission import system_actor
from app.domain.recordal_row import recordal_row
from app.queries.driver import driver
from app.services import events
from app.services.imports import parties, recordals, rights
from app.services.imports.rows import ErrorFile, RawRow, Source, open_source
from app.services.imports.work import Entry, Record, Work, insert

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment

BATCH = 500
SHOWN_DIFFERENCES = 1_000
"""How many differences a summary carries; each batch's event carries all of its own."""

_LOCK = "SELECT set_config('lock_timeout', '60s', true), pg_advisory_xact_lock(7120113)"
"""Batches of two runs take turns, so that one sees what the other has taken."""

_TAKEN = "SELECT row_sha256 FROM import_rows WHERE kind = $1 AND row_sha256 = ANY($2)"

Progress = Callable[[int], None]


class Unit(Protocol):
    """An open transaction and its time."""

    @property
    def session(self) -> AsyncSession:
        """The session in it."""

    @property
    def moment(self) -> Moment:
        """When it is."""


class Units(Protocol):
    """Where transactions come from: the database edge."""

    def write(self) -> AbstractAsyncContextManager[Unit]:
        """A transaction that commits when its block ends well."""


@dataclass(slots=True)
class Summary:
    """What became of a file. `import_id` is None when the run changed nothing.

    `changes` counts the accepted rows by what they did, `codes` the refused ones by reason (a row with
    several counts under each), `counts` what an import of recorded documents did.
    """

    kind: ImportKind
    file: str
    rows: int
    accepted: int = 0
    unchanged: int = 0
    refused: int = 0
    changes: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    differences: list[Record] = field(default_factory=list)
    import_id: uuid.UUID | None = None
    errors: Path | None = None


async def run(
    units: Units,
    kind: ImportKind,
    path: Path,
    *,
    errors: Path | None = None,
    progress: Progress | None = None,
    batch: int = BATCH,
) -> Summary:
    """Import a file. A row that has been imported before changes nothing; a refused one goes to `errors`.

    `errors` is `<FILE>.errors.csv` unless given. `progress` is told how many rows are done.
    Raises, before anything is taken: `import.encoding`, `import.csv_broken`, `import.columns_missing`,
    `import.column_twice`.
    """
    source = open_source(path, kind)
    summary = Summary(kind, path.name, source.rows)
    errors = errors or path.with_name(path.name + ".errors.csv")
    with ErrorFile(errors, source) as file:
        importing = _Run(units, source, summary, file, progress or (lambda _: None))
        await importing.take(batch)
    summary.errors = errors if summary.refused else None
    return summary


class _Run:
    """One run over one file."""

    def __init__(
        self, units: Units, source: Source, summary: Summary, file: ErrorFile, progress: Progress
    ) -> None:
        self._units = units
        self._source = source
        self._summary = summary
        self._file = file
        self._progress = progress
        self._id = new_id()
        self._batches = 0

    async def take(self, batch: int) -> None:
        async with self._units.write() as unit:
            today = unit.moment.today
        if self._summary.kind is ImportKind.recordals:
            await self._take_recordals(batch, today)
        else:
            for raws in _chunks(self._source, batch):
                await self._take(list(self._read(raws, today)))
        if self._summary.accepted:
            await self._complete()

    async def _take_recordals(self, batch: int, today: date) -> None:
        """Documents take effect in the order of their days, so the whole file is read before the first."""
        fresh: list[Entry[Any]] = []
        for raws in _chunks(self._source, batch):
            read = list(self._read(raws, today))
            async with self._units.write() as unit:
                fresh += await self._untaken(unit.session, read)
        async with self._units.write() as unit:
            prepared = await recordals.prepare(unit.session, fresh)
        for raws_refused, refused in prepared.refusals:
            self._refuse(raws_refused, refused)
        self._summary.counts["numbers_unplaced"] += prepared.unplaced
        for entries in _chunks(prepared.entries, batch):
            await self._take(entries)

    def _read(self, raws: Iterable[RawRow], today: date) -> Iterator[Entry[Any]]:
        for raw in raws:
            try:
                yield Entry(_parse(self._summary.kind, raw, self._source, today), [raw])
            except DomainError as refused:
                self._refuse([raw], refused)

    def _refuse(self, raws: Sequence[RawRow], refused: DomainError) -> None:
        for raw in raws:
            self._file.add(raw, refused)
            self._summary.refused += 1
            self._summary.codes.update({violation.code.code for violation in refused.violations})

    async def _untaken(self, session: AsyncSession, entries: Sequence[Entry[Any]]) -> list[Entry[Any]]:
        """The entries with rows that were not imported before, in this file or another."""
        connection = await driver(session)
        hashes = sorted({raw.sha256 for entry in entries for raw in entry.raws})
        rows = await connection.fetch(_TAKEN, self._summary.kind.value, hashes)
        taken = {row["row_sha256"] for row in rows}
        fresh = []
        for entry in entries:
            raws = []
            for raw in entry.raws:
                if raw.sha256 not in taken:
                    taken.add(raw.sha256)
                    raws.append(raw)
            self._summary.unchanged += len(entry.raws) - len(raws)
            if raws:
                fresh.append(Entry(entry.row, raws))
        return fresh

    async def _take(self, entries: Sequence[Entry[Any]]) -> None:
        """One batch in one transaction: all of its accepted rows or, when it fails, none."""
        async with self._units.write() as unit:
            await (await driver(unit.session)).execute(_LOCK)
            fresh = await self._untaken(unit.session, entries)
            work = Work(new_id(), unit.moment)
            if fresh:
                await _PLANS[self._summary.kind](unit.session, work, fresh)
            if work.outcomes:
                await self._write(unit, work)
        for raws, refused in work.refusals:
            self._refuse(raws, refused)
        self._account(work)

    async def _write(self, unit: Unit, work: Work) -> None:
        self._batches += 1
        manifest = {
            "kind": self._summary.kind,
            "file": self._source.path.name,
            "file_sha256": self._source.sha256,
            "batch": self._batches,
            "changes": Counter(outcome.change.value for outcome in work.outcomes),
            "counts": work.counts,
            "differences": work.differences,
        }
        await self._record(unit, "import.batch_recorded", manifest, work.event_id, work.facts)
        await work.write(unit.session)
        records = [
            {
                "id": new_id(),
                "kind": self._summary.kind,
                "row_sha256": raw.sha256,
                "line": raw.line,
                "raw": raw.raw,
                "noun": outcome.noun,
                "subject_id": outcome.subject_id,
                "event_id": work.event_id,
                "recorded_at": unit.moment.now,
            }
            for outcome in work.outcomes
            for raw in outcome.raws
        ]
        await insert(await driver(unit.session), "import_rows", records)

    def _account(self, work: Work) -> None:
        summary = self._summary
        for outcome in work.outcomes:
            summary.accepted += len(outcome.raws)
            summary.changes[outcome.change] += 1
        summary.counts += work.counts
        room = SHOWN_DIFFERENCES - len(summary.differences)
        summary.differences += work.differences[:room]
        self._progress(summary.accepted + summary.unchanged + summary.refused)

    async def _complete(self) -> None:
        """The run's own row and event, once all of its batches are in."""
        summary = self._summary
        numbers = {
            "rows": summary.rows,
            "accepted": summary.accepted,
            "unchanged": summary.unchanged,
            "refused": summary.refused,
        }
        manifest = {
            "kind": summary.kind,
            "file": summary.file,
            "file_sha256": self._source.sha256,
            "batches": self._batches,
            **numbers,
            "changes": summary.changes,
            "codes": summary.codes,
            "counts": summary.counts,
        }
        async with self._units.write() as unit:
            event_id = new_id()
            await self._record(unit, "import.completed", manifest, event_id, ())
            record = {
                "id": self._id,
                "kind": summary.kind,
                "file_name": summary.file,
                "file_sha256": self._source.sha256,
                **numbers,
                "status": ImportStatus.completed,
                "lines_done": summary.rows,
                "manifest": manifest,
                "event_id": event_id,
                "recorded_at": unit.moment.now,
                "finished_at": unit.moment.now,
            }
            await insert(await driver(unit.session), "imports", [record])
        summary.import_id = self._id

    async def _record(
        self,
        unit: Unit,
        event_type: str,
        manifest: Record,
        event_id: uuid.UUID,
        facts: Sequence[events.NewFact],
    ) -> None:
        event = events.NewEvent(
            type=event_type,
            noun="import",
            subject_id=self._id,
            stream=NATIONAL,
            payload=manifest,
            facts=facts,
            id=event_id,
        )
        actor = system_actor("import")
        await events.record(unit.session, actor=actor, moment=unit.moment, events=[event])


_PLANS: dict[ImportKind, Callable[[AsyncSession, Work, Any], Any]] = {
    ImportKind.parties: parties.plan,
    ImportKind.patents: rights.plan,
    ImportKind.trademarks: rights.plan,
    ImportKind.recordals: recordals.plan,
}


def _parse(kind: ImportKind, raw: RawRow, source: Source, today: date) -> object:
    raw.check(source)
    row: Row = raw.values
    match kind:
        case ImportKind.parties:
            return party_row(row)
        case ImportKind.patents:
            return patent_row(row, today=today)
        case ImportKind.trademarks:
            return trademark_row(row, today=today)
        case ImportKind.recordals:
            return recordal_row(row, today=today)


def _chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
