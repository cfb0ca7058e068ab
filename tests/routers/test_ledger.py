"""`/v1/pools/{id}/accounts` and `/transfers` over HTTP: statements, two phases, and what is refused."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.factories.clock import now
from tests.factories.pledges import make_pool
from tests.support.api import Api
from tests.support.edges import told

KEEPER = "pool_manager"


class Book:
    """The ledger of a pool with 1,000.00 in its special account, as its keeper uses it."""

    def __init__(self, api: Api, pool: dict[str, Any], accounts: list[dict[str, Any]]) -> None:
        self.api = api
        self.path = f"/v1/pools/{pool['id']}"
        self.pool_id = str(pool["id"])
        self.ids = {account["code"]: account["id"] for account in accounts}

    def transfer(self, debit: str = "spent", credit: str = "cash", **changes: object) -> dict[str, object]:
        """Ten yuan from the special account, by account codes."""
        return {
            "debit_account_id": self.ids[debit],
            "credit_account_id": self.ids[credit],
            "amount": {"amount": "10.00", "currency": "CNY"},
            "code": "示例支出",
            "occurred_on": "2020-05-06",
        } | changes

    async def book(self, body: dict[str, object]) -> httpx.Response:
        return await self.api.post(KEEPER, f"{self.path}/transfers", body)

    async def booked(self, body: dict[str, object]) -> dict[str, Any]:
        return await self.api.made(KEEPER, f"{self.path}/transfers", body)

    async def resolve(self, kind: str, pending: object, **changes: object) -> httpx.Response:
        return await self.book({"kind": kind, "resolves_id": pending, "code": "示例了结"} | changes)

    async def balances(self, code: str) -> tuple[str, str, str, str]:
        """Debits and credits posted, then pending."""
        accounts = (await self.api.get(KEEPER, f"{self.path}/accounts")).json()
        (found,) = [account for account in accounts if account["code"] == code]
        posted = found["debits_posted"]["amount"], found["credits_posted"]["amount"]
        return *posted, found["debits_pending"]["amount"], found["credits_pending"]["amount"]


@pytest.fixture
async def book(api: Api) -> Book:
    pool = await make_pool(api, paid_in="1000.00")
    account = {"code": "spent", "name": "示例支出", "normal_side": "debit"}
    await api.made(KEEPER, f"/v1/pools/{pool['id']}/accounts", account)
    return Book(api, pool, (await api.get(KEEPER, f"/v1/pools/{pool['id']}/accounts")).json())


async def test_the_pages_of_a_statement_chain_into_the_whole(book: Book) -> None:
    """POL-11: every entry once, in booking order, each with the totals it led to."""
    for yuan in range(1, 6):
        await book.booked(book.transfer(amount={"amount": f"{yuan}.00", "currency": "CNY"}))
    path = f"{book.path}/accounts/{book.ids['spent']}/entries"
    lines: list[dict[str, Any]] = []
    sizes, after = [], "0"
    while after is not None:
        page = (await book.api.get("auditor", path, limit=2, after=after)).json()
        sizes.append(len(page["items"]))
        lines += page["items"]
        after = page["next_cursor"]
    assert sizes == [2, 2, 1]
    assert [line["account_version"] for line in lines] == [1, 2, 3, 4, 5]
    assert [line["amount"]["amount"] for line in lines] == [f"{yuan}.00" for yuan in range(1, 6)]
    assert [line["debits_posted"]["amount"] for line in lines] == ["1.00", "3.00", "6.00", "10.00", "15.00"]
    assert {line["side"] for line in lines} == {"debit"}
    assert await book.balances("spent") == ("15.00", "0.00", "0.00", "0.00")
    assert await book.balances("cash") == ("1000.00", "15.00", "0.00", "0.00")


async def test_a_pending_transfer_sets_aside_and_a_post_takes_a_part_and_frees_the_rest(book: Book) -> None:
    """POL-04, POL-05: two phases; both sides of the transfer move alike."""
    pending = await book.booked(book.transfer(kind="pending"))
    assert await book.balances("cash") == ("1000.00", "0.00", "0.00", "10.00")
    posted = await book.resolve("post", pending["id"], amount={"amount": "4.00", "currency": "CNY"})
    assert (posted.status_code, posted.json()["amount"]["amount"]) == (201, "4.00")
    assert await book.balances("cash") == ("1000.00", "4.00", "0.00", "0.00")
    assert await book.balances("spent") == ("4.00", "0.00", "0.00", "0.00")
    assert told(await book.resolve("void", pending["id"])) == (409, "transfer.already_resolved")


async def test_a_void_gives_everything_back(book: Book) -> None:
    """POL-04: no money has moved, both transfers stay in the book."""
    pending = await book.booked(book.transfer(kind="pending"))
    voided = await book.resolve("void", pending["id"])
    assert (voided.status_code, voided.json()["resolves_id"]) == (201, pending["id"])
    assert await book.balances("cash") == ("1000.00", "0.00", "0.00", "0.00")
    lines = (await book.api.get(KEEPER, f"{book.path}/accounts/{book.ids['spent']}/entries")).json()["items"]
    assert [line["kind"] for line in lines] == ["pending", "void"]


async def test_the_special_account_is_never_overdrawn_pending_amounts_counted(book: Book) -> None:
    """POL-05: 1,000 of which 995 are set aside leave no room for 10."""
    await book.booked(book.transfer(kind="pending", amount={"amount": "995.00", "currency": "CNY"}))
    assert told(await book.book(book.transfer())) == (409, "account.limit_exceeded")
    assert await book.balances("cash") == ("1000.00", "0.00", "0.00", "995.00")


async def test_what_is_not_pending_or_not_so_much_cannot_be_posted(book: Book) -> None:
    """POL-04: a resolution needs a pending transfer, and at most its amount."""
    posted, pending = await book.booked(book.transfer()), await book.booked(book.transfer(kind="pending"))
    more = {"amount": "10.01", "currency": "CNY"}
    assert told(await book.resolve("post", posted["id"])) == (409, "transfer.not_pending")
    assert told(await book.resolve("post", pending["id"], amount=more)) == (409, "transfer.exceeds_pending")
    assert told(await book.resolve("post", str(uuid.uuid4()))) == (404, "transfer.not_found")
    assert told(await book.resolve("post", None)) == (422, "transfer.fields_missing")


REFUSED: dict[str, tuple[dict[str, object], tuple[int, str]]] = {
    "from an account to itself": ({"debit": "cash"}, (422, "transfer.same_account")),
    "without an amount": ({"amount": None}, (422, "transfer.fields_missing")),
    "in another currency": (
        {"amount": {"amount": "10.00", "currency": "USD"}},
        (422, "transfer.currency_mismatch"),
    ),
    "of tomorrow": ({"occurred_on": str(now().today + timedelta(days=1))}, (422, "request.date_in_future")),
    "to nowhere": ({"debit_account_id": str(uuid.uuid4())}, (404, "account.not_found")),
    "of a kind that there is not": ({"kind": "undo"}, (422, "request.malformed")),
}


@pytest.mark.parametrize(("changes", "expected"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_transfer_that_cannot_be_is_refused_and_not_booked(
    book: Book, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    """POL-01: the book takes whole transfers between two of its own accounts."""
    assert told(await book.book(book.transfer(**changes))) == expected
    assert await book.balances("cash") == ("1000.00", "0.00", "0.00", "0.00")


async def test_accounts_and_transfers_belong_to_their_own_pool(book: Book) -> None:
    """POL-01: another pool's book does not know them, neither for reading nor for booking."""
    transfer = await book.booked(book.transfer())
    other = Book(book.api, await make_pool(book.api), [])
    other.ids = book.ids
    account = f"{other.path}/accounts/{book.ids['cash']}/entries"
    assert told(await book.api.get(KEEPER, account)) == (404, "account.not_found")
    reading = await book.api.get(KEEPER, f"{other.path}/transfers/{transfer['id']}")
    assert told(reading) == (404, "transfer.not_found")
    assert told(await other.book(other.transfer())) == (404, "account.not_found")
    assert told(await other.resolve("void", transfer["id"])) == (404, "transfer.not_found")


async def test_an_account_code_names_one_account(book: Book) -> None:
    """POL-01: within a pool; codes are plain."""
    account = {"code": "spent", "name": "示例另一支出", "normal_side": "debit"}
    path = f"{book.path}/accounts"
    assert told(await book.api.post(KEEPER, path, account)) == (409, "account.code_taken")
    malformed = await book.api.post(KEEPER, path, account | {"code": "Ausgaben 1"})
    assert told(malformed) == (422, "request.malformed")
