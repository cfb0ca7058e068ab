"""The short way into the register makes the same rows as the long one (AST-13)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.domain.clock import Moment
from app.domain.identifiers import new_id
from app.domain.imports import COLUMNS as CELLS, ImportKind, RightRow, patent_row, trademark_row
from app.services.imports import rights as long_way
from app.services.imports.newcomers import Newcomers
from app.services.imports.parties import Directory
from app.services.imports.register import Rights, number_keys
from app.services.imports.work import COLUMNS, Work

TODAY = date(2026, 3, 2)
IDS = {"id", "asset_id", "party_id"}


def _row(kind: ImportKind, **cells: str) -> RightRow:
    read = patent_row if kind is ImportKind.patents else trademark_row
    return read(dict.fromkeys(CELLS[kind], "") | cells, today=TODAY)


PATENT = {
    "application_no": "2014100261923",
    "title": "示例装置",
    "applicants": "示例甲公司；示例乙公司",
    "applicant_kind": "organisation",
    "ipc": "H01M 10/0525",
    "filing_date": "2014-01-20",
    "grant_date": "2016-05-04",
    "status_text": "授权",
}
MARK = {
    "register": "CN",
    "application_no": "12345678",
    "mark": "示例·智装",
    "nice_classes": "9;35",
    "goods_services": "9: 示例商品 || 35: 示例服务",
    "application_date": "2014-01-20",
    "status": "Opposition case pending",
}


@pytest.mark.parametrize(("kind", "cells"), [(ImportKind.patents, PATENT), (ImportKind.trademarks, MARK)])
def test_a_right_told_of_once_is_entered_as_any_other(kind: ImportKind, cells: dict[str, str]) -> None:
    row = _row(kind, **cells)
    work = Work(new_id(), Moment(datetime(2026, 3, 2, 3, tzinfo=UTC), TODAY))
    rights, directory = Rights(work), Directory(work, [])
    newcomers = Newcomers(work, rights, directory, [])
    right_id = newcomers.enter(row)
    short = {
        table: [dict(zip(COLUMNS[table], values, strict=True)) for values in rows]
        for table, rows in work.rows.items()
    }
    assert short["assets"][0]["id"] == right_id
    assert {one["asset_id"] for table in short if table != "assets" for one in short[table]} == {right_id}
    long_way._enter(rights, directory, row)
    entered = {table: rows for table, rows in work.inserts.items() if table != "parties"}
    assert {table: _told(rows) for table, rows in short.items()} == {
        table: _told(rows) for table, rows in entered.items()
    }
    owners = [[one["party_id"] for one in rows["titles"]] for rows in (short, entered)]
    assert owners[0] == owners[1]


def test_a_right_told_of_twice_or_known_is_no_newcomer() -> None:
    work = Work(new_id(), Moment(datetime(2026, 3, 2, 3, tzinfo=UTC), TODAY))
    rights, directory = Rights(work), Directory(work, [])
    row = _row(ImportKind.patents, **PATENT)
    keys = number_keys("CN", "patent", row.entry.numbers.numbers)
    assert Newcomers(work, rights, directory, [keys]).has(keys)
    assert not Newcomers(work, rights, directory, [keys, keys]).has(keys)
    long_way._enter(rights, directory, row)
    assert not Newcomers(work, rights, directory, [keys]).has(keys)


def _told(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in IDS} for row in rows]
