"""Documents, policies and applications that are changed side by side: locks and keys decide, once each."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from tests.factories.assets import make_asset
from tests.factories.finance import application, policy, yuan
from tests.factories.pledges import filing
from tests.support.instance import Instance

PARALLEL = 8


def document(content: bytes, **changes: Any) -> dict[str, Any]:
    return {
        "name": "示例.txt",
        "media_type": "text/plain",
        "content_base64": base64.b64encode(content).decode(),
    } | changes


def endorsement(number: int, amount: str) -> dict[str, Any]:
    return {
        "endorsement_no": str(number),
        "delta": {"direction": "decrease", "amount": yuan(amount)},
        "occurred_on": "2022-01-01",
        "reason": "示例批改",
    }


@pytest.mark.committed
async def test_versions_added_side_by_side_count_on_without_a_gap(stage: Instance) -> None:
    """SE-07: no version is lost and none is refused; bytes that all of them bring are kept once."""
    first = await stage.api.made("sme", "/v1/documents", document(b"0"))
    answers = await asyncio.gather(
        *(
            stage.api.post("sme", "/v1/documents", document(b"1", series_id=first["id"]))
            for _ in range(PARALLEL)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    versions = sorted(answer.json()["version"] for answer in answers)
    assert versions == list(range(2, PARALLEL + 2))
    assert await stage.owner.fetchval("SELECT count(*) FROM document_contents") == 2


@pytest.mark.committed
async def test_endorsements_side_by_side_never_take_the_whole_sum(stage: Instance) -> None:
    """IN-02: of eight that each take a quarter three pass; the figures are those of the three."""
    made = await stage.api.made("insurer", "/v1/policies", policy(stage.api))
    path = f"/v1/policies/{made['id']}/endorsements"
    answers = await asyncio.gather(
        *(stage.api.post("insurer", path, endorsement(number, "200000.00")) for number in range(PARALLEL))
    )
    codes = [answer.status_code for answer in answers]
    assert (codes.count(201), codes.count(409)) == (3, PARALLEL - 3)
    total = "SELECT sum(value)::bigint FROM facts WHERE measure = 'policy_amount'"
    assert await stage.owner.fetchval(total) == 20_000_000


@pytest.mark.committed
async def test_a_policy_voided_while_it_is_endorsed_counts_for_nothing(stage: Instance) -> None:
    """IN-02: whichever comes first, no endorsement is left standing without its policy."""
    for number in range(10):
        body = policy(stage.api, policy_no=str(number))
        path = f"/v1/policies/{(await stage.api.made('insurer', '/v1/policies', body))['id']}"
        endorsed, voided = await asyncio.gather(
            stage.api.post("insurer", f"{path}/endorsements", endorsement(1, "1.00")),
            stage.api.post("insurer", f"{path}/voiding", {"reason": "示例"}),
        )
        assert voided.status_code == 200
        assert endorsed.status_code in (201, 409)
    sums = await stage.owner.fetch("SELECT measure, sum(value)::bigint AS value FROM facts GROUP BY measure")
    assert {row["measure"]: row["value"] for row in sums} == {"policy_amount": 0, "policy_count": 0}


@pytest.mark.committed
async def test_one_pledge_contracts_one_of_two_applications(stage: Instance) -> None:
    """What the service cannot see of the other transaction the key refuses, with the same answer."""
    api = stage.api
    owner = api.samples["sme"].organisation.party_id
    for _ in range(10):
        async with stage.database.write() as unit:
            asset = (await make_asset(unit.session, owners=[owner])).id
        paths = []
        for _ in range(2):
            made = await api.made("sme", "/v1/applications", application(api, str(asset)))
            paths.append(f"/v1/applications/{made['id']}")
            await api.made("bank_a", f"{paths[-1]}/review", None)
            await api.made("bank_a", f"{paths[-1]}/decision", {"decision": "approved"})
        pledge = await api.made("bank_a", "/v1/pledges", filing(owner, [asset]))
        answers = await asyncio.gather(
            *(api.post("bank_a", f"{path}/contract", {"pledge_id": pledge["id"]}) for path in paths)
        )
        outcomes = sorted((answer.status_code, answer.json().get("code", "")) for answer in answers)
        assert outcomes == [(200, ""), (409, "application.pledge_taken")]
