"""The catalogue of refusals: stable codes, two languages, the same facts in both (C12)."""

from __future__ import annotations

import importlib
import pkgutil
import re
from string import Formatter

import asyncpg
import pytest

import app
from app.domain.errors import ErrorCode, ErrorKind, catalogue
from app.errors import CONSTRAINTS, STATUS
from tests.support.server import plain

for module in pkgutil.walk_packages(app.__path__, "app."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)

CODES = sorted(catalogue().values(), key=lambda code: code.code)


def placeholders(text: str) -> set[str]:
    """Facts a text names; one that has words of its own per language is `x_zh` in Chinese, `x` in English."""
    return {name.removesuffix("_zh") for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.code)
def test_a_code_is_told_alike_in_both_languages(code: ErrorCode) -> None:
    """C12: `noun.reason` in lower snake case; Chinese and English name the same facts."""
    assert re.fullmatch(r"[a-z][a-z_]*\.[a-z][a-z0-9_]*", code.code)
    assert placeholders(code.zh) == placeholders(code.en)
    assert "" not in placeholders(code.zh)
    assert re.search(r"[\u4e00-\u9fff]", code.zh)
    assert code.en.endswith((".", "?", "}"))
    assert not re.search(r"[\u4e00-\u9fff]", code.en)


def test_every_kind_of_refusal_has_a_status() -> None:
    assert set(STATUS) == set(ErrorKind)


async def test_every_mapped_constraint_exists(worker_database: str) -> None:
    """A constraint that is renamed would silently turn its refusal into a defect."""
    connection = await asyncpg.connect(plain(worker_database))
    try:
        names = {
            row["name"]
            for row in await connection.fetch(
                "SELECT conname AS name FROM pg_constraint UNION SELECT relname FROM pg_class WHERE relkind = 'i'"
            )
        }
        raised = await connection.fetchval(
            "SELECT string_agg(prosrc, ' ') FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        )
    finally:
        await connection.close()
    assert {name for name in CONSTRAINTS if name not in names and f"'{name}'" not in raised} == set()
