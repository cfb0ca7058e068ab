"""Pre-checks below the API: judged by the rules of the business day, kept for good."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.money import Money
from app.domain.pledge_filing import NewItem, NewPledge
from app.domain.pledge_ground import Acknowledgement, Contract
from app.models.pledge import Decision
from app.services import decisions, pledges
from app.services.decisions import Wanted
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.samples import actor_of


async def checked(session: AsyncSession, api: Api, asset_id: uuid.UUID, on: date) -> Decision:
    """A pre-check on a business day, both parties knowing of an invalidation, with a foreclosure clause."""
    owner = api.samples["sme"].organisation.party_id
    new = NewPledge(
        borrower_id=owner,
        principal=Money(50_000_000),
        debt_from=on,
        debt_to=date(2027, 6, 30),
        contract=Contract("示例合同-1", on, "流动资金借款", "本金及利息", title_transfer_on_default=True),
        items=[NewItem(asset_id, owner)],
        acknowledgements=[Acknowledgement(asset_id, "pledge.invalidation_started", on, on)],
    )
    moment = replace(now(), today=on)
    return await pledges.check(session, actor=actor_of(api.samples, "bank_a"), moment=moment, new=new)


BLOCKED, PASSED = ["block", "block"], ["acknowledge", "warn"]


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2009, 1, 5), ("cn-56-2010", True, "refused", BLOCKED)),
        (date(2021, 7, 1), ("cn-358-2020", False, "refused", BLOCKED)),
        (date(2021, 11, 14), ("cn-358-2020", False, "refused", BLOCKED)),
        (date(2021, 11, 15), ("cn-461-2021", False, "passed", PASSED)),
    ],
)
async def test_the_rules_of_the_business_day_decide(
    api: Api, database: SavepointDatabase, on: date, expected: tuple[str, bool, str, list[str]]
) -> None:
    """UNI-36: the same filing a day later is another case; before all rules the first stand in."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        asset = await make_asset(unit.session, owners=[owner], invalidation_pending=True)
        made = await checked(unit.session, api, asset.id, on)
    severities = [entry["severity"] for entry in made.found]
    assert (made.rule_pack, made.assumed, made.outcome, severities) == expected
    assert {entry["code"] for entry in made.found} == {
        "pledge.invalidation_started",
        "pledge.foreclosure_clause",
    }


async def test_replay_under_the_new_law_turns_the_expected_cases_only(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-36: of two cases of the last day of the old rules the new ones pass the one, and leave the other."""
    owner, eve = api.samples["sme"].organisation.party_id, date(2021, 11, 14)
    actor = actor_of(api.samples, "operator")
    async with database.write() as unit:
        pending = await make_asset(unit.session, owners=[owner], invalidation_pending=True)
        suspended = await make_asset(unit.session, owners=[owner], suspended=True)
        turned = await checked(unit.session, api, pending.id, eve)
        await checked(unit.session, api, suspended.id, date(2021, 11, 13))
        wanted = Wanted(first=date(2021, 1, 1), last=eve, kind=None, after=None, limit=10)
        made = await decisions.replay(
            unit.session, actor=actor, moment=now(), code="cn-461-2021", wanted=wanted
        )
    assert (made.judged, made.passed_before, made.passed_after) == (2, 0, 1)
    by_id = {one.id: one.difference for one in made.changed}
    assert by_id[turned.id].outcome == "passed"
    weighed = [
        [(before["code"], before["severity"], after["severity"]) for before, after in one.weighed]
        for one in by_id.values()
    ]
    clause = ("pledge.foreclosure_clause", "block", "warn")
    assert sorted(map(len, weighed)) == [1, 2]
    assert all(clause in one for one in weighed)


async def test_replay_goes_on_by_day_whatever_was_entered_first(
    api: Api, database: SavepointDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UNI-36: pages neither skip nor repeat; an answer also ends once it tells of very many grounds."""
    owner = api.samples["sme"].organisation.party_id
    actor = actor_of(api.samples, "operator")
    days = [date(2021, 3, 3), date(2021, 3, 1), date(2021, 3, 2), date(2021, 3, 1), date(2021, 3, 4)]
    monkeypatch.setattr(decisions, "BATCH", 2)
    async with database.write() as unit:
        asset = await make_asset(unit.session, owners=[owner], invalidation_pending=True)
        made = [await checked(unit.session, api, asset.id, day) for day in days]
        expected = [one.id for one in sorted(made, key=lambda one: (one.decided_on, one.id))][:4]

        async def pages(limit: int) -> list[list[uuid.UUID]]:
            wanted = Wanted(first=date(2021, 3, 1), last=date(2021, 3, 3), kind=None, after=None, limit=limit)
            found = []
            while True:
                answer = await decisions.replay(
                    unit.session, actor=actor, moment=now(), code="cn-461-2021", wanted=wanted
                )
                found.append([one.id for one in answer.changed])
                if answer.next_cursor is None:
                    return found
                wanted = replace(wanted, after=answer.next_cursor)

        assert await pages(3) == [expected[:3], expected[3:]]
        assert await pages(10) == [expected]
        monkeypatch.setattr(decisions, "MAX_TOLD", 3)
        assert await pages(10) == [expected[:2], expected[2:]]


async def test_a_pre_check_is_of_no_pledge(api: Api, database: SavepointDatabase) -> None:
    """UNI-36: what was filed names its pledge, by the database's own rule."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        asset = await make_asset(unit.session, owners=[owner])
        made = await checked(unit.session, api, asset.id, date(2022, 1, 4))
        again = (
            "INSERT INTO decisions (id, district_code, organisation_id, kind, rule_pack, assumed, inputs, found,"
            " outcome, decided_on, event_id, recorded_at) SELECT gen_random_uuid(), district_code,"
            " organisation_id, 'filing', rule_pack, assumed, inputs, found, outcome, decided_on, event_id,"
            " recorded_at FROM decisions WHERE id = :id"
        )
        with pytest.raises(DBAPIError, match="ck_decisions_pledge_known"):
            async with unit.session.begin_nested():
                await unit.session.execute(text(again), {"id": made.id})


@pytest.mark.parametrize("change", ["UPDATE decisions SET outcome = 'passed'", "DELETE FROM decisions"])
async def test_a_decision_is_never_changed(api: Api, database: SavepointDatabase, change: str) -> None:
    """UNI-36: what was said stays said."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        asset = await make_asset(unit.session, owners=[owner])
        await checked(unit.session, api, asset.id, date(2022, 1, 4))
        with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
            async with unit.session.begin_nested():
                await unit.session.execute(text(change))
