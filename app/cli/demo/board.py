"""Showing scoreboards: as tables for people, and as one JSON object for programs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

STATUS_ZH = {
    "met": "完成",
    "ahead": "超前",
    "on_track": "正常",
    "behind": "滞后",
    "missed": "未完成",
    "needs_baseline": "缺基期",
    "no_data": "无数据",
}
NAME_COLUMNS = 44


def table(board: dict[str, Any]) -> str:
    """One plan's scoreboard as a table of its indicators, then what they come to."""
    plan = board["plan"]
    rows = [("编号 code", "指标 indicator", "数值 value", "目标 target", "状态 status")]
    rows += [
        (
            one["code"],
            _cut(one["name_zh"], NAME_COLUMNS),
            one["display"] or "—",
            one["target"]["text"],
            f"{STATUS_ZH[one['status']]} {one['status']}",
        )
        for one in board["indicators"]
    ]
    counts = ", ".join(f"{STATUS_ZH[status]} {count}" for status, count in board["summary"].items() if count)
    title = f"{plan['name_zh']} {plan['name_en']} ({plan['code']}, {board['on']})"
    return "\n".join([title, *_aligned(rows), f"合计 {len(board['indicators'])}: {counts}"])


def summary(boards: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """All indicators of the plans, each with code, value, target and status."""
    return [
        {
            "plan": board["plan"]["code"],
            "code": one["code"],
            "name_zh": one["name_zh"],
            "name_en": one["name_en"],
            "unit": one["unit"],
            "value": one["value"],
            "display": one["display"],
            "target": one["target"],
            "status": one["status"],
            "reason_en": one["reason_en"],
        }
        for board in boards
        for one in board["indicators"]
    ]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    """Columns a text takes on a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _cut(text: str, columns: int) -> str:
    shown = ""
    for one in text:
        if _width(shown + one) > columns - 1:
            return f"{shown}…"
        shown += one
    return shown
