"""Two people at one office, and proposals that two rows of the register are one party."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.domain.permission import Role, system_actor
from app.infra.security import new_secret, secret_digest
from app.services import clients
from tests.factories.clock import now

if TYPE_CHECKING:
    from httpx import Response

    from app.infra.db import Database
    from tests.support.api import Api

CHECKER = "second_operator"


async def second_client(api: Api, database: Database, key: str = CHECKER, like: str = "operator") -> None:
    """A further client of the organisation `like`, known to `api` by `key`."""
    first = api.samples[like]
    secret = new_secret()
    async with database.write() as unit:
        client = await clients.issue(
            unit.session,
            actor=system_actor("test"),
            moment=now(),
            organisation_id=first.organisation.id,
            client_id=f"test-{key}-{secret[:8]}",
            secret_sha256=secret_digest(secret),
            roles=(Role.operator,),
        )
    api.samples = {**api.samples, key: replace(first, key=key, client=client, secret=secret)}


async def propose(api: Api, party_id: str, duplicate_party_id: str, by: str = "operator") -> Response:
    """A proposal as it is answered."""
    body = {"party_id": party_id, "duplicate_party_id": duplicate_party_id, "reason": "示例：名称与地址相同"}
    return await api.post(by, "/v1/duplicates", body)


async def decide(api: Api, row: dict[str, Any], decision: str, by: str = CHECKER) -> Response:
    """A decision as it is answered."""
    body = {"decision": decision, "reason": "示例：已核对"}
    return await api.post(by, f"/v1/duplicates/{row['id']}/decision", body)


async def merge(api: Api, party_id: str, duplicate_party_id: str) -> dict[str, Any]:
    """A merge proposed by one client and decided by another."""
    proposed = await propose(api, party_id, duplicate_party_id)
    assert proposed.status_code == 201, proposed.text
    merged = await decide(api, proposed.json(), "merged")
    assert merged.status_code == 200, merged.text
    found: dict[str, Any] = merged.json()
    return found


async def undo(api: Api, row: dict[str, Any]) -> dict[str, Any]:
    """A merge undone."""
    return await api.made("operator", f"/v1/duplicates/{row['id']}/undo", {"reason": "示例：核对有误"})
