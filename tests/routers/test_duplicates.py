"""`/v1/duplicates` over HTTP: what the system proposes, what people propose, merge, reject and undo."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.domain.approval import ApprovalStep, Decision
from app.domain.district import NATIONAL
from app.domain.identifiers import new_id
from app.domain.permission import Role
from app.queries import integrity
from app.services import approvals, events
from tests.factories.clock import now
from tests.factories.duplicates import CHECKER, decide, merge, propose, second_client, undo
from tests.factories.enrolments import (
    COVERED,
    counted,
    enrol,
    evaluate,
    join_bare,
    make_programme,
    make_provider,
    match,
    serve,
    step,
)
from tests.factories.parties import bare_party, party
from tests.support.api import Api, codes, objections
from tests.support.database import SavepointDatabase

TODAY = str(now().today)


@pytest.fixture(autouse=True)
async def _two_people(api: Api, database: SavepointDatabase) -> None:
    await second_client(api, database)


async def make(api: Api, number: int, **changes: Any) -> dict[str, Any]:
    return await api.made("operator", "/v1/parties", party(number, **changes))


async def bare(database: SavepointDatabase, name: str) -> str:
    async with database.write() as unit:
        return str((await bare_party(unit.session, name)).id)


async def candidates(api: Api, **asked: Any) -> dict[str, dict[str, list[str]]]:
    """By party: what it may be the same as, and why."""
    response = await api.get("operator", "/v1/duplicates/candidates", limit=100, **asked)
    assert response.status_code == 200, response.text
    return {
        row["duplicate_party_id"]: {one["party_id"]: one["why"] for one in row["matches"]}
        for row in response.json()["items"]
    }


async def test_the_system_proposes_what_looks_alike_and_says_why(
    api: Api, database: SavepointDatabase
) -> None:
    """AST-14: one name, one number under two schemes, one address and day of registration."""
    first = await make(api, 31, address="示例路1号", registered_on="2015-03-01")
    by_name = await bare(database, "示例新材料有限公司３１")
    code = first["identifiers"][0]["value"]
    by_number = await make(api, 32, identifiers=[{"scheme": "other", "value": code}])
    where = {"address": "示例路1号", "registered_on": "2015-03-01"}
    by_address = await make(api, 33, identifiers=[], **where)
    other_code = await make(api, 34, name=first["name"])
    found = await candidates(api)
    assert found[by_name] == {first["id"]: ["name"]}
    assert found[by_number["id"]] == {first["id"]: ["identifier"]}
    assert found[by_address["id"]] == {first["id"]: ["address_and_day"]}
    assert found[other_code["id"]] == {by_name: ["name"]}
    assert (await api.get("bank_a", "/v1/duplicates/candidates")).status_code == 403


async def test_candidates_come_in_pages_and_what_people_decided_does_not_come_back(
    api: Api, database: SavepointDatabase
) -> None:
    """AST-14: a former name tells too; a pair that was rejected is not proposed again."""
    first = await make(api, 35)
    body = {"name": "示例改名公司", "effective_on": "2020-01-01", "source": "示例"}
    await api.made("operator", f"/v1/parties/{first['id']}/names", body)
    alike = [await bare(database, first["name"]), await bare(database, "示例改名公司")]
    page = (await api.get("operator", "/v1/duplicates/candidates", limit=1)).json()
    rest = await candidates(api, cursor=page["next_cursor"])
    found = {row["duplicate_party_id"] for row in page["items"]} | set(rest)
    assert set(alike) <= found
    assert {row["duplicate_party_id"] for row in page["items"]}.isdisjoint(rest)
    proposed = (await propose(api, first["id"], alike[0])).json()
    assert alike[0] not in await candidates(api)
    assert (await decide(api, proposed, "rejected")).json()["status"] == "rejected"
    assert alike[0] not in await candidates(api)
    assert alike[1] in await candidates(api)


async def test_a_merge_is_proposed_by_one_and_decided_by_another(
    api: Api, database: SavepointDatabase
) -> None:
    """AST-14, RB-02: merged, the old row leads to the one that stays; both names find it."""
    kept, other = await make(api, 36), await bare(database, "示例旧登记公司")
    response = await propose(api, kept["id"], other)
    proposed = response.json()
    assert (response.status_code, proposed["status"], response.headers["etag"]) == (201, "proposed", '"1"')
    own = await decide(api, proposed, "merged", by="operator")
    assert (own.status_code, codes(own)) == (409, ["approval.same_person"])
    merged = (await decide(api, proposed, "merged")).json()
    assert (merged["status"], merged["decided_on"], merged["version"]) == ("merged", TODAY, 2)
    [found] = (await api.get("bank_a", "/v1/parties", name="示例旧登记公司")).json()["items"]
    assert (found["id"], found["successor"]) == (other, {"id": kept["id"], "name": kept["name"]})
    [tie] = (await api.get("bank_a", f"/v1/parties/{kept['id']}/successions")).json()["items"]
    assert (tie["kind"], tie["occurred_on"], tie["counts"]) == ("duplicate", None, True)
    late = await decide(api, proposed, "rejected")
    assert codes(late) == ["state.illegal_transition"]


async def test_an_undone_merge_makes_two_again_and_can_be_made_once_more(
    api: Api, database: SavepointDatabase
) -> None:
    """AST-14: the succession of the first merge says the second; nothing is deleted."""
    kept, other = await make(api, 37), await bare(database, "示例误并公司")
    first = await undo(api, await merge(api, kept["id"], other))
    assert (first["status"], first["undone_on"], first["undo_reason"]) == (
        "undone",
        TODAY,
        "示例：核对有误",
    )
    assert (await api.get("bank_a", f"/v1/parties/{other}")).json()["successor"] is None
    [tie] = (await api.get("bank_a", f"/v1/parties/{other}/successions")).json()["items"]
    assert tie["counts"] is False
    again = await merge(api, kept["id"], other)
    assert again["succession_id"] == first["succession_id"]
    assert (await api.get("bank_a", f"/v1/parties/{other}")).json()["successor"]["id"] == kept["id"]
    twice = await api.post("operator", f"/v1/duplicates/{first['id']}/undo", {"reason": "示例"})
    assert codes(twice) == ["state.illegal_transition"]
    listed = await api.get("bank_a", "/v1/duplicates", party_id=other)
    assert [row["status"] for row in listed.json()["items"]] == ["undone", "merged"]


async def test_two_codes_are_two_parties(api: Api) -> None:
    """AST-02, GB 32100: an organisation has one code all its life; all objections are told at once."""
    first, second = await make(api, 38), await make(api, 39)
    succession = {
        "successor_id": second["id"],
        "kind": "merger",
        "occurred_on": "2020-06-01",
        "source": "示例",
    }
    await api.made("operator", f"/v1/parties/{first['id']}/successions", succession)
    refused = await propose(api, first["id"], second["id"])
    assert objections(refused) == [
        ("duplicate.codes_differ", "/duplicate_party_id"),
        ("duplicate.succeeded", "/duplicate_party_id"),
    ]
    assert refused.json()["violations"][0]["basis"] == "GB 32100-2015"
    person = await make(api, 40, kind="person", identifiers=[])
    assert codes(await propose(api, first["id"], person["id"])) == ["duplicate.kinds_differ"]
    assert codes(await propose(api, first["id"], first["id"])) == ["duplicate.to_itself"]
    nobody = "00000000-0000-7000-8000-000000000000"
    assert objections(await propose(api, nobody, first["id"])) == [("party.not_found", "/party_id")]
    assert (await propose(api, first["id"], second["id"], by="bank_a")).status_code == 403


async def test_a_party_is_proposed_once_and_what_is_merged_does_not_stay(
    api: Api, database: SavepointDatabase
) -> None:
    """AST-14: of a chain the last one is named; round in a circle nothing goes."""
    kept, other = await make(api, 41), await bare(database, "示例重复甲")
    third = await bare(database, "示例重复乙")
    await propose(api, kept["id"], other)
    assert codes(await propose(api, third, other)) == ["duplicate.already_open"]
    [row] = (await api.get("operator", "/v1/duplicates", status="proposed", party_id=other)).json()["items"]
    await decide(api, row, "merged")
    assert codes(await propose(api, other, third)) == ["duplicate.party_merged"]
    assert codes(await propose(api, other, kept["id"])) == [
        "duplicate.party_merged",
        "duplicate.succeeded",
    ]


async def test_a_rejection_says_why(api: Api, database: SavepointDatabase) -> None:
    kept, other = await make(api, 42), await bare(database, "示例重复丙")
    proposed = (await propose(api, kept["id"], other)).json()
    body = {"decision": "rejected"}
    refused = await api.post(CHECKER, f"/v1/duplicates/{proposed['id']}/decision", body)
    assert objections(refused) == [("duplicate.reason_missing", "/reason")]


async def covered(
    api: Api, database: SavepointDatabase, firm: str, on: str, plan_id: str | None = None
) -> str:
    """A firm served and counted under a plan; the plan."""
    programme = await make_programme(api, database, **({"plan_id": plan_id} if plan_id else {}))
    made = await match(api, programme, await make_provider(api, programme), firm)
    await serve(api, made, firm=firm)
    await evaluate(api, made, on)
    return str(programme["plan_id"])


async def two_rows_of_one_firm(api: Api, database: SavepointDatabase) -> tuple[str, str]:
    """The sample firm, and a row of the register that came without a code."""
    other = await join_bare(api, database, "again", Role.sme)
    return str(api.samples["sme"].organisation.party_id), other


async def test_a_merged_firm_is_covered_once_until_the_merge_is_undone(
    api: Api, database: SavepointDatabase
) -> None:
    """AST-14, TG-06: merged SME counted once in cumulative coverage, both old names searchable."""
    kept, other = await two_rows_of_one_firm(api, database)
    plan_id = await covered(api, database, "sme", "2021-01-15")
    await covered(api, database, "again", "2021-02-15", plan_id)
    both = [("2021-01-15", 1), ("2021-02-15", 1)]
    row = await merge(api, kept, other)
    assert await counted(database, COVERED, plan_id) == [*both, (TODAY, -1)]
    for party_id in (kept, other):
        shown = (await api.get("bank_a", f"/v1/parties/{party_id}")).json()
        [found] = (await api.get("bank_a", "/v1/parties", name=shown["name"])).json()["items"]
        assert (found["successor"] or found)["id"] == kept
    assert await findings(database) == set()
    await undo(api, row)
    assert await counted(database, COVERED, plan_id) == [*both, (TODAY, -1), (TODAY, 1)]
    assert await findings(database) == set()


async def test_a_merged_firm_is_not_enrolled_twice(api: Api, database: SavepointDatabase) -> None:
    """TG-04, AST-14: under its other row the firm of a live enrolment is ineligible, until the undoing."""
    kept, other = await two_rows_of_one_firm(api, database)
    row = await merge(api, kept, other)
    programme = await make_programme(api, database)
    await enrol(api, programme)
    judged = await step(api, "operator", await enrol(api, programme, "again"), "check", {})
    assert [found["code"] for found in judged["findings"]] == ["enrolment.already_enrolled"]
    await undo(api, row)
    checked = await step(api, "operator", await enrol(api, programme, "again"), "check", {})
    assert checked["status"] == "checked"


async def findings(database: SavepointDatabase) -> set[str]:
    async with database.write() as unit:
        return {found.check for found in await integrity.findings(unit.session)}


DIRECT = {
    "ck_duplicates_decided_for_good": "UPDATE duplicates SET status = 'merged', undone_by = NULL,"
    " undone_on = NULL, undo_reason = NULL WHERE id = :undone",
    "ck_duplicates_two_hands": "UPDATE duplicates SET status = 'rejected', decided_by = gen_random_uuid(),"
    " decided_on = '2024-01-01' WHERE id = :proposed",
    "ck_duplicates_two_people": "UPDATE duplicates SET status = 'rejected', decided_by = proposed_by,"
    " decided_on = '2024-01-01' WHERE id = :proposed",
    "ck_duplicates_succession": "UPDATE duplicates SET status = 'merged', decided_by = gen_random_uuid(),"
    " decided_on = '2024-01-01' WHERE id = :proposed",
    "ck_duplicates_of_their_succession": "UPDATE duplicates SET status = 'merged', decided_by = :checker,"
    " decided_on = '2024-01-01', succession_id = (SELECT id FROM party_successions WHERE kind = 'rename'"
    " LIMIT 1) WHERE id = :proposed",
}


async def directly(database: SavepointDatabase, statement: str, values: dict[str, Any]) -> None:
    async with database.write() as unit:
        await unit.session.execute(text(statement), values)


@pytest.mark.parametrize(("constraint", "statement"), DIRECT.items())
async def test_the_table_itself_keeps_the_rules(
    api: Api, database: SavepointDatabase, constraint: str, statement: str
) -> None:
    """RB-02: what the application's role writes directly is still proposed by one and decided by another."""
    kept = await make(api, 43)
    others = [await bare(database, f"示例直改{number}") for number in range(3)]
    undone = await undo(api, await merge(api, kept["id"], others[0]))
    proposed = (await propose(api, kept["id"], others[1])).json()
    renamed = {"successor_id": kept["id"], "kind": "rename", "occurred_on": "2020-01-01", "source": "示例"}
    await api.made("operator", f"/v1/parties/{others[2]}/successions", renamed)
    checker = api.samples[CHECKER].client.id
    async with database.write() as unit:
        made = events.NewEvent(
            type="test",
            noun="duplicate",
            subject_id=uuid.UUID(proposed["id"]),
            stream=NATIONAL,
            payload={},
        )
        actor = api.actor(CHECKER)
        await events.record(unit.session, actor=actor, moment=unit.moment, events=[made])
        if "of_their" in constraint:
            await approvals.decide(
                unit.session,
                actor=actor,
                moment=unit.moment,
                event=made,
                step=ApprovalStep.check,
                decision=Decision.approved,
            )
    values = {"undone": undone["id"], "proposed": proposed["id"], "checker": checker}
    named = {name: value for name, value in values.items() if f":{name}" in statement}
    with pytest.raises(DBAPIError) as refused:
        await directly(database, statement, named)
    assert getattr(refused.value.driver_exception, "constraint_name", None) == constraint


async def test_rows_of_one_party_bring_no_two_codes_together(api: Api, database: SavepointDatabase) -> None:
    """AST-14, GB 32100: two coded parties are not merged by way of a third row that has no code."""
    first, second = await make(api, 44), await make(api, 45)
    between = await bare(database, "示例重复丁")
    await merge(api, between, first["id"])
    assert codes(await propose(api, between, second["id"])) == ["duplicate.codes_differ"]


async def test_the_table_itself_brings_no_two_codes_together(api: Api, database: SavepointDatabase) -> None:
    """RB-02, GB 32100: nor by what the application's role writes directly."""
    first, second = await make(api, 46), await make(api, 47)
    between, uncoded = await bare(database, "示例重复戊"), await bare(database, "示例重复己")
    await merge(api, between, first["id"])
    await merge(api, uncoded, second["id"])
    refused = await propose(api, between, uncoded)
    assert codes(refused) == ["duplicate.codes_differ"]
    with pytest.raises(DBAPIError) as broken:
        await _merge_directly(api, database, between, uncoded)
    assert getattr(broken.value.driver_exception, "constraint_name", None) == "ck_duplicates_one_code"


async def _merge_directly(
    api: Api, database: SavepointDatabase, party_id: str, duplicate_party_id: str
) -> None:
    subject_id, recorded_by = uuid.uuid4(), new_id()
    proposer, checker = api.actor("operator"), api.actor(CHECKER)
    async with database.write() as unit:
        for actor, hand in ((proposer, ApprovalStep.make), (checker, ApprovalStep.check)):
            event = events.NewEvent(
                type="test",
                noun="duplicate",
                subject_id=subject_id,
                stream=NATIONAL,
                payload={},
                id=recorded_by if actor is proposer else new_id(),
            )
            await events.record(unit.session, actor=actor, moment=unit.moment, events=[event])
            await approvals.decide(
                unit.session,
                actor=actor,
                moment=unit.moment,
                event=event,
                step=hand,
                decision=Decision.approved,
            )
        values = {
            "id": subject_id,
            "party_id": party_id,
            "duplicate_party_id": duplicate_party_id,
            "proposed_by": proposer.client_id,
            "decided_by": checker.client_id,
            "succession_id": uuid.uuid4(),
            "event_id": recorded_by,
            "now": unit.moment.now,
        }
        for statement in _MERGED_DIRECTLY:
            named = {name: value for name, value in values.items() if f":{name}" in statement}
            await unit.session.execute(text(statement), named)


_MERGED_DIRECTLY = (
    (
        "INSERT INTO party_successions (id, predecessor_id, successor_id, kind, event_id, recorded_at)"
        " VALUES (:succession_id, :duplicate_party_id, :party_id, 'duplicate', :event_id, :now)"
    ),
    (
        "INSERT INTO duplicates (id, party_id, duplicate_party_id, status, reason, proposed_by, decided_by,"
        " decided_on, succession_id, event_id, recorded_at, version) VALUES (:id, :party_id, :duplicate_party_id,"
        " 'merged', '示例', :proposed_by, :decided_by, '2024-01-01', :succession_id, :event_id, :now, 1)"
    ),
)
