"""A firm is covered once: under all its names, from the earliest day, and after mergers (TG-06)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from app.domain.permission import Role, system_actor
from app.queries import integrity
from app.services import enrolments
from tests.factories.clock import now
from tests.factories.enrolments import (
    COVERED,
    counted,
    enrol,
    evaluate,
    join,
    make_programme,
    make_provider,
    match,
    serve,
    step,
    succeed,
)
from tests.support.api import Api
from tests.support.database import SavepointDatabase


async def cover(
    api: Api, database: SavepointDatabase, plan_id: str | None, firm: str, year: int
) -> tuple[dict[str, Any], str]:
    """A firm served in a year and evaluated in the next, in a programme of its own under the plan."""
    changes = {"plan_id": plan_id} if plan_id is not None else {}
    programme = await make_programme(api, database, **changes)
    made = await match(api, programme, await make_provider(api, programme), firm)
    await serve(api, made, firm=firm, term=(f"{year}-01-01", f"{year}-12-31"))
    return await evaluate(api, made, f"{year + 1}-01-15"), programme["plan_id"]


async def merge(database: SavepointDatabase) -> int:
    async with database.write() as unit:
        return await enrolments.merge_coverages(unit.session, actor=system_actor("job"), moment=unit.moment)


async def broken(database: SavepointDatabase) -> set[str]:
    async with database.write() as unit:
        return {found.check for found in await integrity.findings(unit.session)}


async def test_an_earlier_count_that_comes_to_light_moves_the_coverage(
    api: Api, database: SavepointDatabase
) -> None:
    """TG-06: minus one on the day it stood, plus one on the day it should have."""
    first, plan_id = await cover(api, database, None, "sme", 2021)
    second, _ = await cover(api, database, plan_id, "sme", 2019)
    third, _ = await cover(api, database, plan_id, "sme", 2020)
    assert [found["covered"] for found in (first, second, third)] == ["first", "moved", "already"]
    assert sorted(await counted(database, COVERED, plan_id)) == [
        ("2020-01-15", 1),
        ("2022-01-15", -1),
        ("2022-01-15", 1),
    ]
    assert await broken(database) == set()


async def test_a_renamed_firm_is_covered_once(api: Api, database: SavepointDatabase) -> None:
    """TG-06: predecessor and successor are one, whoever was counted first."""
    old = api.samples["sme"].organisation.party_id
    new = await join(api, database, "renamed", Role.sme)
    _, plan_id = await cover(api, database, None, "sme", 2019)
    async with database.write() as unit:
        await succeed(unit.session, old, new, date(2020, 6, 1))
    found, _ = await cover(api, database, plan_id, "renamed", 2020)
    assert (found["status"], found["covered"]) == ("counted", "already")
    back, _ = await cover(api, database, plan_id, "sme", 2021)
    assert back["covered"] == "already"
    assert await counted(database, COVERED, plan_id) == [("2020-01-15", 1)]
    assert await merge(database) == 0


async def test_names_that_go_round_in_a_circle_are_one_firm(api: Api, database: SavepointDatabase) -> None:
    """TG-06: A became B and B became A again."""
    old = api.samples["sme"].organisation.party_id
    new = await join(api, database, "renamed", Role.sme)
    async with database.write() as unit:
        await succeed(unit.session, old, new, date(2019, 6, 1))
        await succeed(unit.session, new, old, date(2020, 6, 1))
    _, plan_id = await cover(api, database, None, "sme", 2019)
    assert (await cover(api, database, plan_id, "renamed", 2020))[0]["covered"] == "already"
    assert len(await counted(database, COVERED, plan_id)) == 1


async def test_a_split_makes_two_firms(api: Api, database: SavepointDatabase) -> None:
    """TG-06: only renames and mergers make one of two."""
    new = await join(api, database, "offspring", Role.sme)
    async with database.write() as unit:
        await succeed(unit.session, api.samples["sme"].organisation.party_id, new, date(2019, 6, 1), "split")
    _, plan_id = await cover(api, database, None, "sme", 2019)
    assert (await cover(api, database, plan_id, "offspring", 2020))[0]["covered"] == "first"


@pytest.mark.parametrize(
    ("merged_on", "folded_on"),
    [(date(2021, 6, 1), "2021-06-01"), (date(2019, 6, 1), "2021-01-15"), (None, "2021-01-15")],
)
async def test_of_two_covered_firms_that_became_one_the_later_counts_no_more(
    api: Api, database: SavepointDatabase, merged_on: date | None, folded_on: str
) -> None:
    """TG-06: from the merger on, or from its own day when the merger came to light afterwards; once."""
    other = api.samples["sme_b"].organisation.party_id
    heir = await join(api, database, "heir", Role.sme)
    _, plan_id = await cover(api, database, None, "sme", 2019)
    await cover(api, database, plan_id, "sme_b", 2020)
    async with database.write() as unit:
        await succeed(unit.session, api.samples["sme"].organisation.party_id, heir, merged_on, "merger")
        await succeed(unit.session, other, heir, merged_on, "merger")
    assert [await merge(database), await merge(database)] == [1, 0]
    assert await counted(database, COVERED, plan_id) == [
        ("2020-01-15", 1),
        ("2021-01-15", 1),
        (folded_on, -1),
    ]
    assert (await cover(api, database, plan_id, "heir", 2021))[0]["covered"] == "already"
    assert await broken(database) == set()


async def test_a_merger_that_is_still_to_come_folds_nothing_yet(
    api: Api, database: SavepointDatabase
) -> None:
    """TG-06: until that day there are two firms, and the plan covers both."""
    first, second = (api.samples[firm].organisation.party_id for firm in ("sme", "sme_b"))
    merged_on = now().today + timedelta(days=1)
    _, plan_id = await cover(api, database, None, "sme", 2019)
    async with database.write() as unit:
        await succeed(unit.session, first, second, merged_on, "merger")
    assert (await cover(api, database, plan_id, "sme_b", 2020))[0]["covered"] == "first"
    assert await merge(database) == 0
    await api.put("operator", "/v1/sandbox/clock", {"business_date": str(merged_on)})
    assert [await merge(database), await merge(database)] == [1, 0]
    assert (await counted(database, COVERED, plan_id))[2:] == [(str(merged_on), -1)]
    assert await broken(database) == set()


async def test_a_renamed_firm_is_not_enrolled_twice(api: Api, database: SavepointDatabase) -> None:
    """TG-04: under its new name the firm of a live enrolment is ineligible."""
    programme = await make_programme(api, database)
    new = await join(api, database, "renamed", Role.sme)
    async with database.write() as unit:
        await succeed(unit.session, api.samples["sme"].organisation.party_id, new, date(2020, 6, 1))
    await enrol(api, programme)
    made = await enrol(api, programme, "renamed")
    judged = await step(api, "operator", made, "check", {})
    assert [found["code"] for found in judged["findings"]] == ["enrolment.already_enrolled"]
