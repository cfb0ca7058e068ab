"""`/v1/filings` and the office's results over HTTP: limits, corrections, refusal, revocation, lapse, packages."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.domain.asset import AssetKind
from app.domain.permission import system_actor
from app.models.event import Event
from app.models.fact import Fact
from app.models.pool import Commitment
from app.services import jobs, pledges, working_days
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.parties import make_party
from tests.factories.pledges import filing, make_pool
from tests.support.api import Api, codes
from tests.support.database import SavepointDatabase

TODAY = now().today


class Desk:
    """A bank, the rights of the sample enterprise, and what the office does with them."""

    def __init__(self, api: Api, database: SavepointDatabase) -> None:
        self.api, self.database = api, database
        self.owner = api.samples["sme"].organisation.party_id
        self.patents: list[str] = []
        self.mark = ""

    async def begin(self) -> Desk:
        async with self.database.write() as unit:
            self.patents = [str((await make_asset(unit.session, owners=[self.owner])).id) for _ in range(2)]
            mark = await make_asset(unit.session, owners=[self.owner], kind=AssetKind.trademark)
            self.mark = str(mark.id)
        return self

    async def pledge(self, *asset_ids: str, **changes: Any) -> dict[str, Any]:
        rights = list(asset_ids) or [*self.patents, self.mark]
        return await self.api.made("bank_a", "/v1/pledges", filing(self.owner, rights, **changes))

    async def submit(self, pledge: dict[str, Any], kind: str, number: str, **changes: Any) -> dict[str, Any]:
        return await self.api.made(
            "bank_a", f"/v1/pledges/{pledge['id']}/filings", handed_in(kind, number) | changes
        )

    async def register(self, pledge: dict[str, Any], *asset_ids: str, **more: Any) -> dict[str, Any]:
        rights = list(asset_ids) or [*self.patents, self.mark]
        given = [registration(asset_id, self.mark == asset_id) for asset_id in rights]
        path = f"/v1/pledges/{pledge['id']}/registrations"
        return await self.api.made("bank_a", path, {"registrations": given} | more)

    async def does(
        self, pledge: dict[str, Any], what: str, on: str, role: str = "bank_a", **body: Any
    ) -> dict[str, Any]:
        path = f"/v1/pledges/{pledge['id']}/{what}"
        return await self.api.made(role, path, {"reason": "示例原因", on: str(TODAY)} | body)

    async def filings(self, pledge: dict[str, Any]) -> dict[str, dict[str, Any]]:
        found = (await self.api.get("bank_a", f"/v1/pledges/{pledge['id']}/filings")).json()["items"]
        return {one["asset_kind"]: one for one in found}

    async def told(self, role: str, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.api.get(role, "/v1/notices", kind=kind)).json()["items"]
        return found

    async def total(self, measure: str) -> object:
        year = {"from": TODAY.year, "to": TODAY.year}
        found = await self.api.get("ip_office", f"/v1/statistics/{measure}", district="120110", **year)
        (cell,) = found.json()["cells"]
        return cell["value"]

    async def on(self, day: date) -> object:
        """Move the business date and watch the offices as the worker does on that day."""
        moved = await self.api.put("sme", "/v1/sandbox/clock", {"business_date": str(day)})
        assert moved.status_code == 200, moved.text
        async with self.database.write() as unit:
            await unit.session.execute(text("SET LOCAL ROLE ipops_worker"))
            run = await jobs.run(unit.session, moment=unit.moment, job="watch_offices", day=day)
            await unit.session.execute(text("SET LOCAL ROLE ipops_app"))
        return run.result


def handed_in(kind: str, number: str) -> dict[str, Any]:
    return {
        "asset_kind": kind,
        "application_no": number,
        "channel": "online",
        "submitted_on": str(TODAY),
    }


def registration(asset_id: str, of_mark: bool) -> dict[str, Any]:
    more = {"expires_on": "2027-06-30"} if of_mark else {}
    return {"asset_id": asset_id, "registration_no": f"N-{asset_id}", "registered_on": str(TODAY)} | more


def states(pledge: dict[str, Any]) -> list[str]:
    return [item["status"] for item in pledge["items"]]


@pytest.fixture
async def desk(api: Api, database: SavepointDatabase) -> Desk:
    return await Desk(api, database).begin()


async def test_corrections_show_on_rights_and_pledge_until_they_are_handed_in(desk: Desk, api: Api) -> None:
    """PLG-17, PL-05, UNI-06: per kind; the office's time begins anew; the last right of a kind settles its filing."""
    pledge = await desk.pledge()
    patents = await desk.submit(pledge, "patent", "ZL-1")
    marks = await desk.submit(pledge, "trademark", "SB-1", channel="window")
    assert patents["due_on"] == str(working_days.after(TODAY, 2))
    assert (patents["status"], patents["overdue"], patents["grounds"]) == ("submitted", False, [])

    asked = {
        "reason": "合同缺少签章",
        "requested_on": str(TODAY),
        "respond_by": str(TODAY + timedelta(days=15)),
    }
    held = await api.made("operator", f"/v1/filings/{patents['id']}/corrections", asked)
    assert (held["status"], held["correction_reason"]) == ("correction", "合同缺少签章")
    shown = (await api.get("sme", f"/v1/pledges/{pledge['id']}")).json()
    assert (shown["status"], states(shown)) == ("correction", ["correction", "correction", "filed"])
    [notice] = await desk.told("sme", "correction_requested")
    assert notice["due_on"] == asked["respond_by"]
    assert "ZL-1" in notice["message_zh"]

    registered = await desk.register(pledge, desk.mark, announced_on=str(TODAY))
    assert (registered["status"], registered["fully_secured"]) == ("correction", False)
    assert (await desk.filings(pledge))["trademark"]["status"] == "registered"
    assert (await desk.filings(pledge))["trademark"]["announced_on"] == str(TODAY)
    early = await api.post(
        "bank_a",
        f"/v1/pledges/{pledge['id']}/registrations",
        {"registrations": [registration(desk.patents[0], False)]},
    )
    assert codes(early) == ["state.illegal_transition"]

    again = await api.made(
        "bank_a", f"/v1/filings/{patents['id']}/resubmissions", {"resubmitted_on": str(TODAY)}
    )
    assert (again["status"], again["corrected_on"]) == ("submitted", str(TODAY))
    one = await desk.register(pledge, desk.patents[0])
    assert (one["status"], (await desk.filings(pledge))["patent"]["status"]) == ("filed", "submitted")
    whole = await desk.register(pledge, desk.patents[1])
    assert (whole["status"], whole["fully_secured"], whole["contracted_on"]) == (
        "registered",
        True,
        "2021-07-01",
    )
    settled = await desk.filings(pledge)
    assert (settled["patent"]["status"], settled["patent"]["decided_on"]) == ("registered", str(TODAY))
    assert marks["id"] == settled["trademark"]["id"]
    over = await api.post("bank_a", f"/v1/filings/{patents['id']}/corrections", asked)
    assert codes(over) == ["state.illegal_transition"]


async def test_a_filing_is_one_of_its_kind_with_a_number_of_its_own(desk: Desk, api: Api) -> None:
    """UNI-06: every objection at once; another bank finds nothing, the borrower records nothing."""
    pledge = await desk.pledge(*desk.patents)
    path = f"/v1/pledges/{pledge['id']}/filings"
    wrong = handed_in("trademark", "SB-2") | {"submitted_on": "2021-06-30", "amendment_id": pledge["id"]}
    assert codes(await api.post("bank_a", path, wrong)) == [
        "request.date_too_early",
        "filing.nothing_to_file",
        "filing.amendment_unfit",
    ]
    extension = handed_in("patent", "ZL-2") | {"action": "extension"}
    assert codes(await api.post("bank_a", path, extension)) == [
        "filing.nothing_to_file",
        "filing.amendment_unfit",
    ]
    made = await desk.submit(pledge, "patent", "ZL-2")
    assert codes(await api.post("bank_a", path, handed_in("patent", "ZL-3"))) == ["filing.already_open"]
    other = await desk.pledge(desk.mark)
    taken = handed_in("trademark", "SB-3")
    await api.made("bank_a", f"/v1/pledges/{other['id']}/filings", taken)
    third = await desk.api.made("bank_b", "/v1/pledges", filing(desk.owner, [str((await _more(desk)).id)]))
    again = await api.post("bank_b", f"/v1/pledges/{third['id']}/filings", handed_in("patent", "ZL-2"))
    assert codes(again) == ["filing.number_taken"]
    assert (await api.get("bank_b", f"/v1/filings/{made['id']}")).status_code == 404
    assert (await api.get("sme", f"/v1/filings/{made['id']}")).status_code == 200
    assert codes(await api.post("sme", path, handed_in("patent", "ZL-4"))) == ["auth.denied"]
    late = {"reason": "示例", "requested_on": str(TODAY + timedelta(days=1)), "respond_by": str(TODAY)}
    refused = await api.post("bank_a", f"/v1/filings/{made['id']}/corrections", late)
    assert codes(refused) == ["request.date_in_future", "request.date_too_early"]


async def _more(desk: Desk) -> Any:
    async with desk.database.write() as unit:
        return await make_asset(unit.session, owners=[desk.owner])


async def test_a_refusal_names_its_grounds_and_settles_the_filing(desk: Desk, api: Api) -> None:
    """PL-06: the twelve grounds as codes; what is refused of one kind leaves the other."""
    pledge = await desk.pledge()
    await desk.submit(pledge, "patent", "ZL-5")
    await desk.register(pledge, desk.mark)
    refused = await desk.does(
        pledge, "refusals", "refused_on", "operator", grounds=["annuity_unpaid", "other"]
    )
    assert (refused["status"], states(refused)) == ("registered", ["refused", "refused", "registered"])
    assert not refused["fully_secured"]
    found = (await desk.filings(pledge))["patent"]
    assert (found["status"], found["grounds"], found["reason"]) == (
        "refused",
        ["annuity_unpaid", "other"],
        "示例原因",
    )
    unknown = await api.post(
        "bank_a",
        f"/v1/pledges/{pledge['id']}/refusals",
        {"reason": "示例", "refused_on": str(TODAY), "grounds": ["thirteenth"]},
    )
    assert unknown.status_code == 422


async def test_a_late_office_is_reported_once_to_bank_and_operator(desk: Desk, api: Api) -> None:
    """PL-05: on the first day after the limit, not on the limit, and not again."""
    pledge = await desk.pledge(*desk.patents)
    made = await desk.submit(pledge, "patent", "ZL-6")
    due = date.fromisoformat(made["due_on"])
    assert await desk.on(due) == {"overdue": 0}
    assert await desk.on(due + timedelta(days=1)) == {"overdue": 1}
    assert await desk.on(due + timedelta(days=2)) == {"overdue": 0}
    for role in ("bank_a", "operator"):
        [notice] = await desk.told(role, "filing_overdue")
        assert "ZL-6" in notice["message_en"]
    assert await desk.told("sme", "filing_overdue") == []
    [late] = (await api.get("bank_a", "/v1/filings", overdue="true")).json()["items"]
    assert (late["id"], late["overdue"]) == (made["id"], True)


async def test_a_withdrawn_filing_takes_its_rights_with_it(desk: Desk, api: Api) -> None:
    """UNI-06: before the office decides; with the last right the pledge ends and capacity comes back."""
    pool = await make_pool(api)
    pledge = await desk.pledge(pool_id=pool["id"])
    made = await desk.submit(pledge, "patent", "ZL-7")
    back = await api.made(
        "bank_a",
        f"/v1/filings/{made['id']}/withdrawal",
        {"reason": "换用其他担保", "withdrawn_on": str(TODAY)},
    )
    assert back["status"] == "withdrawn"
    shown = (await api.get("bank_a", f"/v1/pledges/{pledge['id']}")).json()
    assert (shown["status"], states(shown)) == ("filed", ["withdrawn", "withdrawn", "filed"])
    await api.made("bank_b", "/v1/pledges", filing(desk.owner, desk.patents))
    whole = await desk.does(pledge, "withdrawals", "withdrawn_on")
    assert (whole["status"], whole["ended_on"], whole["covered"]) == ("withdrawn", str(TODAY), None)
    capacity = (await api.get("bank_a", f"/v1/pools/{pool['id']}")).json()["capacity"]
    assert capacity["outstanding"]["amount"] == "0.00"
    again = await api.post(
        "bank_a", f"/v1/filings/{made['id']}/withdrawal", {"reason": "示例", "withdrawn_on": str(TODAY)}
    )
    assert codes(again) == ["state.illegal_transition"]


async def test_a_cancellation_filed_is_settled_by_the_deregistration(desk: Desk, api: Api) -> None:
    """PL-10: with its proof; a filing for cancellation that is dropped leaves the pledge as it is."""
    pledge = await desk.pledge()
    await desk.register(pledge)
    dropped = await desk.submit(pledge, "patent", "ZL-8", action="cancellation")
    await api.made(
        "bank_a", f"/v1/filings/{dropped['id']}/withdrawal", {"reason": "示例", "withdrawn_on": str(TODAY)}
    )
    assert (await api.get("bank_a", f"/v1/pledges/{pledge['id']}")).json()["status"] == "registered"
    made = await desk.submit(pledge, "patent", "ZL-9", action="cancellation")
    missing = {"reason": "waived", "deregistered_on": str(TODAY), "document_id": pledge["id"]}
    path = f"/v1/pledges/{pledge['id']}/deregistrations"
    assert codes(await api.post("bank_a", path, missing)) == ["document.not_found"]
    await api.made("bank_a", path, {"reason": "waived", "deregistered_on": str(TODAY)})
    assert (await api.get("bank_a", f"/v1/filings/{made['id']}")).json()["status"] == "registered"


async def test_a_revoked_registration_is_void_from_the_beginning(
    desk: Desk, api: Api, database: SavepointDatabase
) -> None:
    """PL-08, PL-28: never tied up as known from now on; flag and count stay, the registration's own does not."""
    pool = await make_pool(api)
    pledge = await desk.pledge(pool_id=pool["id"])
    await desk.register(pledge)
    before = (await api.get("bank_a", f"/v1/assets/{desk.mark}/state", on=str(TODAY))).json()
    assert [one["kind"] for one in before["encumbrances"]] == ["lien"]

    revoked = await desk.does(
        pledge, "revocations", "revoked_on", "operator", asset_ids=[desk.mark], grounds=["not_owner"]
    )
    assert (revoked["status"], states(revoked)) == ("registered", ["registered", "registered", "revoked"])
    assert (revoked["unsecured_since"], revoked["fully_secured"]) == (str(TODAY), False)
    assert (revoked["mixed_on"], revoked["covered"]["amount"]) == (str(TODAY), "500000.00")
    measures = ("pledge_registration_count", "pledge_financing_count", "pledge_mixed_count")
    assert [await desk.total(one) for one in measures] == [2, 1, 1]

    after = (await api.get("bank_a", f"/v1/assets/{desk.mark}/state", on=str(TODAY))).json()
    assert after["encumbrances"] == []
    then = {"on": str(TODAY), "known_at": before["known_at"]}
    known = (await api.get("bank_a", f"/v1/assets/{desk.mark}/state", **then)).json()
    assert [one["kind"] for one in known["encumbrances"]] == ["lien"]
    await api.made("bank_b", "/v1/pledges", filing(desk.owner, [desk.mark]))

    async with database.read() as unit:
        [commitment] = await unit.session.scalars(
            select(Commitment.status).where(Commitment.pledge_id == uuid.UUID(pledge["id"]))
        )
    assert commitment == "anomaly"
    for role in ("bank_a", "pool_manager"):
        assert len(await desk.told(role, "pledge_unsecured")) == 1
    assert await desk.told("bank_b", "pledge_unsecured") == []

    [listed] = (await api.get("ip_office", "/v1/pledges/exceptions")).json()["items"]
    assert (listed["id"], listed["mixed_on"], listed["mixed_now"]) == (pledge["id"], str(TODAY), False)
    assert [(one["asset_id"], one["revoked_on"]) for one in listed["revoked"]] == [(desk.mark, str(TODAY))]
    assert (await api.get("bank_b", "/v1/pledges/exceptions")).json()["items"] == []


async def test_a_pledge_ends_revoked_with_its_last_registration(desk: Desk, api: Api) -> None:
    """PL-08: REVOKED is not DEREGISTERED, and a registration that never was cannot be revoked."""
    pledge = await desk.pledge(desk.patents[0])
    path = f"/v1/pledges/{pledge['id']}/revocations"
    body = {"reason": "登记后发现出质人不是专利权人", "revoked_on": str(TODAY)}
    assert codes(await api.post("bank_a", path, body)) == ["state.illegal_transition"]
    await desk.register(pledge, desk.patents[0])
    assert codes(await api.post("bank_a", path, body | {"asset_ids": [desk.mark]})) == [
        "pledge.item_not_found"
    ]
    tomorrow = str(TODAY + timedelta(days=1))
    assert codes(await api.post("bank_a", path, body | {"revoked_on": tomorrow})) == [
        "request.date_in_future"
    ]
    revoked = await api.made("bank_a", path, body)
    assert (revoked["status"], revoked["ended_on"], revoked["registered_on"]) == (
        "revoked",
        str(TODAY),
        str(TODAY),
    )
    assert [await desk.total(one) for one in ("pledge_registration_count", "pledge_financing_count")] == [
        0,
        1,
    ]
    again = await api.post(
        "bank_a",
        f"/v1/pledges/{pledge['id']}/deregistrations",
        {"reason": "other", "deregistered_on": str(TODAY)},
    )
    assert codes(again) == ["state.illegal_transition"]


async def test_a_kind_revoked_before_the_other_is_registered_was_never_mixed(
    desk: Desk, database: SavepointDatabase
) -> None:
    """PL-28, ST-09: the financing counts once whatever follows, and not as mixed."""
    pledge = await desk.pledge(desk.patents[0], desk.mark)
    await desk.register(pledge, desk.patents[0])
    await desk.does(pledge, "revocations", "revoked_on")
    whole = await desk.register(pledge, desk.mark)
    assert (whole["status"], whole["registered_on"], whole["mixed_on"]) == ("registered", str(TODAY), None)
    async with database.read() as unit:
        rows = await unit.session.execute(
            select(Fact.measure, Fact.value)
            .where(Fact.source_id == uuid.UUID(pledge["id"]))
            .order_by(Fact.id)
        )
        assert sorted(tuple(row) for row in rows) == [
            ("pledge_financing_amount", 50_000_000),
            ("pledge_financing_count", 1),
            ("pledge_registration_count", -1),
            ("pledge_registration_count", 1),
            ("pledge_registration_count", 1),
        ]


async def test_a_debt_that_is_owed_is_not_cancelled_as_paid(desk: Desk, api: Api) -> None:
    """PL-10: by the loan's book; the pledgee may still waive its right."""
    pledge = await desk.pledge()
    await desk.register(pledge)
    drawn = {"amount": {"amount": "500000.00"}, "drawn_on": str(TODAY), "reference": "示例-1"}
    await api.made("bank_a", f"/v1/pledges/{pledge['id']}/loan/drawdowns", drawn)
    path = f"/v1/pledges/{pledge['id']}/deregistrations"
    refused = await api.post("bank_a", path, {"reason": "debt_paid", "deregistered_on": str(TODAY)})
    assert codes(refused) == ["pledge.loan_outstanding"]
    assert refused.json()["violations"][0]["facts"] == {"outstanding": "500000.00"}
    waived = await api.made("bank_a", path, {"reason": "waived", "deregistered_on": str(TODAY)})
    assert waived["status"] == "deregistered"


async def test_a_lapsed_registration_leaves_the_others_and_the_loan_unsecured(
    desk: Desk, api: Api, database: SavepointDatabase
) -> None:
    """PL-19: it lapses by itself with its period; the count of what was registered stays."""
    pledge = await desk.pledge()
    await desk.register(pledge)
    async with database.write() as unit:
        await pledges.lapse(
            unit.session,
            actor=system_actor("test"),
            moment=unit.moment,
            pledge_id=uuid.UUID(pledge["id"]),
            asset_ids=[uuid.UUID(desk.mark)],
            on=date(2027, 7, 1),
        )
    shown = (await api.get("bank_a", f"/v1/pledges/{pledge['id']}")).json()
    assert (shown["status"], states(shown)) == ("registered", ["registered", "registered", "lapsed"])
    assert (shown["unsecured_since"], shown["mixed_on"]) == ("2027-07-01", str(TODAY))
    assert await desk.total("pledge_registration_count") == 3
    [notice] = await desk.told("bank_a", "pledge_unsecured")
    assert notice["facts"]["outcome"] == "lapsed"
    assert (await api.get("bank_a", "/v1/pledges/exceptions")).json()["items"] == []


async def test_results_are_told_in_the_commit_that_records_them(
    desk: Desk, database: SavepointDatabase
) -> None:
    """PLG-10: event and notice to the pledgor, in one transaction; a filing itself tells nobody."""
    pledge = await desk.pledge()
    assert await desk.told("sme", "pledge_decided") == []
    await desk.register(pledge)
    await desk.does(pledge, "revocations", "revoked_on", asset_ids=[desk.mark])
    outcomes = [one["facts"]["outcome"] for one in await desk.told("sme", "pledge_decided")]
    assert sorted(outcomes) == ["registered", "revoked"]
    async with database.read() as unit:
        rows = await unit.session.execute(
            text(
                "SELECT count(*) FROM notices n JOIN events e ON e.id = n.event_id WHERE n.recorded_at <> e.recorded_at"
            )
        )
        assert rows.scalar_one() == 0
        types = await unit.session.scalars(
            select(Event.type).where(Event.subject_id == uuid.UUID(pledge["id"])).order_by(Event.recorded_at)
        )
        assert types.all() == ["pledge.filed", "pledge.registered", "pledge.revoked"]


async def test_both_packages_state_one_debt(desk: Desk, api: Api, database: SavepointDatabase) -> None:
    """UNI-07, PL-03, PL-04, PL-16: the debt block is the same bytes in both forms; rights are of the kind."""
    async with database.write() as unit:
        co_owner = await make_party(unit.session)
        shared = await make_asset(unit.session, owners=[desk.owner, co_owner.id])
    consent = {
        "asset_id": str(shared.id),
        "party_id": str(co_owner.id),
        "consented_on": "2021-06-30",
        "document_sha256": "ab" * 32,
    }
    pledge = await desk.pledge(str(shared.id), desk.mark, consents=[consent])
    path = f"/v1/pledges/{pledge['id']}/packages"
    patent, mark = await api.get("bank_a", f"{path}/patent"), await api.get("bank_a", f"{path}/trademark")

    def debt(body: bytes) -> bytes:
        begin = body.index(b'"debt":')
        return body[begin : body.index(b'"rights":')]

    assert debt(patent.content) == debt(mark.content)
    assert "人民币伍拾万元整".encode() in debt(patent.content)
    forms = patent.json(), mark.json()
    assert [form["title"] for form in forms] == ["专利权质押登记申请表", "商标专用权质权登记申请书"]
    assert [[right["number"] for right in form["rights"]] for form in forms] == [
        [item["number"]] for item in pledge["items"]
    ]
    assert forms[0]["rights"][0]["granted_on"] == "2021-06-01"
    assert forms[1]["rights"][0]["classes"] == [9]
    needed = {one["code"]: one for one in forms[0]["documents"]}
    assert (needed["consents"]["needed"], needed["consents"]["sha256"]) == (True, ["ab" * 32])
    assert not needed["power_of_attorney"]["needed"]
    assert forms[0]["agent"] is None
    assert (await api.get("bank_b", f"{path}/patent")).status_code == 404

    pages = [await api.get("bank_a", f"{path}/{kind}.pdf") for kind in ("patent", "patent", "trademark")]
    assert pages[0].content == pages[1].content != pages[2].content
    assert all(one.content.startswith(b"%PDF-") for one in pages)
    assert pages[0].headers["etag"] == f'"{forms[0]["sha256"]}"'


async def test_a_pledge_of_patents_alone_needs_no_form_for_marks(desk: Desk, api: Api) -> None:
    """UNI-07: there is nothing to hand in."""
    pledge = await desk.pledge(*desk.patents)
    for name in ("trademark", "trademark.pdf"):
        answer = await api.get("bank_a", f"/v1/pledges/{pledge['id']}/packages/{name}")
        assert codes(answer) == ["filing.no_such_rights"]
    assert (await api.get("bank_a", f"/v1/pledges/{pledge['id']}/packages/design")).status_code == 422


async def test_what_is_decided_stays_so_whoever_writes(desk: Desk, database: SavepointDatabase) -> None:
    """SC-01: the database itself takes no other result for a filing that was decided."""
    pledge = await desk.pledge(*desk.patents)
    await desk.submit(pledge, "patent", "ZL-10")
    await desk.register(pledge, *desk.patents)
    async with database.write() as unit:
        again = text("UPDATE filings SET status = 'submitted', decided_on = NULL WHERE status = 'registered'")
        with pytest.raises(IntegrityError, match="has been decided"):
            await unit.session.execute(again)
        await unit.session.rollback()
