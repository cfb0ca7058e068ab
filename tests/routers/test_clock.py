"""`/v1/sandbox/clock`: business time moves forward, real time does not care."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import text

from app.services import jobs
from tests.support.api import Api
from tests.support.database import SavepointDatabase

PATH = "/v1/sandbox/clock"


async def test_the_business_date_moves_forward_and_is_followed(api: Api, database: SavepointDatabase) -> None:
    """C22: the clock answers with the new date, and everything after happens on it."""
    async with database.read() as unit:
        later = unit.moment.today + timedelta(days=400)
    moved = await api.put("bank_a", PATH, {"business_date": later.isoformat()})
    assert (moved.status_code, moved.json()["business_date"]) == (200, later.isoformat())
    assert moved.json()["status"] == "advancing"
    async with database.read() as unit:
        assert unit.moment.today == later
        assert unit.moment.now.date() < later
    assert (await api.get("sme", PATH)).json()["business_date"] == later.isoformat()


async def test_the_clock_never_goes_back(api: Api, database: SavepointDatabase) -> None:
    """C22: not behind the date it was set to, nor behind the real one before it was set."""
    async with database.read() as unit:
        today = unit.moment.today
    for ahead in (0, 10):
        day = today + timedelta(days=ahead)
        assert (await api.put("bank_a", PATH, {"business_date": day.isoformat()})).status_code == 200
        answer = await api.put(
            "bank_a", PATH, {"business_date": (today + timedelta(days=ahead - 1)).isoformat()}
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "clock.backward")
        assert day.isoformat() in answer.json()["detail"]


async def test_the_clock_is_ready_when_all_jobs_have_come_through(
    api: Api, database: SavepointDatabase
) -> None:
    """C22: `status` turns to `ready` with the last job of the day, and tells how far they are."""
    first = (await api.get("bank_a", PATH)).json()
    assert (first["jobs_through"], first["status"]) == (None, "advancing")

    async def run() -> bool:
        async with database.write() as unit:
            await unit.session.execute(text("SET LOCAL ROLE ipops_worker"))
            waiting = await jobs.waiting(unit.session, moment=unit.moment)
            names, day = waiting or ([], unit.moment.today)
            for job in names:
                await jobs.run(unit.session, moment=unit.moment, job=job, day=day)
            await unit.session.execute(text("SET LOCAL ROLE ipops_app"))
        return waiting is not None

    while await run():
        pass
    ready = (await api.get("bank_a", PATH)).json()
    assert (ready["jobs_through"], ready["status"]) == (ready["business_date"], "ready")
    later = date.fromisoformat(ready["business_date"]) + timedelta(days=2)
    moved = (await api.put("bank_a", PATH, {"business_date": later.isoformat()})).json()
    assert (moved["jobs_through"], moved["status"]) == (ready["business_date"], "advancing")
    while await run():
        pass
    assert (await api.get("bank_a", PATH)).json() == {
        "business_date": later.isoformat(),
        "jobs_through": later.isoformat(),
        "status": "ready",
    }


async def test_a_live_instance_has_no_test_clock(api: Api, database: SavepointDatabase) -> None:
    """C22, C31: 404 for reading and for moving."""
    assert database.connection is not None
    await database.connection.execute(text("SET LOCAL ROLE none"))
    await database.connection.execute(text("UPDATE instance SET mode = 'live', business_date = NULL"))
    await database.connection.execute(text("SET LOCAL ROLE ipops_app"))
    for answer in (
        await api.get("bank_a", PATH),
        await api.put("bank_a", PATH, {"business_date": "2099-01-01"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "clock.sandbox_only")


async def test_the_problem_catalogue_tells_every_code(api: Api) -> None:
    """API-09: a problem's `type` opens, without a token, and says what the problem said."""
    refused = (await api.put("auditor", PATH, {"business_date": "2099-01-01"})).json()
    opened = (await api.http.get(refused["type"])).json()
    assert (opened["code"], opened["status"]) == (refused["code"], refused["status"])
    codes = [item["code"] for item in (await api.http.get("/v1/problems")).json()["items"]]
    assert codes == sorted(codes)
    assert {"clock.backward", "event.not_found", "pledge.already_pledged"} <= set(codes)
    missing = await api.http.get("/v1/problems/no.such")
    assert (missing.status_code, missing.json()["code"]) == (404, "problem.not_found")
