"""Files of rows: read as a stream, and the file of refused rows written beside them."""

from __future__ import annotations

import codecs
import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from app.domain import imports as rules
from app.domain.errors import DomainError
from app.domain.imports import COLUMNS, ERROR_COLUMNS, ImportKind

if TYPE_CHECKING:
    from types import TracebackType

ENCODINGS = ("utf-8-sig", "gb18030")
"""UTF-8 with or without a byte order mark, else GB18030."""

LARGEST_CELL = 8 * 1024 * 1024
_BLOCK = 1 << 20
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as the file has it; `values` by column, without those an error file adds.

    `sha256` is of `raw`, the row's own columns as JSON in the order of their names: neither the order
    of columns nor what an error file has added makes it another row.
    """

    line: int
    cells: Sequence[str]
    values: Mapping[str, str]
    raw: str
    sha256: str

    def fits(self, source: Source) -> bool:
        """Whether the row has the header's width."""
        return len(self.cells) == len(source.header)

    def check(self, source: Source) -> None:
        """Raises `import.row_width` when the row does not fit."""
        if not self.fits(source):
            raise rules.ROW_WIDTH.error(cells=len(self.cells), columns=len(source.header))


@dataclass(frozen=True, slots=True)
class Source:
    """A file that can be read as a whole: encoding, syntax and header have been checked."""

    path: Path
    sha256: str
    encoding: str
    header: tuple[str, ...]
    rows: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The file's own columns, without those an error file adds."""
        return tuple(name for name in self.header if name not in ERROR_COLUMNS)

    def __iter__(self) -> Iterator[RawRow]:
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, strict=True)
            next(reader)
            line = reader.line_num + 1
            for cells in reader:
                if cells:
                    yield self._row(line, cells)
                line = reader.line_num + 1

    def _row(self, line: int, cells: Sequence[str]) -> RawRow:
        values = {
            name: cell for name, cell in zip(self.header, cells, strict=False) if name not in ERROR_COLUMNS
        }
        raw = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return RawRow(line, cells, values, raw, hashlib.sha256(raw.encode()).hexdigest())


def open_source(path: Path, kind: ImportKind) -> Source:
    """Check a file from end to end before anything of it is taken.

    Raises: `import.encoding`, `import.csv_broken`, `import.columns_missing`, `import.column_twice`.
    """
    csv.field_size_limit(LARGEST_CELL)
    digest, encoding = _scan(path)
    header, rows = _parse(path, encoding)
    missing = [name for name in COLUMNS[kind] if name not in header]
    if missing:
        raise rules.COLUMNS_MISSING.error(file=path.name, columns=", ".join(missing))
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise rules.COLUMN_TWICE.error(file=path.name, columns=", ".join(twice))
    return Source(path, digest, encoding, header, rows)


def _scan(path: Path) -> tuple[str, str]:
    """SHA-256 of the file and the first of `ENCODINGS` that reads all of it."""
    digest = hashlib.sha256()
    decoders = {name: codecs.getincrementaldecoder(name)() for name in ENCODINGS}
    with path.open("rb") as file:
        block = b"-"
        while block:
            block = file.read(_BLOCK)
            digest.update(block)
            for name, decoder in list(decoders.items()):
                try:
                    decoder.decode(block, final=not block)
                except UnicodeDecodeError:
                    del decoders[name]
    if not decoders:
        raise rules.ENCODING.error(file=path.name)
    return digest.hexdigest(), next(iter(decoders))


def _parse(path: Path, encoding: str) -> tuple[tuple[str, ...], int]:
    """The header and the number of rows; empty lines are no rows."""
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            header = tuple(name.strip() for name in next(reader, []))
            return header, sum(1 for cells in reader if cells)
        except csv.Error as error:
            raise rules.CSV_BROKEN.error(file=path.name, line=reader.line_num, reason=error) from error


class ErrorFile:
    """Refused rows with their reasons, to be mended and imported again.

    Written under a temporary name and put in place when the run is over; a run that refuses nothing
    leaves none and removes one of an earlier run over the same file. Raises OSError at once where
    nothing can be written.
    """

    def __init__(self, path: Path, source: Source) -> None:
        self._path = path
        self._source = source
        self._part = path.with_name(path.name + ".part")
        self._file = self._part.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow([*source.columns, *ERROR_COLUMNS])
        self._refused = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if self._refused:
            self._part.replace(self._path)
        else:
            self._part.unlink()
            if kind is None:
                self._path.unlink(missing_ok=True)

    def add(self, row: RawRow, refused: DomainError) -> None:
        """Write a refused row: its own cells untouched, then line, codes and words."""
        self._refused = True
        own = [row.values[name] for name in self._source.columns] if row.fits(self._source) else row.cells
        told = (str(row.line), *rules.messages(refused))
        self._writer.writerow([*own, *(_harmless(text) for text in told)])


def _harmless(text: str) -> str:
    """`text` such that a spreadsheet shows it and computes nothing."""
    return f"'{text}" if text.startswith(_FORMULA) else text
