"""Writes a pool's books to a file: tables for people (CSV, XLSX), or text for hledger and beancount."""

from __future__ import annotations

import asyncio
import csv
import io
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, TYPE_CHECKING
from zoneinfo import ZoneInfo

import xlsxwriter

from app.domain import ledger_export_text as text
from app.domain.ledger_export import Books, ExportFormat, amount, cell, harmless

if TYPE_CHECKING:
    from xlsxwriter.format import Format

MEDIA_TYPES = {
    ExportFormat.csv: "application/zip",
    ExportFormat.xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.hledger: "text/plain; charset=utf-8",
    ExportFormat.beancount: "text/plain; charset=utf-8",
}
SUFFIXES = {
    ExportFormat.csv: "zip",
    ExportFormat.xlsx: "xlsx",
    ExportFormat.hledger: "journal",
    ExportFormat.beancount: "beancount",
}


@dataclass(frozen=True, slots=True)
class Fen:
    """Money in a table."""

    fen: int


Value = str | int | Fen | date | datetime | None
Row = Sequence[Value]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the books: file name, sheet name, headings, rows."""

    file: str
    sheet: str
    headings: Sequence[str]
    rows: Callable[[], AsyncIterator[Row]]


async def write(books: Books, wanted: ExportFormat, file: IO[bytes]) -> None:
    """Write the whole books; `file` is empty and can be read back."""
    match wanted:
        case ExportFormat.csv:
            await _write_csv(books, file)
        case ExportFormat.xlsx:
            await _write_xlsx(books, file)
        case ExportFormat.hledger:
            await _write_text(text.hledger(books), file)
        case ExportFormat.beancount:
            await _write_text(text.beancount(books), file)


def tables(books: Books) -> list[Table]:
    """Cover, trial balance, journals and statements."""
    codes = {one.id: one.code for one in books.head.accounts}
    totals = (
        "借方已记账 debits posted",
        "贷方已记账 credits posted",
        "借方待定 debits pending",
        "贷方待定 credits pending",
    )

    async def cover() -> AsyncIterator[Row]:
        head = books.head
        yield "资金池 pool", head.pool_number
        yield "名称 name", head.pool_name
        yield "币种 currency", head.currency
        yield "业务日期 business date", head.taken_on
        yield "导出时间 taken at", head.taken_at
        yield "导出人 taken by", head.taken_by
        yield "封存序号 last seal", head.seal

    async def trial_balance() -> AsyncIterator[Row]:
        sums = [0, 0, 0, 0]
        for one in books.head.accounts:
            fen = (one.debits_posted, one.credits_posted, one.debits_pending, one.credits_pending)
            sums = [total + more for total, more in zip(sums, fen, strict=True)]
            memo = "是 yes" if one.memo else ""
            yield one.code, one.name, one.normal_side, memo, one.version, *map(Fen, fen)
        yield "合计 total", None, None, None, None, *map(Fen, sums)

    async def journals() -> AsyncIterator[Row]:
        async for one in books.journals():
            yield (
                one.booked_on,
                one.occurred_on,
                one.corrects_on,
                str(one.posting_id),
                str(one.id),
                one.kind,
                codes[one.debit_account_id],
                codes[one.credit_account_id],
                Fen(one.amount_fen),
                one.code,
                one.narrative,
                f"{one.business_noun} {one.business_id}",
                _id(one.resolves_id),
                _id(one.reverses_id),
                str(one.event_id),
                one.recorded_at,
            )

    async def statements() -> AsyncIterator[Row]:
        async for one in books.lines():
            fen = (one.debits_posted, one.credits_posted, one.debits_pending, one.credits_pending)
            yield (
                one.account_code,
                one.account_version,
                one.booked_on,
                one.occurred_on,
                str(one.transfer_id),
                one.side,
                one.kind,
                one.code,
                one.narrative,
                Fen(one.amount_fen),
                Fen(one.posted_fen),
                *map(Fen, fen),
                one.recorded_at,
            )

    return [
        Table("cover.csv", "说明", ("项目 item", "内容 value"), cover),
        Table(
            "trial_balance.csv",
            "试算平衡",
            (
                "科目代码 code",
                "名称 name",
                "余额方向 normal side",
                "备查 memo",
                "版本 version",
                *totals,
            ),
            trial_balance,
        ),
        Table(
            "journals.csv",
            "日记账",
            (
                "记账日期 booked on",
                "生效日期 occurred on",
                "更正日期 corrects on",
                "凭证 posting",
                "转账 transfer",
                "类别 kind",
                "借方科目 debit",
                "贷方科目 credit",
                "金额 amount",
                "摘要代码 code",
                "摘要 narrative",
                "业务 business",
                "了结 resolves",
                "冲销 reverses",
                "事件 event",
                "记录时间 recorded at",
            ),
            journals,
        ),
        Table(
            "statements.csv",
            "对账单",
            (
                "科目代码 account",
                "版本 version",
                "记账日期 booked on",
                "生效日期 occurred on",
                "转账 transfer",
                "方向 side",
                "类别 kind",
                "摘要代码 code",
                "摘要 narrative",
                "金额 amount",
                "已记账 posted",
                *totals,
                "记录时间 recorded at",
            ),
            statements,
        ),
    ]


def _id(value: object) -> str | None:
    return None if value is None else str(value)


_ZONE = ZoneInfo("Asia/Shanghai")


async def _write_csv(books: Books, file: IO[bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as folder:
        for table in tables(books):
            with (
                folder.open(table.file, "w", force_zip64=True) as entry,
                # With a byte order mark, which makes spreadsheets read UTF-8.
                io.TextIOWrapper(entry, encoding="utf-8-sig", newline="") as lines,
            ):
                rows = csv.writer(lines)
                rows.writerow(table.headings)
                async for row in table.rows():
                    rows.writerow([_written(value) for value in row])


def _written(value: Value) -> str:
    match value:
        case None:
            return ""
        case Fen(fen):
            return amount(fen)
        case datetime():
            return value.astimezone(_ZONE).isoformat()
        case str():
            return harmless(cell(value))
        case _:
            return str(value)


LAST_ROW = 1_048_575
"""Of a sheet, counted from nought."""
PAUSE_EVERY = 20
"""Rows of a sheet, which take long to write, after which others get their turn."""
EXACT_FEN = 10**15
"""Spreadsheets keep fifteen digits: larger amounts are written as text."""


async def _write_xlsx(books: Books, file: IO[bytes]) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    workbook = xlsxwriter.Workbook(file, options)
    workbook.set_properties({"title": books.head.pool_number, "comments": books.head.taken_by})
    styles = _Styles(
        heading=workbook.add_format({"bold": True, "bg_color": "#E8EEF4", "text_wrap": True}),
        money=workbook.add_format({"num_format": "#,##0.00"}),
        day=workbook.add_format({"num_format": "yyyy-mm-dd"}),
    )
    try:
        for table in tables(books):
            await _write_sheets(workbook, table, styles)
    finally:
        # Puts the sheets together from its temporary files: long work without a pause.
        await asyncio.to_thread(workbook.close)


@dataclass(frozen=True, slots=True)
class _Styles:
    heading: Format
    money: Format
    day: Format


async def _write_sheets(workbook: xlsxwriter.Workbook, table: Table, styles: _Styles) -> None:
    """One sheet, or as many as the rows need."""
    sheet, number, at = _sheet(workbook, table, 1, styles), 1, 0
    async for row in table.rows():
        if at == LAST_ROW:
            number += 1
            sheet, at = _sheet(workbook, table, number, styles), 0
        at += 1
        if at % PAUSE_EVERY == 0:
            await asyncio.sleep(0)
        for column, value in enumerate(row):
            _put(sheet, at, column, value, styles)


def _sheet(
    workbook: xlsxwriter.Workbook, table: Table, number: int, styles: _Styles
) -> xlsxwriter.worksheet.Worksheet:
    sheet = workbook.add_worksheet(table.sheet if number == 1 else f"{table.sheet} {number}")
    sheet.set_column(0, len(table.headings) - 1, 18)
    sheet.freeze_panes(1, 0)
    for column, heading in enumerate(table.headings):
        sheet.write_string(0, column, heading, styles.heading)
    return sheet


def _put(sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: Value, styles: _Styles) -> None:
    match value:
        case None:
            return
        case Fen(fen) if abs(fen) < EXACT_FEN:
            sheet.write_number(row, column, Decimal(fen).scaleb(-2), styles.money)
        case Fen(fen):
            sheet.write_string(row, column, amount(fen))
        case datetime():
            sheet.write_string(row, column, value.astimezone(_ZONE).isoformat())
        case date():
            sheet.write_datetime(row, column, value, styles.day)
        case int():
            sheet.write_number(row, column, value)
        case str():
            sheet.write_string(row, column, cell(value))


BUFFERED = 1 << 16


async def _write_text(parts: AsyncIterator[str], file: IO[bytes]) -> None:
    held: list[str] = []
    size = 0
    async for part in parts:
        held.append(part)
        size += len(part)
        if size >= BUFFERED:
            file.write("".join(held).encode())
            held, size = [], 0
    file.write("".join(held).encode())
