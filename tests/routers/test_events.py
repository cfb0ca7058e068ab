"""`/v1/events`: a feed one can follow without gaps, showing each caller what concerns it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import text

from app.domain.district import NATIONAL
from app.domain.identifiers import new_id
from app.domain.permission import system_actor
from app.services import events, seals
from tests.support.api import Api
from tests.support.database import SavepointDatabase


async def happen(
    database: SavepointDatabase,
    stream: str = "120110",
    *,
    audience: Sequence[uuid.UUID] = (),
    public: bool = False,
    type_: str = "pledge.filed",
) -> uuid.UUID:
    """Write an invented event."""
    event = events.NewEvent(
        type=type_,
        noun="pledge",
        subject_id=new_id(),
        stream=stream,
        audience=audience,
        public=public,
        payload={"number": "PL-120110-2026-000001"},
    )
    async with database.write() as unit:
        await events.record(unit.session, actor=system_actor("test"), moment=unit.moment, events=[event])
    return event.id


async def seal(database: SavepointDatabase) -> None:
    """Seal the tail as the worker does."""
    async with database.write() as unit:
        await unit.session.execute(text("SET LOCAL ROLE ipops_worker"))
        while await seals.seal(unit.session, moment=unit.moment):
            pass
        await unit.session.execute(text("SET LOCAL ROLE ipops_app"))


async def seen(api: Api, role: str, after: str) -> list[str]:
    page = (await api.get(role, "/v1/events", after=after, limit=100)).json()
    return [item["id"] for item in page["items"]]


async def head(api: Api, database: SavepointDatabase) -> str:
    """The end of the feed as it stands."""
    await seal(database)
    cursor, more = "0", True
    while more:
        page = (await api.get("ip_office", "/v1/events", after=cursor, limit=100)).json()
        cursor, more = page["next_cursor"], page["has_more"]
    return cursor


async def test_a_consumer_that_polls_gets_every_event_once_and_in_order(
    api: Api, database: SavepointDatabase
) -> None:
    """API-14: pages, an empty page with a cursor, and then what happened meanwhile; nothing lost or twice."""
    cursor = await head(api, database)
    first = [str(await happen(database)) for _ in range(5)]
    await seal(database)
    got: list[str] = []
    positions: list[int] = []
    page: dict[str, Any] = {}
    for _ in range(4):
        page = (await api.get("ip_office", "/v1/events", after=cursor, limit=2)).json()
        got += [item["id"] for item in page["items"]]
        positions += [item["position"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert got == first
    assert positions == list(range(positions[0], positions[0] + 5))
    assert (page["items"], page["has_more"], int(cursor)) == ([], False, positions[-1])
    later = str(await happen(database))
    assert await seen(api, "ip_office", cursor) == []  # not sealed, hence not shown
    await seal(database)
    assert await seen(api, "ip_office", cursor) == [later]


async def test_each_caller_sees_what_concerns_it(api: Api, database: SavepointDatabase) -> None:
    """SEC-12: one's own, what is public, and a regulator's district and register; not another bank's."""
    bank = api.samples["bank_a"].organisation.id
    start = await head(api, database)
    own = str(await happen(database, audience=[bank]))
    public = str(await happen(database, "120111", public=True))
    elsewhere = str(await happen(database, "120111"))
    national = str(await happen(database, NATIONAL))
    await seal(database)
    assert await seen(api, "bank_a", start) == [own, public]
    assert await seen(api, "bank_b", start) == [public]
    assert await seen(api, "ip_office", start) == [own, public, national]
    assert (await api.get("bank_a", f"/v1/events/{own}")).status_code == 200
    for role, event in (("bank_b", own), ("ip_office", elsewhere)):
        hidden = await api.get(role, f"/v1/events/{event}")
        assert (hidden.status_code, hidden.json()["code"]) == (404, "event.not_found"), role


async def test_the_regulator_of_all_districts_sees_everything(api: Api, database: SavepointDatabase) -> None:
    """RB-01: district 000000 stands for all."""
    start = await head(api, database)
    event = str(await happen(database, "440305"))
    await seal(database)
    actor = api.actor("auditor")
    everywhere = replace(actor, district_code="000000")
    token = api.tokens.issue(everywhere, [permission.value for permission in everywhere.permissions])
    answer = await api.http.get(
        "/v1/events", params={"after": start}, headers={"Authorization": f"Bearer {token}"}
    )
    assert [item["id"] for item in answer.json()["items"]] == [event]


async def test_the_feed_can_be_narrowed_to_types(api: Api, database: SavepointDatabase) -> None:
    """API-14: a page without a matching event still moves the cursor on."""
    start = await head(api, database)
    wanted = str(await happen(database, type_="deal.signed"))
    await happen(database)
    await seal(database)
    page = (await api.get("ip_office", "/v1/events", after=start, type="deal.signed")).json()
    assert [item["id"] for item in page["items"]] == [wanted]
    assert int(page["next_cursor"]) == int(start) + 2


async def test_an_unsealed_event_is_not_found(api: Api, database: SavepointDatabase) -> None:
    """API-14: an event has its place before it is shown."""
    event = await happen(database, public=True)
    assert (await api.get("bank_a", f"/v1/events/{event}")).status_code == 404
    await seal(database)
    shown = (await api.get("bank_a", f"/v1/events/{event}")).json()
    assert {"position", "stream", "seq", "sealed_at", "recorded_at", "occurred_on"} <= shown.keys()
    assert shown["payload"] == {"number": "PL-120110-2026-000001"}


async def test_a_cursor_that_is_none_is_refused(api: Api) -> None:
    """C07."""
    for cursor in ("x", "-1", "٣", "9" * 30):
        answer = await api.get("bank_a", "/v1/events", after=cursor)
        assert (answer.status_code, answer.json()["code"]) == (422, "request.cursor_invalid")
