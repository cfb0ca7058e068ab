"""Seals: numbers without gaps, a chain that holds, and every tampering named."""

from __future__ import annotations

import json
import runpy
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.clock import Moment
from app.domain.district import NATIONAL
from app.domain.fact import FactRole, Measure
from app.domain.identifiers import new_id
from app.domain.permission import system_actor
from app.domain.seal import Reason
from app.infra.db import Unit
from app.queries.driver import driver
from app.queries.seals import COVERED
from app.services import events, seals
from tests.factories.assets import make_asset
from tests.factories.parties import make_party
from tests.support.tampering import as_role, seal_all, tamper

ACTOR = system_actor("test")
VERIFIER = Path(__file__).parents[2] / "docs" / "verify_seals.py"


def happened(stream: str, *, facts: int = 0, payload: dict[str, Any] | None = None) -> events.NewEvent:
    """An invented event with facts of 1, 2, 3…"""
    subject = new_id()
    return events.NewEvent(
        type="listing.published",
        noun="listing",
        subject_id=subject,
        stream=stream,
        public=True,
        payload=payload or {},
        facts=[
            events.NewFact(
                measure=Measure.listing_count,
                district_code="120110",
                role=FactRole.internal,
                value=number,
                occurred_on=date(2026, 3, 1),
                source_noun="listing",
                source_id=subject,
            )
            for number in range(1, facts + 1)
        ],
    )


async def record(unit: Unit, *happenings: events.NewEvent) -> None:
    await events.record(unit.session, actor=ACTOR, moment=unit.moment, events=happenings)


@pytest.fixture
async def transfer(unit: Unit) -> uuid.UUID:
    """Event of a ledger transfer written under it, with its two entries."""
    async with as_role(unit, "none"):
        connection = await driver(unit.session)
        event = happened("120110")
        await record(unit, event)
        organisation = await connection.fetchval("SELECT id FROM organisations LIMIT 1")
        pool = new_id()
        await connection.execute(
            "INSERT INTO pools (id, district_code, number, name, manager_id, currency, status, event_id, recorded_at,"
            " version) VALUES ($1, '120110', 'PO-120110-2026-999999', '示例资金池', $2, 'CNY', 'active', $3, now(), 1)",
            pool,
            organisation,
            event.id,
        )
        accounts = [new_id(), new_id()]
        await connection.execute(
            "INSERT INTO ledger_accounts (id, district_code, ledger_id, code, name, currency, normal_side, memo,"
            " debits_posted, credits_posted, debits_pending, credits_pending, version, recorded_at)"
            " SELECT id, '120110', $2, 'test.' || n, '示例', 'CNY', 'debit', false, 0, 0, 0, 0, 0, now()"
            " FROM unnest($1::uuid[]) WITH ORDINALITY AS a(id, n)",
            accounts,
            pool,
        )
        await connection.execute(
            "INSERT INTO ledger_transfers (ledger_id, id, district_code, kind, debit_account_id, credit_account_id,"
            " currency, amount_fen, posting_id, code, business_noun, business_id, occurred_on, booked_on, event_id,"
            " recorded_at) VALUES ($1, $2, '120110', 'posted', $3, $4, 'CNY', 1250000, $2, 'contribution',"
            " 'pool', $1, current_date, current_date, $5, now())",
            pool,
            new_id(),
            *accounts,
            event.id,
        )
    return event.id


async def test_numbers_have_no_gap_in_a_stream_nor_in_the_instance(unit: Unit) -> None:
    """OPS-04: the tail is sealed in its order, per stream 1, 2, 3… and over all streams too."""
    before = await seal_all(unit)
    given = [happened(stream) for stream in ("120110", "120111", "120110", NATIONAL, "120111", "120110")]
    for event in given:
        await record(unit, event)
    assert await seal_all(unit) == len(given)
    connection = await driver(unit.session)
    rows = await connection.fetch("SELECT stream, seq, event_id, position FROM seals ORDER BY position")
    assert [row["position"] for row in rows] == list(range(1, before + len(given) + 1))
    assert [row["event_id"] for row in rows[before:]] == [event.id for event in given]
    for stream in ("120110", "120111", NATIONAL):
        numbers = [row["seq"] for row in rows if row["stream"] == stream]
        assert numbers == list(range(1, len(numbers) + 1))
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 0
    assert (await seals.verify(unit.session)).breaches == []


async def test_of_two_events_the_one_written_first_is_sealed_first_whatever_their_ids(unit: Unit) -> None:
    """OPS-04: a process whose clock runs ahead does not overtake: the order is that of writing."""
    early, late = happened("120110"), happened("120110")
    await record(unit, late)
    await record(unit, early)
    assert early.id < late.id
    await seal_all(unit)
    connection = await driver(unit.session)
    order = await connection.fetch(
        "SELECT event_id FROM seals WHERE event_id = ANY($1) ORDER BY seq", [early.id, late.id]
    )
    assert [row["event_id"] for row in order] == [late.id, early.id]


async def test_a_clock_set_back_does_not_bring_seal_times_back(unit: Unit) -> None:
    """STA-09: a later seal never carries an earlier time, so a past answer keeps its seals."""
    await record(unit, happened("120110"))
    await seal_all(unit)
    await record(unit, happened("120110"))
    earlier = Moment(unit.moment.now - timedelta(hours=1), unit.moment.today)
    async with as_role(unit, "ipops_worker"):
        await seals.seal(unit.session, moment=earlier)
    connection = await driver(unit.session)
    times = await connection.fetch("SELECT sealed_at FROM seals ORDER BY position DESC LIMIT 2")
    assert times[0]["sealed_at"] > times[1]["sealed_at"]


async def test_the_application_cannot_seal_and_nobody_can_rewrite_a_seal(unit: Unit) -> None:
    """SEC-05: only the worker appends seals."""
    connection = await driver(unit.session)
    for role in ("ipops_app", "ipops_read", "ipops_worker"):
        rights = await connection.fetchrow(
            "SELECT has_table_privilege($1, 'seals', 'INSERT') AS adds, has_table_privilege($1, 'seals', 'UPDATE')"
            " OR has_table_privilege($1, 'seals', 'DELETE') OR has_table_privilege($1, 'seals', 'TRUNCATE') AS harms",
            role,
        )
        assert rights is not None
        assert (rights["adds"], rights["harms"]) == (role == "ipops_worker", False)


async def test_every_append_only_table_with_an_event_is_covered(unit: Unit) -> None:
    """SEC-05: a new append-only table cannot be forgotten."""
    connection = await driver(unit.session)
    rows = await connection.fetch(
        "SELECT DISTINCT t.tgrelid::regclass::text AS name FROM pg_trigger t WHERE t.tgname = 'append_only'"
    )
    append_only = {row["name"] for row in rows}
    assert append_only - {one.table for one in COVERED} == {"seals"}


async def test_hashes_can_be_recomputed_in_plain_python_from_an_export(
    unit: Unit, transfer: uuid.UUID
) -> None:
    """SEC-05: docs/verify_seals.py, run on rows as PostgreSQL shows them, gives the stored hashes."""
    recipe = runpy.run_path(str(VERIFIER))

    def row_hash(line: str) -> bytes:
        row = json.loads(line, parse_int=recipe["Number"], parse_float=recipe["Number"])
        for name, value in row.items():
            if name.endswith("_at") and value is not None:  # all instants, and only they, are named so
                row[name] = f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        known: bytes = recipe["digest"]({name: value for name, value in row.items() if value is not None})
        return known

    odd = {
        "文": '引号"和\\与\n\t\u0001\u2028é',
        "z": [1, 2.50, {"b": None, "a": True}],
        "a": {},
        "A": [],
        "n": 10**20,
    }
    event = happened("120110", facts=3, payload=odd)
    await record(unit, event)
    party = await make_party(unit.session)
    asset = await make_asset(unit.session, owners=[party.id])
    await seal_all(unit)
    connection = await driver(unit.session)
    covered: set[str] = set()
    for event_id in (event.id, transfer, asset.event_id):
        contents = {}
        for one in COVERED:
            rows = await connection.fetch(
                "SELECT to_jsonb(r)::text AS row FROM unnest($1::uuid[]) AS t(event_id) "
                + one.join.format(table=one.table),
                [event_id],
            )
            if rows:
                contents[one.table] = recipe["table"]([row_hash(row["row"]) for row in rows])
        seal = await connection.fetchrow("SELECT * FROM seals WHERE event_id = $1", event_id)
        assert seal is not None
        assert recipe["digest"](contents) == seal["digest"]
        given = (seal["prev_hash"], seal["stream"], seal["seq"], event_id.bytes, seal["digest"])
        assert recipe["link"](*given) == seal["hash"]
        covered |= contents.keys()
    assert {
        "events",
        "audit",
        "facts",
        "ledger_transfers",
        "ledger_entries",
        "asset_status_changes",
    } <= covered


async def test_each_tampering_is_named(unit: Unit, transfer: uuid.UUID) -> None:
    """SEC-05: a byte in a fact, an event, a transfer; a row gone, a row added; a seal gone or altered."""
    event = happened("120110", facts=2)
    await record(unit, happened("120110"), event, happened("120110"))
    await seal_all(unit)
    connection = await driver(unit.session)
    seq = await connection.fetchval("SELECT seq FROM seals WHERE event_id = $1", event.id)
    cases: list[tuple[str, uuid.UUID, Reason, str]] = [
        (
            "UPDATE facts SET value = value + 1 WHERE event_id = $1 AND value = 2",
            event.id,
            Reason.changed_row,
            "facts",
        ),
        (
            "UPDATE events SET type = 'listing.publisheD' WHERE id = $1",
            event.id,
            Reason.changed_row,
            "events",
        ),
        ("UPDATE audit SET client_id = NULL WHERE id = $1", event.id, Reason.changed_row, "audit"),
        ("DELETE FROM facts WHERE event_id = $1 AND value = 2", event.id, Reason.missing_row, "facts"),
        (
            (
                "INSERT INTO facts SELECT gen_random_uuid(), district_code, measure, role, value, occurred_on, dimensions,"
                " source_noun, source_id, imported, event_id, recorded_at FROM facts WHERE event_id = $1 AND value = 2"
            ),
            event.id,
            Reason.added_row,
            "facts",
        ),
        (
            "UPDATE ledger_transfers SET amount_fen = amount_fen + 1 WHERE event_id = $1",
            transfer,
            Reason.changed_row,
            "ledger_transfers",
        ),
        (
            (
                "UPDATE ledger_entries e SET debits_posted = debits_posted + 1 FROM ledger_transfers t"
                " WHERE e.transfer_id = t.id AND t.event_id = $1 AND e.side = 'debit'"
            ),
            transfer,
            Reason.changed_row,
            "ledger_entries",
        ),
        ("DELETE FROM seals WHERE event_id = $1", event.id, Reason.gap, f"seal {seq} is missing"),
        (
            "UPDATE seals SET digest = set_byte(digest, 0, get_byte(digest, 0) # 1) WHERE event_id = $1",
            event.id,
            Reason.changed_seal,
            "digest",
        ),
        (
            "UPDATE seals SET prev_hash = set_byte(prev_hash, 31, get_byte(prev_hash, 31) # 1) WHERE event_id = $1",
            event.id,
            Reason.wrong_link,
            "prev_hash",
        ),
        (
            "UPDATE seals SET sealed_at = sealed_at - interval '1 day' WHERE event_id = $1",
            event.id,
            Reason.wrong_order,
            "time",
        ),
    ]
    for statement, event_id, reason, detail in cases:
        async with unit.session.begin_nested() as savepoint:
            await tamper(unit, statement, event_id)
            (breach,) = (await seals.verify(unit.session, "120110")).breaches
            assert (breach.stream, breach.reason) == ("120110", reason), statement
            assert detail in breach.detail
            if reason is not Reason.gap:
                assert breach.event_id == event_id
            await savepoint.rollback()
    assert (await seals.verify(unit.session)).breaches == []


async def test_an_event_that_was_taken_out_of_the_chain_is_named(unit: Unit) -> None:
    """SEC-05: the youngest seal removed leaves no gap in its stream, but an event without a seal."""
    event = happened("120110")
    await record(unit, event)
    await seal_all(unit)
    await tamper(unit, "DELETE FROM seals WHERE event_id = $1", event.id)
    (breach,) = (await seals.verify(unit.session)).breaches
    assert (breach.reason, breach.event_id, breach.stream) == (Reason.unsealed, event.id, "120110")


async def test_a_stream_cut_at_its_end_with_its_events_leaves_a_gap_in_the_instance(unit: Unit) -> None:
    """SEC-05: positions run over all streams, so a later seal elsewhere shows what is gone."""
    event = happened("120110")
    await record(unit, event, happened("120111"))
    await seal_all(unit)
    for table in ("seals WHERE event_id", "audit WHERE id", "events WHERE id"):
        await tamper(unit, f"DELETE FROM {table} = $1", event.id)
    (breach,) = (await seals.verify(unit.session)).breaches
    assert (breach.stream, breach.reason) == ("120111", Reason.gap)


async def test_an_event_still_waiting_for_its_seal_is_no_breach(unit: Unit) -> None:
    """SEC-05: the tail is part of a sound instance."""
    await record(unit, happened("120110"))
    assert (await seals.verify(unit.session)).breaches == []
