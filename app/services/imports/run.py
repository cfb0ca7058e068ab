"""A run: a file checked as a whole, then taken batch by batch, each batch one transaction."""

from __future__ import annotations

import gc
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from app.domain.identifiers import new_ids
from app.domain.imports import REPORT_TAKEN, UNDER_WAY, ImportKind
from app.queries.driver import driver
from app.services.imports import legal_events, parties, recordals, records, reports, rights
from app.services.imports.reading import Ahead, Batch, batches, few_collections
from app.services.imports.rows import Source, open_source
from app.services.imports.work import Entry, Record, Work, copy

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment

BATCH = 5_000
COLLECTED = 16
"""Batches after which cycles are looked for: rows make none."""
SHOWN_DIFFERENCES = 1_000
"""How many differences a summary and a manifest carry; the file of differences has all."""

_LOCK = "SELECT set_config('lock_timeout', '60s', true), pg_advisory_xact_lock(7120113)"
"""Batches of two runs take turns, so that one sees what the other has taken."""

_TAKEN = "SELECT row_sha256, event_id, recorded_at FROM import_rows WHERE kind = $1 AND row_sha256 = ANY($2)"
_ROW_COLUMNS = (
    *("id", "kind", "row_sha256", "line", "raw", "noun", "subject_id", "event_id", "recorded_at"),
)

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

    async def check_constraints(self, session: AsyncSession) -> None:
        """Let every deferred constraint speak now."""


@dataclass(slots=True)
class Summary:
    """What became of a file. `import_id` is None when the run changed nothing.

    `changes` counts the accepted rows by what they did, `codes` the refused ones by reason (a row with
    several counts under each), `counts` what an import of recorded documents did, `differing` the
    differences by field. `resumed` rows were done by runs that were cut off; where `errors_lost` holds,
    the refused ones among them are counted but no longer in the file of errors.
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
    differing: Counter[str] = field(default_factory=Counter)
    differences: list[Record] = field(default_factory=list)
    import_id: uuid.UUID | None = None
    errors: Path | None = None
    resumed: int = 0
    errors_lost: bool = False

    @property
    def done(self) -> int:
        """Rows that were taken or refused."""
        return self.accepted + self.unchanged + self.refused


@dataclass(frozen=True, slots=True)
class _Options:
    errors: Path
    differences: Path | None
    batch: int
    dry_run: bool


async def run(
    units: Units,
    kind: ImportKind,
    path: Path,
    *,
    errors: Path | None = None,
    differences: Path | None = None,
    progress: Progress | None = None,
    batch: int = BATCH,
    dry_run: bool = False,
) -> Summary:
    """Import a file. A row that has been imported before changes nothing.

    Refused rows go to `errors`, `<FILE>.errors.csv` unless given; what the file says otherwise than the
    register did goes to `differences`, if given. A run over the same file that was cut off is gone on with
    where it stopped. `progress` is told how many rows are done. `dry_run`: everything is judged and compared
    in one transaction that is undone; it locks what it compares until its end.

    Raises, before anything is taken: `import.encoding`, `import.csv_broken`, `import.columns_missing`,
    `import.column_twice`, `import.report_taken`; and `import.under_way` when another process imports the
    same file.
    """
    source = open_source(path, kind)
    summary = Summary(kind, path.name, source.rows)
    errors = errors or path.with_name(path.name + ".errors.csv")
    _check_places(path, errors, differences)
    options = _Options(errors, differences, batch, dry_run)
    if dry_run:
        async with _undone(units) as trial:
            await _take_file(trial, source, summary, options, progress)
        summary.import_id = None
    else:
        await _take_file(units, source, summary, options, progress)
    return summary


def _check_places(path: Path, errors: Path, differences: Path | None) -> None:
    """A report is put in the place of a file of its name: that must not be the imported one."""
    taken = [path.resolve()]
    for report in (errors, differences):
        if report is not None:
            if report.resolve() in taken:
                raise REPORT_TAKEN.error(file=report.name)
            taken.append(report.resolve())


async def _take_file(
    units: Units, source: Source, summary: Summary, options: _Options, progress: Progress | None
) -> None:
    async with units.write() as unit:
        state = await records.resume(await driver(unit.session), source, summary) or records.State.new()
    part = ".dry-run.part" if options.dry_run else ".part"
    with ExitStack() as files:
        files.enter_context(few_collections())
        refused = files.enter_context(
            reports.errors_report(options.errors, source, resume_at=state.errors_at, part=part)
        )
        differing = None
        if options.differences is not None:
            differing = files.enter_context(
                reports.differences_report(options.differences, resume_at=state.differences_at, part=part)
            )
        summary.errors_lost = bool(summary.refused) and not refused.resumed
        importing = _Run(units, source, summary, state, _Reports(refused, differing), progress)
        await importing.take(options.batch)
        summary.errors = refused.path


class _Undone(Exception):  # noqa: N818 - no error: it ends a transaction that is not to be kept
    pass


@asynccontextmanager
async def _undone(units: Units) -> AsyncIterator[Units]:
    """Units of work that all belong to one transaction, of which nothing is kept."""
    try:
        async with units.write() as unit:
            yield _Trial(units, unit)
            raise _Undone  # noqa: TRY301 - the way out of a unit that is not to be committed
    except _Undone:
        pass


@dataclass(frozen=True, slots=True)
class _Trial:
    """One open transaction given out again and again; constraints speak at the end of each unit."""

    units: Units
    unit: Unit

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Unit]:
        yield self.unit
        await self.check_constraints(self.unit.session)
        await (await driver(self.unit.session)).execute("SET CONSTRAINTS ALL DEFERRED")

    async def check_constraints(self, session: AsyncSession) -> None:
        await self.units.check_constraints(session)


@dataclass(frozen=True, slots=True)
class _Reports:
    """The files beside the register."""

    errors: reports.Report
    differences: reports.Report | None


@dataclass(slots=True)
class _Run:
    """One run over one file."""

    _units: Units
    _source: Source
    _summary: Summary
    _state: records.State
    _reports: _Reports
    _progress: Progress | None

    async def take(self, batch: int) -> None:
        async with self._units.write() as unit:
            today = unit.moment.today
        if self._summary.kind is ImportKind.recordals:
            await self._take_recordals(batch, today)
        else:
            with Ahead(self._source, batch, today, after=self._summary.done) as ahead:
                while (read := await ahead.next()) is not None:
                    await self._take(read, meanwhile=ahead.start)
        if self._state.begun:
            async with self._units.write() as unit:
                await records.complete(unit.session, unit.moment, self._state, self._source, self._summary)

    async def _take_recordals(self, size: int, today: date) -> None:
        """Documents take effect in the order of their days, so the whole file is read before the first."""
        head = Batch()
        entries: list[Entry[Any]] = []
        for read in batches(self._source, size, today):
            async with self._units.write() as unit:
                fresh, unchanged = await self._untaken(
                    await driver(unit.session), read.entries, as_begun=True
                )
            entries += fresh
            head.unchanged += unchanged
            head.refusals += read.refusals
        async with self._units.write() as unit:
            prepared = await recordals.prepare(unit.session, entries)
        head.refusals += prepared.refusals
        head.counts["numbers_unplaced"] = prepared.unplaced
        skipped = self._summary.done
        if not skipped:
            await self._take(head)
        else:
            skipped -= head.unchanged + sum(len(raws) for raws, _ in head.refusals)
        for group in _chunks(_behind(prepared.entries, skipped), size):
            await self._take(Batch(group))

    async def _untaken(
        self,
        connection: asyncpg.Connection[asyncpg.Record],
        entries: Sequence[Entry[Any]],
        *,
        as_begun: bool = False,
    ) -> tuple[list[Entry[Any]], int]:
        """The entries with rows that were not imported before, in this file or another; how many rows were.

        `as_begun`: as it was when the run began, whatever it and others have taken since. A resumed import
        of documents reads them all again, and leaves out as many of the first as are done.
        """
        hashes = [raw.sha256 for entry in entries for raw in entry.raws]
        found = await connection.fetch(_TAKEN, self._summary.kind.value, hashes)
        own, since = self._state.event_id, self._state.taken_up
        taken = {
            row["row_sha256"]
            for row in found
            if not as_begun or (row["event_id"] != own and (since is None or row["recorded_at"] < since))
        }
        fresh = []
        for entry in entries:
            raws = []
            for raw in entry.raws:
                if raw.sha256 not in taken:
                    taken.add(raw.sha256)
                    raws.append(raw)
            if len(raws) == len(entry.raws):
                fresh.append(entry)
            elif raws:
                fresh.append(Entry(entry.row, raws))
        return fresh, len(hashes) - sum(len(entry.raws) for entry in fresh)

    async def _take(self, batch: Batch, *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """One batch in one transaction: all of its accepted rows or, when it fails, none.

        `meanwhile` is called when what is left to do is the database's.
        """
        async with self._units.write() as unit:
            connection = await driver(unit.session)
            await connection.execute(_LOCK)
            if not await records.undisturbed(connection, self._state, self._source, self._summary):
                raise UNDER_WAY.error(file=self._source.path.name)
            fresh, unchanged = await self._untaken(connection, batch.entries)
            work = Work(self._state.event_id, unit.moment)
            if fresh:
                await _PLANS[self._summary.kind](unit.session, work, fresh)
            meanwhile()
            self._account(batch, work, unchanged)
            if work.outcomes or self._state.begun:
                await self._keep(unit, work)
        if self._state.batches % COLLECTED == 0:
            gc.collect(1)
        if self._progress is not None:
            self._progress(self._summary.done)

    def _account(self, batch: Batch, work: Work, unchanged: int) -> None:
        summary = self._summary
        summary.unchanged += unchanged + batch.unchanged
        for raws, refused in (*batch.refusals, *work.refusals):
            for raw in raws:
                reports.add_refused(self._reports.errors, self._source, raw, refused)
                summary.refused += 1
                summary.codes.update({violation.code.code for violation in refused.violations})
        for outcome in work.outcomes:
            summary.accepted += len(outcome.raws)
            summary.changes[outcome.change] += 1
        summary.counts += work.counts + batch.counts
        summary.differing.update(f"{one['noun']}.{one['field']}" for one in work.differences)
        room = SHOWN_DIFFERENCES - len(summary.differences)
        summary.differences += work.differences[:room]
        if self._reports.differences is not None:
            for difference in work.differences:
                reports.add_difference(self._reports.differences, difference)

    async def _keep(self, unit: Unit, work: Work) -> None:
        """Write the batch with what the run has done so far: both or neither."""
        state = self._state
        state.errors_at = self._reports.errors.keep()
        state.differences_at = (
            self._reports.differences.keep() if self._reports.differences is not None else 0
        )
        connection = await driver(unit.session)
        await records.save(connection, unit.moment, state, self._source, self._summary)
        await work.write(unit.session)
        kind, event_id, now = self._summary.kind.value, work.event_id, unit.moment.now
        ids = iter(new_ids(sum(len(outcome.raws) for outcome in work.outcomes)))
        rows = [
            (next(ids), kind, raw.sha256, raw.line, raw.raw, outcome.noun, outcome.subject_id, event_id, now)
            for outcome in work.outcomes
            for raw in outcome.raws
        ]
        await copy(connection, "import_rows", _ROW_COLUMNS, rows)


_PLANS: dict[ImportKind, Callable[[AsyncSession, Work, Any], Any]] = {
    ImportKind.parties: parties.plan,
    ImportKind.patents: rights.plan,
    ImportKind.trademarks: rights.plan,
    ImportKind.recordals: recordals.plan,
    ImportKind.legal_events: legal_events.plan,
}


def _behind(entries: Iterable[Entry[Any]], rows: int) -> Iterator[Entry[Any]]:
    """The entries behind the first ones that have so many rows."""
    for entry in entries:
        if rows > 0:
            rows -= len(entry.raws)
        else:
            yield entry


def _chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
