"""`/v1/demands`: a pledgor asks for its right back; the pledgee answers in time, or a document does."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from app.domain.demand import RESPONSE_DAYS
from app.services import demands, working_days
from tests.factories.clock import now
from tests.factories.finance import owned
from tests.routers.test_encumbrances import pledged
from tests.support.api import Api, codes
from tests.support.database import SavepointDatabase
from tests.support.samples import actor_of

PATH = "/v1/demands"


@pytest.fixture
async def pledge(api: Api, database: SavepointDatabase) -> dict[str, Any]:
    """A registered pledge of the sample enterprise at bank A."""
    return await pledged(api, await owned(api, database))


async def demanded(api: Api, pledge: dict[str, Any]) -> dict[str, Any]:
    body = {"ground": "debt_paid", "reason": "示例：贷款已结清"}
    return await api.made("sme", f"/v1/pledges/{pledge['id']}/demands", body)


async def ruling(api: Api) -> str:
    """A court's document in the operator's hands."""
    content = base64.b64encode("示例民事判决书".encode()).decode()
    body = {"name": "判决书.txt", "media_type": "text/plain", "content_base64": content}
    return str((await api.made("operator", "/v1/documents", body))["id"])


async def forced(api: Api, demand: dict[str, Any], authority: str = "office") -> Any:
    body = {
        "authority": authority,
        "document_id": await ruling(api),
        "reason": "示例：凭文书注销",
        "deregistered_on": str(now().today),
    }
    return await api.post("operator", f"{PATH}/{demand['id']}/enforcement", body)


async def overdue(api: Api, database: SavepointDatabase, demand: dict[str, Any]) -> list[int]:
    """The demands that fall due on its last day of answer, the day after it, and the day after that."""
    last, found = date.fromisoformat(demand["respond_by"]), []
    for days in range(3):
        async with database.write() as unit:
            moment = replace(now(), today=last + timedelta(days=days))
            system = actor_of(api.samples, "operator")
            found.append(await demands.fall_due(unit.session, actor=system, moment=moment))
    return found


async def status(api: Api, pledge: dict[str, Any]) -> str:
    return str((await api.get("bank_a", f"/v1/pledges/{pledge['id']}")).json()["status"])


async def test_the_pledgee_is_told_in_the_same_commit_and_releases(api: Api, pledge: dict[str, Any]) -> None:
    """PLG-10: ten working days to answer; accepted with its day, the cancellation is recorded at once."""
    demand = await demanded(api, pledge)
    assert demand["respond_by"] == str(working_days.after(now().today, 10))
    notices = (await api.get("bank_a", "/v1/notices")).json()["items"]
    [notice] = [one for one in notices if one["kind"] == "demand_received"]
    assert (notice["subject_id"], notice["due_on"]) == (demand["id"], demand["respond_by"])
    twice = {"ground": "debt_paid", "reason": "示例"}
    again = await api.post("sme", f"/v1/pledges/{pledge['id']}/demands", twice)
    assert codes(again) == ["demand.already_open"]
    body = {"deregistered_on": str(now().today), "answer": "同意"}
    answered = await api.made("bank_a", f"{PATH}/{demand['id']}/acceptance", body)
    assert (answered["status"], answered["answer"]) == ("accepted", "同意")
    assert await status(api, pledge) == "deregistered"
    told = (await api.get("sme", "/v1/notices")).json()["items"]
    assert "demand_answered" in [one["kind"] for one in told]
    late = await api.post("sme", f"/v1/pledges/{pledge['id']}/demands", twice)
    assert codes(late) == ["demand.pledge_over"]


async def test_accepted_without_a_day_the_bank_records_the_cancellation_later(
    api: Api, pledge: dict[str, Any]
) -> None:
    demand = await demanded(api, pledge)
    await api.made("bank_a", f"{PATH}/{demand['id']}/acceptance", {})
    assert await status(api, pledge) == "registered"


async def test_what_nobody_answers_falls_due_and_is_enforced_on_a_document(
    api: Api, database: SavepointDatabase, pledge: dict[str, Any]
) -> None:
    """PLG-10: not before the last day is over, once; then the operator records the forced cancellation."""
    demand = await demanded(api, pledge)
    assert codes(await forced(api, demand)) == ["state.illegal_transition"]
    assert await overdue(api, database, demand) == [0, 1, 0]
    done = await forced(api, demand)
    assert done.status_code == 200, done.text
    assert (done.json()["status"], await status(api, pledge)) == ("enforced", "deregistered")


async def test_against_an_objection_only_a_court_helps(api: Api, pledge: dict[str, Any]) -> None:
    """PLG-10: the pledgee says why; no office's paper overrides it, a court's does."""
    demand = await demanded(api, pledge)
    objected = await api.made("bank_a", f"{PATH}/{demand['id']}/objection", {"reason": "示例：尚欠利息"})
    assert (objected["status"], objected["answer"]) == ("objected", "示例：尚欠利息")
    assert codes(await forced(api, demand)) == ["demand.court_document_needed"]
    assert await status(api, pledge) == "registered"
    assert (await forced(api, demand, "court")).json()["status"] == "enforced"


async def test_a_demand_is_of_those_concerned_and_answered_by_the_pledgee(
    api: Api, pledge: dict[str, Any]
) -> None:
    """PLG-10, SEC-12: a stranger finds no pledge, another bank no demand; the pledgor may think again."""
    body = {"ground": "waived", "reason": "示例"}
    path = f"/v1/pledges/{pledge['id']}/demands"
    assert (await api.post("bank_a", path, body)).status_code == 403
    assert codes(await api.post("operator", path, body)) == ["demand.not_concerned"]
    demand = await demanded(api, pledge)
    seen = {"bank_a": 200, "sme": 200, "operator": 200, "bank_b": 404, "agency": 404}
    for role, code in seen.items():
        assert (await api.get(role, f"{PATH}/{demand['id']}")).status_code == code, role
    for role, said in (("bank_b", "demand.not_found"), ("operator", "demand.not_pledgee")):
        refused = await api.post(role, f"{PATH}/{demand['id']}/objection", {"reason": "示例"})
        assert codes(refused) == [said]
    withdrawn = await api.made("sme", f"{PATH}/{demand['id']}/withdrawal", None)
    assert withdrawn["status"] == "withdrawn"
    assert (await demanded(api, pledge))["status"] == "open"


def test_the_pledgee_has_ten_working_days_across_a_holiday() -> None:
    """PLG-10: the National Day week of 2025, with the weekend days worked in its place."""
    assert working_days.after(date(2025, 9, 26), RESPONSE_DAYS) == date(2025, 10, 16)
