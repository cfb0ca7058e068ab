"""Duplicates and successions decided side by side: once each, and never round in a circle."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.factories.duplicates import CHECKER, decide, propose, second_client
from tests.factories.parties import bare_party
from tests.support.instance import Instance

pytestmark = pytest.mark.committed

ROUNDS = 4


def outcomes(answers: list[httpx.Response]) -> list[tuple[int, str]]:
    return sorted((answer.status_code, answer.json().get("code", "")) for answer in answers)


async def bare(stage: Instance, number: int) -> list[str]:
    """Parties without a code."""
    async with stage.database.write() as unit:
        return [str((await bare_party(unit.session, f"示例并发{place}")).id) for place in range(number)]


async def test_of_two_people_who_decide_one_proposal_one_does(stage: Instance) -> None:
    """RB-02, AST-14: merging and rejecting at once; whoever comes second hears of it."""
    await second_client(stage.api, stage.database)
    await second_client(stage.api, stage.database, "third_operator")
    for _ in range(ROUNDS):
        kept, other = await bare(stage, 2)
        proposed = (await propose(stage.api, kept, other)).json()
        answers = await asyncio.gather(
            decide(stage.api, proposed, "merged"),
            decide(stage.api, proposed, "rejected", by="third_operator"),
        )
        assert outcomes(list(answers)) == [(200, ""), (409, "state.illegal_transition")]
        found = await stage.owner.fetch(
            "SELECT a.decision, d.status FROM approvals a JOIN duplicates d ON d.id = a.subject_id"
            " WHERE d.duplicate_party_id = $1 AND a.step = 'check'",
            other,
        )
        assert [tuple(row) for row in found] in [[("approved", "merged")], [("rejected", "rejected")]]


async def test_of_two_proposals_of_one_duplicate_one_is_taken(stage: Instance) -> None:
    """AST-14: a party is a duplicate of one other."""
    for _ in range(ROUNDS):
        first, second, other = await bare(stage, 3)
        answers = await asyncio.gather(propose(stage.api, first, other), propose(stage.api, second, other))
        assert outcomes(list(answers)) == [(201, ""), (409, "duplicate.already_open")]


async def test_two_rows_are_not_merged_into_each_other(stage: Instance) -> None:
    """AST-14: each proposed as the other's duplicate and both merged at once: one of them stays."""
    await second_client(stage.api, stage.database)
    for _ in range(ROUNDS):
        one, other = await bare(stage, 2)
        rows: list[dict[str, Any]] = [
            (await propose(stage.api, *pair)).json() for pair in ((one, other), (other, one))
        ]
        answers = await asyncio.gather(*(decide(stage.api, row, "merged", by=CHECKER) for row in rows))
        assert [status for status, _ in outcomes(list(answers))] == [200, 409]
        merged = await stage.owner.fetchval(
            "SELECT count(*) FROM duplicates WHERE status = 'merged' AND party_id = ANY($1::uuid[])",
            [one, other],
        )
        assert merged == 1


async def test_successions_recorded_at_once_do_not_go_round(stage: Instance) -> None:
    """TG-06: two chains that would close a circle at both ends at once; one end is refused."""
    body = {"kind": "rename", "occurred_on": "2020-06-01", "source": "示例"}
    for _ in range(ROUNDS):
        a, b, c, d = await bare(stage, 4)
        for one, other in ((a, b), (c, d)):
            await stage.api.made("operator", f"/v1/parties/{one}/successions", body | {"successor_id": other})
        answers = await asyncio.gather(
            *(
                stage.api.post("operator", f"/v1/parties/{one}/successions", body | {"successor_id": other})
                for one, other in ((b, c), (d, a))
            )
        )
        statuses = [status for status, _ in outcomes(list(answers))]
        # Two that wait for each other are told apart by the database: the loser may try again.
        assert statuses in [[201, 409], [201, 503]]
