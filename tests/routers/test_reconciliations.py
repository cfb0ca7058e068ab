"""`/v1/reconciliations` over HTTP."""

from __future__ import annotations

import base64
import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.domain.asset import AssetKind, AssetStatus, NumberScheme
from app.domain.asset_entry import NewAsset, NewOwner
from app.domain.clock import Moment
from app.domain.identifiers import new_id
from app.domain.patent_number import patent_check_character
from app.domain.permission import Role, system_actor
from app.models.asset import Asset
from app.queries import reconciliations as queries
from app.services import assets
from tests.factories.assets import make_asset, pass_title
from tests.factories.claims import register as register_pledge
from tests.factories.clock import now
from tests.factories.parties import make_party
from tests.factories.pledges import filing
from tests.support.api import Api, codes, objections
from tests.support.counter import statements
from tests.support.database import SavepointDatabase

PATH = "/v1/reconciliations"
TODAY = now().today
YESTERDAY = TODAY - timedelta(days=1)
_serials = itertools.count(9_000_000)
AGES_AGO = TODAY - timedelta(days=400)


def csv_of(columns: str, rows: Sequence[Sequence[object]], encoding: str = "utf-8") -> bytes:
    lines = [columns, *(",".join(str(cell) for cell in row) for row in rows)]
    return ("\r\n".join(lines) + "\r\n").encode(encoding)


def number(serial: int) -> str:
    digits = f"20171{serial:07d}"
    return f"{digits}.{patent_check_character(digits)}"


def unused_number() -> str:
    """The number of a patent that no other test enters."""
    return number(next(_serials))


@dataclass
class Office:
    """The IP office with official lists, and a register that may be wrong."""

    api: Api
    database: SavepointDatabase

    @property
    def owner(self) -> uuid.UUID:
        return self.api.samples["sme"].organisation.party_id

    async def name_of(self, party_id: uuid.UUID) -> str:
        return str((await self.api.get("sme", f"/v1/parties/{party_id}")).json()["name"])

    async def right(self, *, owner: uuid.UUID | None = None, **facts: Any) -> Asset:
        async with self.database.write() as unit:
            return await make_asset(unit.session, owners=[owner or self.owner], **facts)

    async def old_right(self) -> Asset:
        """A right that the register has known for a hundred days."""
        moment = Moment(now().now - timedelta(days=100), TODAY - timedelta(days=100))
        new = NewAsset(
            kind=AssetKind.patent,
            numbers={NumberScheme.application: unused_number()},
            name="示例装置",
            status=AssetStatus.granted,
            status_source="登记簿副本",
            status_as_of=moment.today,
            filed_on=date(2018, 3, 1),
            granted_on=date(2020, 3, 1),
            owners=[NewOwner(self.owner)],
        )
        async with self.database.write() as unit:
            made = await assets.register(unit.session, actor=system_actor("test"), moment=moment, new=new)
            return made.asset

    async def upload(self, content: bytes, role: str = "ip_office") -> str:
        body = {
            "name": "名单.csv",
            "media_type": "text/csv",
            "content_base64": base64.b64encode(content).decode(),
        }
        return str((await self.api.made(role, "/v1/documents", body))["id"])

    async def post(
        self, subject: str, content: bytes, *, as_of: date = TODAY, **changes: Any
    ) -> httpx.Response:
        body = {
            "subject": subject,
            "list_as_of": str(as_of),
            "document_id": await self.upload(content),
            "source": "国家知识产权局登记簿",
        }
        return await self.api.post("ip_office", PATH, body | changes)

    async def reconcile(self, subject: str, content: bytes, **changes: Any) -> dict[str, Any]:
        answer = await self.post(subject, content, **changes)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def differences(
        self, made: dict[str, Any], role: str = "ip_office", **params: Any
    ) -> list[dict[str, Any]]:
        answer = await self.api.get(role, f"{PATH}/{made['id']}/differences", limit=100, **params)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def decide(
        self, difference: dict[str, Any], decision: str, role: str = "ip_office"
    ) -> httpx.Response:
        path = f"{PATH}/{difference['reconciliation_id']}/differences/{difference['id']}/decision"
        return await self.api.post(role, path, {"decision": decision, "reason": "已核实登记簿副本"})

    async def tell_status(self, asset: Asset, status: str, effective_on: date) -> None:
        path = f"/v1/assets/{asset.id}"
        tag = (await self.api.get("ip_office", path)).headers["ETag"]
        body = {"status": status, "effective_on": str(effective_on), "source": "公报", "as_of": str(TODAY)}
        answer = await self.api.post("ip_office", f"{path}/statuses", body, headers={"If-Match": tag})
        assert answer.status_code == 201, answer.text


@pytest.fixture
def office(api: Api, database: SavepointDatabase) -> Office:
    return Office(api, database)


def brief(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [tuple(one[name] for name in ("line", "kind", "field", "listed", "registered")) for one in found]


RIGHTS = "number,status,owners"
LIENS = "number,registered_on,pledgee,reference,ended_on"


async def test_each_class_of_difference_between_a_list_of_rights_and_the_register_is_found(
    office: Office,
) -> None:
    """UNI-40: equal, mismatch, missing and extra; each a task with a day, of which the assignee is told."""
    name = await office.name_of(office.owner)
    other = await office.right()
    async with office.database.write() as unit:
        another_owner = await make_party(unit.session)
    equal, wrong, passed, left_out = [await office.right(owner=another_owner.id) for _ in range(4)]
    listed = another_owner.name
    unknown = unused_number()
    made = await office.reconcile(
        "patents",
        csv_of(
            RIGHTS,
            [
                (equal.number, "授权", listed),
                (wrong.number, "terminated_fee", listed),
                (passed.number, "granted", f"{listed};{name}"),
                (unknown, "granted", listed),
            ],
        ),
        complete_for_owner_ids=[str(another_owner.id)],
    )
    assert (made["rows"], made["matched"], made["refused"]) == (4, 1, 0)
    assert made["differences"] == {"open": 4, "corrected": 0, "explained": 0}
    found = await office.differences(made)
    assert brief(found) == [
        (3, "mismatch", "status", "terminated_fee", "granted"),
        (4, "mismatch", "owners", f"{listed}; {name}", listed),
        (5, "missing", None, "granted", None),
        (None, "extra", None, None, "granted"),
    ]
    assert [one["number"] for one in found][2:] == [unknown, left_out.number]
    assert {one["due_on"] for one in found} == {str(TODAY + timedelta(days=14))}
    assert {one["status"] for one in found} == {"open"}
    assert other.number not in {one["number"] for one in found}  # nobody said its owner's list is complete
    [told] = [
        notice
        for notice in (await office.api.get("ip_office", "/v1/notices")).json()["items"]
        if notice["kind"] == "differences_found"
    ]
    assert (told["subject_id"], told["facts"]["differences"]) == (made["id"], 4)


async def test_what_the_register_heard_after_the_day_of_the_list_is_late(office: Office) -> None:
    """UNI-40, AST-04: equal now, but not as it was known when the day of the list ended."""
    name = await office.name_of(office.owner)
    known, ended, restored = [await office.old_right() for _ in range(3)]
    entered_late = await office.right()
    since = TODAY - timedelta(days=30)
    await office.tell_status(ended, "terminated_fee", since)
    await office.tell_status(restored, "terminated_fee", TODAY)  # after the list's day: not of this list
    rows = [
        (known.number, "granted", name),
        (ended.number, "terminated_fee", name),
        (restored.number, "granted", name),
        (entered_late.number, "granted", name),
    ]
    made = await office.reconcile("patents", csv_of(RIGHTS, rows), as_of=YESTERDAY)
    assert brief(await office.differences(made)) == [
        (3, "late", "status", "terminated_fee", "terminated_fee"),
        (5, "late", None, None, None),
    ]
    assert (await office.decide((await office.differences(made))[0], "corrected")).status_code == 200
    today = await office.reconcile("patents", csv_of(RIGHTS, rows))
    assert brief(await office.differences(today)) == [(4, "mismatch", "status", "granted", "terminated_fee")]


async def test_owners_are_compared_as_a_set_by_any_of_their_names(office: Office) -> None:
    """UNI-40, AST-14: order, width and an old name make no difference; an unrecorded owner does."""
    async with office.database.write() as unit:
        one, two = await make_party(unit.session), await make_party(unit.session)
        both = await make_asset(unit.session, owners=[one.id, two.id])
        nobody = await make_asset(unit.session, owners=[one.id])
        await pass_title(unit.session, nobody.id, None)
        await unit.session.execute(
            text(
                "INSERT INTO party_names (id, party_id, name, name_key, source, event_id, recorded_at)"
                " SELECT :id, id, '示例旧称有限公司', '示例旧称有限公司', '示例', event_id, recorded_at"
                " FROM parties WHERE id = :party"
            ),
            {"id": new_id(), "party": two.id},
        )
    rows = [(both.number, "granted", f"示例旧称有限公司；{one.name}"), (nobody.number, "granted", one.name)]
    made = await office.reconcile("patents", csv_of(RIGHTS, rows))
    assert brief(await office.differences(made)) == [(3, "mismatch", "owners", one.name, "?")]


async def pledged(office: Office, asset: Asset, *, registered: bool = True) -> dict[str, Any]:
    made = await office.api.made("bank_a", "/v1/pledges", filing(office.owner, [asset.id]))
    if registered:
        await register_pledge(office.api, made)
    return made


def number_of(pledge: dict[str, Any]) -> str:
    """The registration number that the test's office gives."""
    return f"Y-{pledge['number']}-{pledge['items'][0]['asset_id']}"


async def test_each_class_of_difference_between_a_list_of_liens_and_the_register_is_found(
    office: Office,
) -> None:
    """UNI-40: liens by number and day; a filed lien is not an extra one, what ended stays comparable."""
    rights = [await office.right() for _ in range(6)]
    equal, other_day, other_bank, extra, filed, free = rights
    pledges = {right.id: await pledged(office, right) for right in rights[:4]}
    waiting = await pledged(office, filed, registered=False)
    bank = await office.name_of(office.api.samples["bank_a"].organisation.party_id)

    def row(right: Asset, **changes: Any) -> list[Any]:
        pledge = pledges.get(right.id) or waiting
        facts = {
            "number": right.number,
            "registered_on": pledge["filed_on"],
            "pledgee": bank,
            "reference": number_of(pledge),
            "ended_on": "",
        }
        return list((facts | changes).values())

    rows = [
        row(equal),
        row(other_day, registered_on=AGES_AGO),
        row(other_bank, pledgee="示例城市银行股份有限公司"),
        row(free, registered_on=AGES_AGO, reference="Y2020980000001"),
        row(extra, registered_on=AGES_AGO, reference="Y2019980000001", ended_on=YESTERDAY),
        row(filed, ended_on=""),
    ]
    made = await office.reconcile("liens", csv_of(LIENS, rows))
    today = str(TODAY)
    assert brief(await office.differences(made)) == [
        (3, "mismatch", "registered_on", str(AGES_AGO), today),
        (4, "mismatch", "pledgee", "示例城市银行股份有限公司", bank),
        (5, "missing", "lien", f"{AGES_AGO} Y2020980000001", None),
        (6, "missing", "lien", f"{AGES_AGO} Y2019980000001", None),
        (7, "mismatch", "registered_on", today, "?"),
        (None, "extra", "lien", None, f"{today} {number_of(pledges[extra.id])}"),
    ]
    deregistered = {"reason": "debt_paid", "deregistered_on": today}
    await office.api.made("bank_a", f"/v1/pledges/{pledges[equal.id]['id']}/deregistrations", deregistered)
    again = await office.reconcile("liens", csv_of(LIENS, rows[:1]))
    assert brief(await office.differences(again)) == [(2, "mismatch", "ended_on", "-", today)]
    ended = await office.reconcile("liens", csv_of(LIENS, [row(equal, ended_on=today)]))
    assert await office.differences(ended) == []
    yesterday = await office.reconcile("liens", csv_of(LIENS, []), as_of=YESTERDAY)
    assert (yesterday["rows"], await office.differences(yesterday)) == (0, [])


async def test_a_list_that_is_complete_for_an_owner_shows_liens_on_all_it_owns(office: Office) -> None:
    """UNI-40: a lien that the office has deleted is found although no row names its right."""
    right = await office.right()
    await pledged(office, right)
    whole = {"complete_for_owner_ids": [str(office.owner)]}
    made = await office.reconcile("liens", csv_of(LIENS, []), **whole)
    assert [(one["kind"], one["number"]) for one in await office.differences(made)] == [
        ("extra", right.number)
    ]
    bad = csv_of(LIENS, [(right.number, "2021-02-30", "示例银行", "", "")])
    refused = await office.reconcile("liens", bad, **whole)
    assert (refused["refused"], await office.differences(refused)) == (1, [])  # what it says is not known


async def test_a_correction_is_believed_when_the_register_bears_it_out(office: Office) -> None:
    """UNI-40: refused with what still differs; then accepted; a decision can be taken back."""
    name = await office.name_of(office.owner)
    wrong, extra = await office.old_right(), await office.old_right()
    missing = unused_number()
    rows = [(wrong.number, "terminated_fee", name), (missing, "granted", name)]
    whole = {"complete_for_owner_ids": [str(office.owner)]}
    made = await office.reconcile("patents", csv_of(RIGHTS, rows), **whole)
    status, unknown, *more = await office.differences(made)
    lacking = next(one for one in more if one["number"] == extra.number)
    for one, told in ((status, ("status", "terminated_fee", "granted")), (unknown, ("", "granted", "-"))):
        refused = await office.decide(one, "corrected")
        assert (refused.status_code, codes(refused)) == (409, ["reconciliation.still_differs"])
        [violation] = refused.json()["violations"]
        assert tuple(violation["facts"][fact] for fact in ("field", "listed", "registered")) == told
    assert codes(await office.decide(lacking, "corrected")) == ["reconciliation.still_differs"]

    await office.tell_status(wrong, "terminated_fee", AGES_AGO)
    await office.tell_status(extra, "expired", AGES_AGO)
    entered = {
        "kind": "patent",
        "numbers": {"application": missing},
        "name": "示例装置",
        "status": "application",
        "status_source": "登记簿副本",
        "filed_on": "2019-03-01",
        "owners": [{"party_id": str(office.owner)}],
    }
    asset = await office.api.made("ip_office", "/v1/assets", entered)
    assert codes(await office.decide(unknown, "corrected")) == ["reconciliation.still_differs"]  # its status
    async with office.database.write() as unit:
        right = await unit.session.get_one(Asset, uuid.UUID(asset["id"]))
    await office.tell_status(right, "granted", TODAY)
    for one in (status, unknown, lacking):
        answer = await office.decide(one, "corrected")
        assert (answer.status_code, answer.json()["status"]) == (200, "corrected"), answer.text
    again = await office.decide(status, "explained")
    assert (again.status_code, codes(again)) == (409, ["state.illegal_transition"])
    path = f"{PATH}/{made['id']}/differences/{status['id']}/reopening"
    reopened = await office.api.made("ip_office", path, {"reason": "登记簿副本有误"})
    assert (reopened["status"], reopened["reason"], reopened["version"]) == ("open", None, 3)
    explained = (await office.decide(status, "explained")).json()
    assert (explained["status"], explained["reason"]) == ("explained", "已核实登记簿副本")
    counts = (await office.api.get("ip_office", f"{PATH}/{made['id']}")).json()["differences"]
    assert (counts["corrected"], counts["explained"]) == (2, 1)
    assert {one["id"] for one in await office.differences(made, status="explained")} == {status["id"]}
    assert all(one["kind"] == "extra" for one in await office.differences(made, kind="extra"))


async def test_every_refused_row_is_named_with_line_column_and_code(office: Office) -> None:
    """UNI-40: the rest is held against the register; files of GB18030 and with a byte order mark are read."""
    name = await office.name_of(office.owner)
    right = await office.right()
    rows = [
        (right.number, "granted", name),
        ("201710000001.9", "某种状态", name),
        (right.number, "granted", name),
        (number(1), "granted", ""),
        (number(2), "granted", name, "2021-02-30"),
        (number(3),),
    ]
    for encoding in ("gb18030", "utf-8-sig"):
        content = csv_of(
            f"{RIGHTS},last_day_in_force", [row if len(row) != 3 else (*row, "") for row in rows], encoding
        )
        made = await office.reconcile("patents", content)
        assert (made["rows"], made["matched"], made["refused"]) == (6, 1, 5)
        assert [(one["line"], one["column"], one["code"]) for one in made["refusals"]] == [
            (3, "number", "patent_number.check_digit"),
            (3, "status", "reconciliation.status_unknown"),
            (4, "number", "reconciliation.row_twice"),
            (5, "owners", "import.value_missing"),
            (6, "last_day_in_force", "import.date_format"),
            (7, None, "import.row_width"),
        ]
    late = csv_of(LIENS, [(right.number, str(TODAY), "示例银行", "", str(AGES_AGO))])
    refused = await office.reconcile("liens", late, as_of=YESTERDAY)
    assert [(one["column"], one["code"]) for one in refused["refusals"]] == [
        ("registered_on", "reconciliation.after_list"),
        ("ended_on", "reconciliation.ended_before_registered"),
    ]


async def test_a_list_that_cannot_be_read_is_refused_whole(office: Office) -> None:
    """UNI-40: with what is wrong with it; who is named must exist."""
    for content, code in (
        (b"\xff\xff\x80", "import.encoding"),
        (csv_of("number,status", []), "import.columns_missing"),
        (csv_of("number,status,owners,status", []), "import.column_twice"),
        (b'number,status,owners\n"1', "import.csv_broken"),
    ):
        assert codes(await office.post("patents", content)) == [code]
    nobody = str(new_id())
    tomorrow = TODAY + timedelta(days=1)
    named = {"assignee_id": nobody, "complete_for_owner_ids": [nobody]}
    refused = await office.post("patents", csv_of(RIGHTS, []), as_of=tomorrow, **named)
    assert objections(refused) == [
        ("request.date_in_future", "/list_as_of"),
        ("reconciliation.assignee_unknown", "/assignee_id"),
        ("reconciliation.owner_unknown", "/complete_for_owner_ids/0"),
    ]
    foreign = {
        "subject": "patents",
        "list_as_of": str(TODAY),
        "document_id": await office.upload(csv_of(RIGHTS, []), "sme"),
        "source": "示例",
    }
    answer = await office.api.post("operator", PATH, foreign | {"document_id": nobody})
    assert objections(answer) == [("document.not_found", "/document_id")]


async def test_an_assignee_sees_its_tasks_and_never_who_lends_unless_it_is_the_pledgee(
    office: Office,
) -> None:
    """UNI-40, decisions §13: the authorities and the pledgee itself read the pledgee's name, nobody else."""
    right = await office.right()
    pledge = await pledged(office, right)
    row = [(right.number, pledge["filed_on"], "示例城市银行股份有限公司", number_of(pledge), "")]
    made: dict[str, Any] = {}
    seen = {}
    for bank in ("bank_a", "bank_b"):
        assignee = str(office.api.samples[bank].organisation.id)
        made = await office.reconcile("liens", csv_of(LIENS, row), assignee_id=assignee)
        [own] = await office.differences(made, bank)
        seen[bank] = (own["confidential"], own["listed"] is None, own["registered"] is None)
        decided = await office.decide(own, "corrected", bank)
        [violation] = decided.json()["violations"]
        told = own["registered"] or "***"
        assert (decided.status_code, violation["facts"]["registered"]) == (409, told)
    assert seen == {"bank_a": (False, False, False), "bank_b": (True, True, True)}
    [shown] = await office.differences(made, "auditor")
    assert (shown["listed"], shown["confidential"]) == ("示例城市银行股份有限公司", False)
    path = f"{PATH}/{made['id']}"
    roles = ("ip_office", "bank_b", "auditor", "bank_a", "sme")
    answers = {role: (await office.api.get(role, path)).status_code for role in roles}
    assert answers == {"ip_office": 200, "bank_b": 200, "auditor": 200, "bank_a": 404, "sme": 404}
    refused = await office.decide(shown, "explained", "operator")
    assert (refused.status_code, codes(refused)) == (403, ["reconciliation.not_assignee"])
    assert (await office.decide(shown, "explained", "bank_b")).status_code == 200
    hidden = await office.api.get("sme", f"{path}/differences")
    assert hidden.status_code == 404
    listed = (await office.api.get("bank_b", PATH, subject="liens")).json()["items"]
    assert made["id"] in {one["id"] for one in listed}


async def test_who_lends_is_told_to_the_authorities_of_the_pledge_s_own_district(office: Office) -> None:
    """UNI-40, decisions §13: a list of another district's office finds out who lends no more than its reads."""
    await pledged(office, await office.right())
    samples = office.api.samples
    async with office.database.read() as unit:
        found = await unit.session.execute(
            text("SELECT i.hold_id, p.district_code FROM pledge_items i JOIN pledges p ON p.id = i.pledge_id")
        )
        [(hold_id, district)] = found.all()
        told = set()
        for role, code in (("ip_office", district), ("ip_office", "310000"), ("ip_office", "000000")):
            actor = replace(
                system_actor("test"), district_code=code, roles=frozenset({Role(role)}), party_id=new_id()
            )
            if await queries.lenders_told(unit.session, actor, {hold_id}):
                told.add(code)
        pledgee = replace(system_actor("test"), roles=frozenset(), district_code="310000")
        pledgee = replace(pledgee, party_id=samples["bank_a"].organisation.party_id)
        assert await queries.lenders_told(unit.session, pledgee, {hold_id}) == {hold_id}
    assert told == {district, "000000"}


async def test_a_list_of_thousands_takes_no_more_statements_than_one_of_two_rows(
    office: Office, database: SavepointDatabase
) -> None:
    """Decisions §9: set-based, whatever the length of the list."""
    name = await office.name_of(office.owner)
    assert database.connection is not None
    needed = []
    for size in (2, 3_000):
        rows = [(number(serial), "granted", name) for serial in range(size)]
        async with statements(database.connection) as seen:
            made = await office.reconcile("patents", csv_of(RIGHTS, rows))
        assert made["differences"]["open"] == size
        needed.append(len(seen.work))
    assert needed[0] == needed[1]
