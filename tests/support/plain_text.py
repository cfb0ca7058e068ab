"""Exports of a pool's books, read by the programs they are written for, and what the API says beside them."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

from beancount import loader
from beancount.core.data import Balance, Entries, Transaction

from app.domain.ledger_export import ExportAccount, paths, pending_path, posted_path
from tests.support.api import Api

HLEDGER = shutil.which("hledger")
"""Where hledger is, if it is installed."""


async def exported(api: Api, pool: dict[str, Any], form: str) -> bytes:
    """The books in that form, as the auditor takes them."""
    answer = await api.get("auditor", f"/v1/pools/{pool['id']}/export", format=form)
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert pool["number"] in answer.headers["content-disposition"]
    return answer.content


async def expected(api: Api, pool: dict[str, Any]) -> dict[str, Decimal]:
    """Each account's posted and pending balance as the API tells it, by its name in plain text."""
    accounts = (await api.get("auditor", f"/v1/pools/{pool['id']}/accounts")).json()
    shapes = [
        ExportAccount(
            uuid.UUID(one["id"]), one["code"], one["name"], one["normal_side"], one["memo"], 0, 0, 0, 0, 0
        )
        for one in accounts
    ]
    names = paths(shapes)
    found = {}
    for shape, one in zip(shapes, accounts, strict=True):
        for name, phase in (
            (posted_path(shape, names[shape.id]), "posted"),
            (pending_path(names[shape.id]), "pending"),
        ):
            debit, credit = (Decimal(one[f"{side}_{phase}"]["amount"]) for side in ("debits", "credits"))
            found[name] = debit - credit
    assert len(found) == 2 * len(accounts)
    return found


def loaded(source: str) -> tuple[Entries, list[str]]:
    """What beancount reads, and what it finds wrong."""
    entries, errors, _ = loader.load_string(source)
    return entries, [error.message for error in errors]


def summed(entries: Entries) -> dict[str, Decimal]:
    """The sums of the postings, by account."""
    sums: dict[str, Decimal] = {}
    for entry in entries:
        for posting in entry.postings if isinstance(entry, Transaction) else []:
            assert posting.units is not None
            assert posting.units.number is not None
            sums[posting.account] = sums.get(posting.account, Decimal(0)) + posting.units.number
    return sums


def asserted(entries: Entries) -> dict[str, Decimal | None]:
    """The balances that the text says there are, by account."""
    return {one.account: one.amount.number for one in entries if isinstance(one, Balance)}


def run_hledger(file: Path, *given: str) -> subprocess.CompletedProcess[str]:
    """hledger on a file, with no settings of this machine."""
    assert HLEDGER is not None
    environment = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "HOME": str(file.parent)}
    return subprocess.run(
        [HLEDGER, "-f", str(file), *given], capture_output=True, text=True, check=False, env=environment
    )


def hledger_balances(file: Path, *given: str) -> dict[str, Decimal]:
    """The balances that hledger comes to, by account."""
    told = run_hledger(file, "balance", "--flat", "--empty", "--no-total", "--output-format=csv", *given)
    rows = list(csv.reader(io.StringIO(told.stdout)))[1:]
    return {name: Decimal(amount.removesuffix(" CNY")) for name, amount in rows}
