"""What the office decided, recorded by two people at once: one of them is right, and nothing is half done."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.pledges import filing, make_pool
from tests.support.instance import Instance

ROUNDS = 12
TODAY = str(now().today)


async def make_pledges(stage: Instance, count: int, **changes: Any) -> list[tuple[str, str]]:
    """Filed pledges of one patent each, with the patent."""
    owner = stage.api.samples["sme"].organisation.party_id
    async with stage.database.write() as unit:
        rights = [str((await make_asset(unit.session, owners=[owner])).id) for _ in range(count)]
    made = [
        await stage.api.made("bank_a", "/v1/pledges", filing(owner, [right], **changes)) for right in rights
    ]
    return [(pledge["id"], right) for pledge, right in zip(made, rights, strict=True)]


@pytest.mark.committed
async def test_of_registration_refusal_and_withdrawal_at_once_one_holds(stage: Instance) -> None:
    """SC-01, PL-06: bank and operator record different results; the lien, cover and counts are of one of them."""
    pool = await make_pool(stage.api)
    pledges = await make_pledges(stage, ROUNDS, pool_id=pool["id"], principal={"amount": "1000.00"})
    for pledge_id, right in pledges:
        path = f"/v1/pledges/{pledge_id}"
        registration = {"asset_id": right, "registration_no": right, "registered_on": TODAY}
        handed_in = {
            "asset_kind": "patent",
            "application_no": right,
            "channel": "online",
            "submitted_on": TODAY,
        }
        await stage.api.made("bank_a", f"{path}/filings", handed_in)
        answers = await asyncio.gather(
            stage.api.post("bank_a", f"{path}/registrations", {"registrations": [registration]}),
            stage.api.post("operator", f"{path}/refusals", {"reason": "示例", "refused_on": TODAY}),
            stage.api.post("bank_a", f"{path}/withdrawals", {"reason": "示例", "withdrawn_on": TODAY}),
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
        lost = {answer.json()["code"] for answer in answers if answer.status_code == 409}
        assert lost == {"state.illegal_transition"}
    rows = await stage.owner.fetch(
        "SELECT p.status, i.status AS right, f.status AS filing, h.ended_at IS NULL AS held,"
        " c.status AS cover, (SELECT coalesce(sum(value), 0) FROM facts t WHERE t.source_id = p.id"
        " AND t.measure = 'pledge_registration_count') AS counted"
        " FROM pledges p JOIN pledge_items i ON i.pledge_id = p.id JOIN filings f ON f.pledge_id = p.id"
        " JOIN holds h ON h.id = i.hold_id JOIN commitments c ON c.pledge_id = p.id"
    )
    assert len(rows) == ROUNDS
    allowed = {
        ("registered", "registered", "registered", True, "committed", 1),
        ("refused", "refused", "refused", False, "released", 0),
        ("withdrawn", "withdrawn", "withdrawn", False, "released", 0),
    }
    assert {tuple(row) for row in rows} <= allowed


@pytest.mark.committed
async def test_two_requests_for_correction_at_once_are_one(stage: Instance) -> None:
    """SC-01: the second finds the filing under correction; so do two answers to it, and two filings of a kind."""
    [(pledge_id, _)] = await make_pledges(stage, 1)
    handed_in = {"asset_kind": "patent", "channel": "window", "submitted_on": TODAY}
    filed = await asyncio.gather(
        *(
            stage.api.post(
                "bank_a", f"/v1/pledges/{pledge_id}/filings", handed_in | {"application_no": f"ZL-{number}"}
            )
            for number in range(4)
        )
    )
    assert sorted(answer.status_code for answer in filed) == [201, 409, 409, 409]
    assert {one.json()["code"] for one in filed if one.is_error} == {"filing.already_open"}
    [made] = [answer.json() for answer in filed if answer.is_success]
    path = f"/v1/filings/{made['id']}"
    asked = {"reason": "示例", "requested_on": TODAY, "respond_by": TODAY}
    steps: list[tuple[str, dict[str, str], str]] = [
        ("corrections", asked, "correction"),
        ("resubmissions", {"resubmitted_on": TODAY}, "submitted"),
    ]
    for what, body, status in steps:
        answers = await asyncio.gather(
            *(stage.api.post(role, f"{path}/{what}", body) for role in ("bank_a", "operator"))
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        assert (await stage.api.get("bank_a", path)).json()["status"] == status
