"""`/v1/statistics` over HTTP: figures with definition and knowledge time, and the way down to their rows."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.fact import FactRole, Measure
from app.domain.identifiers import new_id
from app.domain.permission import system_actor
from app.services import events, seals
from tests.support.api import Api
from tests.support.database import SavepointDatabase

PERIOD = {"district": "120110", "from": 2019, "to": 2022}


async def financing(
    database: SavepointDatabase,
    on: date,
    amount_fen: int,
    *,
    audience: Sequence[uuid.UUID] = (),
    dimensions: dict[str, Any] | None = None,
) -> None:
    """An invented pledge financing in 120110."""
    source = new_id()
    event = events.NewEvent(
        type="pledge.registered",
        noun="pledge",
        subject_id=source,
        stream="120110",
        audience=audience,
        payload={},
        facts=[
            events.NewFact(
                measure,
                "120110",
                FactRole.internal,
                value,
                on,
                "pledge",
                source,
                dimensions or {"asset_kind": "patent"},
            )
            for measure, value in (
                (Measure.pledge_financing_count, 1),
                (Measure.pledge_financing_amount, amount_fen),
            )
        ],
    )
    async with database.write() as unit:
        await events.record(unit.session, actor=system_actor("test"), moment=unit.moment, events=[event])


async def seal(database: SavepointDatabase) -> None:
    async with database.write() as unit:
        await unit.session.execute(text("SET LOCAL ROLE ipops_worker"))
        while await seals.seal(unit.session, moment=unit.moment):
            pass
        await unit.session.execute(text("SET LOCAL ROLE ipops_app"))


async def all_rows(api: Api, role: str, measure: str, **params: Any) -> list[dict[str, Any]]:
    """The rows of a cell, page after page."""
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await api.get(role, f"/v1/statistics/{measure}/rows", limit=7, **params, **cursor)).json()
        rows += page["items"]
        if page["next_cursor"] is None:
            return rows
        cursor = {"cursor": page["next_cursor"]}


def fen(amount: str) -> int:
    return int(amount.replace(".", ""))


async def test_figures_carry_their_definition_unit_and_knowledge(
    api: Api, database: SavepointDatabase
) -> None:
    """STA-01, ST-10: counts are integers, amounts yuan and 万元; years without facts are zero."""
    await financing(database, date(2020, 3, 1), 1_250_000_00)
    await financing(database, date(2022, 3, 1), 2_500_049_99)
    await seal(database)
    counts = (await api.get("ip_office", "/v1/statistics/pledge_financing_count", **PERIOD)).json()
    assert [(cell["period"], cell["value"], cell["facts"]) for cell in counts["cells"]] == [
        ("2019", 0, 0),
        ("2020", 1, 1),
        ("2021", 0, 0),
        ("2022", 1, 1),
    ]
    assert (counts["unit"], counts["scope"], counts["as_of"], counts["settled"]) == ("1", "all", None, False)
    assert counts["definition"]["zh"] == "质押融资项目数"
    assert "ST-11" in counts["definition"]["rules"]
    assert counts["seals"]["120110"] >= 2
    assert counts["data_as_of"] <= counts["computed_at"]
    amounts = (
        await api.get("ip_office", "/v1/statistics/pledge_financing_amount", **PERIOD, group_by="total")
    ).json()
    (cell,) = amounts["cells"]
    assert (cell["period"], cell["amount"], cell["value_wan"], cell["value"]) == (
        "total",
        "3750049.99",
        "375.00",
        None,
    )


async def test_every_cell_can_be_drilled_to_the_rows_it_sums(api: Api, database: SavepointDatabase) -> None:
    """STA-08: through the pages of the API, for two callers, cell by cell of a sliced monthly table."""
    dice = random.Random(5)
    bank = api.actor("bank_a").organisation_id
    for _ in range(40):
        await financing(
            database,
            date(2021, 1, 1) + timedelta(days=dice.randrange(700)),
            dice.randrange(10**11),
            audience=[bank] if dice.random() < 0.5 else [],
            dimensions=dice.choice([{"asset_kind": "patent"}, {"asset_kind": "trademark"}, {}]),
        )
    totals = {}
    for role, scope in (("ip_office", "all"), ("bank_a", "visible")):
        table = (
            await api.get(
                role, "/v1/statistics/pledge_financing_amount", **PERIOD, group_by="month", slice="asset_kind"
            )
        ).json()
        assert table["scope"] == scope
        for cell in table["cells"]:
            where = f"asset_kind:{cell['slice']['asset_kind'] or ''}"
            rows = await all_rows(
                api, role, "pledge_financing_amount", **PERIOD, period=cell["period"], where=where
            )
            assert (sum(fen(row["amount"]) for row in rows), len(rows)) == (
                fen(cell["amount"]),
                cell["facts"],
            )
        everything = await all_rows(api, role, "pledge_financing_amount", **PERIOD)
        totals[role] = len(everything)
        assert sum(cell["facts"] for cell in table["cells"]) == len(everything)
    assert 0 < totals["bank_a"] < totals["ip_office"] == 40


async def test_a_bank_learns_nothing_of_another_bank_from_figures(
    api: Api, database: SavepointDatabase
) -> None:
    """SEC-12, STA-08: figures sum what the caller may see, as its drill-down would show it."""
    await financing(database, date(2022, 1, 1), 100, audience=[api.actor("bank_a").organisation_id])
    for role, count in (("bank_a", 1), ("bank_b", 0), ("ip_office", 1)):
        answer = (
            await api.get(role, "/v1/statistics/pledge_financing_count", **PERIOD, group_by="total")
        ).json()
        assert answer["cells"][0]["value"] == count, role


async def test_as_of_gives_what_was_sealed_then(api: Api, database: SavepointDatabase) -> None:
    """STA-09: the instant is echoed with the seals it means; later facts do not change the answer."""
    await financing(database, date(2022, 1, 1), 100)
    await seal(database)
    path, asked = "/v1/statistics/pledge_financing_count", PERIOD | {"group_by": "total"}
    async with database.read() as unit:
        as_of = str(await unit.session.scalar(text("SELECT to_json(max(sealed_at)) #>> '{}' FROM seals")))
    then = (await api.get("ip_office", path, **asked, as_of=as_of)).json()
    await financing(database, date(2022, 1, 1), 100)
    await seal(database)
    again = (await api.get("ip_office", path, **asked, as_of=as_of)).json()
    now = (await api.get("ip_office", path, **asked)).json()
    assert [answer["cells"][0]["value"] for answer in (then, again, now)] == [1, 1, 2]
    assert again["seals"] == then["seals"]
    assert now["seals"]["120110"] == then["seals"]["120110"] + 1
    assert (then["settled"], again["settled"]) == (False, True)
    assert len(await all_rows(api, "ip_office", "pledge_financing_count", **PERIOD, as_of=as_of)) == 1


@pytest.mark.parametrize(
    ("path", "changes", "status", "code"),
    [
        ("unknown_measure", {}, 404, "statistic.measure_unknown"),
        ("transfer_count", {"from": 2023}, 422, "statistic.period_invalid"),
        ("transfer_count", {"district": "999999"}, 422, "district.unknown"),
        ("transfer_count", {"as_of": "2999-01-01T00:00:00Z"}, 422, "statistic.as_of_in_future"),
        ("transfer_count", {"as_of": "2020-01-01T00:00:00"}, 422, "request.malformed"),
        ("transfer_count", {"as_of": "0001-01-01T00:00:00+14:00"}, 422, "request.malformed"),
        ("transfer_count", {"as_of": "9999-12-31T23:59:59-14:00"}, 422, "request.malformed"),
        ("transfer_count", {"where": "asset_kind"}, 422, "statistic.filter_invalid"),
        ("transfer_count", {"slice": "dimensions->>'x'"}, 422, "request.malformed"),
        ("transfer_count/rows", {"period": "2022-13"}, 422, "statistic.period_unknown"),
    ],
)
async def test_questions_that_make_no_sense_are_refused(
    api: Api, path: str, changes: dict[str, Any], status: int, code: str
) -> None:
    """API-10: with the reason."""
    answer = await api.get("ip_office", f"/v1/statistics/{path}", **(PERIOD | changes))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_the_dictionary_lists_every_measure(api: Api) -> None:
    """STA-01, STA-17: and which of them count distinct objects, whose slices do not add up."""
    items = (await api.get("sme", "/v1/statistics")).json()["items"]
    assert {item["measure"]: item["unit"] for item in items} == {measure: measure.unit for measure in Measure}
    distinct = {item["measure"] for item in items if not item["definition"]["additive"]}
    assert distinct == {"portfolio_qualified_count", "trusteeship_covered_count"}
