"""Real liens, live and discharged, searched over the API by their days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.factories.clock import now
from tests.real_data.test_real_data import reckon
from tests.support.api import Api
from tests.support.published import PUBLISHED, Register

pytestmark = PUBLISHED
History = tuple[tuple[str, str | None], ...]
"""The liens a right has had, each with its first day and the day of its release."""


async def histories(register: Register) -> dict[History, str]:
    """Every history that a right has in the file, reckoned from it alone, with one right that has it."""
    world = reckon()
    found = await register.all(
        "SELECT DISTINCT i.value, i.asset_id FROM holds h JOIN pledges p ON p.id = h.source_id AND p.imported"
        " JOIN asset_identifiers i ON i.asset_id = h.asset_id AND i.scheme = 'application' WHERE h.kind = 'lien'"
    )
    rights = {row["value"]: str(row["asset_id"]) for row in found}
    told = {number: liens for number, liens in world.liens.items() if liens}
    assert rights.keys() == told.keys()
    return {
        tuple((lien["since"], lien["until"]) for lien in liens): rights[number]
        for number, liens in told.items()
    }


async def searched(api: Api, asset_id: str, **asked: Any) -> list[dict[str, Any]]:
    """The liens that a bank finds on a right."""
    answer = await api.get("bank_b", "/v1/encumbrances", asset_id=asset_id, **asked)
    assert answer.status_code == 200, answer.text
    return [one for one in answer.json()["items"] if one["kind"] == "lien"]


def turns(history: History) -> list[date]:
    """The days on which something changes and those before, and today."""
    days = {date.fromisoformat(day) for lien in history for day in lien if day is not None}
    return sorted({*days, *(day - timedelta(days=1) for day in days), now().today})


async def test_discharged_liens_are_found_by_their_days(api: Api, register: Register) -> None:
    """PLG-06, PLG-11: before, on and after each registration and release of the file, and all of them at once."""
    found = await histories(register)
    released = {lien for history in found for lien in history if lien[1] is not None}
    assert len(released) > 5
    for history, asset_id in found.items():
        for day in turns(history):
            expected = sorted(since for since, until in history if since <= str(day) < (until or "9999"))
            shown = await searched(api, asset_id, at=str(day))
            assert sorted(one["since"] for one in shown) == expected, (day, history)
        every = await searched(api, asset_id, include="discharged")
        assert sorted((one["since"], one["ended_on"] or "") for one in every) == sorted(
            (since, until or "") for since, until in history
        )
        states = {one["registration"]["status"] for one in every if one["ended_on"]}
        assert states <= {"deregistered"}
