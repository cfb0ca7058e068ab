"""Exports of a pool's books: read back by other programs, which come to the same balances to the fen."""

from __future__ import annotations

import csv
import io
import uuid
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from beancount.core.data import Transaction
from sqlalchemy import text

from app.domain.clock import Moment
from app.domain.ledger import Side, TransferKind
from app.domain.ledger_export import harmless
from app.models.pool import Pool
from app.services import ledger, pools
from tests.factories.claims import TODAY, make_claim, make_cover, money, pay
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.plain_text import (
    HLEDGER,
    asserted,
    expected,
    exported,
    hledger_balances,
    loaded,
    run_hledger,
    summed,
)

NASTY = '=1+1; "引号" | (括号) \\ 资产:负债, \u0007\n第二行  * !'
"""What a keeper may write: a formula, comment signs, quotes, separators, a line break."""
SHOWN = NASTY.replace("\u0007", " ")
LARGE = "15000000000000.01"
"""More fen than a spreadsheet has digits for."""


@pytest.fixture
async def pool(api: Api, database: SavepointDatabase) -> dict[str, Any]:
    """A pool with money, a commitment, a payout, a recovery, something pending, and unfriendly names."""
    made, pledge = await make_cover(api, database)
    claim = await pay(api, await make_claim(api, pledge))
    received = {"source": "debtor", "gross": money("100000.01"), "occurred_on": str(TODAY)}
    await api.made("bank_a", f"/v1/claims/{claim['id']}/recoveries", received)
    async with database.write() as unit:
        book = await unit.session.get_one(Pool, uuid.UUID(made["id"]))
        new = [
            ledger.NewAccount("side_a.x", "=HYPERLINK(示例)", Side.debit),
            ledger.NewAccount("sidea.x", "：；，", Side.debit),
            ledger.NewAccount("side_a", "（）示例  A\n", Side.credit),
            ledger.NewAccount("_", "备查", Side.credit, memo=True),
        ]
        opened = await ledger.open_accounts(
            unit.session, moment=unit.moment, book=pools.book(book), accounts=new
        )
        by_code = {one.code: one for one in opened}

        def transfer(fen: int, **changes: Any) -> ledger.NewTransfer:
            given = (by_code["side_a.x"].id, by_code["side_a"].id, fen, NASTY, "pool", book.id)
            return ledger.NewTransfer(*given, narrative=NASTY, **changes)

        held = transfer(70_000, kind=TransferKind.pending, occurred_on=date(2020, 2, 1))
        for day, transfers in (
            (date(2020, 2, 1), [held, transfer(3, occurred_on=date(2019, 12, 31))]),
            (date(2020, 3, 1), [transfer(1_500_000_000_000_001), transfer(1, kind=TransferKind.pending)]),
            (date(2020, 4, 1), [transfer(69_999, kind=TransferKind.post, resolves_id=held.id)]),
        ):
            await ledger.post(
                unit.session,
                moment=Moment(unit.moment.now, day),
                book=pools.book(book),
                transfers=transfers,
                event_id=book.event_id,
            )
    return made


async def test_beancount_checks_the_books_and_comes_to_our_balances(api: Api, pool: dict[str, Any]) -> None:
    """POL-24: no fault, every account asserted, the sums of its postings are the API's balances."""
    entries, faults = loaded((await exported(api, pool, "beancount")).decode())
    assert faults == []
    wanted, sums = await expected(api, pool), summed(entries)
    assert {name: sums.get(name, Decimal(0)) for name in wanted} == wanted
    assert sums.keys() <= wanted.keys()
    assert asserted(entries) == wanted
    (booked_late,) = [
        one for one in entries if isinstance(one, Transaction) and one.date == date(2019, 12, 31)
    ]
    assert booked_late.meta["booked"] == "2020-02-01"
    assert str(booked_late.narration).startswith('=1+1; "引号" | (括号) \\ 资产')


async def test_beancount_finds_a_fen_that_is_missing(api: Api, pool: dict[str, Any]) -> None:
    """POL-24: the balances at the end prove the transfers before them, to the fen."""
    source = (await exported(api, pool, "beancount")).decode()
    assert source.count(f"  {LARGE} CNY") == 1
    _, faults = loaded(source.replace(f"{LARGE} CNY\n    ", f"{LARGE[:-1]}2 CNY\n    "))
    assert any("Balance failed" in fault for fault in faults)


@pytest.mark.skipif(HLEDGER is None, reason="hledger is not installed; beancount checks the same books")
async def test_hledger_checks_the_books_and_comes_to_our_balances(
    api: Api, pool: dict[str, Any], tmp_path: Path
) -> None:
    """POL-24: `hledger check --strict` passes, and its balances are the API's."""
    file = tmp_path / "books.journal"
    file.write_bytes(await exported(api, pool, "hledger"))
    checked = run_hledger(file, "check", "--strict", "ordereddates")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert hledger_balances(file) == await expected(api, pool)
    found = hledger_balances(file, "--end", "2020-01-01")
    assert {name: fen for name, fen in found.items() if "Sidea" in name and fen} == {
        "Assets:Sidea:X-HYPERLINK-示例": Decimal("0.03"),
        "Liabilities:Sidea-示例-A": Decimal("-0.03"),
    }
    file.write_text(file.read_text().replace(f"{LARGE} CNY  ;", f"{LARGE[:-1]}2 CNY  ;"))
    wrong = run_hledger(file, "check")
    assert (wrong.returncode, "balance assertion" in wrong.stderr.lower()) == (1, True), wrong.stderr


async def test_tables_open_in_spreadsheets_and_hold_no_formulas(api: Api, pool: dict[str, Any]) -> None:
    """POL-24: CSV with a byte order mark and harmless cells; XLSX with dates and exact numbers."""
    accounts = (await api.get("auditor", f"/v1/pools/{pool['id']}/accounts")).json()
    with zipfile.ZipFile(io.BytesIO(await exported(api, pool, "csv"))) as folder:
        assert folder.namelist() == ["cover.csv", "trial_balance.csv", "journals.csv", "statements.csv"]
        read = {name: folder.read(name).decode("utf-8") for name in folder.namelist()}
    assert all(content.startswith("\ufeff") for content in read.values())
    tables = {name: list(csv.reader(io.StringIO(content[1:], newline=""))) for name, content in read.items()}
    cells = [cell for rows in tables.values() for row in rows for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t"))]
    assert "'" + SHOWN in cells
    trial = tables["trial_balance.csv"]
    assert [(row[0], row[5], row[6]) for row in trial[1:-1]] == [
        (one["code"], one["debits_posted"]["amount"], one["credits_posted"]["amount"]) for one in accounts
    ]
    assert (trial[-1][5], trial[-1][7]) == (trial[-1][6], trial[-1][8])
    versions = sum(one["version"] for one in accounts)
    assert len(tables["statements.csv"]) == 1 + versions == 1 + 2 * (len(tables["journals.csv"]) - 1)

    book = openpyxl.load_workbook(io.BytesIO(await exported(api, pool, "xlsx")))
    assert book.sheetnames == ["说明", "试算平衡", "日记账", "对账单"]
    sheet = [list(row) for row in book["试算平衡"].iter_rows(values_only=True)]
    assert [[row[0], *map(cents, row[5:9])] for row in sheet[1:]] == [
        [row[0], *(int(amount.replace(".", "")) for amount in row[5:9])] for row in trial[1:]
    ]
    assert {type(fen) for row in sheet[1:] for fen in row[5:9] if cents(fen) >= 10**15} == {str}
    journal = list(book["日记账"].iter_rows(min_row=2))
    assert all(row[0].is_date and row[9].data_type == "s" for row in journal)
    assert SHOWN in {row[9].value for row in journal}


def cents(value: Any) -> int:
    return int(Decimal(str(value)) * 100)


@pytest.mark.parametrize("text", ["=1+1", " =1", "\n=1", "+1", "-1", "@x", "＝1+1", "＋1", "－1", "＠x"])
def test_what_a_spreadsheet_computes_is_marked_as_text(text: str) -> None:
    """POL-24: also the wide signs, and those behind blanks and line breaks."""
    assert harmless(text) == f"'{text}"
    assert harmless(f"示例{text}") == f"示例{text}"


async def test_an_export_is_put_on_record(
    api: Api, database: SavepointDatabase, pool: dict[str, Any]
) -> None:
    """SE-07: who took the books, in which form, sealed with everything else."""
    await exported(api, pool, "hledger")
    async with database.write() as unit:
        row = (
            await unit.session.execute(
                text(
                    "SELECT organisation_id, payload FROM events WHERE type = 'ledger.exported' AND subject_id = :id"
                ),
                {"id": pool["id"]},
            )
        ).one()
    assert row.organisation_id == api.actor("auditor").organisation_id
    assert row.payload["format"] == "hledger"
