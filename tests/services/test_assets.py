"""Entering rights, locking them and their chain of title, against the database itself."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.domain.asset import AssetKind, AssetStatus, NumberScheme
from app.domain.asset_entry import NewAsset, NewOwner
from app.domain.errors import DomainError
from app.domain.identifiers import new_id
from app.domain.permission import system_actor
from app.errors import from_database
from app.infra.db import Unit
from app.models.asset import Asset, Title
from app.models.event import Event
from app.queries import assets as queries, titles
from app.queries.driver import driver
from app.services import assets
from tests.factories.assets import pass_title
from tests.support.counter import statements
from tests.support.database import SavepointDatabase
from tests.support.samples import Samples


def owner_of(samples: Samples, role: str) -> uuid.UUID:
    return samples[role].organisation.party_id


async def enter(unit: Unit, number: str = "202011472880.4", *owners: NewOwner) -> Asset:
    new = NewAsset(
        kind=AssetKind.patent,
        numbers={NumberScheme.application: number},
        name="示例装置",
        status=AssetStatus.granted,
        status_source="登记簿副本",
        filed_on=date(2020, 12, 15),
        owners=owners,
    )
    made = await assets.register(unit.session, actor=system_actor("test"), moment=unit.moment, new=new)
    return made.asset


async def test_entering_a_right_is_a_public_event_of_the_national_register(unit: Unit) -> None:
    asset = await enter(unit)
    event = await unit.session.get_one(Event, asset.event_id)
    assert (event.type, event.stream, event.public, event.subject_id) == (
        "asset.registered",
        "national",
        True,
        asset.id,
    )
    assert event.payload["number"] == "202011472880.4"


async def test_the_key_of_a_cn_patent_is_its_digits_without_check_character(unit: Unit) -> None:
    """ID-07."""
    asset = await enter(unit, "201821344181X")
    numbers = (await queries.details(unit.session, [asset.id])).numbers[asset.id]
    assert [(number.value, number.key) for number in numbers] == [("201821344181.X", "201821344181")]


async def test_the_database_refuses_shares_that_are_not_the_whole(unit: Unit, samples: Samples) -> None:
    """AST-05, AST-06: even a writer that checks nothing cannot leave 110 % behind."""
    asset = await enter(
        unit,
        "202011472880.4",
        NewOwner(owner_of(samples, "sme"), 600_000),
        NewOwner(owner_of(samples, "sme_b"), 400_000),
    )
    point = await unit.session.begin_nested()
    unit.session.add(
        Title(
            id=new_id(),
            asset_id=asset.id,
            party_id=owner_of(samples, "agency"),
            share_ppm=100_000,
            ordinal=3,
            event_id=asset.event_id,
            recorded_at=unit.moment.now,
        )
    )
    await unit.session.flush()
    with pytest.raises(IntegrityError) as refused:
        await unit.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    await point.rollback()
    known = from_database(refused.value)
    assert known is not None
    assert known.code.code == "asset.shares_incomplete"


async def test_the_owner_at_a_date_follows_from_the_chain_of_title(unit: Unit, samples: Samples) -> None:
    """AST-05: the seller owned it to the day before the transfer, the buyer from that day on."""
    seller, buyer = owner_of(samples, "sme"), owner_of(samples, "sme_b")
    asset = await enter(unit, "202011472880.4", NewOwner(seller, acquired_on=date(2020, 12, 15)))
    await pass_title(unit.session, asset.id, buyer, on=date(2023, 5, 4))

    async def owner_at(day: date | None) -> list[uuid.UUID | None]:
        return [link.title.party_id for link in await titles.chain(unit.session, asset.id, on=day)]

    assert await owner_at(None) == [seller, buyer]
    assert await owner_at(date(2023, 5, 3)) == [seller]
    assert await owner_at(date(2023, 5, 4)) == [buyer]
    assert await owner_at(date(2020, 12, 14)) == []
    live = (await queries.owners(unit.session, [asset.id]))[asset.id]
    assert [row.party_id for row in live] == [buyer]


async def test_locks_come_in_the_order_of_ids_and_name_every_missing_right(unit: Unit) -> None:
    """Lock order: assets by id, whatever order they were asked for in."""
    one, two = await enter(unit), await enter(unit, "201710601862.3")
    locked = await queries.lock(unit.session, [two.id, one.id])
    assert [asset.id for asset in locked] == sorted([one.id, two.id])
    with pytest.raises(DomainError) as refused:
        await queries.lock(unit.session, [uuid.uuid4(), one.id, uuid.uuid4()], pointer="/items/{}/asset_id")
    assert [violation.pointer for violation in refused.value.violations] == [
        "/items/0/asset_id",
        "/items/2/asset_id",
    ]


async def test_a_lock_shows_the_row_as_it_now_is(unit: Unit) -> None:
    """What another statement changed since the right was loaded is seen under the lock."""
    asset = await enter(unit)
    await (await driver(unit.session)).execute("UPDATE assets SET version = 9 WHERE id = $1", asset.id)
    (locked,) = await queries.lock(unit.session, [asset.id])
    assert locked.version == 9


async def test_statements_of_both_kinds_are_counted_once(database: SavepointDatabase) -> None:
    """The counter that budgets are tested with sees SQLAlchemy, its bulk form and the raw driver."""
    assert database.connection is not None
    async with statements(database.connection) as seen, database.write() as unit:
        await unit.session.execute(text("SELECT 1"))
        connection = await driver(unit.session)
        await connection.fetchval("SELECT 2")
        await connection.execute("SELECT 3")
        many = text("SELECT set_config('ipops.test', :value, true)")
        await unit.session.execute(many, [{"value": "a"}, {"value": "b"}])
    assert sorted(seen.work) == [
        "SELECT 1",
        "SELECT 2",
        "SELECT 3",
        "SELECT set_config('ipops.test', $1, true)",
    ]
    assert len(seen.texts) > len(seen.work)
