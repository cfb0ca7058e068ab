"""`/v1/assets/{id}/associated-marks`, and pledges and transfers that leave one of them out."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from sqlalchemy import text

from app.domain.asset import AssetStatus, MarkKind
from app.domain.permission import system_actor
from app.models.asset import Asset
from app.queries import associated_marks
from app.queries.driver import driver
from app.services import assets
from tests.factories import deals
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.marks import make_mark, similar
from tests.factories.parties import make_party
from tests.factories.pledges import filing
from tests.support.api import Api, codes, objections
from tests.support.counter import statements
from tests.support.database import SavepointDatabase


@dataclass
class Marks:
    """Marks of the sample enterprise."""

    api: Api
    database: SavepointDatabase
    owner: uuid.UUID

    async def mark(self, *others: uuid.UUID, **facts: object) -> Asset:
        async with self.database.write() as unit:
            return await make_mark(unit.session, owners=[self.owner, *others], **facts)  # type: ignore[arg-type]

    async def party(self) -> uuid.UUID:
        async with self.database.write() as unit:
            return (await make_party(unit.session)).id

    async def associated(self, mark: Asset) -> dict[str, bool]:
        """The numbers of the marks that go together with it; whether their words are the same."""
        answer = await self.api.get("bank_a", f"/v1/assets/{mark.id}/associated-marks")
        return {row["number"]: row["identical"] for row in answer.json()["items"]}

    async def signed(self, *rights: Asset) -> tuple[int, list[tuple[str, str | None]]]:
        """The answer to signing a transfer of these rights."""
        body = deals.transfer(self.owner, await self.party(), [right.id for right in rights])
        deal = await self.api.made("sme", "/v1/deals", body)
        await deals.through(self.api, deal, "agree")
        answer = await deals.step(self.api, deal, "sign")
        return answer.status_code, [] if answer.is_success else objections(answer)


@pytest.fixture
def marks(api: Api, database: SavepointDatabase) -> Marks:
    return Marks(api, database, api.samples["sme"].organisation.party_id)


async def test_identical_and_similar_marks_on_the_same_goods_go_together(marks: Marks) -> None:
    """TR-11: by their words or by a link, transitively; not other owners', other goods', nor ended marks."""
    one = await marks.mark(name="示例·星河", classes={9: ["0901"]})
    same = await marks.mark(name="示例 星河", classes={9: ["0901", "0907"]})
    alike = await marks.mark(name="示例星海", classes={9: ["0907"]})
    pending = await marks.mark(name="示例星海", classes={9: []}, status=AssetStatus.applied)
    other_group = await marks.mark(name="示例星河", classes={9: ["0920"]})
    other_class = await marks.mark(name="示例星河", classes={10: ["1001"]})
    await marks.mark(name="示例星河", classes={9: ["0901"]}, status=AssetStatus.cancelled)
    await marks.mark(await marks.party(), name="示例星河", classes={9: ["0901"]})
    async with marks.database.write() as unit:
        await similar(unit.session, alike, same)
    together = {same.number: True, alike.number: False, pending.number: False}
    assert await marks.associated(one) == together
    assert await marks.associated(pending) == {alike.number: True, same.number: False, one.number: False}
    assert await marks.associated(other_group) == {}
    assert await marks.associated(other_class) == {}


async def test_a_link_that_has_ended_holds_no_marks_together(marks: Marks, api: Api) -> None:
    """TR-11: an error in the link is mended by ending it."""
    one, other = await marks.mark(name="示例甲"), await marks.mark(name="示例乙")
    body = {"other_asset_id": str(other.id), "kind": "similar_mark"}
    link = await api.made("agency", f"/v1/assets/{one.id}/links", body)
    assert await marks.associated(other) == {one.number: False}
    end = f"/v1/assets/{other.id}/links/{link['id']}/end"
    refused = await api.post("agency", end, {"reason": "认定有误"})
    assert (refused.status_code, codes(refused)) == (403, ["auth.denied"])
    await api.made("operator", end, {"reason": "认定有误"})
    assert await marks.associated(other) == {}


async def test_goods_struck_out_part_marks_and_unknown_goods_hold_the_class_together(
    marks: Marks, api: Api
) -> None:
    """TR-11, ID-13: the Nice class decides where a mark's items are not known, the groups where they are."""
    one = await marks.mark(classes={9: ["0901", "0907"]})
    other = await marks.mark(classes={9: ["0907"]})
    unknown = await marks.mark(classes={9: []})
    assert set(await marks.associated(one)) == {other.number, unknown.number}
    goods = (await api.get("bank_a", f"/v1/assets/{one.id}/goods")).json()["items"]
    await strike(api, one, [goods[1]["id"]])
    # what is left of `one` shares no group with `other`; `unknown` may hold them together still
    assert set(await marks.associated(one)) == {other.number, unknown.number}
    await strike(api, one, [goods[0]["id"]])
    assert await marks.associated(one) == {}
    assert set(await marks.associated(other)) == {unknown.number}


async def strike(api: Api, mark: Asset, item_ids: list[str]) -> None:
    body = {"item_ids": item_ids, "removed_on": "2025-02-03", "reason": "部分撤销公告"}
    await api.made("operator", f"/v1/assets/{mark.id}/goods/removals", body)


async def test_a_pledge_names_the_associated_marks_that_it_lacks(marks: Marks, api: Api) -> None:
    """PL-15: all registered ones are pledged together; an application cannot be pledged and is not asked for."""
    one, other = await marks.mark(), await marks.mark()
    await marks.mark(status=AssetStatus.applied)
    refused = await api.post("bank_a", "/v1/pledges", filing(marks.owner, [one.id]))
    assert (refused.status_code, objections(refused)) == (
        409,
        [("pledge.associated_marks_missing", "/items/0/asset_id")],
    )
    [violation] = refused.json()["violations"]
    assert (violation["facts"]["missing"], violation["basis"]) == (
        other.number,
        "注册商标专用权质押登记程序规定第3条",
    )
    assert (await api.get("bank_a", f"/v1/assets/{one.id}")).json()["holds"] == []
    await api.made("bank_a", "/v1/pledges", filing(marks.owner, [one.id, other.id]))


async def test_a_transfer_is_signed_with_all_associated_marks_or_not_at_all(marks: Marks) -> None:
    """TR-11: at the signature the missing ones are named; the application is one of them, it has to move too."""
    one = await marks.mark()
    await marks.mark(status=AssetStatus.applied)
    assert await marks.signed(one) == (409, [("deal.associated_marks_missing", "/asset_ids/0")])
    two, more = (
        await marks.mark(name="示例长庚"),
        await marks.mark(name="示例长庚", status=AssetStatus.applied),
    )
    assert await marks.signed(more, two) == (200, [])


@pytest.mark.parametrize("kind", [MarkKind.collective, MarkKind.certification])
async def test_a_collective_mark_is_neither_pledged_nor_transferred_by_contract_alone(
    marks: Marks, api: Api, kind: MarkKind
) -> None:
    """LS-16: no acknowledgement helps; it takes an approval by hand."""
    mark = await marks.mark(mark_kind=kind)
    told = [{"asset_id": str(mark.id), "code": "asset.collective_mark", "pledgor_on": str(now().today)}]
    body = filing(marks.owner, [mark.id], acknowledgements=[told[0] | {"pledgee_on": str(now().today)}])
    refused = await api.post("bank_a", "/v1/pledges", body)
    assert (refused.status_code, codes(refused)) == (409, ["asset.collective_mark"])
    assert await marks.signed(mark) == (409, [("asset.collective_mark", "/asset_ids/0")])
    assert (await api.get("bank_a", f"/v1/assets/{mark.id}")).json()["mark_kind"] == kind


async def test_a_patent_has_no_associated_marks_and_the_question_is_one_statement(
    marks: Marks, database: SavepointDatabase
) -> None:
    async with database.write() as unit:
        patent = await make_asset(unit.session, owners=[marks.owner])
    one, other = await marks.mark(), await marks.mark()
    assert database.connection is not None
    async with database.write() as unit:
        async with statements(database.connection) as seen:
            found = await associated_marks.closure(unit.session, [patent.id, one.id, other.id])
        assert len(seen.work) == 1
    assert {key: [mark.asset_id for mark in found[key]] for key in found} == {
        patent.id: [],
        one.id: [other.id],
        other.id: [one.id],
    }


async def test_pictures_are_not_identical_for_want_of_words(marks: Marks) -> None:
    """TR-11: what the register calls 图形 is a picture; two of them are two signs."""
    one = await marks.mark(name="图形")
    await marks.mark(name="图形")
    await marks.mark(name="（无文字商标）")
    assert await marks.associated(one) == {}


async def test_the_work_grows_with_the_marks_and_not_with_their_pairs(
    marks: Marks, database: SavepointDatabase
) -> None:
    """TR-11: a firm that has the same words in hundreds of registrations is answered under locks as well."""
    read = []
    made: list[uuid.UUID] = []
    for _ in range(2):
        made += [(await marks.mark(classes={9: ["0901"], 42: []})).id for _ in range(20)]
        async with database.write() as unit:
            assert database.connection is not None
            # as in a large register: a table of one page is read whole for each mark
            await unit.session.execute(text("SET LOCAL enable_seqscan = off"))
            found = await associated_marks.closure(unit.session, made)
            assert {len(found[key]) for key in made} == {len(made) - 1}
            connection = await driver(unit.session)
            explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT {associated_marks.signs('$1::uuid[]')}"
            [plan] = await connection.fetchval(explain, made)
            read.append(plan["Plan"]["Shared Hit Blocks"])
    assert read[1] < 3 * read[0]


@dataclass
class Known:
    """A mark as the reference sees it."""

    owners: frozenset[uuid.UUID]
    name: str
    classes: dict[int, list[str]]
    live: bool
    like: set[str] = field(default_factory=set)


def reference(marks: dict[str, Known], start: str) -> set[str]:
    """The closure by the words of the rule, mark by mark."""

    def overlap(a: Known, b: Known) -> bool:
        return any(
            not a.classes[number] or not b.classes[number] or set(a.classes[number]) & set(b.classes[number])
            for number in a.classes.keys() & b.classes.keys()
        )

    found, todo = {start}, [start]
    while todo:
        one = todo.pop()
        a = marks[one]
        for key, b in marks.items():
            alike = a.name == b.name or key in a.like
            if key not in found and b.live and a.owners == b.owners and alike and overlap(a, b):
                found.add(key)
                todo.append(key)
    return found - {start}


@pytest.mark.parametrize("seed", range(3))
async def test_the_closure_is_that_of_a_reference_on_random_marks(
    marks: Marks, database: SavepointDatabase, seed: int
) -> None:
    """TR-11: thirty random marks, every start; unlike the statement the reference looks at every pair."""
    dice = random.Random(seed)
    other = await marks.party()
    known: dict[str, Known] = {}
    rows: dict[str, Asset] = {}
    for _ in range(30):
        owners = dice.choice([[marks.owner], [marks.owner], [marks.owner, other], [other, marks.owner]])
        classes = {
            number: [f"{number:02d}{group:02d}" for group in dice.sample(range(1, 5), dice.randint(0, 2))]
            for number in dice.sample((9, 10, 42), dice.randint(1, 2))
        }
        status = dice.choice([*[AssetStatus.registered] * 4, AssetStatus.applied, AssetStatus.lapsed])
        name = dice.choice(["示例甲", "示例乙", "示例丙", "示例丁", "示例戊", "示例己"])
        async with database.write() as unit:
            made = await make_mark(unit.session, owners=owners, name=name, classes=classes, status=status)
        rows[made.number] = made
        known[made.number] = Known(frozenset(owners), name, classes, status is not AssetStatus.lapsed)
    numbers = dice.sample(sorted(known), 12)
    async with database.write() as unit:
        for place, (one, two) in enumerate(pairwise(numbers)):
            link_id = await similar(unit.session, rows[one], rows[two])
            if place % 4 == 0:
                await assets.end_link(
                    unit.session,
                    actor=system_actor("test"),
                    moment=now(),
                    asset_id=rows[one].id,
                    link_id=link_id,
                    reason="示例",
                )
                continue
            known[one].like.add(two)
            known[two].like.add(one)
        found = await associated_marks.closure(unit.session, [row.id for row in rows.values()])
    told = {number: {mark.number for mark in found[row.id]} for number, row in rows.items()}
    assert told == {number: reference(known, number) for number in known}
    assert sum(map(bool, told.values())) > 5
