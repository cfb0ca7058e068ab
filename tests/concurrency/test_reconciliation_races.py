"""Two people decide one difference, on real connections whose transactions commit."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.infra.security import TokenIssuer
from tests.factories.clock import now
from tests.support.api import codes
from tests.support.instance import Instance, instance

pytestmark = pytest.mark.committed

ROUNDS = 20
LIST = "number,status,owners\n201710000001.X,granted,示例新材料有限公司\n"


@pytest.fixture(scope="module")
async def committed(server_url: str, tokens: TokenIssuer) -> AsyncIterator[Instance]:
    """An instance of this module's own."""
    async with instance(server_url, "reconciliation_race", tokens, pool_size=4, read_pool_size=1) as made:
        yield made


async def a_difference(stage: Instance) -> str:
    """The path of a difference that its assignee and who reconciled may both decide."""
    content = {"name": "名单.csv", "media_type": "text/csv"}
    content["content_base64"] = base64.b64encode(LIST.encode()).decode()
    document = await stage.api.made("ip_office", "/v1/documents", content)
    body: dict[str, Any] = {
        "subject": "patents",
        "list_as_of": str(now().today),
        "document_id": document["id"],
        "source": "示例",
        "assignee_id": str(stage.api.samples["operator"].organisation.id),
    }
    made = await stage.api.made("ip_office", "/v1/reconciliations", body)
    path = f"/v1/reconciliations/{made['id']}/differences"
    [found] = (await stage.api.get("ip_office", path)).json()["items"]
    return f"{path}/{found['id']}"


async def test_of_two_who_decide_the_same_difference_one_is_heard(committed: Instance) -> None:
    """UNI-40: the difference's lock decides; the other learns that it has been decided."""
    for _ in range(ROUNDS):
        path = await a_difference(committed)
        body = {"decision": "explained", "reason": "登记簿副本尚未送达"}
        answers = await asyncio.gather(
            *(committed.api.post(role, f"{path}/decision", body) for role in ("ip_office", "operator"))
        )
        outcomes = Counter(
            answer.json()["status"] if answer.is_success else (answer.status_code, *codes(answer))
            for answer in answers
        )
        assert outcomes == {"explained": 1, (409, "state.illegal_transition"): 1}
