"""`/v1/pledges:batch` over HTTP: thousands of filings, each with its key and its result."""

from __future__ import annotations

import json
import tracemalloc
import uuid
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.domain.asset import AssetKind
from app.models.event import Event
from app.models.fact import Fact
from app.models.hold import Hold
from app.models.pledge import Decision, Pledge
from app.models.pool import Commitment
from app.services.pledges import batch
from tests.factories.assets import make_asset, pass_title
from tests.factories.clock import now
from tests.factories.finance import application, owned
from tests.factories.pledge_batches import line, outcomes, post_batch
from tests.factories.pledges import filing, make_pool
from tests.support.api import Api, objections
from tests.support.counter import statements
from tests.support.database import SavepointDatabase

MakeRights = Callable[..., Awaitable[list[uuid.UUID]]]


@pytest.fixture
def owner(api: Api) -> uuid.UUID:
    """The sample firm."""
    return api.samples["sme"].organisation.party_id


@pytest.fixture
def make_rights(owner: uuid.UUID, database: SavepointDatabase) -> MakeRights:
    """Rights of the sample firm: patents and marks in turn where `mixed`."""

    async def make(count: int, *, mixed: bool = False) -> list[uuid.UUID]:
        kinds = list(AssetKind) if mixed else [AssetKind.patent]
        async with database.write() as unit:
            return [
                (await make_asset(unit.session, owners=[owner], kind=kinds[number % len(kinds)])).id
                for number in range(count)
            ]

    return make


async def count(database: SavepointDatabase, model: Any, *where: Any) -> int:
    """How many rows there are."""
    async with database.read() as unit:
        found = await unit.session.scalar(select(func.count()).select_from(model).where(*where))
    return found or 0


async def test_a_batch_files_each_line_with_all_that_a_filing_has(
    api: Api, database: SavepointDatabase, owner: uuid.UUID, make_rights: MakeRights
) -> None:
    """UNI-06: two mixed pledges with a pool's cover become what two filings would have become."""
    rights = await make_rights(4, mixed=True)
    pool = await make_pool(api)
    lines = [
        line(f"loan-{number}", filing(owner, rights[2 * number : 2 * number + 2], pool_id=pool["id"]))
        for number in range(2)
    ]
    answer = await post_batch(api, "bank_a", lines, mode="atomic")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["created"], body["exists"], body["refused"]) == (2, 0, 0)
    assert [result["key"] for result in body["results"]] == ["loan-0", "loan-1"]
    for result, of in zip(body["results"], (rights[:2], rights[2:]), strict=True):
        shown = (await api.get("bank_a", f"/v1/pledges/{result['pledge_id']}")).json()
        assert (shown["number"], shown["status"], shown["covered"]["amount"]) == (
            result["number"],
            "filed",
            "500000.00",
        )
        assert [item["asset_id"] for item in shown["items"]] == [str(right) for right in of]
        subject = uuid.UUID(result["pledge_id"])
        assert await count(database, Event, Event.subject_id == subject, Event.type == "pledge.filed") == 1
        assert await count(database, Decision, Decision.pledge_id == subject) == 1
    capacity = (await api.get("bank_a", f"/v1/pools/{pool['id']}")).json()["capacity"]
    assert capacity["outstanding"]["amount"] == "1000000.00"


async def test_lines_stand_by_themselves_or_all_together(
    api: Api, database: SavepointDatabase, owner: uuid.UUID, make_rights: MakeRights
) -> None:
    """C21: `continue` files what can be; `atomic` files nothing and tells every objection with its line."""
    a, b, c = await make_rights(3)
    lines = [
        line("1", filing(owner, [a])),
        line("2", filing(owner, [a, b])),
        line("3", filing(owner, [uuid.uuid4()], debt_to="2021-06-30")),
        line("4", filing(owner, [c, c])),
        line("5", filing(owner, [b])),
        line("5", filing(owner, [c])),
        {"key": "7", "pledge": {}},
    ]
    refused = await post_batch(api, "bank_a", lines, mode="atomic")
    assert refused.status_code == 422
    assert ("pledge.key_twice", "/5/key") in objections(refused)
    assert ("request.malformed", "/6/pledge/borrower_id") in objections(refused)
    legible = await post_batch(api, "bank_a", lines[:5], mode="atomic")
    assert sorted(objections(legible)) == [
        ("pledge.already_pledged", "/1/pledge/items/0/asset_id"),
        ("pledge.asset_twice", "/3/pledge/items/1/asset_id"),
        ("pledge.debt_period_invalid", "/2/pledge/debt_to"),
    ]
    assert await count(database, Pledge) == 0

    done = await post_batch(api, "bank_a", lines, mode="continue")
    assert outcomes(done)[:6] == [
        "created",
        "pledge.already_pledged",
        "pledge.debt_period_invalid",
        "pledge.asset_twice",
        "created",
        "pledge.key_twice",
    ]
    assert set(outcomes(done)[6].split()) == {"request.malformed"}
    assert await count(database, Pledge) == 2


async def test_a_line_sent_again_answers_as_it_did(
    api: Api, database: SavepointDatabase, owner: uuid.UUID, make_rights: MakeRights
) -> None:
    """C02: the line's key files once, whichever batch it comes in and however it is written; other content is
    refused under it; the batch's own key replays the batch."""
    a, b = await make_rights(2)
    lines = [line("k1", filing(owner, [a])), line("k2", filing(owner, [a]))]
    key = str(uuid.uuid4())
    first = await post_batch(api, "bank_a", lines, key=key)
    assert outcomes(first) == ["created", "pledge.already_pledged"]
    replayed = await post_batch(api, "bank_a", lines, key=key)
    assert (replayed.content, replayed.headers["Idempotency-Replayed"]) == (first.content, "true")
    rewritten = json.dumps({"pledge": filing(owner, [a]), "key": "k1"}, indent=None, separators=(" ,", " : "))
    again = await post_batch(
        api, "bank_a", rewritten.encode() + b"\r\n\n" + json.dumps(line("k2", filing(owner, [b]))).encode()
    )
    assert outcomes(again) == ["exists", "created"]
    assert again.json()["results"][0]["pledge_id"] == first.json()["results"][0]["pledge_id"]
    other = await post_batch(api, "bank_a", [line("k1", filing(owner, [b]))])
    assert outcomes(other) == ["idempotency.key_reused"]
    foreign = await post_batch(api, "bank_b", [line("k1", filing(owner, [a]))])
    assert outcomes(foreign) == ["pledge.already_pledged"]
    assert await count(database, Pledge) == 2


async def test_what_lines_take_adds_up_within_a_batch(
    api: Api, owner: uuid.UUID, make_rights: MakeRights
) -> None:
    """RP-04, RP-05: caps and capacity are used up by the lines before, to the fen."""
    rights = await make_rights(4)
    full = await make_pool(api, paid_in="100000.00")
    capped = await make_pool(api, household_cap={"amount": "900000.00"})
    lines = [line(f"a{n}", filing(owner, [right], pool_id=full["id"])) for n, right in enumerate(rights[:3])]
    done = await post_batch(api, "bank_a", lines)
    assert outcomes(done) == ["created", "created", "pool.capacity_exceeded"]
    lines = [
        line(f"b{n}", filing(owner, [right], pool_id=capped["id"])) for n, right in enumerate(rights[2:])
    ]
    done = await post_batch(api, "bank_a", lines)
    assert outcomes(done) == ["created", "pool.household_cap_exceeded"]


@pytest.mark.parametrize("chunk", [1, 2, 500])
async def test_chunks_make_no_difference_and_cost_two_statements_each(  # noqa: PLR0917
    api: Api,
    database: SavepointDatabase,
    owner: uuid.UUID,
    make_rights: MakeRights,
    monkeypatch: pytest.MonkeyPatch,
    chunk: int,
) -> None:
    """Decisions §9: claim the key, lock, answer, and per chunk read and write, however many lines.

    The batch has the same outcome whether a line was read before or after the one that it meets.
    """
    monkeypatch.setattr(batch, "CHUNK", chunk)
    rights = await make_rights(7)
    pool = await make_pool(api, paid_in="150000.00")
    await api.made("bank_a", "/v1/pledges", filing(owner, [rights[6]]))
    wanted = [*rights[:2], rights[0], *rights[2:4]]
    lines = [line(str(n), filing(owner, [right], pool_id=pool["id"])) for n, right in enumerate(wanted)]
    assert database.connection is not None
    async with statements(database.connection) as seen:
        done = await post_batch(api, "bank_a", lines)
    assert outcomes(done) == [
        "created",
        "created",
        "pledge.already_pledged",
        "created",
        "pool.capacity_exceeded",
    ]
    chunks = -(-len(lines) // chunk)
    writing = sum(text.lstrip().startswith("WITH event") for text in seen.work)
    assert len(seen.work) == 3 + chunks + writing, seen.work


async def test_a_dry_run_of_a_batch_tells_all_and_keeps_nothing(
    api: Api, database: SavepointDatabase, owner: uuid.UUID, make_rights: MakeRights
) -> None:
    """C12: the answer is that of the batch; neither pledges nor keys remain."""
    (right,) = await make_rights(1)
    lines = [line("dry", filing(owner, [right]))]
    tried = await post_batch(api, "bank_a", lines, dry_run=True)
    assert (tried.headers["Dry-Run"], outcomes(tried)) == ("true", ["created"])
    assert await count(database, Pledge) == 0
    assert outcomes(await post_batch(api, "bank_a", lines)) == ["created"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"", [("pledge.batch_empty", "")]),
        (b"\n \r\n", [("pledge.batch_empty", "")]),
        (b'{"key": "x", "key": "y", "pledge": {}}', [("request.malformed", "/0")]),
        (b"{", [("request.malformed", "/0")]),
        (b'{"key": "\\u0000", "pledge": {}}', [("request.malformed", "/0")]),
        (b"\xff", [("request.malformed", "/0")]),
        (b"[1]", [("request.malformed", "/0")]),
        (b"{}\n" * 10_001, [("pledge.batch_too_long", "")]),
    ],
    ids=["nothing", "blanks", "name-twice", "cut-off", "nul", "not-utf-8", "no-object", "too-long"],
)
async def test_what_is_no_batch_is_refused_at_its_line(
    api: Api, body: bytes, found: list[tuple[str, str]]
) -> None:
    """C30: each line is held to the same JSON as any other body."""
    refused = await post_batch(api, "bank_a", body, mode="atomic")
    assert refused.status_code in (400, 422)
    assert objections(refused) == found


async def test_a_batch_is_json_lines_and_nothing_else(api: Api) -> None:
    """C30: a JSON body is not taken for lines."""
    refused = await api.post("bank_a", "/v1/pledges:batch", {"key": "x"})
    assert (refused.status_code, refused.json()["code"]) == (415, "request.unsupported_media_type")


async def test_memory_does_not_grow_with_the_batch(
    api: Api, owner: uuid.UUID, make_rights: MakeRights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of eight chunks peaks where one of two does, but for a few kilobytes a line."""
    monkeypatch.setattr(batch, "CHUNK", 20)
    peaks: dict[int, int] = {}
    rights = await make_rights(160 + 40 + 20)
    taken = 0
    for chunks in (1, 2, 8):
        lines = [
            line(str(uuid.uuid4()), filing(owner, [rights[taken + place]])) for place in range(chunks * 20)
        ]
        taken += len(lines)
        tracemalloc.start()
        assert set(outcomes(await post_batch(api, "bank_a", lines))) == {"created"}
        peaks[chunks] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert (peaks[8] - peaks[2]) / 120 < 8_000, peaks


def past(rights: list[uuid.UUID], **changes: Any) -> dict[str, Any]:
    """A history in which each right was registered in the year after its filing."""
    return {
        "filed_on": "2019-11-20",
        "registrations": [
            {
                "asset_id": str(right),
                "registration_no": f"Y2020-{right.hex[-6:]}",
                "registered_on": f"2020-0{place + 1}-15",
                # Of a mixed pledge every other right is a mark, whose registration ends on a day.
                "expires_on": "2027-06-30" if place % 2 else None,
            }
            for place, right in enumerate(rights)
        ],
    } | changes


async def test_history_is_entered_with_its_days_and_without_side_effects(
    api: Api, database: SavepointDatabase, owner: uuid.UUID, make_rights: MakeRights
) -> None:
    """PLG-15: original dates, `imported`, no pool commitment, one event for all; counted on its own days."""
    rights = await make_rights(6, mixed=True)
    pool = await make_pool(api)
    lines = [
        line("live", filing(owner, rights[:2], pool_id=pool["id"]), history=past(rights[:2])),
        line("over", filing(owner, rights[2:4]), history=past(rights[2:4], deregistered_on="2021-05-01")),
        line("again", filing(owner, rights[2:4])),
        line(
            "covered",
            filing(owner, rights[4:], pool_id=pool["id"]),
            history=past(rights[4:], with_commitment=True),
        ),
    ]
    before = await count(database, Event)
    done = await post_batch(api, "bank_a", lines, mode="atomic")
    assert done.status_code == 200, done.text
    live, over, again, covered = [
        (await api.get("bank_a", f"/v1/pledges/{result['pledge_id']}")).json()
        for result in done.json()["results"]
    ]
    assert (live["status"], live["imported"], live["filed_on"]) == ("registered", True, "2019-11-20")
    assert (live["registered_on"], live["mixed_on"], live["covered"]) == ("2020-01-15", "2020-02-15", None)
    assert live["rule_pack"] != again["rule_pack"]
    assert (over["status"], over["ended_on"]) == ("deregistered", "2021-05-01")
    assert (again["status"], again["imported"]) == ("filed", False)
    assert covered["covered"]["amount"] == "500000.00"
    assert await count(database, Event) == before + 2
    assert await count(database, Commitment) == 1
    assert await count(database, Hold, Hold.kind == "lien", Hold.ended_at.is_(None)) == 6

    async with database.read() as unit:
        facts = (await unit.session.scalars(select(Fact).where(Fact.source_noun == "pledge"))).all()
    assert all(fact.imported for fact in facts)
    counted = {(fact.measure, str(fact.occurred_on)): 0 for fact in facts}
    for fact in facts:
        counted[fact.measure, str(fact.occurred_on)] += fact.value
    assert counted["pledge_financing_count", "2020-01-15"] == 3
    assert counted["pledge_mixed_count", "2020-02-15"] == 3
    assert counted["pledge_registration_count", "2020-01-15"] == 3

    second = await post_batch(
        api,
        "bank_b",
        [
            line("x", filing(owner, rights[:1]), history=past(rights[:1])),
            line("y", filing(owner, rights[:1]), history=past(rights[:1], deregistered_on="2021-05-01")),
        ],
    )
    assert outcomes(second)[0].startswith("pledge.already_pledged")
    assert outcomes(second)[1] == "pledge.registration_no_taken"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"filed_on": "2999-01-01"}, "request.date_in_future"),
        ({"registrations": []}, "request.malformed"),
        ({"deregistered_on": "2019-12-01"}, "request.date_too_early"),
        ({"with_commitment": True}, "pledge.history_over"),
    ],
)
async def test_history_that_cannot_have_been_is_refused(
    api: Api, owner: uuid.UUID, make_rights: MakeRights, changes: dict[str, Any], code: str
) -> None:
    """PLG-15: nothing to come, no end before a beginning, no cover by a pool that is not named."""
    rights = await make_rights(1)
    refused = await post_batch(
        api, "bank_a", [line("k", filing(owner, rights), history=past(rights, **changes))], mode="atomic"
    )
    assert code in {found for found, _ in objections(refused)}


async def test_history_tells_every_registration_once(
    api: Api, owner: uuid.UUID, make_rights: MakeRights
) -> None:
    """PLG-15: a right without its registration, or with two, is no history."""
    rights = await make_rights(2)
    for told in (rights[:1], [*rights, rights[0]]):
        done = await post_batch(
            api, "bank_a", [line(str(uuid.uuid4()), filing(owner, rights), history=past(told))]
        )
        assert "pledge.history_incomplete" in outcomes(done)[0]


async def test_what_is_pledged_to_this_day_is_its_owners(
    api: Api, database: SavepointDatabase, owner: uuid.UUID
) -> None:
    """PLG-15, PL-06: nobody enters a live pledge of another's right; who passed the right on with it may be told,
    if it was theirs when it was filed; of what is over, owners need not be known."""
    stranger = api.samples["sme_b"].organisation.party_id
    async with database.write() as unit:
        rights = []
        for until in (date(2019, 11, 20), date(2022, 1, 1)):
            asset = await make_asset(unit.session, owners=[owner], acquired=[date(2018, 1, 1)])
            await pass_title(unit.session, asset.id, stranger, on=until)
            rights.append(asset.id)
    theirs, passed_on = rights
    told = [
        ("stranger", theirs, {}),
        ("over", theirs, {"deregistered_on": "2021-05-01"}),
        ("passed-on", passed_on, {}),
    ]
    lines = [
        line(key, filing(owner, [right]), history=past([right], **changes)) for key, right, changes in told
    ]
    lines[1]["history"]["registrations"][0]["registration_no"] = "Y2020-OVER"
    done = await post_batch(api, "bank_a", lines)
    assert outcomes(done) == ["pledge.not_owner", "created", "created"]


async def test_what_is_over_leaves_the_banks_reservation_alone(
    api: Api, database: SavepointDatabase, owner: uuid.UUID
) -> None:
    """PLG-15, UNI-26: history of a right that the bank keeps for its pledge does not use the reservation up."""
    right = await owned(api, database)
    applied = await api.made("sme", "/v1/applications", application(api, right))
    await api.made("bank_a", f"/v1/applications/{applied['id']}/review", None)
    last_day = str(now().today + timedelta(days=9))
    kept = await api.made(
        "bank_a", "/v1/reservations", {"application_id": applied["id"], "expires_on": last_day}
    )
    path = f"/v1/reservations/{kept['id']}"
    rights = [uuid.UUID(right)]
    over = line("over", filing(owner, rights), history=past(rights, deregistered_on="2021-05-01"))
    assert outcomes(await post_batch(api, "bank_a", [over])) == ["created"]
    assert (await api.get("bank_a", path)).json()["status"] == "live"
    lines = [over, line("now", filing(owner, rights))]
    assert outcomes(await post_batch(api, "bank_a", lines)) == ["exists", "created"]
    assert (await api.get("bank_a", path)).json()["status"] == "used"


async def test_history_costs_two_statements_more_however_long(
    api: Api, database: SavepointDatabase, owner: uuid.UUID, make_rights: MakeRights
) -> None:
    """Decisions §9, ST-08: where and under what pledges count is read for all of a chunk at once."""
    rights = await make_rights(12)
    assert database.connection is not None
    seen = []
    for some in (rights[:2], rights[2:]):
        lines = [line(str(right), filing(owner, [right]), history=past([right])) for right in some]
        async with statements(database.connection) as counted:
            assert set(outcomes(await post_batch(api, "bank_a", lines))) == {"created"}
        seen.append(len(counted.work))
    assert seen == [7, 7]


async def test_a_chunk_is_full_of_rights_too(
    api: Api,
    database: SavepointDatabase,
    owner: uuid.UUID,
    make_rights: MakeRights,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Filings of many rights are read and written fewer at a time."""
    monkeypatch.setattr(batch, "RIGHTS", 4)
    rights = await make_rights(11)
    parts = [rights[:2], rights[2:4], rights[4:9], rights[9:10], rights[10:]]
    lines = [line(str(place), filing(owner, part)) for place, part in enumerate(parts)]
    assert database.connection is not None
    async with statements(database.connection) as seen:
        assert set(outcomes(await post_batch(api, "bank_a", lines))) == {"created"}
    assert sum(text.lstrip().startswith("WITH event") for text in seen.work) == 3


async def test_a_line_that_is_all_faults_tells_some(api: Api) -> None:
    """C30: a few bytes with a thousand faults make no answer of megabytes."""
    done = await post_batch(api, "bank_a", [line("x", {"items": [{}] * 500})])
    assert len(done.json()["results"][0]["violations"]) == 10
