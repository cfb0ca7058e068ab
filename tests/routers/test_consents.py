"""`/v1/consents` over HTTP: who asks whom, what is granted, who learns what, and what the tables hold to."""

from __future__ import annotations

import base64
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.consent import Proceeds
from app.domain.hold import HoldKind
from app.domain.identifiers import new_id
from app.domain.permission import system_actor
from app.models.consent import Consent, ConsentUse
from app.models.event import Event
from app.queries import assets as asset_queries
from app.services import consents, holds
from app.services.holds import NewHold
from tests.factories import deals
from tests.factories.clock import now
from tests.factories.parties import make_party
from tests.support.api import Api, objections
from tests.support.consents import CONSENTS, REQUESTS, TODAY, Stage, make_stage
from tests.support.database import SavepointDatabase


@pytest.fixture
async def stage(api: Api, database: SavepointDatabase) -> Stage:
    return await make_stage(api, database)


async def test_a_pledgee_is_asked_without_being_named_and_grants_on_its_terms(stage: Stage) -> None:
    """UNI-02, RB-04, decision 13: who asks learns the answer and its terms, never who lends."""
    right = await stage.right()
    await stage.pledged(right)
    asked = await stage.asked(right, note="拟许可示例公司", floor={"amount": "500.00"})
    assert (asked["status"], asked["proceeds"], asked["max_uses"]) == ("requested", "early_repayment", 1)
    assert asked["valid_to"] == str(TODAY + timedelta(days=89))
    assert (asked["grantor_id"], asked["organisation_id"], asked["document_id"]) == (None, None, None)

    path = f"{CONSENTS}/{asked['id']}"
    seen = (await stage.api.get("bank_a", path)).json()
    bank = stage.api.samples["bank_a"].organisation
    assert (seen["grantor_id"], seen["organisation_id"]) == (str(bank.party_id), str(bank.id))
    assert (seen["note"], seen["floor"]["amount"]) == ("拟许可示例公司", "500.00")
    told = (await stage.api.get("bank_a", "/v1/notices")).json()["items"]
    assert [(one["kind"], one["subject_id"]) for one in told] == [("consent_requested", asked["id"])]

    terms = {"floor": {"amount": "800.00"}, "valid_to": str(TODAY), "max_uses": 2, "proceeds": "escrow"}
    granted = await stage.api.made("bank_a", f"{path}/grant", terms)
    assert (granted["status"], granted["decided_on"], granted["version"]) == ("granted", str(TODAY), 2)
    shown = (await stage.api.get("sme", path)).json()
    assert (shown["floor"]["amount"], shown["max_uses"], shown["proceeds"]) == ("800.00", 2, "escrow")
    assert (shown["grantor_id"], shown["organisation_id"], shown["document_id"]) == (None, None, None)
    told = (await stage.api.get("sme", "/v1/notices")).json()["items"]
    assert [(one["kind"], one["subject_id"]) for one in told] == [("consent_decided", asked["id"])]
    again = await stage.api.post("bank_a", f"{path}/refusal", {"reason": "示例"})
    assert objections(again) == [("state.illegal_transition", None)]


async def test_consents_are_seen_by_grantor_seeker_owner_and_regulators_only(stage: Stage) -> None:
    """RB-01: another bank and another enterprise are told that there is no such consent."""
    right = await stage.right()
    await stage.pledged(right)
    consent = await stage.given(right)
    named = {"bank_a": True, "operator": True, "auditor": True, "sme": False}
    for role, disclosed in named.items():
        seen = await stage.api.get(role, f"{CONSENTS}/{consent['id']}")
        assert (seen.json()["organisation_id"] is not None) is disclosed, role
    for role in ("bank_b", "sme_b", "agency"):
        assert (await stage.api.get(role, f"{CONSENTS}/{consent['id']}")).status_code == 404, role
        listed = await stage.api.get(role, CONSENTS, asset_id=str(right))
        assert listed.json()["items"] == [], role
        refused = await stage.api.post(role, f"{CONSENTS}/{consent['id']}/revocation", {"reason": "示例"})
        assert objections(refused) == [("consent.not_found", None)], role
    denied = await stage.api.post("sme", f"{CONSENTS}/{consent['id']}/revocation", {"reason": "示例"})
    assert objections(denied) == [("consent.not_grantor", None)]
    found = await stage.api.get("sme", CONSENTS, asset_id=str(right), status="granted", kind="pledgee")
    assert [one["id"] for one in found.json()["items"]] == [consent["id"]]
    assert (await stage.api.get("sme", CONSENTS, asset_id=str(right), kind="co_owner")).json()["items"] == []


async def test_who_buys_a_right_sees_no_consent_of_before_and_who_sold_it_still_does(stage: Stage) -> None:
    """RB-01: what a pledgee allowed the seller, and at what floor, is not for the buyer."""
    right = await stage.right()
    await stage.pledged(right)
    before = [
        (await stage.given(right, floor={"amount": "777.00"}))["id"],
        (await stage.given(right, action="transfer"))["id"],
    ]
    buyer = stage.api.samples["sme_b"].organisation.party_id
    deal = {"id": str(await stage.deal(right, kind="transfer", grantee_id=str(buyer)))}
    await deals.through(stage.api, deal, "agree", "sign", "file", "register")
    after = (await stage.given(right))["id"]

    async def seen(role: str) -> list[str]:
        return sorted(one["id"] for one in (await stage.api.get(role, CONSENTS)).json()["items"])

    assert (await seen("sme"), await seen("sme_b")) == (sorted(before), [after])
    assert (await stage.api.get("sme_b", f"{CONSENTS}/{before[0]}")).status_code == 404
    assert await seen("bank_a") == sorted([*before, after])


async def test_events_of_a_consent_name_neither_lender_nor_terms(stage: Stage) -> None:
    """Decision 13: what the seeker and the owner read in the feed says that it was decided, no more."""
    right = await stage.right()
    await stage.pledged(right)
    asked = await stage.asked(right, floor={"amount": "777.00"})
    await stage.api.made("bank_a", f"{CONSENTS}/{asked['id']}/grant", {})
    async with stage.database.read() as unit:
        statement = select(Event).where(Event.subject_id == uuid.UUID(asked["id"])).order_by(Event.id)
        told = list(await unit.session.scalars(statement))
    assert [event.type for event in told] == ["consent.requested", "consent.granted"]
    organisations = {stage.api.samples[role].organisation.id for role in ("sme", "bank_a")}
    for event in told:
        assert set(event.audience) == organisations
        assert set(event.payload) == {"number", "kind", "action", "status"}


async def test_a_request_hears_of_every_right_that_it_cannot_be_for(stage: Stage) -> None:
    """UNI-01: not pledged, pledged to nobody here, pledged to somebody else; all at once."""
    own, other, free, official = [await stage.right() for _ in range(4)]
    await stage.pledged(own)
    await stage.pledged(other, bank="bank_b")
    async with stage.database.write() as unit:
        lien = NewHold(official, HoldKind.lien, "pledge", new_id(), new_id(), TODAY, imported=True)
        await holds.place(unit.session, moment=unit.moment, holds=[lien])
    refused = await stage.api.post("sme", REQUESTS, stage.body(own, other, free, official))
    assert objections(refused) == [
        ("consent.several_pledgees", "/asset_ids/1"),
        ("consent.not_pledged", "/asset_ids/2"),
        ("consent.pledgee_unreachable", "/asset_ids/3"),
    ]
    given = await stage.api.post("bank_a", CONSENTS, stage.body(own, other, free))
    assert objections(given) == [
        ("consent.not_pledgee", "/asset_ids/1"),
        ("consent.not_pledgee", "/asset_ids/2"),
    ]


async def test_owners_their_agencies_and_the_operator_ask(stage: Stage) -> None:
    """RB-05: an agency asks once it offers the right on the market or holds a mandate of its owner."""
    right, other = await stage.right(), await stage.right()
    await stage.pledged(right, other)
    for role in ("sme_b", "agency", "bank_b"):
        refused = await stage.api.post(role, REQUESTS, stage.body(right))
        assert objections(refused) == [("consent.seeker_foreign", "/asset_ids/0")], role
    listing = await stage.api.made(
        "agency",
        "/v1/listings",
        {
            "direction": "offer",
            "mode": "ordinary_licence",
            "name": "示例许可",
            "description": "示例",
            "expires_on": "2099-12-31",
            "asset_ids": [str(right)],
            "owner_id": str(stage.owner),
        },
    )
    assert (await stage.api.post("agency", REQUESTS, stage.body(right))).status_code == 403  # a draft only
    await stage.api.made("agency", f"/v1/listings/{listing['id']}/submission", None)
    await stage.api.made("operator", f"/v1/listings/{listing['id']}/approval", None)
    refused = await stage.api.post("agency", REQUESTS, stage.body(right, other))
    assert objections(refused) == [("consent.seeker_foreign", "/asset_ids/1")]
    for role in ("agency", "operator", "sme"):
        await stage.api.made(role, REQUESTS, stage.body(right))


FORMS: list[Any] = [
    pytest.param(
        {"action": "transfer", "licence_type": "sole"}, "licence_type_of_transfer", id="licence-type"
    ),
    pytest.param({"floor": {"amount": "1.00", "currency": "USD"}}, "currency_unsupported", id="currency"),
    pytest.param({"valid_to": str(TODAY - timedelta(days=1))}, "validity_passed", id="passed"),
    pytest.param({"kind": "co_owner"}, "grantor_missing", id="no-grantor"),
    pytest.param({"grantor_id": "owner"}, "grantor_given", id="pledgee-named"),
    pytest.param({"kind": "co_owner", "grantor_id": "owner"}, "own_consent", id="asks-itself"),
    pytest.param({"kind": "co_owner", "grantor_id": "buyer"}, "not_co_owner", id="owns-nothing"),
]


@pytest.mark.parametrize(("changes", "code"), FORMS)
async def test_a_request_out_of_form_is_refused(stage: Stage, changes: dict[str, Any], code: str) -> None:
    right = await stage.right()
    await stage.pledged(right)
    parties = {"owner": str(stage.owner), "buyer": str(stage.buyer)}
    if "grantor_id" in changes:
        changes = changes | {"grantor_id": parties[changes["grantor_id"]]}
    refused = await stage.api.post("sme", REQUESTS, stage.body(right, **changes))
    assert f"consent.{code}" in {found for found, _ in objections(refused)}


async def test_a_co_owner_consents_itself_or_through_the_operator_with_its_paper(stage: Stage) -> None:
    """TR-03, RB-04: who uses the platform answers for itself; for others the operator enters the paper."""
    partner = stage.api.samples["sme_b"].organisation.party_id
    async with stage.database.write() as unit:
        outsider = (await make_party(unit.session)).id
    right = await stage.right(partner, outsider)
    asked = await stage.asked(right, kind="co_owner", grantor_id=str(partner))
    assert (asked["grantor_id"], asked["proceeds"]) == (str(partner), "free")
    escrow = await stage.api.post("sme_b", f"{CONSENTS}/{asked['id']}/grant", {"proceeds": "escrow"})
    assert objections(escrow) == [("consent.proceeds_of_pledgee", "/proceeds")]
    await stage.api.made("sme_b", f"{CONSENTS}/{asked['id']}/grant", {})
    by_operator = stage.body(right, kind="co_owner", grantor_id=str(partner))
    assert objections(await stage.api.post("operator", CONSENTS, by_operator)) == [
        ("consent.grantor_present", "/grantor_id")
    ]
    assert objections(await stage.api.post("bank_a", CONSENTS, by_operator)) == [
        ("consent.not_grantor", "/grantor_id")
    ]

    asked = await stage.asked(right, kind="co_owner", grantor_id=str(outsider))
    operator = stage.api.samples["operator"].organisation
    assert asked["organisation_id"] == str(operator.id)
    path = f"{CONSENTS}/{asked['id']}/grant"
    assert objections(await stage.api.post("operator", path, {})) == [
        ("consent.document_required", "/document_id")
    ]
    unknown = await stage.api.post("operator", path, {"document_id": str(new_id())})
    assert objections(unknown) == [("document.not_found", "/document_id")]
    paper = {"name": "同意书.txt", "media_type": "text/plain"}
    paper["content_base64"] = base64.b64encode("同意".encode()).decode()
    document = await stage.api.made("operator", "/v1/documents", paper)
    granted = await stage.api.made("operator", path, {"document_id": document["id"]})
    assert (granted["status"], granted["document_id"]) == ("granted", document["id"])

    deal_id = await stage.deal(right, licence_type="exclusive")
    assert await stage.taken(deal_id, right) == []
    async with stage.database.read() as unit:
        statement = select(Consent.grantor_id).join(ConsentUse, ConsentUse.consent_id == Consent.id)
        assert set(await unit.session.scalars(statement)) == {partner, outsider}


async def test_a_deal_is_told_which_liens_and_owners_are_missing_and_why_a_consent_does_not_serve(
    stage: Stage,
) -> None:
    """UNI-01: per right, with the way to ask, and without amounts."""
    partner = stage.api.samples["sme_b"].organisation.party_id
    plain, pledged, shared = await stage.right(), await stage.right(), await stage.right(partner)
    await stage.pledged(pledged)
    await stage.given(pledged, floor={"amount": "5000.00"}, grantee_id=str(stage.owner))
    deal_id = await stage.deal(plain, pledged, shared, licence_type="sole")
    async with stage.database.write() as unit:
        chosen, lacking = await stage.take(unit.session, deal_id, plain, pledged, shared)
        lien = (await asset_queries.lock_rights(unit.session, [pledged]))[0].holds[0]
    assert chosen.consents == ()
    assert [(code, pointer) for code, pointer, _ in lacking] == [
        ("deal.pledgee_consent_required", "/asset_ids/1"),
        ("deal.co_owner_consent_missing", "/asset_ids/2"),
        ("consent.other_grantee", "/asset_ids/1"),
        ("consent.floor_not_met", "/asset_ids/1"),
    ]
    assert lacking[0][2]["hold_ids"] == [str(lien.id)]
    assert lacking[1][2]["owner_ids"] == [str(partner)]
    assert all(facts["request"] == REQUESTS for _, _, facts in lacking[:2])
    assert all(set(facts) == {"number"} for _, _, facts in lacking[2:])


async def test_a_consent_is_spent_by_its_last_deal_and_serves_its_own_deal_still(stage: Stage) -> None:
    """UNI-01, UNI-02: two uses for two deals, the third is refused; a deal that comes back uses none."""
    right = await stage.right()
    await stage.pledged(right)
    consent = await stage.given(right, max_uses=2, proceeds="escrow")
    first, second, third = [await stage.deal(right) for _ in range(3)]
    for deal_id, uses, status in ((first, 1, "granted"), (first, 1, "granted"), (second, 2, "used")):
        assert await stage.taken(deal_id, right) == []
        seen = (await stage.api.get("bank_a", f"{CONSENTS}/{consent['id']}")).json()
        assert (seen["uses"], seen["status"]) == (uses, status)
    assert await stage.taken(third, right) == ["deal.pledgee_consent_required", "consent.used_up"]
    async with stage.database.write() as unit:
        chosen, lacking = await stage.take(unit.session, first, right)
    assert lacking == []
    assert chosen.proceeds == frozenset({Proceeds.escrow})
    refused = await stage.api.post("bank_a", f"{CONSENTS}/{consent['id']}/revocation", {"reason": "示例"})
    assert objections(refused) == [("consent.already_used", None)]


async def test_an_ordinary_licence_needs_no_co_owner_and_a_transfer_needs_all(stage: Stage) -> None:
    """TR-03: 专利法第14条."""
    right = await stage.right(stage.api.samples["sme_b"].organisation.party_id)
    missing = ["deal.co_owner_consent_missing"]
    for changes, expected in (
        ({"licence_type": "ordinary"}, []),
        ({"licence_type": "exclusive"}, missing),
        ({"licence_type": "sole"}, missing),
        ({"kind": "transfer"}, missing),
    ):
        assert await stage.taken(await stage.deal(right, **changes), right) == expected, changes


async def test_one_consent_lifts_the_liens_of_several_rights_and_two_pledgees_consent_each(
    stage: Stage,
) -> None:
    """UNI-01: one use per deal however many rights, and every live lien is covered."""
    one, two, three = [await stage.right() for _ in range(3)]
    await stage.pledged(one, two)
    await stage.pledged(three, bank="bank_b")
    await stage.given(one, two, proceeds="free")
    deal_id = await stage.deal(one, two, three)
    assert await stage.taken(deal_id, one, two, three) == ["deal.pledgee_consent_required"]
    await stage.given(three, bank="bank_b")
    async with stage.database.write() as unit:
        chosen, lacking = await stage.take(unit.session, deal_id, one, two, three)
    assert (len(chosen.consents), lacking) == (2, [])
    assert chosen.proceeds == {Proceeds.free, Proceeds.early_repayment}


async def test_a_request_or_consent_past_its_last_day_expires_once(stage: Stage) -> None:
    """RB-04: the daily job ends both; a new lien needs a new consent."""
    right = await stage.right()
    await stage.pledged(right)
    made = [await stage.asked(right, valid_to=str(TODAY)), await stage.given(right, valid_to=str(TODAY))]
    tomorrow = replace(now(), today=TODAY + timedelta(days=1))
    for moment, expected in ((now(), 0), (tomorrow, 2), (tomorrow, 0)):
        async with stage.database.write() as unit:
            assert (
                await consents.expire_due(unit.session, actor=system_actor("job"), moment=moment) == expected
            )
    for consent in made:
        seen = (await stage.api.get("bank_a", f"{CONSENTS}/{consent['id']}")).json()
        assert seen["status"] == "expired"
    deal_id = await stage.deal(right)
    assert await stage.taken(deal_id, right) == ["deal.pledgee_consent_required", "consent.expired"]


async def test_a_pledged_right_is_licensed_with_a_consent_and_not_without(stage: Stage) -> None:
    """UNI-01: over the API, no consent 409; with it the licence takes effect and the consent is spent."""
    right = await stage.right()
    await stage.pledged(right)
    deals = [await stage.deal(right) for _ in range(2)]
    for deal_id in deals:
        await stage.api.made("sme", f"/v1/deals/{deal_id}/agreement", None)
    signature = {"signed_on": str(TODAY)}
    refused = await stage.api.post("sme", f"/v1/deals/{deals[0]}/signature", signature)
    assert (refused.status_code, objections(refused)) == (
        409,
        [("deal.pledgee_consent_required", "/asset_ids/0")],
    )
    consent = await stage.given(right)
    assert (await stage.api.made("sme", f"/v1/deals/{deals[0]}/signature", signature))[
        "status"
    ] == "effective"
    assert (await stage.api.get("sme", f"{CONSENTS}/{consent['id']}")).json()["status"] == "used"
    again = await stage.api.post("sme", f"/v1/deals/{deals[1]}/signature", signature)
    assert [code for code, _ in objections(again)] == ["deal.pledgee_consent_required", "consent.used_up"]
