"""Fees over HTTP: watched, paid, late, lapsed, with those concerned told."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from app.domain.asset import AssetKind
from app.domain.identifiers import new_id
from app.models.asset import AssetClass, AssetStatusChange
from app.services import jobs
from tests.factories import deals
from tests.factories.assets import make_asset
from tests.factories.claims import register
from tests.factories.enrolments import agree, make_programme, make_provider, match
from tests.factories.parties import make_party
from tests.factories.pledges import filing
from tests.factories.portfolios import make_patents
from tests.support.api import Api, codes
from tests.support.database import SavepointDatabase

DUE, GRACE_ENDS = date(2027, 3, 1), date(2027, 9, 1)
"""The ninth annuity of a sample patent, filed 2019-03-01 and granted 2021-06-01; 2 000 yuan."""
NINTH = {"paid_through_ordinal": 8, "source": "年费缴纳票据"}
DAY = timedelta(days=1)


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


def payment(amount: str, paid_on: date | str, ordinal: int = 9) -> dict[str, Any]:
    return {"ordinal": ordinal, "paid_on": str(paid_on), "paid": money(amount), "source": "年费缴纳票据"}


class Watched:
    """A right of the sample enterprise under the clock."""

    def __init__(self, api: Api, database: SavepointDatabase, asset_id: uuid.UUID) -> None:
        self.api, self.database, self.asset_id = api, database, asset_id
        self.path = f"/v1/assets/{asset_id}"

    async def on(self, day: date, *names: str) -> Mapping[str, Any]:
        """Move the business date and do the day's jobs (fees and terms) as the worker does; what fees did."""
        moved = await self.api.put("sme", "/v1/sandbox/clock", {"business_date": str(day)})
        assert moved.status_code == 200, moved.text
        found: dict[str, Mapping[str, Any]] = {}
        for name in names or ("follow_fees", "expire_rights"):
            async with self.database.write() as unit:
                await unit.session.execute(text("SET LOCAL ROLE ipops_worker"))
                run = await jobs.run(unit.session, moment=unit.moment, job=name, day=day)
                await unit.session.execute(text("SET LOCAL ROLE ipops_app"))
            found[name] = run.result
        return found.get("follow_fees", {})

    async def shown(self) -> dict[str, Any]:
        answer = await self.api.get("bank_a", self.path)
        body: dict[str, Any] = answer.json()
        return body

    async def fee(self, ordinal: int = 9) -> dict[str, Any]:
        calendar = (await self.api.get("bank_b", f"{self.path}/fees")).json()
        return next(item for item in calendar["items"] if item["ordinal"] == ordinal)

    async def state(self, ordinal: int = 9) -> tuple[str, str]:
        """The right's status and the fee's."""
        return (await self.shown())["status"], (await self.fee(ordinal))["status"]

    async def history(self) -> list[tuple[str, str]]:
        async with self.database.read() as unit:
            statement = select(AssetStatusChange).where(AssetStatusChange.asset_id == self.asset_id)
            rows = await unit.session.scalars(statement.order_by(AssetStatusChange.id))
            return [(row.status, str(row.effective_on)) for row in rows][1:]

    async def pay(self, amount: str, paid_on: date, ordinal: int = 9, by: str = "sme") -> Any:
        return await self.api.post(by, f"{self.path}/fees/payments", payment(amount, paid_on, ordinal))

    async def told(self, role: str) -> list[tuple[str, Any]]:
        """The notices about fees that an organisation has got."""
        items = (await self.api.get(role, "/v1/notices", limit=100)).json()["items"]
        return [(item["kind"], item["facts"]["days"]) for item in items if item["noun"] == "fee"]


async def watched(
    api: Api,
    database: SavepointDatabase,
    *,
    kind: AssetKind = AssetKind.patent,
    by: str = "sme",
    **body: Any,
) -> Watched:
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        asset = await make_asset(unit.session, owners=[owner], kind=kind)
    right = Watched(api, database, asset.id)
    if kind is AssetKind.patent:
        await api.made(by, f"{right.path}/fees/watch", NINTH | body)
    return right


async def test_the_whole_calendar_is_shown(api: Api, database: SavepointDatabase) -> None:
    """AST-08: days, amounts, what it costs today; what is paid, open, and to come."""
    right = await watched(api, database, reduction_percent=85)
    calendar = (await api.get("bank_a", f"{right.path}/fees")).json()
    items = {item["ordinal"]: item for item in calendar["items"]}
    assert (calendar["watched"], min(items), max(items)) == (True, 4, 20)
    assert [items[ordinal]["status"] for ordinal in (4, 8, 9, 10, 20)] == [
        "paid",
        "paid",
        "due",
        "upcoming",
        "upcoming",
    ]
    ninth = items[9]
    assert (ninth["due_on"], ninth["grace_ends_on"]) == (str(DUE), str(GRACE_ENDS))
    assert (ninth["amount"]["amount"], ninth["payable"]["amount"]) == ("2000.00", "300.00")
    assert (items[12]["reduction_percent"], items[13]["reduction_percent"]) == (85, 0)


async def test_a_late_annuity_costs_more_and_the_right_is_granted_again(
    api: Api, database: SavepointDatabase
) -> None:
    """AST-08, LS-05: late the day after; a wrong amount is told the right one; the next fee opens."""
    right = await watched(api, database)
    await right.on(DUE)
    assert await right.state() == ("granted", "due")
    assert await right.on(DUE + DAY) == {"late": 1, "lapsed": 0, "told": 0}
    assert await right.state() == ("late_fee", "late")
    paid_on = date(2027, 5, 10)
    await right.on(paid_on)
    assert (await right.fee())["surcharge"]["amount"] == "200.00"
    refused = await right.pay("2000.00", paid_on)
    assert (refused.status_code, codes(refused)) == (409, ["fee.amount_wrong"])
    assert refused.json()["violations"][0]["facts"]["expected"] == "2200.00"
    assert (await right.pay("2200.00", paid_on)).status_code == 201
    assert await right.state() == ("granted", "paid")
    assert (await right.fee(10))["status"] == "due"
    assert await right.history() == [("late_fee", str(DUE)), ("granted", str(paid_on))]
    again = await right.pay("2200.00", paid_on)
    assert (again.status_code, codes(again)) == (409, ["fee.not_open"])


async def test_an_unpaid_annuity_ends_the_right_from_its_due_day_once(
    api: Api, database: SavepointDatabase
) -> None:
    """AST-08, AST-04, LS-05: fee due and grace flip the status by the job, once; the end is retroactive.

    What was so on a day in the late period depends on when it is asked: late before, ended after.
    """
    right = await watched(api, database)
    await right.on(DUE + DAY)
    async with database.read() as unit:
        before = unit.moment.now.isoformat()
    within = str(DUE + 60 * DAY)
    await right.on(GRACE_ENDS)
    assert await right.state() == ("late_fee", "late")
    assert (await right.on(GRACE_ENDS + DAY))["lapsed"] == 1
    assert await right.state() == ("terminated_fee", "lapsed")
    assert await right.on(GRACE_ENDS + 2 * DAY) == {"late": 0, "lapsed": 0, "told": 0}
    assert await right.history() == [("late_fee", str(DUE)), ("terminated_fee", str(DUE))]
    path = f"{right.path}/statuses"
    known_then = await api.get("bank_a", path, effective_on=within, known_at=before)
    known_now = await api.get("bank_a", path, effective_on=within)
    assert known_then.json()["in_force"]["status"] == "late_fee"
    assert known_now.json()["in_force"]["status"] == "terminated_fee"
    refused = await right.pay("2500.00", GRACE_ENDS + DAY, by="operator")
    assert (refused.status_code, codes(refused)) == (409, ["fee.grace_over"])


async def test_missed_days_replayed_end_the_right_as_daily_runs_do(
    api: Api, database: SavepointDatabase
) -> None:
    """AST-08, OPS-03: nothing ran from before the due day until after the grace."""
    right = await watched(api, database)
    assert await right.on(GRACE_ENDS + 5 * DAY) == {"late": 1, "lapsed": 1, "told": 0}
    assert await right.state() == ("terminated_fee", "lapsed")
    assert (await right.history())[-1] == ("terminated_fee", str(DUE))


async def test_late_news_of_a_payment_in_time_undoes_the_end(api: Api, database: SavepointDatabase) -> None:
    """LS-05: the calendar only inferred the end."""
    right = await watched(api, database)
    await right.on(DUE + DAY)
    await right.on(GRACE_ENDS + DAY)
    assert (await right.pay("2000.00", DUE - DAY, by="operator")).status_code == 201
    assert await right.state() == ("granted", "paid")
    statuses = await api.get("bank_a", f"{right.path}/statuses", effective_on=str(DUE + DAY))
    assert statuses.json()["in_force"]["status"] == "granted"


async def test_a_restored_right_pays_with_the_highest_surcharge(
    api: Api, database: SavepointDatabase
) -> None:
    """LS-07: the office restores it from a day on; only then can the lapsed fee be paid."""
    right = await watched(api, database)
    await right.on(DUE + DAY)
    await right.on(GRACE_ENDS + DAY)
    today = GRACE_ENDS + 40 * DAY
    await right.on(today)
    for status in ("restorable", "granted"):
        shown = await right.shown()
        body = {"status": status, "effective_on": str(today), "source": "恢复权利通知书", "as_of": str(today)}
        headers = {"If-Match": f'"{shown["version"]}"'}
        told = await api.post("ip_office", f"{right.path}/statuses", body, headers=headers)
        assert (told.status_code, told.json()["status"]) == (201, status)
    assert (await right.pay("2500.00", today)).status_code == 201
    assert await right.state() == ("granted", "paid")
    assert (await right.fee(10))["status"] == "due"


async def test_what_the_office_says_meanwhile_stands(api: Api, database: SavepointDatabase) -> None:
    """LS-11: a right told to be granted in its late period is not ended by the calendar, its fee is."""
    right = await watched(api, database)
    await right.on(DUE + DAY)
    checked = DUE + 100 * DAY
    await right.on(checked)
    body = {"status": "granted", "effective_on": str(checked), "source": "登记簿副本", "as_of": str(checked)}
    headers = {"If-Match": f'"{(await right.shown())["version"]}"'}
    await api.post("ip_office", f"{right.path}/statuses", body, headers=headers)
    await right.on(GRACE_ENDS + DAY)
    assert await right.state() == ("granted", "lapsed")


async def test_a_renewed_mark_runs_for_another_decade(api: Api, database: SavepointDatabase) -> None:
    """AST-08, LS-13: window, grace, renewal with what is late; the next decade follows the last day."""
    right = await watched(api, database, kind=AssetKind.trademark)
    assert (await right.shown())["last_day_in_force"] == "2031-05-31"
    await right.on(date(2030, 5, 31))
    assert (await right.shown())["status"] == "registered"
    await right.on(date(2030, 6, 1))
    assert (await right.shown())["status"] == "renewal_window"
    begun = {"paid_through_ordinal": 0, "source": "注册证"}
    await api.made("sme", f"{right.path}/fees/watch", begun)
    early = await right.pay("500.00", date(2030, 5, 31), 1)
    assert codes(early) == ["fee.too_early"]
    await right.on(date(2031, 6, 1))
    assert await right.state(1) == ("grace", "late")
    assert (await right.pay("750.00", date(2031, 6, 1), 1)).status_code == 201
    assert await right.state(1) == ("registered", "paid")
    assert (await right.shown())["last_day_in_force"] == "2041-05-31"
    assert (await right.fee(2))["due_on"] == "2041-05-31"
    assert await right.history() == [
        ("renewal_window", "2030-06-01"),
        ("grace", "2031-06-01"),
        ("registered", "2031-06-01"),
    ]


async def test_a_renewal_is_priced_as_it_was_opened_wherever_it_is_told(
    api: Api, database: SavepointDatabase
) -> None:
    """LS-13, UNI-08: a class recorded since changes neither what the remedy says nor what payment takes."""
    right = await watched(api, database, kind=AssetKind.trademark)
    begun = {"paid_through_ordinal": 0, "source": "注册证"}
    await api.made("sme", f"{right.path}/fees/watch", begun)
    async with database.write() as unit:
        unit.session.add(AssetClass(id=new_id(), asset_id=right.asset_id, nice_class=35, goods=None))
    paid_on = date(2031, 6, 1)
    await right.on(paid_on)
    found = (await api.get("sme", f"{right.path}/blockers", action="list")).json()["blockers"]
    [step] = [one for blocker in found for one in blocker["remedies"] if one["step"] == "renew"]
    shown = await right.fee(1)
    assert (step["body"]["paid"], shown["payable"]) == (money("750.00"), money("750.00"))
    assert (await right.pay("750.00", paid_on, 1)).status_code == 201
    assert (await right.fee(1))["opens_on"] == "2030-06-01"


async def test_a_mark_that_is_not_renewed_lapses_after_its_grace(
    api: Api, database: SavepointDatabase
) -> None:
    """AST-08, LS-13: the watched fee and the term agree on the days."""
    right = await watched(api, database, kind=AssetKind.trademark)
    begun = {"paid_through_ordinal": 0, "source": "注册证"}
    await api.made("sme", f"{right.path}/fees/watch", begun)
    await right.on(date(2031, 11, 30))
    assert await right.state(1) == ("grace", "late")
    await right.on(date(2031, 12, 1))
    assert await right.state(1) == ("lapsed", "lapsed")
    assert await right.history() == [("grace", "2031-06-01"), ("lapsed", "2031-12-01")]


async def test_bank_licensee_trustee_and_owner_are_told_once_each(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-27, PL-12: 60 and 30 days before, on the day, 30 days after, and when the right has lapsed."""
    owner = api.samples["sme"].organisation.party_id
    licensee = api.samples["sme_b"].organisation.party_id
    programme = await make_programme(api, database)
    enrolled = await match(api, programme, await make_provider(api, programme))
    await agree(api, enrolled, term=("2026-01-01", "2028-12-31"))
    right = await watched(api, database, by="trustee")
    licence = await api.made("sme", "/v1/deals", deals.licence(owner, licensee, [right.asset_id]))
    await deals.through(api, licence, "agree", "sign")
    pledge = await api.made("bank_a", "/v1/pledges", filing(owner, [right.asset_id]))
    await register(api, pledge)
    for before in (61, 60, 30, 1, 0, -30):
        await right.on(DUE - before * DAY)
    await right.on(GRACE_ENDS + DAY)
    expected = [
        ("fee_due", 60),
        ("fee_due", 30),
        ("fee_due", 0),
        ("fee_late", -30),
        ("right_lapsed", -185),
    ]
    for role in ("bank_a", "sme_b", "trustee", "sme"):
        assert await right.told(role) == expected, role
    assert await right.told("bank_b") == []


async def test_only_those_concerned_record_fees(api: Api, database: SavepointDatabase) -> None:
    """AST-08: the owner, its trustee and the operator; banks look."""
    async with database.write() as unit:
        other = await make_party(unit.session)
        foreign = await make_asset(unit.session, owners=[other.id])
    path = f"/v1/assets/{foreign.id}/fees/watch"
    for role, status, code in (
        ("sme", 403, "fee.not_concerned"),
        ("trustee", 403, "fee.not_concerned"),
        ("bank_a", 403, "auth.denied"),
    ):
        refused = await api.post(role, path, NINTH)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    await api.made("operator", path, NINTH)
    twice = await api.post("operator", path, NINTH)
    assert (twice.status_code, codes(twice)) == (409, ["fee.already_watched"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"paid_through_ordinal": 2}, "fee.ordinal_unknown"),
        ({"paid_through_ordinal": 20}, "fee.ordinal_unknown"),
        ({"paid_through_ordinal": 5}, "fee.grace_over"),
    ],
)
async def test_watching_begins_with_a_fee_that_can_still_be_paid(
    api: Api, database: SavepointDatabase, change: dict[str, Any], code: str
) -> None:
    """AST-08: a right unpaid for longer has ended; that is a status to be told, not a fee to be watched."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        asset = await make_asset(unit.session, owners=[owner])
    refused = await api.post("sme", f"/v1/assets/{asset.id}/fees/watch", NINTH | change)
    assert codes(refused) == [code]


async def test_what_counts_and_what_can_be_pledged_changes_with_the_lapse(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-27, AST-10: the same day, a high-value portfolio of 50 and 10 loses its count from the due day on.

    While the fee is late, and after the lapse, the right is no security for a loan.
    """
    owner = api.samples["sme"].organisation.party_id
    right = await watched(api, database)
    async with database.write() as unit:
        rest = await make_patents(unit.session, owner, inventions=49, pct=10)
    body = {
        "name": "示例专利组合",
        "industry": "智能装备",
        "asset_ids": [str(one) for one in (right.asset_id, *rest)],
        "joined_on": "2024-01-01",
    }
    portfolio = await api.made("sme", "/v1/portfolios", body)
    path = f"/v1/portfolios/{portfolio['id']}"
    day_jobs = ("follow_fees", "expire_rights", "requalify_portfolios")
    refusals = []
    for day in (DUE, DUE + DAY, GRACE_ENDS, GRACE_ENDS + DAY):
        await right.on(day, *day_jobs)
        qualifies = (await api.get("sme", path)).json()["qualifies"]
        late_to = {"debt_from": str(day), "debt_to": str(day + 90 * DAY)}
        tried = await api.post("bank_b", "/v1/pledges", filing(owner, [right.asset_id], **late_to))
        found = set(codes(tried)) if tried.is_client_error else set()
        refusals.append((qualifies, found & {"pledge.annuity_unpaid", "pledge.ended_or_invalid"}))
    assert refusals == [
        (True, set()),
        (True, {"pledge.annuity_unpaid"}),
        (True, {"pledge.annuity_unpaid"}),
        (False, {"pledge.ended_or_invalid"}),
    ]
    before = (await api.get("sme", path, on=str(DUE - DAY))).json()
    since = (await api.get("sme", path, on=str(DUE))).json()
    assert (before["qualifies"], since["qualifies"]) == (True, False)


async def tell(right: Watched, status: str, effective_on: date, as_of: date | None = None) -> None:
    """What the office says of the right."""
    shown = await right.shown()
    body = {
        "status": status,
        "effective_on": str(effective_on),
        "source": "登记簿副本",
        "as_of": str(as_of or effective_on),
    }
    headers = {"If-Match": f'"{shown["version"]}"'}
    told = await right.api.post("ip_office", f"{right.path}/statuses", body, headers=headers)
    assert told.status_code == 201, told.text


async def in_force(right: Watched, on: date) -> str:
    """The status on a day by the history."""
    answer = await right.api.get("bank_a", f"{right.path}/statuses", effective_on=str(on))
    return str(answer.json()["in_force"]["status"])


async def test_the_history_says_what_the_right_shows_after_a_lapse(
    api: Api, database: SavepointDatabase
) -> None:
    """AST-04, LS-05: a late period that the office told of from its own day is taken back as well."""
    right = await watched(api, database)
    await right.on(DUE + 10 * DAY)
    await tell(right, "late_fee", DUE + DAY)
    await right.on(GRACE_ENDS + DAY)
    assert await right.state() == ("terminated_fee", "lapsed")
    days = (DUE - DAY, DUE, DUE + DAY, GRACE_ENDS + DAY)
    assert [await in_force(right, day) for day in days] == ["granted", *["terminated_fee"] * 3]
    assert (await right.pay("2000.00", DUE - DAY, by="operator")).status_code == 201
    assert await right.state() == ("granted", "paid")
    assert {await in_force(right, day) for day in days} == {"granted"}


async def test_late_news_of_a_late_payment_leaves_the_late_period(
    api: Api, database: SavepointDatabase
) -> None:
    """AST-04, LS-05: paid within the grace, the right was in its late period until then, and never ended."""
    right = await watched(api, database)
    await right.on(DUE + 10 * DAY)
    await tell(right, "late_fee", DUE + DAY)
    await right.on(GRACE_ENDS + DAY)
    paid_on = DUE + 35 * DAY
    assert (await right.pay("2100.00", paid_on, by="operator")).status_code == 201
    days = (DUE - DAY, DUE, paid_on - DAY, paid_on, GRACE_ENDS + DAY)
    found = [await in_force(right, day) for day in days]
    assert found == ["granted", "late_fee", "late_fee", "granted", "granted"]
    assert await right.state() == ("granted", "paid")


async def test_what_the_office_says_before_the_fee_is_late_stands(
    api: Api, database: SavepointDatabase
) -> None:
    """AST-04, LS-11: the calendar infers nothing of a day for which the office has told later news."""
    right = await watched(api, database)
    day = DUE + 3 * DAY
    await right.api.put("sme", "/v1/sandbox/clock", {"business_date": str(day)})
    await tell(right, "invalid_part", day)
    await right.on(day)
    assert await right.state() == (await in_force(right, day), "late")


async def test_only_the_operator_undoes_a_lapse_by_late_news(api: Api, database: SavepointDatabase) -> None:
    """LS-05, LS-11: an owner's own word revives no right that has ended, nor counts as a check of it."""
    right, other = await watched(api, database), await watched(api, database)
    await right.on(DUE + 40 * DAY)
    assert (await right.pay("2100.00", DUE + 35 * DAY)).status_code == 201
    assert (await right.shown())["status_as_of"] == str(DUE + 35 * DAY)
    await other.on(GRACE_ENDS + DAY)
    refused = await other.pay("2000.00", DUE - DAY)
    assert (refused.status_code, codes(refused)) == (403, ["fee.lapse_stands"])


async def test_a_renewal_goes_on_from_the_last_day_that_is_known(
    api: Api, database: SavepointDatabase
) -> None:
    """LS-12: a mark taken over in a later decade, whose earlier renewals nobody counted."""
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        asset = await make_asset(
            unit.session,
            owners=[owner],
            kind=AssetKind.trademark,
            registered_on=date(2007, 6, 1),
            last_day_in_force=date(2027, 5, 31),
        )
    right = Watched(api, database, asset.id)
    await right.on(date(2026, 11, 30))
    await api.made("sme", f"{right.path}/fees/watch", {"paid_through_ordinal": 0, "source": "注册证"})
    assert (await right.pay("500.00", date(2026, 11, 30), 1)).status_code == 201
    assert (await right.shown())["last_day_in_force"] == "2037-05-31"
    assert (await right.fee(2))["due_on"] == "2037-05-31"
