"""CSV documents read whole: each line with its cells by column."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence

from app.domain import imports as rules
from app.services.imports.rows import ENCODINGS


def rows_of(
    content: bytes, name: str, required: Sequence[str], *, column: Callable[[str], str] = str.strip
) -> Iterator[tuple[int, Sequence[str], dict[str, str]]]:
    """Line, cells, and the cells by column, as many columns as the header has; empty lines are no rows.

    `column` gives the name of a column from what the header has. Raises, at `/document_id`:
    `import.encoding`, `import.csv_broken`, `import.columns_missing`, `import.column_twice`.
    """
    reader = csv.reader(io.StringIO(_text(content, name), newline=""), strict=True)
    try:
        header = [column(cell) for cell in next(reader, [])]
        _check_header(header, name, required)
        line = reader.line_num + 1
        for cells in reader:
            if cells:
                yield line, cells, dict.fromkeys(header, "") | dict(zip(header, cells, strict=False))
            line = reader.line_num + 1
    except csv.Error as error:
        raise rules.CSV_BROKEN.error("/document_id", file=name, line=reader.line_num, reason=error) from error


def _check_header(header: Sequence[str], name: str, required: Sequence[str]) -> None:
    missing = [column for column in required if column not in header]
    if missing:
        raise rules.COLUMNS_MISSING.error("/document_id", file=name, columns=", ".join(missing))
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise rules.COLUMN_TWICE.error("/document_id", file=name, columns=", ".join(twice))


def _text(content: bytes, name: str) -> str:
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:  # the next encoding; none fits: the refusal below
            continue
    raise rules.ENCODING.error("/document_id", file=name)
