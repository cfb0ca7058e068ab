"""The files an import writes beside the register: refused rows, and differences."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from app.domain import imports as rules
from app.domain.errors import DomainError
from app.domain.imports import DIFFERENCE_COLUMNS, ERROR_COLUMNS
from app.services.imports.rows import RawRow, Source, harmless

if TYPE_CHECKING:
    from types import TracebackType


class Report:
    """A CSV written under a temporary name and put in place when the run is over.

    A run that is cut off leaves the temporary file; the run that takes it up goes on in it at the place
    that the last batch has kept (`resume_at`), so that nothing is missing and nothing is there twice. A
    report with no rows leaves no file and removes one of an earlier run. Raises OSError at once where
    nothing can be written.
    """

    def __init__(self, path: Path, header: Sequence[str], *, resume_at: int, part: str) -> None:
        self._path = path
        self._part = path.with_name(f"{path.name}{part}")
        self.resumed = bool(resume_at) and self._part.exists() and self._part.stat().st_size >= resume_at
        if self.resumed:
            os.truncate(self._part, resume_at)
        self._file = (
            self._part.open("a", encoding="utf-8", newline="")
            if self.resumed
            else self._part.open("w", encoding="utf-8-sig", newline="")
        )
        self._writer = csv.writer(self._file)
        if not self.resumed:
            self._writer.writerow(header)
        self._filled = self.resumed and _rows(self._part) > 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if kind is not None:
            return
        if self._filled:
            self._part.replace(self._path)
        else:
            self._part.unlink()
            self._path.unlink(missing_ok=True)

    @property
    def path(self) -> Path | None:
        """Where the rows are once the run is over; None without any."""
        return self._path if self._filled else None

    def add(self, cells: Iterable[str]) -> None:
        """Write a row that computes nothing in a spreadsheet."""
        self._filled = True
        self._writer.writerow([harmless(cell) for cell in cells])

    def keep(self) -> int:
        """Bring everything to the disk; the place behind it."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return os.fstat(self._file.fileno()).st_size


def _rows(path: Path) -> int:
    """Two if the file has a row behind its header."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return sum(1 for _ in zip(csv.reader(file), range(2), strict=False))


def errors_report(path: Path, source: Source, *, resume_at: int, part: str) -> Report:
    """The file of refused rows, to be mended and imported again."""
    return Report(path, [*source.columns, *ERROR_COLUMNS], resume_at=resume_at, part=part)


def add_refused(report: Report, source: Source, row: RawRow, refused: DomainError) -> None:
    """A refused row: its own cells, then line, columns, codes and words."""
    cells = list(row.cells)
    if row.too_long:
        cells = ["…", *[""] * (len(source.columns) - 1)]
    elif row.fits(source):
        cells = [row.values[name] for name in source.columns]
    report.add([*cells, str(row.line), *rules.messages(source.kind, refused)])


def differences_report(path: Path, *, resume_at: int, part: str) -> Report:
    """The file of what an import says otherwise than the register did."""
    return Report(path, DIFFERENCE_COLUMNS, resume_at=resume_at, part=part)


def add_difference(report: Report, difference: dict[str, str | None]) -> None:
    """One difference."""
    report.add([difference[name] or "" for name in DIFFERENCE_COLUMNS])
