"""Sources, earmarks, lineage and trace over HTTP, and what the database holds of them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.domain.asset import AssetKind
from app.domain.permission import system_actor
from app.errors import database_fault
from app.queries import integrity, ledger as ledger_queries, pools as pool_queries
from app.services import events, funds, ledger, pools
from tests.factories.assets import make_asset
from tests.factories.claims import QUICK, TODAY, make_claim, make_loan, money, pay
from tests.factories.pledges import filing, scheme
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import told


async def empty_pool(api: Api, **terms: Any) -> dict[str, Any]:
    """A pool that nobody has paid into."""
    body = {"name": "示例资金池", "scheme": scheme(**(QUICK | terms))}
    return await api.made("pool_manager", "/v1/pools", body)


def source(**changes: Any) -> dict[str, Any]:
    """Central money that is for patents."""
    return {
        "type": "central",
        "name": "示例中央专项",
        "committed": money("500000.00"),
        "eligible_ip": ["patent"],
        "purpose": "示例专款",
        "effective_from": "2019-01-01",
    } | changes


async def add(api: Api, pool: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return await api.made("pool_manager", f"/v1/pools/{pool['id']}/sources", source(**changes))


async def contribute(api: Api, pool: dict[str, Any], yuan: str, on: str, **payer: Any) -> str:
    body = {"amount": money(yuan), "occurred_on": on} | payer
    made = await api.made("pool_manager", f"/v1/pools/{pool['id']}/contributions", body)
    return str(made["transfer_id"])


async def right(api: Api, database: SavepointDatabase, kind: AssetKind) -> uuid.UUID:
    owner = api.samples["sme"].organisation.party_id
    async with database.write() as unit:
        return (await make_asset(unit.session, owners=[owner], kind=kind)).id


async def loan_on_a_mark(api: Api, pool: dict[str, Any], mark: uuid.UUID) -> dict[str, Any]:
    """A registered pledge of a mark, whose registration has an end, covered by the pool."""
    owner = api.samples["sme"].organisation.party_id
    body = filing(owner, [mark], pool_id=pool["id"])
    pledge = await api.made("bank_a", "/v1/pledges", body)
    registration = {
        "asset_id": str(mark),
        "registration_no": "示例-2021-1",
        "registered_on": pledge["filed_on"],
        "expires_on": "2027-06-30",
    }
    await api.made("bank_a", f"/v1/pledges/{pledge['id']}/registrations", {"registrations": [registration]})
    return pledge


async def figures(api: Api, pool: dict[str, Any], role: str = "auditor") -> dict[str, dict[str, str]]:
    """By source's name what became of its money; what is nothing is left out."""
    found = (await api.get(role, f"/v1/pools/{pool['id']}/sources")).json()
    return {
        one["name"]: {
            name: amount["amount"] for name, amount in one["figures"].items() if amount["amount"] != "0.00"
        }
        for one in found
    }


async def lineage(api: Api, pool: dict[str, Any], transfer_id: str) -> tuple[str | None, dict[str, str]]:
    """In or out, and by contribution what of it."""
    found = await api.get("auditor", f"/v1/pools/{pool['id']}/lineage", transfer_id=transfer_id)
    assert found.status_code == 200, found.text
    body = found.json()
    return body["direction"], {part["contribution_id"]: part["amount"]["amount"] for part in body["parts"]}


async def sound(database: SavepointDatabase) -> None:
    """No invariant of funds, pools or the ledger is broken."""
    async with database.write() as unit:
        found = await integrity.findings(unit.session)
    assert [one for one in found if one.check.startswith(("fund.", "ledger.", "pool."))] == []


async def test_each_source_has_its_own_account_and_its_own_figures(api: Api) -> None:
    """POL-12, RP-18: committed and paid in by source; the plain source of a type is made when it pays."""
    pool = await empty_pool(api)
    central = await add(api, pool)
    assert (central["committed"]["amount"], central["eligible_ip"]) == ("500000.00", ["patent"])
    await contribute(api, pool, "300000.00", "2019-01-02", source_id=central["id"])
    for yuan in ("1000.00", "500.00"):
        await contribute(api, pool, yuan, "2019-01-03", source="district")
    found = (await api.get("auditor", f"/v1/pools/{pool['id']}/sources")).json()
    assert [(one["type"], one["account_code"]) for one in found] == [
        ("interest", "interest"),
        ("central", "contributions.1"),
        ("district", "contributions.2"),
    ]
    assert await figures(api, pool) == {
        "资金池自有资金（利息等）": {},
        "示例中央专项": {"paid_in": "300000.00", "remaining": "300000.00"},
        "区级财政": {"paid_in": "1500.00", "remaining": "1500.00"},
    }
    accounts = (await api.get("auditor", f"/v1/pools/{pool['id']}/accounts")).json()
    booked = {account["code"]: account["credits_posted"]["amount"] for account in accounts}
    assert (booked["contributions.1"], booked["contributions.2"]) == ("300000.00", "1500.00")


REFUSED: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "more than committed": ({"amount": money("500000.01")}, (409, "source.over_committed")),
    "before it takes effect": ({"occurred_on": "2018-12-31"}, (409, "source.not_yet_effective")),
    "two payers": ({"source": "central"}, (422, "source.one_payer")),
    "no payer": ({"source_id": None}, (422, "source.one_payer")),
    "interest": ({"source_id": None, "source": "interest"}, (409, "source.pools_own")),
    "nobody's": ({"source_id": str(uuid.uuid4())}, (404, "source.not_found")),
}


@pytest.mark.parametrize(("changes", "expected"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_a_source_cannot_pay_in_is_refused(
    api: Api, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    """POL-12: within what was committed, since it takes effect, by one payer that is one."""
    pool = await empty_pool(api)
    central = await add(api, pool)
    body = {"source_id": central["id"], "amount": money("1.00"), "occurred_on": "2019-01-02"} | changes
    refused = await api.post("pool_manager", f"/v1/pools/{pool['id']}/contributions", body)
    assert told(refused) == expected, refused.text
    assert (await figures(api, pool))["示例中央专项"] == {}


async def test_a_source_is_added_once_by_the_manager_and_read_by_those_who_read_the_books(api: Api) -> None:
    """POL-12, RB-01: and money of the pool itself is nobody's source."""
    pool = await empty_pool(api)
    path = f"/v1/pools/{pool['id']}/sources"
    central = await add(api, pool)
    again = await api.post("pool_manager", path, source())
    assert told(again) == (409, "source.exists")
    own = await api.post("pool_manager", path, source(type="interest", name="示例利息"))
    assert told(own) == (409, "source.pools_own")
    foreign = await api.post(
        "pool_manager", path, source(name="二", committed={"amount": "1.00", "currency": "USD"})
    )
    assert told(foreign) == (409, "pool.currency_mismatch")
    assert (await api.post("treasury", path, source(name="三"))).status_code == 403
    for role, status in {"treasury": 200, "finance_office": 200, "bank_a": 403, "ip_office": 403}.items():
        trace = f"{path}/{central['id']}/trace"
        assert [(await api.get(role, one)).status_code for one in (path, trace)] == [status, status], role
    elsewhere = await empty_pool(api)
    stray = f"/v1/pools/{elsewhere['id']}/sources/{central['id']}/trace"
    assert told(await api.get("auditor", stray)) == (404, "source.not_found")


async def test_central_money_never_pays_for_an_ineligible_loan_and_every_yuan_is_followed(
    api: Api, database: SavepointDatabase
) -> None:
    """POL-12, POL-25, UNI-32: oldest eligible money first, the shortfall is the bank's, recoveries go back."""
    pool = await empty_pool(api)
    central = await add(api, pool)
    old = await contribute(api, pool, "100000.00", "2019-01-02", source_id=central["id"])
    plain = await contribute(api, pool, "150000.00", "2019-01-03", source="district")
    new = await contribute(api, pool, "200000.00", "2019-01-04", source_id=central["id"])

    mark = await loan_on_a_mark(api, pool, await right(api, database, AssetKind.trademark))
    patent = await make_loan(api, pool, await right(api, database, AssetKind.patent))
    on_mark = await pay(api, await make_claim(api, mark))
    assert on_mark["paid"]["amount"] == "150000.00"
    assert (await figures(api, pool))["示例中央专项"] == {"paid_in": "300000.00", "remaining": "300000.00"}

    on_patent = await pay(api, await make_claim(api, patent))
    assert on_patent["paid"]["amount"] == "200000.00"
    trace = (await api.get("auditor", f"/v1/pools/{pool['id']}/sources/{central['id']}/trace")).json()
    (use,) = trace["claims"]
    borrower = str(api.samples["sme"].organisation.party_id)
    assert (use["claim_id"], use["pledge_id"], use["borrower_id"], use["drawn"]["amount"]) == (
        on_patent["id"],
        patent["id"],
        borrower,
        "200000.00",
    )
    assert {one["transfer_id"]: one["figures"]["remaining"]["amount"] for one in trace["tranches"]} == {
        old: "0.00",
        new: "100000.00",
    }
    payouts = await transfers(database, pool, "claim.payout")
    assert {key: await lineage(api, pool, key) for key in payouts} == {
        payouts[0]: ("out", {plain: "150000.00"}),
        payouts[1]: ("out", {old: "100000.00", new: "100000.00"}),
    }

    received = {"source": "debtor", "gross": money("100000.02"), "occurred_on": str(TODAY)}
    await api.made("bank_a", f"/v1/claims/{on_patent['id']}/recoveries", received)
    (recovery,) = await transfers(database, pool, "claim.recovery")
    assert await lineage(api, pool, recovery) == ("in", {old: "20000.01", new: "20000.00"}) or (
        await lineage(api, pool, recovery)
    ) == ("in", {old: "20000.00", new: "20000.01"})
    assert (await figures(api, pool))["示例中央专项"] == {
        "paid_in": "300000.00",
        "drawn": "200000.00",
        "given_back": "40000.01",
        "remaining": "140000.01",
    }
    await sound(database)


async def transfers(database: SavepointDatabase, pool: dict[str, Any], code: str) -> list[str]:
    """Posted transfers of a code, as they were booked."""
    async with database.read() as unit:
        found = await unit.session.execute(
            text(
                "SELECT id FROM ledger_transfers WHERE ledger_id = :pool AND code = :code"
                " AND kind IN ('posted', 'post') ORDER BY recorded_at, id"
            ),
            {"pool": pool["id"], "code": code},
        )
        return [str(row.id) for row in found]


async def move(
    database: SavepointDatabase,
    pool_id: str,
    debit: str,
    credit: str,
    fen: int,
    *,
    attributed: bool = True,
    **changes: Any,
) -> None:
    """A posting between two accounts by their codes, with or without saying whose money it is."""
    async with database.write() as unit:
        session, moment = unit.session, unit.moment
        pool = await pool_queries.lock(session, uuid.UUID(pool_id))
        accounts = {one.code: one.id for one in await ledger_queries.accounts(session, pool.id)}
        event = events.NewEvent(
            type="transfer.posted", noun="pool", subject_id=pool.id, stream=pool.district_code, payload={}
        )
        await events.record(session, actor=system_actor("test"), moment=moment, events=[event])
        transfer = ledger.NewTransfer(
            accounts[debit], accounts[credit], fen, "示例", "pool", pool.id, **changes
        )
        await ledger.post(
            session, moment=moment, book=pools.book(pool), transfers=[transfer], event_id=event.id
        )
        if attributed:
            await funds.attribute(session, moment=moment, pool=pool, transfers=[transfer], event_id=event.id)


async def test_expenses_spare_earmarked_money_and_a_source_gets_only_its_own_back(
    api: Api, database: SavepointDatabase
) -> None:
    """POL-12, RP-19: fees are of money without earmark first; other receipts are the pool's own."""
    pool = await empty_pool(api)
    central = await add(api, pool)
    await contribute(api, pool, "100.00", "2019-01-02", source_id=central["id"])
    await contribute(api, pool, "50.00", "2019-01-03", source="district")
    await move(database, pool["id"], "cash", "interest", 1_000)
    await move(database, pool["id"], "fees", "cash", 5_500)
    await move(database, pool["id"], "contributions.1", "cash", 4_000)
    assert await figures(api, pool) == {
        "资金池自有资金（利息等）": {"paid_in": "10.00", "spent": "5.00", "remaining": "5.00"},
        "示例中央专项": {"paid_in": "60.00", "remaining": "60.00"},
        "区级财政": {"paid_in": "50.00", "spent": "50.00"},
    }
    with pytest.raises(Exception, match=r"source\.money_spent"):
        await move(database, pool["id"], "contributions.2", "cash", 1)
    await sound(database)


async def test_the_database_lets_no_money_move_unnamed(api: Api, database: SavepointDatabase) -> None:
    """POL-25: a transfer of the special account without its movements does not commit."""
    pool = await empty_pool(api)
    await contribute(api, pool, "100.00", "2019-01-02", source="district")
    for debit, credit in (("cash", "interest"), ("fees", "cash")):
        with pytest.raises(DBAPIError) as raised:
            await move(database, pool["id"], debit, credit, 100, attributed=False)
        assert database_fault(raised.value)[1] == "ck_fund_movements_whole"
    await move(database, pool["id"], "interest_receivable", "interest", 100, attributed=False)


@pytest.mark.parametrize(
    ("fen", "constraint"),
    [
        (-10_001, "ck_fund_tranches_remaining_fen"),
        (1, "ck_fund_tranches_remaining_fen"),
        (0, "ck_fund_movements_amount_fen"),
    ],
)
async def test_the_database_keeps_a_tranche_between_nothing_and_what_was_paid_in(
    api: Api, database: SavepointDatabase, fen: int, constraint: str
) -> None:
    """POL-25: whatever writes the movements."""
    pool = await empty_pool(api)
    tranche = await contribute(api, pool, "100.00", "2019-01-02", source="district")
    other = await contribute(api, pool, "1.00", "2019-01-03", source="district")
    with pytest.raises(DBAPIError) as raised:
        async with database.write() as unit:
            await unit.session.execute(
                text(
                    "INSERT INTO fund_movements (pool_id, transfer_id, tranche_id, district_code, amount_fen,"
                    " event_id, recorded_at) SELECT ledger_id, id, :tranche, district_code, :fen, event_id,"
                    " recorded_at FROM ledger_transfers WHERE ledger_id = :pool AND id = :other"
                ),
                {"pool": pool["id"], "tranche": tranche, "other": other, "fen": fen},
            )
    assert database_fault(raised.value)[1] == constraint


async def test_the_application_may_not_set_what_is_left(api: Api, database: SavepointDatabase) -> None:
    """POL-25: only movements move it."""
    await contribute(api, await empty_pool(api), "100.00", "2019-01-02", source="district")
    with pytest.raises(DBAPIError, match="permission denied"):
        async with database.write() as unit:
            await unit.session.execute(text("UPDATE fund_tranches SET remaining_fen = 0"))
