"""`ledger export` as who keeps the books runs it: the file is whole and checks, or there is none."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest

from app.infra.security import TokenIssuer
from tests.factories.pledges import make_pool
from tests.support.instance import instance
from tests.support.plain_text import asserted, expected, loaded, summed
from tests.support.serving import refused, told

pytestmark = pytest.mark.committed


async def test_books_are_written_to_a_file_that_is_new_and_put_on_record(
    server_url: str, tokens: TokenIssuer, tmp_path: Path
) -> None:
    """POL-24: the balances of the API; an unknown pool leaves no file, a file that is there stays."""
    async with instance(server_url, "export", tokens) as stage:
        pool = await make_pool(stage.api, paid_in="15000000000000.01")
        wanted = await expected(stage.api, pool)
        settings = {"IPOPS_DATABASE_URL": stage.url}

        def given(form: str, file: Path, number: str = pool["number"]) -> tuple[str, ...]:
            return ("ledger", "export", "--pool", number, "--format", form, "--to", str(file))

        text, tables, none = (tmp_path / name for name in ("books.beancount", "books.zip", "none.xlsx"))
        assert str(text) in told(tmp_path, *given("beancount", text), **settings)
        told(tmp_path, *given("csv", tables), **settings)
        written = text.read_bytes()
        assert str(text) in refused(tmp_path, *given("beancount", text), **settings)
        assert "no-such-pool" in refused(tmp_path, *given("xlsx", none, "no-such-pool"), **settings)
        taken = await stage.owner.fetch(
            "SELECT payload ->> 'format' FROM events WHERE type = 'ledger.exported' ORDER BY recorded_at"
        )
    assert [form for (form,) in taken] == ["beancount", "csv"]
    assert (text.read_bytes(), none.exists()) == (written, False)
    entries, faults = loaded(written.decode())
    assert (faults, asserted(entries)) == ([], wanted)
    assert {name: summed(entries).get(name, 0) for name in wanted} == wanted
    with zipfile.ZipFile(tables) as folder:
        rows = list(csv.reader(io.StringIO(folder.read("trial_balance.csv").decode("utf-8-sig"))))
    assert rows[-1][5:7] == ["15000000000000.01", "15000000000000.01"]
