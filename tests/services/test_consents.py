"""What the tables of consents, holds and titles hold to by themselves, whoever writes."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.consent import CONSENT, ConsentStatus, Scope, Wanted, misfits
from app.domain.deal import DealKind, LicenceType
from app.domain.hold import HoldKind, lane_range
from app.domain.identifiers import new_id
from app.errors import database_fault
from app.models.asset import Title
from app.models.deal import Deal
from app.models.recordal import Import, ImportRow, Recordal, RecordalAsset
from tests.factories import deals
from tests.support.api import Api
from tests.support.consents import TODAY, Stage, make_stage
from tests.support.database import SavepointDatabase


@pytest.fixture
async def stage(api: Api, database: SavepointDatabase) -> Stage:
    return await make_stage(api, database)


async def refusal(session: AsyncSession, statement: str, values: dict[str, Any]) -> str | None:
    """The constraint that refuses a statement, or None; nothing of it stays either way."""
    savepoint = await session.begin_nested()
    try:
        await session.execute(text(statement), values)
        await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    except Exception as error:
        sqlstate, constraint = database_fault(error)
        if sqlstate is None:
            raise
        return constraint or sqlstate
    finally:
        await savepoint.rollback()
    return None


LICENCE_HOLD = (
    "INSERT INTO holds (id, asset_id, asset_serial, regime, kind, rank, territory, field, period, lane,"
    " source_noun, source_id, imported, event_id, recorded_at) SELECT gen_random_uuid(), id, serial, regime,"
    " 'licence', 1, '[0,10)', '[0,10)', '[2025-01-01,2026-01-01)', int8range(CAST(:lane AS bigint), NULL), :noun, :source,"
    " false, gen_random_uuid(), now() FROM assets WHERE id = :asset"
)
TITLE = (
    "INSERT INTO titles (id, asset_id, party_id, ordinal, event_id, recorded_at)"
    " VALUES (gen_random_uuid(), :asset, :party, 2, :event, now())"
)


async def test_no_licence_or_title_comes_onto_a_pledged_right_without_a_used_consent(stage: Stage) -> None:
    """UNI-03, decision 8: as the application's role, past all services; each action has its own consent."""
    right, free = await stage.right(), await stage.right()
    await stage.pledged(right)
    licence, transfer = await stage.deal(right, free), await stage.deal(right, free, kind="transfer")
    lane, _ = lane_range(HoldKind.licence, new_id())

    async def answers(session: AsyncSession, asset_id: uuid.UUID, deal_id: uuid.UUID) -> tuple[Any, Any]:
        event_id = await session.scalar(select(Deal.event_id).where(Deal.id == deal_id))
        hold = {"asset": asset_id, "noun": "deal", "source": deal_id, "lane": lane}
        title = {"asset": asset_id, "party": stage.buyer, "event": event_id}
        return await refusal(session, LICENCE_HOLD, hold), await refusal(session, TITLE, title)

    async with stage.database.write() as unit:
        session = unit.session
        assert await session.scalar(text("SELECT current_user")) == "ipops_app"
        encumbered = ("ck_holds_encumbered", "ck_titles_encumbered")
        assert await answers(session, free, licence) == (None, "ck_titles_of_their_deal")
        assert await answers(session, free, transfer) == (None, "ck_titles_of_their_deal")  # a draft
        assert await answers(session, right, licence) == encumbered
        assert await answers(session, right, transfer) == encumbered
    await stage.given(right)
    async with stage.database.write() as unit:
        assert await answers(unit.session, right, licence) == encumbered  # granted is not used
        await stage.take(unit.session, licence, right)
        assert await answers(unit.session, right, licence) == (None, "ck_titles_encumbered")
        first = {"asset": right, "noun": "deal", "source": licence, "lane": lane}
        await unit.session.execute(text(LICENCE_HOLD), first)
        other, _ = lane_range(HoldKind.licence, new_id())
        second = await refusal(unit.session, LICENCE_HOLD, first | {"lane": other})
        assert second == "ck_holds_licensed_once"
    await stage.given(right, action="transfer")
    async with stage.database.write() as unit:
        await stage.take(unit.session, transfer, right)
        effective = "UPDATE deals SET status = 'effective' WHERE id = :deal"
        await unit.session.execute(text(effective), {"deal": transfer})
        assert await answers(unit.session, right, transfer) == ("ck_holds_encumbered", None)
        not_a_deal = {"asset": right, "noun": "pledge", "source": licence, "lane": lane}
        assert await refusal(unit.session, LICENCE_HOLD, not_a_deal) == "ck_holds_encumbered"


ENDED = "UPDATE titles SET ceased_at = now(), ceased_event_id = event_id WHERE asset_id = :asset"


async def test_a_title_passes_once_to_the_grantee_of_its_deal(stage: Stage) -> None:
    """UNI-03, decision 8: as the application's role; what a consent allowed is not done twice."""
    right, other = await stage.right(), await stage.right()
    await stage.pledged(right)
    await stage.given(right, action="transfer")
    sold = await deals.through(
        stage.api,
        {"id": str(await stage.deal(right, kind="transfer"))},
        *("agree", "sign", "file", "register"),
    )
    stranger = stage.api.samples["sme_b"].organisation.party_id
    async with stage.database.write() as unit:
        session = unit.session
        event = await session.scalar(
            select(Title.event_id).where(Title.asset_id == right, Title.ceased_at.is_(None))
        )
        to_stranger = {"asset": right, "party": stranger, "event": event}
        assert await refusal(session, TITLE, to_stranger) == "ck_titles_of_their_deal"
        beside = {"asset": other, "party": stage.buyer, "event": event}
        assert await refusal(session, TITLE, beside) == "ck_titles_of_their_deal"
        moved = "UPDATE titles SET {} = :value WHERE asset_id = :asset"
        for column, value in (("party_id", stranger), ("asset_id", other), ("event_id", new_id())):
            changed = {"value": value, "asset": right}
            assert await refusal(session, moved.format(column), changed) == "42501"
        revived = "UPDATE titles SET ceased_on = NULL, ceased_at = NULL, ceased_event_id = NULL WHERE asset_id = :asset"
        assert await refusal(session, revived, {"asset": right}) == "ck_titles_ended_for_good"
        live = f"{ENDED} AND ceased_at IS NULL"
        assert await refusal(session, live, {"asset": right}) == "ck_titles_ended_by_record"
        renamed = "UPDATE deals SET grantee_id = :party WHERE id = :deal"
        await session.execute(text(renamed), {"party": stranger, "deal": sold["id"]})
        assert await refusal(session, TITLE, to_stranger) == "ck_titles_passed_once"


async def test_a_title_by_the_register_has_a_record_that_names_the_right(stage: Stage) -> None:
    """Decision 8: neither an import nor a recorded document is an excuse unless it says so."""
    right, other = await stage.right(), await stage.right()
    await stage.pledged(right)
    recordal = (
        "INSERT INTO titles (id, asset_id, party_id, ordinal, recordal_id, event_id, recorded_at)"
        " VALUES (gen_random_uuid(), :asset, :party, 2, :recordal, :event, now())"
    )
    async with stage.database.write() as unit:
        session, batch, document = unit.session, new_id(), new_id()
        basis = {"event_id": batch, "recorded_at": await session.scalar(text("SELECT now()"))}
        counters = dict.fromkeys(("rows", "accepted", "unchanged", "refused", "rows_done"), 0)
        file = {"kind": "patents", "file_name": "示例", "file_sha256": "示例", "status": "running"}
        session.add(Import(id=new_id(), manifest={}, **file, **counters, **basis))
        await session.flush()
        title = {"asset": right, "party": stage.buyer, "event": batch}
        assert await refusal(session, TITLE, title) == "ck_titles_recorded"
        session.add(
            Recordal(
                id=document,
                office="CN",
                kind="transfer",
                conveyance="示例",
                partial=False,
                source="示例",
                **basis,
            )
        )
        await session.flush()
        by_document = title | {"recordal": document}
        assert await refusal(session, recordal, by_document) == "ck_titles_recorded"
        session.add(RecordalAsset(id=new_id(), recordal_id=document, asset_id=right))
        await session.flush()
        assert await refusal(session, recordal, by_document) == "ck_titles_recorded"  # told by nobody
        row = {"kind": "recordals", "row_sha256": "示例甲", "line": 1, "raw": "示例", "noun": "recordal"}
        session.add(ImportRow(id=new_id(), subject_id=document, **row, **basis))
        await session.flush()
        assert await refusal(session, recordal, by_document) is None
        assert await refusal(session, recordal, by_document | {"event": new_id()}) == "ck_titles_encumbered"
        row = {"kind": "patents", "row_sha256": "示例乙", "line": 1, "raw": "示例", "noun": "asset"}
        unnamed = {"asset": other, "party": stage.buyer, "event": batch}
        assert await refusal(session, TITLE, unnamed) == "ck_titles_recorded"
        session.add(ImportRow(id=new_id(), subject_id=other, **row, **basis))
        await session.flush()
        assert await refusal(session, TITLE, unnamed) is None


async def test_a_consent_goes_the_way_of_its_life_only(stage: Stage) -> None:
    """RB-04, decision 8: as the application's role, what is decided is never open again, so never widened."""
    right = await stage.right()
    await stage.pledged(right)
    asked = uuid.UUID((await stage.asked(right))["id"])
    moved = "UPDATE consents SET status = :status WHERE id = :consent"
    paths = {
        ConsentStatus.requested: [],
        ConsentStatus.granted: [ConsentStatus.granted],
        ConsentStatus.refused: [ConsentStatus.refused],
        ConsentStatus.expired: [ConsentStatus.expired],
        ConsentStatus.revoked: [ConsentStatus.granted, ConsentStatus.revoked],
        ConsentStatus.used: [ConsentStatus.granted, ConsentStatus.used],
    }
    async with stage.database.write() as unit:
        for start, path in paths.items():
            savepoint = await unit.session.begin_nested()
            for status in path:
                await unit.session.execute(text(moved), {"status": status, "consent": asked})
            for end in ConsentStatus:
                lawful = end is start or end in {
                    after for (before, _), after in CONSENT.transitions.items() if before is start
                }
                refused = await refusal(unit.session, moved, {"status": end, "consent": asked})
                assert refused == (None if lawful else "ck_consents_transition"), (start, end)
            await savepoint.rollback()


USE = (
    "INSERT INTO consent_uses (id, district_code, consent_id, deal_id, used_on, event_id, recorded_at)"
    " SELECT gen_random_uuid(), c.district_code, c.id, :deal, :day, c.event_id, now()"
    " FROM consents c WHERE c.id = :consent"
)

SCOPES = [
    pytest.param(status, {}, {}, 0, status is ConsentStatus.granted, id=f"status-{status}")
    for status in ConsentStatus
] + [
    pytest.param(ConsentStatus.granted, scope, wanted, uses, fits, id=name)
    for name, scope, wanted, uses, fits in (
        ("other-action", {"action": "transfer"}, {}, 0, False),
        ("same-type", {"licence_type": "sole"}, {"licence_type": "sole"}, 0, True),
        ("other-type", {"licence_type": "sole"}, {"licence_type": "exclusive"}, 0, False),
        ("transfer", {"action": "transfer"}, {"kind": "transfer"}, 0, True),
        ("same-grantee", {"grantee": "buyer"}, {}, 0, True),
        ("other-grantee", {"grantee": "owner"}, {}, 0, False),
        ("at-the-floor", {"floor_fen": 100_000}, {}, 0, True),
        ("a-fen-below", {"floor_fen": 100_001}, {}, 0, False),
        ("first-day", {"valid_from": TODAY}, {}, 0, True),
        ("day-before", {"valid_from": TODAY + timedelta(days=1)}, {}, 0, False),
        ("last-day", {"valid_to": TODAY}, {}, 0, True),
        ("day-after", {"valid_to": TODAY - timedelta(days=1)}, {}, 0, False),
        ("last-use", {"max_uses": 2}, {}, 1, True),
        ("one-too-many", {"max_uses": 2}, {}, 2, False),
    )
]


@pytest.mark.parametrize(("status", "scope", "wanted", "uses", "fits"), SCOPES)
async def test_the_rule_and_the_table_agree_on_what_a_consent_is_good_for(
    stage: Stage,
    status: ConsentStatus,
    scope: dict[str, Any],
    wanted: dict[str, Any],
    uses: int,
    *,
    fits: bool,
) -> None:
    """RB-04, UNI-02: status, action, type, grantee, floor, days and uses, each at its edge, decided twice."""
    right = await stage.right()
    await stage.pledged(right)
    deal_id = await stage.deal(right, **wanted)
    consent_id = uuid.UUID((await stage.given(right, max_uses=9))["id"])
    for _ in range(uses):
        assert await stage.taken(await stage.deal(right, **wanted), right) == []
    parties = {"owner": stage.owner, "buyer": stage.buyer, None: None}
    facts: dict[str, Any] = {
        "status": status.value,
        "action": "licence",
        "licence_type": None,
        "grantee_id": parties[scope.get("grantee")],
        "floor_fen": None,
        "valid_from": TODAY - timedelta(days=9),
        "valid_to": TODAY + timedelta(days=9),
        "max_uses": 9,
    } | {name: value for name, value in scope.items() if name != "grantee"}
    async with stage.database.write() as unit:
        await unit.session.execute(text("SET LOCAL ROLE NONE"))
        await unit.session.execute(text("SET LOCAL session_replication_role = replica"))
        columns = ", ".join(f"{name} = :{name}" for name in facts)
        await unit.session.execute(
            text(f"UPDATE consents SET {columns} WHERE id = :consent"), facts | {"consent": consent_id}
        )
        await unit.session.execute(text("SET LOCAL session_replication_role = origin"))
        await unit.session.execute(text("SET LOCAL ROLE ipops_app"))
        deal = (await unit.session.scalars(select(Deal).where(Deal.id == deal_id))).one()
        by_rule = misfits(
            Scope(
                status,
                DealKind(facts["action"]),
                LicenceType(facts["licence_type"]) if facts["licence_type"] else None,
                facts["grantee_id"],
                facts["floor_fen"],
                facts["valid_from"],
                facts["valid_to"],
                facts["max_uses"],
                uses,
            ),
            Wanted(
                DealKind(deal.kind),
                LicenceType(deal.licence_type) if deal.licence_type else None,
                deal.grantee_id,
                deal.amount_fen,
                TODAY,
            ),
            None,
        )
        use = {"deal": deal_id, "day": TODAY, "consent": consent_id}
        by_table = await refusal(unit.session, USE, use)
    assert (by_rule == [], by_table is None) == (fits, fits), (by_rule, by_table)


WIDEN = (
    "INSERT INTO consent_items (id, district_code, consent_id, asset_id, hold_id)"
    " SELECT gen_random_uuid(), c.district_code, c.id, h.asset_id, h.id FROM consents c, holds h"
    " WHERE c.id = :id AND h.asset_id = :other"
)


async def test_a_decided_consent_is_not_changed_and_a_used_one_not_revoked(stage: Stage) -> None:
    """RB-04: whoever writes past the services is refused by the table."""
    right, other = await stage.right(), await stage.right()
    await stage.pledged(right, other)
    consent_id = uuid.UUID((await stage.given(right, max_uses=2))["id"])
    await stage.taken(await stage.deal(right), right)
    widened = (
        ("UPDATE consents SET floor_fen = 1 WHERE id = :id", "ck_consents_decided"),
        ("UPDATE consents SET valid_to = :day WHERE id = :id", "ck_consents_decided"),
        ("UPDATE consents SET max_uses = 3 WHERE id = :id", "ck_consents_decided"),
        ("UPDATE consents SET grantee_id = NULL WHERE id = :id", "42501"),
        ("UPDATE consents SET status = 'revoked' WHERE id = :id", "ck_consents_revoked_unused"),
        (
            WIDEN,
            "ck_consent_items_undecided",
        ),
    )
    async with stage.database.write() as unit:
        for statement, constraint in widened:
            names = {"id": consent_id, "day": date(2099, 1, 1), "other": other}
            given = {name: value for name, value in names.items() if f":{name}" in statement}
            assert await refusal(unit.session, statement, given) == constraint, statement
