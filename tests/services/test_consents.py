"""What the tables of consents, holds and titles hold to by themselves, whoever writes."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.consent import ConsentStatus, Scope, Wanted, misfits
from app.domain.deal import DealKind, LicenceType
from app.domain.hold import HoldKind, lane_range
from app.domain.identifiers import new_id
from app.errors import database_fault
from app.models.deal import Deal
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
        assert await answers(session, free, licence) == (None, None)
        assert await answers(session, right, licence) == encumbered
        assert await answers(session, right, transfer) == encumbered
        moved = "UPDATE titles SET party_id = :party WHERE asset_id = :asset"
        assert await refusal(session, moved, {"party": stage.buyer, "asset": right}) == "ck_titles_encumbered"
    await stage.given(right)
    async with stage.database.write() as unit:
        assert await answers(unit.session, right, licence) == encumbered  # granted is not used
        await stage.take(unit.session, licence, right)
        assert await answers(unit.session, right, licence) == (None, "ck_titles_encumbered")
    await stage.given(right, action="transfer")
    async with stage.database.write() as unit:
        await stage.take(unit.session, transfer, right)
        assert await answers(unit.session, right, transfer) == ("ck_holds_encumbered", None)
        not_a_deal = {"asset": right, "noun": "pledge", "source": licence, "lane": lane}
        assert await refusal(unit.session, LICENCE_HOLD, not_a_deal) == "ck_holds_encumbered"


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
