"""`/v1/pools/{id}/bank-statements` over HTTP: files of several shapes, matching rules, and closing the month."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.periods import CHECKER, MAKER, close_period, make_document, move, reopen
from tests.factories.pledges import make_pool
from tests.support.api import Api, codes, objections
from tests.support.edges import told

Row = tuple[str, ...]
"""Day, signed amount, reference."""


def csv(*rows: Row, header: str = "date,amount,reference") -> bytes:
    return "\n".join([header, *(",".join(row) for row in rows)]).encode()


async def bring(api: Api, pool: dict[str, Any], content: bytes, *, role: str = MAKER, **body: Any) -> Any:
    """Upload a file and take it in as a statement."""
    document_id = await make_document(api, role, content)
    path = f"/v1/pools/{pool['id']}/bank-statements"
    return await api.post(role, path, {"document_id": document_id} | body)


def yuan(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


async def pay_in(api: Api, pool: dict[str, Any], amount: str, day: str) -> str:
    body = {"source": "district", "amount": yuan(amount), "occurred_on": day}
    made = await api.made(MAKER, f"/v1/pools/{pool['id']}/contributions", body)
    return str(made["transfer_id"])


async def lines(api: Api, pool: dict[str, Any], statement: dict[str, Any]) -> list[dict[str, Any]]:
    path = f"/v1/pools/{pool['id']}/bank-statements/{statement['id']}/lines"
    items: list[dict[str, Any]] = (await api.get(MAKER, path)).json()["items"]
    return items


SHAPES: dict[str, bytes] = {
    "a signed amount": csv(("2019-01-02", "1000.00", "")),
    "with a byte order mark": b"\xef\xbb\xbf" + csv(("2019-01-02", '"1,000.00"', "")),
    "the bank's debit and credit in GB18030": (
        "交易日期,借方金额,贷方金额,对方户名,摘要,余额\n20190102,,1000,示例财政局,拨款,1000.00\n"
    ).encode("gb18030"),
    "the newest on top": (
        b"date,amount,balance\n2019/01/05,-5.00,1000.00\n2019/01/03,5.00,1005.00\n2019/01/02,1000.00,1000.00\n"
    ),
}


@pytest.mark.parametrize("content", SHAPES.values(), ids=SHAPES.keys())
async def test_statements_come_in_the_shapes_banks_give_them(api: Api, content: bytes) -> None:
    """POL-19: encodings, headers and orders differ; what the file does not say is asked for."""
    pool = await make_pool(api, paid_in="1000.00")
    shown = await bring(api, pool, content, opening=yuan("0.00"))
    assert shown.status_code == 201, shown.text
    statement = shown.json()
    assert (statement["opening"]["amount"], statement["closing"]["amount"]) == ("0.00", "1000.00")
    first = (await lines(api, pool, statement))[0]
    assert (first["occurred_on"], first["direction"], first["amount"]["amount"]) == (
        "2019-01-02",
        "in",
        "1000.00",
    )
    assert (first["status"], first["rule"]) == ("matched", "amount_and_day")


async def test_all_faults_of_a_file_are_told_at_once_by_line(api: Api) -> None:
    """POL-19: nothing of a bad file is kept."""
    pool = await make_pool(api)
    content = csv(
        ("2019-02-30", "1.00", ""), ("2019-01-03", "0.00", ""), ("", "1.005", ""), ("2019-01-04", "9")
    )
    refused = await bring(api, pool, content, opening=yuan("0.00"))
    assert refused.status_code == 422
    assert objections(refused) == [
        ("import.date_format", "/lines/2/date"),
        ("bank_statement.amount_missing", "/lines/3"),
        ("import.value_missing", "/lines/4/date"),
        ("bank_statement.amount_format", "/lines/4/amount"),
        ("import.row_width", "/lines/5"),
    ]
    listed = (await api.get(MAKER, f"/v1/pools/{pool['id']}/bank-statements")).json()
    assert listed["items"] == []


async def test_a_statement_adds_up_and_lies_within_its_days(api: Api) -> None:
    """POL-19, RP-18: opening and lines make the closing, balances follow, and none is below zero."""
    pool = await make_pool(api)
    content = b"date,amount,balance\n2019-01-02,10.00,10.00\n2019-01-03,5.00,16.00\n"
    refused = await bring(
        api, pool, content, begins_on="2019-01-03", closing=yuan("16.00"), opening=yuan("0.00")
    )
    assert codes(refused) == [
        "bank_statement.line_outside",
        "bank_statement.balance_broken",
        "bank_statement.sum_differs",
    ]
    overdrawn = await bring(api, pool, csv(("2019-01-02", "-1.00", "")), opening=yuan("0.00"))
    assert told(overdrawn) == (422, "bank_statement.overdrawn")
    unknown = await bring(api, pool, csv(("2019-01-02", "1.00", "")))
    assert told(unknown) == (422, "bank_statement.opening_unknown")
    endless = csv(*[("2019-01-02", "90071992547409.91", "")] * 1_100)
    assert told(await bring(api, pool, endless, opening=yuan("0.00"))) == (422, "money.range")
    ancient = await bring(api, pool, csv(("0001-01-02", "1.00", "")), opening=yuan("0.00"))
    assert told(ancient) == (422, "import.date_format")
    empty = await bring(api, pool, csv(), opening=yuan("0.00"))
    assert told(empty) == (422, "bank_statement.days_unknown")


async def test_statements_follow_one_another_and_no_file_comes_twice(api: Api) -> None:
    """POL-19: the opening is the closing before, days neither overlap nor leave a gap."""
    pool = await make_pool(api)
    first = csv(("2019-01-02", "1000.00", ""))
    made = await bring(api, pool, first, opening=yuan("0.00"), ends_on="2019-01-31")
    assert made.status_code == 201
    assert told(await bring(api, pool, first)) == (409, "bank_statement.duplicate")
    second = csv(("2019-02-02", "1.00", ""))
    overlapping = await bring(
        api, pool, second, opening=yuan("999.00"), begins_on="2019-01-31", ends_on="2019-02-28"
    )
    assert codes(overlapping) == ["bank_statement.not_next", "bank_statement.opening_differs"]
    following = (await bring(api, pool, csv(("2019-02-03", "1.00", "")), ends_on="2019-02-28")).json()
    assert (following["begins_on"], following["opening"]["amount"], following["closing"]["amount"]) == (
        "2019-02-01",
        "1000.00",
        "1001.00",
    )


async def test_lines_find_their_transfers_by_reference_then_day_then_nearby(api: Api) -> None:
    """POL-19: rules in order, only where line and transfer have one another alone; the rest is told."""
    pool = await make_pool(api, paid_in="1000.00")
    named = await pay_in(api, pool, "20.00", "2019-01-10")
    other = await pay_in(api, pool, "20.00", "2019-01-10")
    near = await pay_in(api, pool, "30.00", "2019-01-14")
    for _ in range(2):  # the same twice: nothing tells them apart
        await pay_in(api, pool, "40.00", "2019-01-20")
    content = csv(
        ("2019-01-02", "1000.00", ""),
        ("2019-01-10", "20.00", ""),
        ("2019-01-10", "20.00", f"拨款{named.upper()}"),
        ("2019-01-17", "30.00", ""),
        ("2019-01-20", "40.00", ""),
        ("2019-01-25", "-7.00", "账户管理费"),
    )
    statement = (await bring(api, pool, content, opening=yuan("0.00"))).json()
    found = {
        one["ordinal"]: (one["status"], one["rule"], one["transfer_id"])
        for one in await lines(api, pool, statement)
    }
    assert found[2] == ("matched", "amount_and_day", other)
    assert found[3] == ("matched", "reference", named)
    assert found[4] == ("matched", "amount_near_day", near)
    assert found[5] == ("unmatched", None, None)
    shown = (
        await api.get(MAKER, f"/v1/pools/{pool['id']}/bank-statements/{statement['id']}/differences")
    ).json()
    assert (shown["matched"], shown["missing_count"], shown["extra_count"]) == (4, 2, 2)
    assert [(one["direction"], one["amount"]["amount"]) for one in shown["extra"]] == [
        ("in", "40.00"),
        ("out", "7.00"),
    ]
    assert {one["amount"]["amount"] for one in shown["missing"]} == {"40.00"}
    notices = (await api.get(MAKER, "/v1/notices")).json()["items"]
    assert "statement_unmatched" in {one["kind"] for one in notices}


async def test_a_line_is_matched_by_hand_with_the_same_money_only_once(api: Api) -> None:
    """POL-19: amount and direction agree, one line a transfer; it can be taken back and matched again."""
    pool = await make_pool(api, paid_in="1000.00")
    first, second = [await pay_in(api, pool, "40.00", "2019-01-20") for _ in range(2)]
    content = csv(("2019-01-02", "1000.00", ""), ("2019-01-20", "40.00", ""), ("2019-01-20", "40.00", ""))
    statement = (await bring(api, pool, content, opening=yuan("0.00"))).json()
    base = f"/v1/pools/{pool['id']}/bank-statements/{statement['id']}"
    large, one, two = [f"{base}/lines/{row['id']}" for row in await lines(api, pool, statement)]
    assert (await api.made(MAKER, f"{one}/match", {"transfer_id": first}))["rule"] == "by_hand"
    assert told(await api.post(MAKER, f"{two}/match", {"transfer_id": first})) == (
        409,
        "bank_statement.transfer_taken",
    )
    assert told(await api.post(MAKER, f"{large}/match", {"transfer_id": second})) == (
        409,
        "state.illegal_transition",
    )
    assert (await api.made(MAKER, f"{large}/unmatch", None))["status"] == "unmatched"
    assert told(await api.post(MAKER, f"{large}/match", {"transfer_id": second})) == (
        409,
        "bank_statement.transfer_differs",
    )
    again = await api.made(MAKER, f"{base}/matching", None)
    assert (again["matched"], again["unmatched"]) == (3, 0)


async def test_a_line_without_a_transfer_is_explained_by_a_second_client(api: Api) -> None:
    """POL-19, RB-02: who brought the statement does not explain its lines."""
    pool = await make_pool(api, paid_in="1000.00")
    content = csv(("2019-01-02", "1000.00", ""), ("2019-01-25", "-7.00", "误扣"))
    statement = (await bring(api, pool, content, opening=yuan("0.00"))).json()
    extra = (await lines(api, pool, statement))[1]
    path = f"/v1/pools/{pool['id']}/bank-statements/{statement['id']}/lines/{extra['id']}/explanation"
    reason = {"reason": "银行误扣，次月退回"}
    assert told(await api.post(MAKER, path, reason)) == (409, "approval.same_person")
    explained = await api.made(CHECKER, path, reason)
    assert (explained["status"], explained["reason"]) == ("explained", reason["reason"])


async def test_what_does_not_agree_with_the_bank_keeps_a_month_open(api: Api) -> None:
    """POL-19, POL-20, RP-18: unmatched lines, a ledger that differs, and a month that is not covered."""
    pool = await make_pool(api, paid_in="1000.00")
    await pay_in(api, pool, "11.00", "2019-01-15")
    content = csv(("2019-01-02", "1000.00", ""), ("2019-01-25", "-7.00", "账户管理费"))
    statement = (await bring(api, pool, content, opening=yuan("0.00"), ends_on="2019-01-31")).json()
    assert (await move(api, MAKER, pool, "2019-01", "hold")).status_code == 200
    refused = await move(api, CHECKER, pool, "2019-01", "close")
    assert codes(refused) == ["period.unmatched_lines", "period.bank_differs"]
    assert refused.json()["violations"][1]["facts"] == {
        "ledger": "1011.00",
        "bank": "993.00",
        "in_transit": "0.00",
        "rest": "-18.00",
    }
    extra = (await lines(api, pool, statement))[1]
    path = f"/v1/pools/{pool['id']}/bank-statements/{statement['id']}/lines/{extra['id']}"
    await api.made(CHECKER, f"{path}/explanation", {"reason": "银行误扣，次月退回"})
    refused = await move(api, CHECKER, pool, "2019-01", "close")
    assert refused.json()["violations"][0]["facts"]["rest"] == "-11.00"
    # The bank shows it three days later, in the next month: in transit at the end of January.
    later = csv(("2019-02-01", "11.00", ""), ("2019-02-02", "7.00", "退回误扣"))
    following = (await bring(api, pool, later, ends_on="2019-02-27")).json()
    rows = await lines(api, pool, following)
    assert rows[0]["status"] == "unmatched"
    transfer = (
        await api.get(MAKER, f"/v1/pools/{pool['id']}/bank-statements/{statement['id']}/differences")
    ).json()
    body = {"transfer_id": transfer["missing"][0]["transfer_id"]}
    base = f"/v1/pools/{pool['id']}/bank-statements/{following['id']}/lines"
    await api.made(MAKER, f"{base}/{rows[0]['id']}/match", body)
    assert (await move(api, CHECKER, pool, "2019-01", "close")).status_code == 200
    assert told(await api.post(CHECKER, f"{path}/unmatch", None)) == (409, "period.closed")
    assert (await move(api, MAKER, pool, "2019-02", "hold")).status_code == 200
    refused = await move(api, CHECKER, pool, "2019-02", "close")
    assert codes(refused) == ["period.statement_missing", "period.unmatched_lines"]
    rest = (await lines(api, pool, following))[1]
    await api.made(CHECKER, f"{base}/{rest['id']}/explanation", {"reason": "冲回误扣"})
    assert (await bring(api, pool, csv(), ends_on="2019-02-28")).status_code == 201
    assert (await move(api, CHECKER, pool, "2019-02", "close")).status_code == 200


async def test_what_was_in_transit_at_the_end_of_a_closed_month_stays_matched(api: Api) -> None:
    """POL-19, POL-20: a line of February by which January agreed with the bank is not taken back."""
    pool = await make_pool(api, paid_in="1000.00")
    await pay_in(api, pool, "11.00", "2019-01-31")
    first = csv(("2019-01-02", "1000.00", ""))
    assert (await bring(api, pool, first, opening=yuan("0.00"), ends_on="2019-01-31")).status_code == 201
    second = (await bring(api, pool, csv(("2019-02-01", "11.00", "")), ends_on="2019-02-10")).json()
    (row,) = await lines(api, pool, second)
    path = f"/v1/pools/{pool['id']}/bank-statements/{second['id']}/lines/{row['id']}/unmatch"
    await close_period(api, pool, "2019-01")
    assert told(await api.post(MAKER, path, None)) == (409, "period.closed")
    assert (await reopen(api, MAKER, pool, "2019-01")).status_code == 200
    assert (await api.post(MAKER, path, None)).json()["status"] == "unmatched"


async def test_a_pool_without_statements_closes_on_its_books_alone(api: Api) -> None:
    """POL-19: covering is asked for from the first statement on."""
    pool = await make_pool(api, paid_in="1000.00")
    await close_period(api, pool, "2019-01")
    content = csv(("2019-03-02", "1.00", ""))
    assert (
        await bring(api, pool, content, opening=yuan("1000.00"), begins_on="2019-03-01")
    ).status_code == 201
    assert (await close_period(api, pool, "2019-02"))["status"] == "closed"


async def test_only_who_keeps_the_books_brings_statements(api: Api) -> None:
    """POL-19: the auditor reads; a bank sees no account of the pool."""
    pool = await make_pool(api)
    path = f"/v1/pools/{pool['id']}/bank-statements"
    document_id = await make_document(api, MAKER, csv())
    assert told(await api.post("bank_a", path, {"document_id": document_id})) == (403, "auth.denied")
    assert (await api.get("auditor", path)).status_code == 200
    missing = await api.get("auditor", f"{path}/{pool['id']}")
    assert told(missing) == (404, "bank_statement.not_found")
