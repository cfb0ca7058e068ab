"""Rows read and judged by themselves, ahead of what the register makes of them."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import islice
from typing import Any, Self

from app.domain.errors import DomainError
from app.domain.imports import ImportKind, party_row, patent_row, trademark_row
from app.domain.legal_event import legal_event_row
from app.domain.recordal_row import recordal_row
from app.services.imports.rows import RawRow, Source
from app.services.imports.work import Entry


@dataclass(slots=True)
class Batch:
    """Rows that were read: what they say, and those that say nothing that could be taken."""

    entries: Sequence[Entry[Any]] = ()
    refusals: list[tuple[Sequence[RawRow], DomainError]] = field(default_factory=list)
    unchanged: int = 0
    counts: Counter[str] = field(default_factory=Counter)


def batches(source: Source, size: int, today: date, *, after: int = 0) -> Iterator[Batch]:
    """The file in batches of so many rows, without its first ones."""
    rows = source.after(after)
    parse = _parser(source.kind, today)
    while raws := list(islice(rows, size)):
        yield _read(raws, source, parse)


def _read(raws: Iterable[RawRow], source: Source, parse: Callable[[Mapping[str, str]], object]) -> Batch:
    entries: list[Entry[Any]] = []
    batch = Batch(entries)
    for raw in raws:
        try:
            raw.check(source)
            entries.append(Entry(parse(raw.values), (raw,)))
        except DomainError as refused:
            batch.refusals.append(((raw,), refused.with_traceback(None)))
    return batch


def _parser(kind: ImportKind, today: date) -> Callable[[Mapping[str, str]], object]:
    """How a row of such a file is read."""
    match kind:
        case ImportKind.parties:
            return party_row
        case ImportKind.patents:
            return partial(patent_row, today=today)
        case ImportKind.trademarks:
            return partial(trademark_row, today=today)
        case ImportKind.recordals:
            return partial(recordal_row, today=today)
        case ImportKind.legal_events:
            return partial(legal_event_row, today=today)


@contextmanager
def few_collections() -> Iterator[None]:
    """Without the collector of cycles, which would go through all rows of a batch again and again.

    Rows make no cycles; what else there is is collected at the end, and by whoever calls `gc.collect`.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Ahead:
    """A file's batches, each read in a thread while the database is busy with the one before."""

    def __init__(self, source: Source, size: int, today: date, *, after: int) -> None:
        self._batches = batches(source, size, today, after=after)
        self._thread = ThreadPoolExecutor(1, "import")
        self._reading: asyncio.Future[Batch | None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def start(self) -> None:
        """Begin to read the next batch."""
        if self._reading is None:
            loop = asyncio.get_running_loop()
            self._reading = loop.run_in_executor(self._thread, next, self._batches, None)

    async def next(self) -> Batch | None:
        """The next batch; None behind the last."""
        self.start()
        assert self._reading is not None  # noqa: S101 - just started
        reading, self._reading = self._reading, None
        return await reading
