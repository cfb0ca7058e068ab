"""Trusteeship decided side by side: a quota is never exceeded, a firm is never covered twice."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.domain.permission import Role
from app.errors import from_database
from tests.factories.enrolments import (
    SMALL,
    enrol,
    join,
    make_programme,
    make_provider,
    match,
    serve,
    step,
)
from tests.support.instance import Instance

pytestmark = pytest.mark.committed

FIRMS = 6


def outcomes(answers: list[httpx.Response]) -> list[tuple[int, str]]:
    return sorted((answer.status_code, answer.json().get("code", "")) for answer in answers)


async def checked(stage: Instance, programme: dict[str, Any]) -> list[dict[str, Any]]:
    """Firms that wait for a provider."""
    made = []
    for number in range(FIRMS):
        await join(stage.api, stage.database, f"firm_{number}", Role.sme)
        enrolment = await enrol(stage.api, programme, f"firm_{number}")
        made.append(await step(stage.api, "operator", enrolment, "check", {}))
    return made


async def test_matches_side_by_side_fill_the_quota_exactly(stage: Instance) -> None:
    """TRU-03: of six firms for two places two get them."""
    programme = await make_programme(stage.api, stage.database)
    provider = await make_provider(stage.api, programme, quota=2)
    waiting = await checked(stage, programme)
    answers = await asyncio.gather(
        *(
            stage.api.post("operator", f"/v1/enrolments/{one['id']}/match", {"provider_id": provider["id"]})
            for one in waiting
        )
    )
    assert outcomes(answers) == [(200, "")] * 2 + [(409, "enrolment.quota_exceeded")] * (FIRMS - 2)


async def test_the_table_itself_keeps_the_quota(stage: Instance) -> None:
    """TRU-03: without any check before it the trigger decides, one after the other."""
    programme = await make_programme(stage.api, stage.database)
    provider = await make_provider(stage.api, programme, quota=1)
    waiting = await checked(stage, programme)

    async def take(enrolment_id: str) -> str:
        statement = text("UPDATE enrolments SET status = 'matched', provider_id = :provider WHERE id = :id")
        try:
            async with stage.database.write() as unit:
                values = {"provider": provider["id"], "id": enrolment_id}
                await unit.session.execute(statement, values)
        except Exception as error:
            refusal = from_database(error)
            if refusal is None:
                raise
            return refusal.code.code
        return "done"

    found = await asyncio.gather(*(take(one["id"]) for one in waiting))
    assert sorted(found) == ["done"] + ["enrolment.quota_exceeded"] * (FIRMS - 1)


async def test_two_services_for_one_firm_counted_at_once_cover_it_once(stage: Instance) -> None:
    """TG-06: two programmes of one plan; the earlier day wins whichever comes first."""
    for _ in range(5):
        first = await make_programme(stage.api, stage.database)
        second = await make_programme(stage.api, stage.database, plan_id=first["plan_id"])
        ended = []
        for programme, year in ((first, 2020), (second, 2019)):
            made = await match(stage.api, programme, await make_provider(stage.api, programme))
            await serve(stage.api, made, term=(f"{year}-01-01", f"{year}-12-31"))
            ended.append((made["id"], f"{year + 1}-01-15"))
        answers = await asyncio.gather(
            *(
                stage.api.post(
                    "ip_office",
                    f"/v1/enrolments/{enrolment_id}/evaluation",
                    {"score": 80, "evaluated_on": day},
                )
                for enrolment_id, day in ended
            )
        )
        assert outcomes(answers) == [(200, "")] * 2
        found = await stage.owner.fetch(
            "SELECT occurred_on::text AS day, sum(value)::int AS value FROM facts"
            " WHERE measure = 'trusteeship_covered_count' AND dimensions ->> 'plan_id' = $1"
            " GROUP BY 1 HAVING sum(value) <> 0",
            first["plan_id"],
        )
        assert [tuple(row) for row in found] == [("2020-01-15", 1)]


async def test_a_firm_that_enrols_and_confirms_at_once_is_enrolled_once(stage: Instance) -> None:
    """TG-04, TRU-06: of its own word twice the one that comes second hears of it."""
    for _ in range(5):
        programme = await make_programme(stage.api, stage.database)
        await make_provider(stage.api, programme)
        party_id = str(stage.api.samples["sme"].organisation.party_id)
        own = {"programme_id": programme["id"], "data_consent": True, **SMALL}
        rows = {"programme_id": programme["id"], "rows": [{"party_id": party_id, **SMALL}]}
        [entered] = (await stage.api.made("trustee", "/v1/enrolments/batch", rows))["items"]
        path = f"/v1/enrolments/{entered['id']}/confirmation"
        answers = await asyncio.gather(
            stage.api.post("sme", "/v1/enrolments", own),
            stage.api.post("sme", path, {"data_consent": True}),
        )
        [(done, _), refused] = outcomes(list(answers))
        assert done in {200, 201}
        assert refused == (409, "enrolment.already_enrolled")


async def test_a_provider_that_enters_a_firm_twice_at_once_enters_it_once(stage: Instance) -> None:
    """TRU-06: a batch sent again under another key."""
    programme = await make_programme(stage.api, stage.database)
    await make_provider(stage.api, programme)
    party_id = str(stage.api.samples["sme"].organisation.party_id)
    rows = {"programme_id": programme["id"], "rows": [{"party_id": party_id, **SMALL}]}
    answers = await asyncio.gather(
        *(stage.api.post("trustee", "/v1/enrolments/batch", rows) for _ in range(3))
    )
    assert outcomes(list(answers)) == [(201, "")] + [(409, "enrolment.already_enrolled")] * 2


async def test_an_application_is_made_once(stage: Instance) -> None:
    """TG-03: two applications of one organisation at once."""
    programme = await make_programme(stage.api, stage.database)
    path = f"/v1/programmes/{programme['id']}/providers"
    answers = await asyncio.gather(*(stage.api.post("trustee", path, {}) for _ in range(4)))
    assert outcomes(list(answers)) == [(201, "")] + [(409, "provider.already_applied")] * 3
