"""Values reported and decided side by side: each place counts its revisions without a gap and has one value."""

from __future__ import annotations

import asyncio

import pytest

from tests.factories.plans import make_evidence, make_plans
from tests.support.instance import Instance

PATH = "/v1/observations"


@pytest.mark.committed
async def test_values_reported_at_once_are_revisions_of_one_place(stage: Instance) -> None:
    """STA-16: nobody's return is lost or refused since another came at the same moment."""
    await make_plans(stage.api, stage.database)
    evidence = await make_evidence(stage.api, "department")
    rows = [
        {"plan": "DL", "indicator": code, "year": 2020, "value": "1", "document_id": evidence}
        for code in ("DL-M2", "DL-14")
    ]
    answers = await asyncio.gather(
        *(
            stage.api.post("department", f"{PATH}/batch", {"rows": rows[:: (1, -1)[number % 2]]})
            for number in range(12)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    found = await stage.owner.fetch(
        "SELECT indicator_id, array_agg(revision ORDER BY revision) AS revisions FROM observations GROUP BY 1"
    )
    assert [row["revisions"] for row in found] == [list(range(1, 13))] * 2


@pytest.mark.committed
async def test_of_values_approved_at_once_the_latest_counts(stage: Instance) -> None:
    """STA-16: whoever comes first, one value of a place is approved at the end: the last revision."""
    await make_plans(stage.api, stage.database)
    evidence = await make_evidence(stage.api, "department")
    row = {"plan": "DL", "indicator": "DL-14", "year": 2020, "document_id": evidence}
    made = [await stage.api.made("department", PATH, row | {"value": str(number)}) for number in range(6)]
    answers = await asyncio.gather(
        *(
            stage.api.post("ip_office", f"{PATH}/{one['id']}/decision", {"decision": "approved"})
            for one in made
        )
    )
    refused = {answer.json()["code"] for answer in answers if answer.status_code != 200}
    assert refused <= {"observation.outdated"}
    found = await stage.owner.fetch("SELECT revision FROM observations WHERE status = 'approved'")
    assert [row["revision"] for row in found] == [6]
    superseded = await stage.owner.fetchval("SELECT count(*) FROM observations WHERE status = 'superseded'")
    assert superseded == sum(answer.status_code == 200 for answer in answers) - 1
