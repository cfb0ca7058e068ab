"""Balances of a day, trial balance, statements, journals and ties over HTTP."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.permission import Role, system_actor
from app.infra.security import secret_digest
from app.queries import integrity
from app.services import clients, organisations
from app.services.sandbox import SampleClient
from app.services.sandbox.organisations import DISTRICT, OTHER_DISTRICT, sample_uscc
from tests.factories.claims import TODAY, make_claim, make_cover, money, pay
from tests.factories.clock import now
from tests.factories.periods import close_period, reopen
from tests.factories.pledges import make_pool
from tests.support.api import Api
from tests.support.database import SavepointDatabase
from tests.support.edges import told

KEEPER = "pool_manager"
FROM, TO = "2019-01-01", str(TODAY)


class Book:
    """A pool with 1,000.00 of 2019-01-02 in its special account and two accounts of its keeper."""

    def __init__(self, api: Api, pool: dict[str, Any], accounts: list[dict[str, Any]]) -> None:
        self.api = api
        self.path = f"/v1/pools/{pool['id']}"
        self.ids = {account["code"]: account["id"] for account in accounts}

    async def book(
        self, yuan: str, *, on: str, debit: str = "spent", credit: str = "owed", **changes: Any
    ) -> dict[str, Any]:
        body = {
            "debit_account_id": self.ids[debit],
            "credit_account_id": self.ids[credit],
            "amount": {"amount": yuan, "currency": "CNY"},
            "code": "示例支出",
            "occurred_on": on,
        }
        return await self.api.made(KEEPER, f"{self.path}/transfers", body | changes)

    async def of(self, code: str, what: str, **asked: Any) -> dict[str, Any]:
        return await self.get(f"accounts/{self.ids[code]}/{what}", **asked)

    async def get(self, what: str, **asked: Any) -> dict[str, Any]:
        answer = await self.api.get("auditor", f"{self.path}/{what}", **asked)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


@pytest.fixture
async def book(api: Api) -> Book:
    pool = await make_pool(api, paid_in="1000.00")
    path = f"/v1/pools/{pool['id']}/accounts"
    await api.made(KEEPER, path, {"code": "spent", "name": "示例支出", "normal_side": "debit"})
    await api.made(KEEPER, path, {"code": "owed", "name": "示例应付", "normal_side": "credit"})
    return Book(api, pool, (await api.get(KEEPER, path)).json())


def balance(answer: dict[str, Any]) -> str:
    return str(answer["account"]["totals"]["balance"]["amount"])


async def test_a_balance_is_of_a_day_and_echoes_what_it_knows(book: Book) -> None:
    """POL-07: booked today for a day long past, it counts from that day on; nothing is sealed yet."""
    await book.book("10.00", on="2020-05-06")
    assert balance(await book.of("spent", "balance", on="2020-05-05")) == "0.00"
    assert balance(await book.of("spent", "balance", on="2020-05-06")) == "10.00"
    current = await book.of("spent", "balance")
    assert (current["on"], balance(current), current["as_of"], current["settled"]) == (
        TO,
        "10.00",
        None,
        False,
    )
    await book.book("25.00", on="2020-05-06", debit="owed", credit="spent")
    assert balance(await book.of("spent", "balance")) == "-15.00"
    known = await book.of("spent", "balance", as_of=now().now.isoformat())
    assert (balance(known), known["account"]["code"]) == ("0.00", "spent")


async def test_a_trial_balance_balances_on_any_day(book: Book) -> None:
    """POL-01, POL-24: all accounts, debits equal credits."""
    await book.book("10.00", on="2020-05-06")
    for on, spent, paid_in in (
        ("2019-01-01", "0.00", "0.00"),
        ("2019-01-02", "0.00", "1000.00"),
        (TO, "10.00", "1000.00"),
    ):
        found = await book.get("trial-balance", on=on)
        by_code = {one["code"]: one["totals"]["balance"]["amount"] for one in found["accounts"]}
        assert (by_code["spent"], by_code["cash"]) == (spent, paid_in), on
        assert found["debits_posted"] == found["credits_posted"]
        assert found["debits_pending"] == found["credits_pending"]
        assert len(found["accounts"]) == len(book.ids)


async def test_a_statement_comes_in_pages_between_its_ends(book: Book) -> None:
    """POL-11: opening, lines in booking order whatever their effective day, closing, versions at both ends."""
    for number, on in enumerate(("2020-05-06", "2019-03-01", "2021-01-01"), start=1):
        await book.book(f"{number}.00", on=on)
    first = await book.of("spent", "statement", **{"from": TO, "to": TO, "limit": 2})
    assert [line["occurred_on"] for line in first["items"]] == ["2020-05-06", "2019-03-01"]
    assert {line["booked_on"] for line in first["items"]} == {TO}
    assert (first["opening"]["account_version"], first["closing"]["account_version"]) == (0, 3)
    assert first["closing"]["totals"]["balance"]["amount"] == "6.00"
    assert (first["final"], first["months"]) == (False, [])
    rest = await book.of(
        "spent", "statement", **{"from": TO, "to": TO, "limit": 2, "cursor": first["next_cursor"]}
    )
    assert [line["totals"]["balance"]["amount"] for line in rest["items"]] == ["6.00"]
    assert (rest["next_cursor"], rest["opening"]) == (None, first["opening"])
    yesterday = str(TODAY - timedelta(days=1))
    before = await book.of("spent", "statement", **{"from": FROM, "to": yesterday})
    assert (before["items"], before["closing"], before["final"]) == ([], first["opening"], True)


async def test_journals_show_the_legs_of_a_posting_together(book: Book) -> None:
    """POL-24: a contribution and a transfer by hand, each once, with their accounts and amounts."""
    made = await book.book("10.00", on="2020-05-06")
    found = await book.get("journals", **{"from": FROM, "to": TO, "limit": 1, "include_total": True})
    assert (len(found["items"]), found["total"]) == (1, 2)
    rest = await book.get("journals", **{"from": FROM, "to": TO, "cursor": found["next_cursor"]})
    (journal,) = rest["items"]
    assert [leg["transfer_id"] for leg in journal["legs"]] == [made["id"]]
    assert journal["legs"][0]["amount"] == money("10.00")
    assert rest["next_cursor"] is None


async def test_books_tie_to_statistics_until_one_of_them_is_changed(
    api: Api, database: SavepointDatabase
) -> None:
    """UNI-17: a payout and a recovery are counted as they are booked; a mismatch is named with its event."""
    pool, pledge = await make_cover(api, database)
    claim = await pay(api, await make_claim(api, pledge))
    received = {"source": "debtor", "gross": money("100000.00"), "occurred_on": str(TODAY)}
    await api.made("bank_a", f"/v1/claims/{claim['id']}/recoveries", received)
    path = f"/v1/pools/{pool['id']}/ties"
    days = {"from": TO, "to": TO}
    found = (await api.get("finance_office", path, **days)).json()
    assert found["tied"] is True
    assert [
        (one["measure"], one["counted"]["amount"], one["difference"]["amount"]) for one in found["ties"]
    ] == [
        ("claim_payout_amount", "200000.00", "0.00"),
        ("recovery_amount", "40000.00", "0.00"),
    ]

    async with database.write() as unit:
        await unit.session.execute(text("SET LOCAL ROLE NONE"))
        await unit.session.execute(text("ALTER TABLE facts DISABLE TRIGGER USER"))
        event_id = await unit.session.scalar(
            text(
                "UPDATE facts SET value = value + 1 WHERE measure = 'claim_payout_amount' RETURNING event_id"
            )
        )
        await unit.session.execute(text("ALTER TABLE facts ENABLE TRIGGER USER"))
        findings = await integrity.findings(unit.session)
    found = (await api.get("auditor", path, **days)).json()
    payouts, recoveries = found["ties"]
    assert (found["tied"], recoveries["mismatches"]) == (False, [])
    (mismatch,) = payouts["mismatches"]
    assert (mismatch["event_id"], mismatch["claim_id"]) == (str(event_id), claim["id"])
    assert (mismatch["counted"]["amount"], mismatch["booked"]["amount"]) == ("200000.01", "200000.00")
    assert (payouts["difference"]["amount"], len(mismatch["transfer_ids"])) == ("-0.01", 1)
    assert [one.subject for one in findings if one.check == "ledger.ties_to_facts"] == [pool["id"]]
    earlier = str(TODAY - timedelta(days=1))
    assert (await api.get("auditor", path, **{"from": earlier, "to": earlier})).json()["tied"] is True


REFUSED: dict[str, tuple[str, dict[str, str], tuple[int, str]]] = {
    "a statement from its end": (
        "accounts/{spent}/statement",
        {"from": "2020-02-01", "to": "2020-01-31"},
        (422, "ledger.days_reversed"),
    ),
    "journals from their end": (
        "journals",
        {"from": "2020-02-01", "to": "2020-01-31"},
        (422, "ledger.days_reversed"),
    ),
    "ties from their end": (
        "ties",
        {"from": "2020-02-01", "to": "2020-01-31"},
        (422, "ledger.days_reversed"),
    ),
    "what will be known": (
        "trial-balance",
        {"as_of": "2999-01-01T00:00:00Z"},
        (422, "statistic.as_of_in_future"),
    ),
    "an account of no ledger": (
        "accounts/00000000-0000-7000-8000-000000000000/balance",
        {},
        (404, "account.not_found"),
    ),
    "a form that there is not": ("export", {"format": "pdf"}, (422, "request.malformed")),
}


@pytest.mark.parametrize(("what", "asked", "expected"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_question_that_makes_no_sense_is_refused(
    book: Book, what: str, asked: dict[str, str], expected: tuple[int, str]
) -> None:
    answer = await book.api.get(KEEPER, f"{book.path}/{what.format(**book.ids)}", **asked)
    assert told(answer) == expected, answer.text


QUESTIONS: dict[str, dict[str, str]] = {
    "accounts/{cash}/balance": {},
    "trial-balance": {},
    "accounts/{cash}/statement": {"from": FROM, "to": TO},
    "journals": {"from": FROM, "to": TO},
    "ties": {"from": FROM, "to": TO},
    "export": {"format": "csv"},
}
"""Every route that tells something of the books."""


async def make_strangers(api: Api, database: SavepointDatabase) -> Api:
    """The API with organisations that keep or oversee books, but not these."""
    added = dict(api.samples)
    kept = (
        ("manager_bh", Role.pool_manager, OTHER_DISTRICT),
        ("treasury_bh", Role.treasury, OTHER_DISTRICT),
        ("auditor_bh", Role.auditor, OTHER_DISTRICT),
        ("manager_b", Role.pool_manager, DISTRICT),
    )
    actor = system_actor("test")
    async with database.write() as unit:
        for number, (key, role, district_code) in enumerate(kept, start=900):
            organisation = await organisations.add(
                unit.session,
                actor=actor,
                moment=unit.moment,
                name=f"示例机构{number}",
                uscc=sample_uscc(number),
                roles=[role],
                district_code=district_code,
            )
            client = await clients.issue(
                unit.session,
                actor=actor,
                moment=unit.moment,
                organisation_id=organisation.id,
                client_id=key,
                secret_sha256=secret_digest(key),
                roles=[role],
            )
            added[key] = SampleClient(key, organisation, client, key)
    return Api(api.app, api.tokens, added)


async def test_the_books_are_for_those_who_keep_or_oversee_them(
    book: Book, database: SavepointDatabase
) -> None:
    """SEC-12: no route tells partners of a pool, or keepers and overseers of another district."""
    api = await make_strangers(book.api, database)
    for what, asked in QUESTIONS.items():
        path = f"{book.path}/{what.format(**book.ids)}"
        told_to = {key: (await api.get(key, path, **asked)).status_code for key in api.samples}
        readers = {key for key, status in told_to.items() if status == 200}
        assert readers == READERS, what
        assert {status for key, status in told_to.items() if key not in readers} <= {403, 404}, told_to
    await api.http.aclose()


READERS = {"pool_manager", "manager_b", "treasury", "auditor", "finance_office"}
"""Managers see the operations of their whole district (RB-01)."""


async def test_what_months_are_closed_with_is_what_their_statements_close_with(
    api: Api, database: SavepointDatabase
) -> None:
    """POL-11, POL-20: months closed over the API, one reopened for a fee and closed again.

    What is booked late is in the balances of the day and of the closing, and in the statement of the month in
    which it was booked; the statement that was final stays as it was.
    """
    await set_day(database, "2019-01-02")
    pool = await make_pool(api, paid_in="1000.00")
    path = f"/v1/pools/{pool['id']}"
    accounts = (await api.get(KEEPER, f"{path}/accounts")).json()
    book = Book(api, pool, accounts)

    async def statements(month: str, last: str) -> dict[str, Any]:
        days = {"from": f"{month}-01", "to": last}
        return {code: await book.of(code, "statement", **days) for code in book.ids}

    async def closed_with(month: str) -> dict[str, Any]:
        shown = await book.get(f"periods/{month}")
        return {one["code"]: [one[name]["amount"] for name in NAMES] for one in shown["balances"]}

    async def of_the_day(last: str) -> dict[str, Any]:
        found = await book.get("trial-balance", on=last)
        return {one["code"]: figures(one["totals"]) for one in found["accounts"]}

    closings: dict[str, list[str]] = {}
    for number, (month, last, following) in enumerate(MONTHS, start=1):
        await set_day(database, last)
        await book.book(f"{number}.01", on=f"{month}-05", debit="fees", credit="cash")
        await set_day(database, following)
        await close_period(api, pool, month)
        found = await statements(month, last)
        closings = {code: figures(one["closing"]["totals"]) for code, one in found.items()}
        assert closings == await closed_with(month) == await of_the_day(last), month
        for one in found.values():
            (shown,) = one["months"]
            assert (shown["status"], shown["round"], shown["closing"]) == ("closed", 1, one["closing"])
    assert closings["fees"][0] == "6.03"

    month, last, _ = MONTHS[-1]
    before = await statements(month, last)
    assert (await reopen(api, KEEPER, pool, month)).status_code == 200
    held = (await statements(month, last))["fees"]["months"][0]
    assert (held["status"], held["round"], held["closing"]) == ("held", 2, before["fees"]["closing"])
    await book.book("0.50", on=last, debit="fees", credit="cash", adjustment=True)
    await api.made("treasury", f"{path}/periods/{month}/close", None)
    after = await statements(month, last)
    assert {code: one["closing"] for code, one in after.items()} == {
        code: one["closing"] for code, one in before.items()
    }
    assert [one["items"] for one in after.values()] == [one["items"] for one in before.values()]
    closings = {code: figures(one["months"][0]["closing"]["totals"]) for code, one in after.items()}
    assert closings == await closed_with(month) == await of_the_day(last)
    assert (closings["fees"][0], after["fees"]["months"][0]["round"]) == ("6.53", 2)

    await set_day(database, "2019-05-01")
    await close_period(api, pool, "2019-04")
    found = await statements("2019-04", "2019-04-30")
    assert {code: figures(one["closing"]["totals"]) for code, one in found.items()} == closings
    assert await closed_with("2019-04") == closings
    assert {code: one["opening"] for code, one in found.items()} == {
        code: one["closing"] for code, one in before.items()
    }
    assert [line["occurred_on"] for line in found["fees"]["items"]] == [last]


MONTHS = (
    ("2019-01", "2019-01-31", "2019-02-01"),
    ("2019-02", "2019-02-28", "2019-03-01"),
    ("2019-03", "2019-03-31", "2019-04-01"),
)
NAMES = ("debits_posted", "credits_posted", "debits_pending", "credits_pending")


def figures(totals: dict[str, Any]) -> list[str]:
    return [totals[name]["amount"] for name in NAMES]


async def set_day(database: SavepointDatabase, day: str) -> None:
    """Let it be that day."""
    assert database.connection is not None
    moved = text("UPDATE instance SET business_date = :day")
    await database.connection.execute(moved, {"day": date.fromisoformat(day)})
