"""Files of rows, read as a stream: encoding, header, lines, and each row with its hash."""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain import imports as rules
from app.domain.imports import COLUMNS, ERROR_COLUMNS, ImportKind

if TYPE_CHECKING:
    from typing import TextIO

ENCODINGS = ("utf-8-sig", "gb18030")
"""UTF-8 with or without a byte order mark, else GB18030."""

LARGEST_CELL = 8 * 1024 * 1024
LONGEST_LINE = 1024 * 1024
"""Characters of a line beyond which it is read over and its row refused."""

_BLOCK = 1 << 20
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


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
    too_long: bool = False

    def fits(self, source: Source) -> bool:
        """Whether the row has the header's width."""
        return len(self.cells) == len(source.header)

    def check(self, source: Source) -> None:
        """Raises `import.line_too_long`, `import.row_width` when the row is none of the header's."""
        if self.too_long:
            raise rules.LINE_TOO_LONG.error(limit=LONGEST_LINE)
        if not self.fits(source):
            raise rules.ROW_WIDTH.error(cells=len(self.cells), columns=len(source.header))


@dataclass(frozen=True, slots=True)
class Source:
    """A file that can be read as a whole: encoding, syntax and header have been checked."""

    path: Path
    kind: ImportKind
    sha256: str
    encoding: str
    header: tuple[str, ...]
    rows: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The file's own columns, without those an error file adds."""
        return tuple(name for name in self.header if name not in ERROR_COLUMNS)

    def after(self, done: int) -> Iterator[RawRow]:
        """The rows behind the first `done`."""
        csv.field_size_limit(LARGEST_CELL)
        with self.path.open(encoding=self.encoding, newline="") as file:
            lines = _Lines(file)
            reader = csv.reader(lines, strict=True)
            next(reader)
            raw_of = self._raw()
            lines.cut = False
            line = reader.line_num + 1
            for cells in reader:
                if cells:
                    if done:
                        done -= 1
                    else:
                        yield self._row(line, cells, raw_of, too_long=lines.cut)
                    lines.cut = False
                line = reader.line_num + 1

    def _raw(self) -> Callable[[Mapping[str, str]], str]:
        """How a row is kept: as JSON with its columns in the order of their names."""
        columns = [(name, f"{encode_basestring(name)}:") for name in sorted(self.columns)]

        def raw_of(values: Mapping[str, str]) -> str:
            found = [key + encode_basestring(values[name]) for name, key in columns if name in values]
            return "{" + ",".join(found) + "}"

        return raw_of

    def _row(
        self, line: int, cells: Sequence[str], raw_of: Callable[[Mapping[str, str]], str], *, too_long: bool
    ) -> RawRow:
        values = dict(zip(self.header, cells, strict=False))
        if ERROR_COLUMNS[0] in values:  # made by an import: take off what keeps spreadsheets from computing
            values = {
                name: cell[1:] if _ESCAPED.match(cell) else cell
                for name, cell in values.items()
                if name not in ERROR_COLUMNS
            }
        raw = raw_of(values)
        return RawRow(line, cells, values, raw, hashlib.sha256(raw.encode()).hexdigest(), too_long)


class _Lines:
    """The lines of a file. One that is too long is read over, block by block, and `cut` short.

    What is left of it keeps the quotes in balance, so that the lines behind it are read as they are.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._quoted = False
        self.cut = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        quoted = self._quoted
        if '"' in line:
            self._quoted ^= line.count('"') & 1 == 1
        if len(line) < LONGEST_LINE or line.endswith(("\n", "\r")):
            return line
        self.cut = True
        while part := self._file.readline(LONGEST_LINE):
            self._quoted ^= part.count('"') & 1 == 1
            if part.endswith(("\n", "\r")):
                break
        if quoted == self._quoted:
            return "…\n"
        return '…"\n' if quoted else '"…\n'


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
    return Source(path, kind, digest, encoding, header, rows)


def _scan(path: Path) -> tuple[str, str]:
    """SHA-256 of the file and the first of `ENCODINGS` that reads all of it."""
    for name in ENCODINGS:
        digest = hashlib.sha256()
        decoder = codecs.getincrementaldecoder(name)()
        block = b"-"
        try:
            with path.open("rb") as file:
                while block:
                    block = file.read(_BLOCK)
                    digest.update(block)
                    decoder.decode(block, final=not block)
        except UnicodeDecodeError:
            continue
        return digest.hexdigest(), name
    raise rules.ENCODING.error(file=path.name)


def _parse(path: Path, encoding: str) -> tuple[tuple[str, ...], int]:
    """The header and the number of rows; empty lines are no rows."""
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(_Lines(file), strict=True)
        try:
            header = tuple(name.strip() for name in next(reader, []))
            return header, sum(1 for cells in reader if cells)
        except csv.Error as error:
            raise rules.CSV_BROKEN.error(file=path.name, line=reader.line_num, reason=error) from error


def harmless(cell: str) -> str:
    """The cell such that a spreadsheet shows it and computes nothing; importing the file undoes it."""
    return f"'{cell}" if _FORMULA.match(cell) else cell
