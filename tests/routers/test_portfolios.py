"""`/v1/portfolios` over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.asset import AssetKind, AssetStatus
from app.domain.clock import Moment
from app.domain.identifiers import new_id
from app.domain.permission import Role, system_actor
from app.models.asset import AssetStatusChange
from app.services import portfolios
from tests.factories.assets import make_asset, pass_title
from tests.factories.clock import now
from tests.factories.enrolments import join
from tests.factories.parties import make_party
from tests.factories.portfolios import make_patents
from tests.support.api import Api, objections
from tests.support.counter import statements
from tests.support.database import SavepointDatabase

PATH = "/v1/portfolios"
D1, D2, D3, D4 = (f"2021-0{month}-01" for month in (3, 5, 7, 9))


@dataclass
class Shelf:
    """The sample enterprise's portfolios."""

    api: Api
    database: SavepointDatabase

    @property
    def owner(self) -> uuid.UUID:
        return self.api.samples["sme"].organisation.party_id

    async def patents(self, inventions: int, pct: int = 0, **facts: Any) -> list[str]:
        async with self.database.write() as unit:
            made = await make_patents(unit.session, self.owner, inventions=inventions, pct=pct, **facts)
        return [str(asset_id) for asset_id in made]

    async def opened(self, assets: Sequence[str] = (), **changes: Any) -> dict[str, Any]:
        body = {"name": "示例激光装备专利组合", "industry": "智能装备", "asset_ids": list(assets)} | changes
        return await self.api.made("sme", PATH, body)

    async def join(self, portfolio: dict[str, Any], assets: Sequence[str], on: str) -> dict[str, Any]:
        body = {"asset_ids": list(assets), "joined_on": on}
        return await self.api.made("sme", f"{PATH}/{portfolio['id']}/members", body)

    async def leave(self, portfolio: dict[str, Any], assets: Sequence[str], on: str) -> dict[str, Any]:
        body = {"asset_ids": list(assets), "left_on": on}
        return await self.api.made("sme", f"{PATH}/{portfolio['id']}/removals", body)

    async def on(self, portfolio: dict[str, Any], day: str) -> tuple[int, int, bool]:
        shown = (await self.api.get("sme", f"{PATH}/{portfolio['id']}", on=day)).json()
        return shown["inventions"], shown["pct_applications"], shown["qualifies"]

    async def facts(self, portfolio: dict[str, Any]) -> dict[str, int]:
        """What the portfolio counts for, day by day, corrections summed."""
        assert self.database.connection is not None
        rows = await self.database.connection.execute(
            text(
                "SELECT occurred_on, sum(value) AS value FROM facts WHERE source_id = :id"
                " AND measure = 'portfolio_qualified_count' AND district_code = '120110'"
                " AND dimensions = jsonb_build_object('portfolio_id', cast(:id AS text))"
                " GROUP BY occurred_on HAVING sum(value) <> 0 ORDER BY 1"
            ),
            {"id": uuid.UUID(portfolio["id"])},
        )
        return {str(row.occurred_on): int(row.value) for row in rows}

    async def requalify(self, days: int = 0) -> int:
        async with self.database.write() as unit:
            moment = Moment(unit.moment.now, unit.moment.today + timedelta(days=days))
            return await portfolios.requalify(unit.session, actor=system_actor("job"), moment=moment)


@pytest.fixture
def shelf(api: Api, database: SavepointDatabase) -> Shelf:
    return Shelf(api, database)


async def test_it_counts_from_the_day_it_reaches_both_numbers_until_it_no_longer_does(shelf: Shelf) -> None:
    """AST-10, DL-04, BH-06: at 50/10, not at 49/10 or 50/9; plus one that day, minus one when one leaves."""
    rights = await shelf.patents(50, 10)
    made = await shelf.opened(rights[:49], joined_on=D1)
    assert (made["status"], made["qualified_on"], made["members"]) == ("active", None, 49)
    assert (await shelf.join(made, rights[50:], D2))["qualified_on"] is None
    grown = await shelf.join(made, [rights[49]], D3)
    assert (grown["qualified_on"], grown["qualifies"], grown["members"]) == (D3, True, 60)
    assert await shelf.facts(made) == {D3: 1}
    shrunk = await shelf.leave(made, [rights[-1]], D4)
    assert (shrunk["qualified_on"], shrunk["pct_applications"]) == (None, 9)
    assert await shelf.facts(made) == {D3: 1, D4: -1}
    assert [await shelf.on(made, day) for day in (D1, D2, D3, D4)] == [
        (49, 0, False),
        (49, 10, False),
        (50, 10, True),
        (50, 9, False),
    ]


async def test_what_is_entered_late_moves_the_count_to_the_true_day(shelf: Shelf) -> None:
    """DL-04: a figure of the past is corrected by the difference, whatever the order of the entries."""
    rights = await shelf.patents(51, 10)
    made = await shelf.opened(rights[:49] + rights[51:], joined_on=D1)
    await shelf.join(made, [rights[49]], D3)
    assert await shelf.facts(made) == {D3: 1}
    earlier = await shelf.join(made, [rights[50]], D2)
    assert earlier["qualified_on"] == D2
    assert await shelf.facts(made) == {D2: 1}
    await shelf.leave(made, [rights[50]], D2)  # it never was a member
    assert await shelf.facts(made) == {D3: 1}
    await shelf.join(made, [rights[50]], D1)
    assert await shelf.facts(made) == {D1: 1}
    assert await shelf.requalify() == 0


async def test_a_right_that_ends_or_passes_to_another_counts_no_more_from_that_day(shelf: Shelf) -> None:
    """AST-10, DL-04: a lapse un-qualifies as of its day; the daily job follows and, asked again, writes nothing."""
    rights = await shelf.patents(51, 10)
    made = await shelf.opened(rights, joined_on=D1)
    assert made["qualified_on"] == D1
    ended, sold = (uuid.UUID(right) for right in rights[:2])
    async with shelf.database.write() as unit:
        unit.session.add(
            AssetStatusChange(
                id=new_id(),
                asset_id=ended,
                status=AssetStatus.terminated_fee.value,
                effective_on=date.fromisoformat(D2),
                source="示例",
                event_id=new_id(),
                recorded_at=unit.moment.now,
            )
        )
    assert await shelf.requalify() == 0
    assert await shelf.on(made, D2) == (50, 10, True)
    async with shelf.database.write() as unit:
        await pass_title(unit.session, sold, None, on=date.fromisoformat(D3))
    assert [await shelf.requalify(), await shelf.requalify()] == [1, 0]
    assert await shelf.facts(made) == {D1: 1, D3: -1}
    assert await shelf.on(made, D3) == (49, 10, False)
    assert (await shelf.api.get("sme", f"{PATH}/{made['id']}")).json()["qualified_on"] is None


async def test_an_invention_counts_from_its_grant(shelf: Shelf) -> None:
    """DL-04, BH-06: applications for inventions count for nothing; PCT applications are applications."""
    for granted_on, since in ((None, None), (date.fromisoformat(D3), D3)):
        made = await shelf.opened(await shelf.patents(50, 10, granted_on=granted_on), joined_on=D1)
        assert (made["qualified_on"], made["pct_applications"]) == (since, 10)
        assert await shelf.facts(made) == ({} if since is None else {since: 1})
        assert (await shelf.on(made, D2))[:2] == (0, 10)


async def test_a_day_made_up_for_leaves_later_ones_as_they_were_counted(shelf: Shelf) -> None:
    """DL-04, OPS-03: the job of a missed day takes nothing back that requests have counted since."""
    made = await shelf.opened(await shelf.patents(50, 10), joined_on=str(now().today))
    other = await shelf.opened(await shelf.patents(50, 10), joined_on=D1)
    await shelf.api.made("sme", f"{PATH}/{other['id']}/closure", None)
    assert [await shelf.requalify(days) for days in (-400, -1, 0)] == [0, 0, 0]
    assert await shelf.facts(made) == {str(now().today): 1}
    assert await shelf.facts(other) == {D1: 1, str(now().today): -1}


async def test_a_right_is_in_one_portfolio_at_a_time(shelf: Shelf) -> None:
    """DL-04, BH-06: the same rights make no second portfolio; they do from the day they have left the first."""
    rights = await shelf.patents(50, 10)
    first = await shelf.opened(rights, joined_on=D1)
    body = {"name": "示例组合", "asset_ids": rights[:2], "joined_on": D2}
    refused = await shelf.api.post("sme", PATH, body)
    expected = [("portfolio.member_elsewhere", f"/asset_ids/{n}") for n in (0, 1)]
    assert (refused.status_code, objections(refused)) == (409, expected)
    second = await shelf.opened()
    await shelf.leave(first, rights[:1], D3)
    early = {"asset_ids": rights[:2], "joined_on": D2}
    refused = await shelf.api.post("sme", f"{PATH}/{second['id']}/members", early)
    assert objections(refused) == expected  # the one left in between, the other has not
    await shelf.join(second, rights[:1], D3)
    closed = await shelf.api.made("sme", f"{PATH}/{first['id']}/closure", None)
    again = await shelf.join(second, rights[1:], str(now().today))
    assert (closed["members"], again["members"], again["qualified_on"]) == (0, 60, str(now().today))
    assert await shelf.facts(first) == {D1: 1, D3: -1}
    assert await shelf.on(first, D2) == (50, 10, True)


async def test_a_right_that_passed_to_another_owner_joins_that_owners_portfolio(shelf: Shelf) -> None:
    """DL-04: the former owner's portfolio loses it from the day it passed, whose count stays as it was."""
    rights = await shelf.patents(50, 10)
    old = await shelf.opened(rights, joined_on=D1)
    buyer = shelf.api.samples["sme_b"].organisation.party_id
    passed = date.fromisoformat(D3)
    async with shelf.database.write() as unit:
        await pass_title(unit.session, uuid.UUID(rights[0]), buyer, on=passed)
    assert await shelf.requalify() == 1
    body = {"name": "示例组合", "asset_ids": rights[:1], "joined_on": D2}
    refused = await shelf.api.post("sme_b", PATH, body)
    assert objections(refused) == [("portfolio.member_elsewhere", "/asset_ids/0")]
    made = await shelf.api.made("sme_b", PATH, body | {"joined_on": D3})
    assert (made["members"], made["inventions"]) == (1, 1)
    shown = (await shelf.api.get("sme", f"{PATH}/{old['id']}")).json()
    assert (shown["members"], shown["version"]) == (59, old["version"] + 2)
    assert [await shelf.on(old, day) for day in (D2, D3)] == [(50, 10, True), (49, 10, False)]
    assert (await shelf.facts(old), await shelf.requalify()) == ({D1: 1, D3: -1}, 0)


async def test_a_keeper_from_elsewhere_needs_the_owners_mandate(
    shelf: Shelf, database: SavepointDatabase
) -> None:
    """RB-05, DL-04: for its first rights and for each that joins later."""
    api = shelf.api
    await join(api, database, "far", Role.agency, district_code="440300")
    named, other = await shelf.patents(2)
    body = {"name": "示例组合", "owner_id": str(shelf.owner), "asset_ids": [named]}
    refused = await api.post("far", PATH, body)
    assert (refused.status_code, objections(refused)) == (403, [("mandate.missing", "/owner_id")])
    number = (await api.get("far", f"/v1/assets/{named}")).json()["number"]
    [missing] = refused.json()["violations"]
    assert missing["message_zh"] == f"缺少委托人对 {number} 的有效委托（权限：list）"
    assert missing["facts"] == {"party_id": str(shelf.owner), "power": "list", "rights": number}
    mandate = {
        "owner_id": str(shelf.owner),
        "organisation_id": str(api.samples["far"].organisation.id),
        "powers": ["list"],
        "term_from": str(now().today),
        "term_to": "2099-12-31",
        "asset_ids": [named],
    }
    await api.made("sme", "/v1/mandates", mandate)
    made = await api.made("far", PATH, body)
    assert (made["district_code"], made["members"]) == ("120110", 1)
    joining = {"asset_ids": [other], "joined_on": D1}
    refused = await api.post("far", f"{PATH}/{made['id']}/members", joining)
    assert (refused.status_code, objections(refused)) == (403, [("mandate.missing", None)])
    assert (await shelf.join(made, [other], D1))["members"] == 2


async def test_a_right_counts_from_the_day_its_owner_acquired_it(shelf: Shelf) -> None:
    """DL-04: membership before that is on paper only."""
    rights = await shelf.patents(50, 10, acquired_on=date.fromisoformat(D3))
    made = await shelf.opened(rights, joined_on=D1)
    assert (made["qualified_on"], await shelf.facts(made)) == (D3, {D3: 1})


async def test_only_inventions_here_and_pct_applications_count(shelf: Shelf) -> None:
    """DL-04: utility models and foreign patents are members but count for neither number."""
    async with shelf.database.write() as unit:
        utility = await make_asset(unit.session, owners=[shelf.owner])
        utility.patent_type = "utility_model"
        foreign = await make_asset(unit.session, owners=[shelf.owner], office="US", regime="notice")
        await unit.session.flush()
    made = await shelf.opened([str(utility.id), str(foreign.id), *await shelf.patents(2, 3)])
    assert (made["members"], made["inventions"], made["pct_applications"]) == (7, 2, 3)


async def test_a_pct_application_entered_in_the_register_counts(shelf: Shelf) -> None:
    """BH-06: a right of office WO under its PCT number."""
    body = {
        "kind": "patent",
        "office": "WO",
        "numbers": {"application": "PCT/CN2021/123456"},
        "name": "示例激光焊接方法",
        "status": "application",
        "status_source": "示例",
        "filed_on": "2021-03-01",
        "owners": [{"party_id": str(shelf.owner)}],
    }
    asset = await shelf.api.made("agency", "/v1/assets", body)
    assert (await shelf.opened([asset["id"]]))["pct_applications"] == 1


async def test_every_right_that_cannot_join_is_named_at_once(shelf: Shelf) -> None:
    """DL-04: rights of the portfolio's owner only, each once."""
    [member] = await shelf.patents(1)
    made = await shelf.opened([member])
    async with shelf.database.write() as unit:
        other = await make_party(unit.session)
        foreign = await make_asset(unit.session, owners=[other.id])
        shared = await make_asset(unit.session, owners=[other.id, shelf.owner])
        mark = await make_asset(unit.session, owners=[shelf.owner], kind=AssetKind.trademark)
    ids = [str(new_id()), member, str(foreign.id), str(shared.id), str(mark.id), str(mark.id)]
    tomorrow = str(now().today + timedelta(days=1))
    refused = await shelf.api.post(
        "sme", f"{PATH}/{made['id']}/members", {"asset_ids": ids, "joined_on": tomorrow}
    )
    assert objections(refused) == [
        ("request.date_in_future", "/joined_on"),
        ("portfolio.asset_twice", "/asset_ids"),
        ("asset.not_found", "/asset_ids/0"),
        ("portfolio.already_member", "/asset_ids/1"),
        ("portfolio.not_owner", "/asset_ids/2"),
        ("portfolio.not_patent", "/asset_ids/4"),
        ("portfolio.not_patent", "/asset_ids/5"),
    ]
    early = {"asset_ids": [member, str(shared.id)], "left_on": "2020-01-01"}
    refused = await shelf.api.post("sme", f"{PATH}/{made['id']}/removals", early)
    assert objections(refused) == [
        ("portfolio.left_before_joined", "/asset_ids/0"),
        ("portfolio.not_member", "/asset_ids/1"),
    ]
    assert (await shelf.join(made, [str(shared.id)], D1))["members"] == 2


async def test_a_closed_portfolio_counts_no_more_and_keeps_its_history(shelf: Shelf) -> None:
    """DL-04: all members leave that day; the years before stay as they were."""
    made = await shelf.opened(await shelf.patents(50, 10), joined_on=D1)
    closed = await shelf.api.made("sme", f"{PATH}/{made['id']}/closure", {"reason": "示例"})
    assert (closed["status"], closed["qualified_on"], closed["members"]) == ("closed", None, 0)
    assert await shelf.facts(made) == {D1: 1, str(now().today): -1}
    assert await shelf.on(made, D2) == (50, 10, True)
    again = await shelf.api.post("sme", f"{PATH}/{made['id']}/closure", None)
    assert (again.status_code, again.json()["code"]) == (409, "portfolio.closed")


async def test_members_are_shown_as_of_a_day_page_by_page(shelf: Shelf) -> None:
    rights = await shelf.patents(2, 1)
    made = await shelf.opened(rights[:2], joined_on=D1)
    await shelf.join(made, rights[2:], D3)
    await shelf.leave(made, rights[:1], D4)

    async def shown(day: str, **page: Any) -> list[tuple[str, str]]:
        answer = await shelf.api.get("sme", f"{PATH}/{made['id']}/members", on=day, **page)
        return [(row["asset_id"], row["counting"]) for row in answer.json()["items"]]

    assert await shown(D2) == [(right, "invention") for right in rights[:2]]
    assert await shown(D4) == [(rights[1], "invention"), (rights[2], "pct_application")]
    assert len(await shown(D3, limit=2)) == 2
    listed = (await shelf.api.get("sme", PATH, on=D3)).json()["items"]
    assert [(row["id"], row["members"], row["on"]) for row in listed] == [(made["id"], 3, D3)]


async def test_a_portfolio_is_its_keepers_its_owners_and_the_districts(shelf: Shelf) -> None:
    """RB-01: an agency keeps it for the owner, who may change it too; another enterprise sees nothing."""
    body = {"name": "示例组合", "owner_id": str(shelf.owner), "asset_ids": []}
    made = await shelf.api.made("agency", PATH, body)
    path = f"{PATH}/{made['id']}"
    roles = ("agency", "sme", "ip_office", "sme_b")
    seen = {role: (await shelf.api.get(role, path)).status_code for role in roles}
    assert seen == {"agency": 200, "sme": 200, "ip_office": 200, "sme_b": 404}
    assert (await shelf.join(made, await shelf.patents(1), D1))["members"] == 1
    refused = await shelf.api.post("ip_office", f"{path}/closure", None)
    assert (refused.status_code, refused.json()["code"]) == (403, "portfolio.not_keeper")
    foreign = await shelf.api.post("sme_b", PATH, body)
    assert (foreign.status_code, foreign.json()["code"]) == (403, "portfolio.owner_foreign")


async def test_a_batch_of_five_hundred_takes_no_more_statements_than_one(
    shelf: Shelf, database: SavepointDatabase
) -> None:
    """Decisions §9: set-based; 501 are refused."""
    rights = await shelf.patents(501)
    made = await shelf.opened()
    assert database.connection is not None
    needed = []
    for batch in (rights[:1], rights[1:]):
        async with statements(database.connection) as seen:
            await shelf.join(made, batch, D1)
        needed.append(len(seen.work))
    assert needed[0] == needed[1]
    too_many = {"asset_ids": [str(new_id()) for _ in range(501)], "joined_on": D1}
    refused = await shelf.api.post("sme", f"{PATH}/{made['id']}/members", too_many)
    assert objections(refused) == [("request.malformed", "/asset_ids")]


async def test_the_daily_look_at_portfolios_is_a_few_statements_however_many_there_are(
    shelf: Shelf, database: SavepointDatabase
) -> None:
    """DL-04: nothing is locked or written where nothing has changed."""
    for _ in range(3):
        await shelf.opened(await shelf.patents(2, 1))
    assert database.connection is not None
    async with statements(database.connection) as seen:
        assert await shelf.requalify() == 0
    reads = [sent for sent in seen.work if "portfolio" in sent]
    assert len(reads) <= 5
    assert [
        sent for sent in reads if "INSERT" in sent or "UPDATE" in sent.replace("FOR NO KEY UPDATE", "")
    ] == []
