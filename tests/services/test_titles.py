"""What the table of titles holds to by itself, whoever writes: ends, replacements and shares."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.asset import shares_whole
from app.domain.hold import HoldKind
from app.domain.identifiers import new_id
from app.domain.title import Earlier, NewTitles, PassingKind, Share, unrecorded_before
from app.errors import database_fault
from app.infra.db import Unit
from app.models.asset import Title
from app.models.recordal import Recordal
from app.queries import titles as queries
from app.services import titles
from tests.factories.assets import GRANTED_ON, make_asset, pass_title, tie_up
from tests.factories.enrolments import make_document
from tests.support.samples import Samples


async def refusal(session: AsyncSession, *statements: str, **values: Any) -> str | None:
    """The constraint that refuses one of the statements, or None; nothing of them stays either way."""
    savepoint = await session.begin_nested()
    try:
        for statement in statements:
            names = {name: value for name, value in values.items() if f":{name}" in statement}
            await session.execute(text(statement), names)
        await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    except Exception as error:
        sqlstate, constraint = database_fault(error)
        if sqlstate is None:
            raise
        return constraint or sqlstate
    finally:
        await savepoint.rollback()
    return None


ENDED = "UPDATE titles SET ceased_at = :at, ceased_event_id = :event, ceased_on = :on WHERE id = :title"
SUPERSEDED = (
    "UPDATE titles SET ceased_at = coalesce(ceased_at, :at), superseded_at = :at, superseded_event_id = :event,"
    " ceased_event_id = coalesce(ceased_event_id, :event) WHERE id = :title"
)
BEGUN = (
    "INSERT INTO titles (id, asset_id, party_id, share_ppm, ordinal, acquired_on, recordal_id, event_id, recorded_at)"
    " SELECT gen_random_uuid(), asset_id, :party, share_ppm, ordinal, :on, :recordal, :event, :at"
    " FROM titles WHERE id = :title"
)


def party(samples: Samples, role: str) -> uuid.UUID:
    return samples[role].organisation.party_id


async def live(session: AsyncSession, asset_id: uuid.UUID) -> list[Title]:
    found = select(Title).where(Title.asset_id == asset_id, Title.ceased_at.is_(None))
    return list(await session.scalars(found.order_by(Title.ordinal)))


async def test_a_live_title_ends_only_where_a_recorded_one_begins(unit: Unit, samples: Samples) -> None:
    """AST-05: as the application's role, past all services, on a right that is pledged."""
    session, owner, stranger = unit.session, party(samples, "sme"), party(samples, "sme_b")
    assert await session.scalar(text("SELECT current_user")) == "ipops_app"
    asset = await make_asset(session, owners=[owner])
    await tie_up(session, asset.id, HoldKind.lien)
    [title] = await live(session, asset.id)
    at = title.recorded_at + timedelta(minutes=1)
    forged = {"title": title.id, "at": at, "on": unit.moment.today, "recordal": None, "party": stranger}
    for event in (new_id(), asset.event_id):  # of nothing, and of the right's own entry
        assert await refusal(session, ENDED, **forged, event=event) == "ck_titles_ended_by_record"
        assert await refusal(session, ENDED, BEGUN, **forged, event=event) == "ck_titles_encumbered"
        same = forged | {"party": owner, "event": event}
        assert await refusal(session, SUPERSEDED, **same) == "ck_titles_ended_by_record"
        assert await refusal(session, SUPERSEDED, BEGUN, **same) == "ck_titles_encumbered"


RECORDED = (
    "INSERT INTO recordals (id, office, kind, conveyance, partial, document_id, source, event_id, recorded_at) VALUES (:recordal, 'CN', :kind, '示例', false, :document, '示例', :event, :at)",
    "INSERT INTO recordal_assets (id, recordal_id, asset_id) VALUES (gen_random_uuid(), :recordal, :asset)",
)


@pytest.mark.parametrize(
    ("kind", "pledged", "free"),
    [
        ("merger", None, None),
        ("agreement_on_shares", "ck_titles_encumbered", None),
        ("transfer", "ck_titles_encumbered", "ck_titles_ended_by_record"),
        ("pledge", "ck_titles_encumbered", "ck_titles_ended_by_record"),
        ("licence", "ck_titles_encumbered", "ck_titles_ended_by_record"),
    ],
)
async def test_only_a_document_that_passes_titles_passes_one(
    unit: Unit, samples: Samples, kind: str, pledged: str | None, free: str | None
) -> None:
    """TR-02, TR-06: evidence of a contract, a licence or a pledge, told by nobody's import, is none of a passing."""
    session, owner, stranger = unit.session, party(samples, "sme"), party(samples, "sme_b")
    document_id = await make_document(session, samples["operator"].organisation.id)
    for lien, expected in ((True, pledged), (False, free)):
        asset = await make_asset(session, owners=[owner])
        if lien:
            await tie_up(session, asset.id, HoldKind.lien)
        [title] = await live(session, asset.id)
        forged = {"title": title.id, "asset": asset.id, "event": new_id(), "recordal": new_id(), "kind": kind}
        forged |= {"document": document_id, "on": unit.moment.today, "party": stranger}
        forged["at"] = title.recorded_at + timedelta(minutes=1)
        begun = BEGUN.replace(":recordal, :event", "CAST(:recordal AS uuid), :event")
        assert await refusal(session, *RECORDED, ENDED, begun, **forged) == expected


async def test_a_deals_event_passed_off_as_an_imports_passes_nothing(unit: Unit, samples: Samples) -> None:
    """TR-06: an import is not judged by liens, and a deal's title not by imported rows; nobody is both."""
    session = unit.session
    asset = await make_asset(session, owners=[party(samples, "sme")])
    await tie_up(session, asset.id, HoldKind.lien)
    [title] = await live(session, asset.id)
    event = (
        "INSERT INTO events (id, stream, type, noun, subject_id, audience, public, request_id, payload,"
        " occurred_on, recorded_at) VALUES (:event, 'national', 'deal.effective', 'deal', :event, '{}', true, 'x',"
        " '{}', :on, :at)"
    )
    imported = (
        "INSERT INTO imports (id, kind, file_name, file_sha256, rows, accepted, unchanged, refused, status,"
        " rows_done, manifest, event_id, recorded_at) VALUES (gen_random_uuid(), 'parties', 'x', 'x', 0, 0, 0, 0,"
        " 'running', 0, '{}', :event, :at)"
    )
    forged = {"event": new_id(), "on": unit.moment.today, "title": title.id, "recordal": None}
    forged |= {"at": title.recorded_at + timedelta(minutes=1), "party": party(samples, "sme_b")}
    assert await refusal(session, event, imported, BEGUN, **forged) == "ck_titles_recorded"


async def test_the_evidence_of_one_passing_ends_no_later_title(unit: Unit, samples: Samples) -> None:
    """AST-05: what was recorded once is not recorded again, nor is its right left without an owner."""
    session, first, second = unit.session, party(samples, "sme"), party(samples, "sme_b")
    asset = await make_asset(session, owners=[first])
    await pass_title(session, asset.id, second, on=date(2024, 1, 2))
    for mode in ("IMMEDIATE", "DEFERRED"):
        await session.execute(text(f"SET CONSTRAINTS ALL {mode}"))
    [title] = await live(session, asset.id)
    forged = {"title": title.id, "on": unit.moment.today, "event": title.event_id}
    for at in (title.recorded_at, title.recorded_at + timedelta(minutes=1)):
        assert await refusal(session, ENDED, **forged, at=at) == "ck_titles_ended_by_record"
        again = forged | {"at": at, "party": first, "recordal": title.recordal_id}
        assert await refusal(session, BEGUN, ENDED, **again) is not None
        assert await refusal(session, ENDED, BEGUN, **again) in {
            "ck_titles_ended_by_record",
            "ck_titles_recorded",
        }


async def test_a_title_that_was_replaced_stays_so(unit: Unit, samples: Samples) -> None:
    """AST-05: what the register once knew is neither revived nor replaced by nothing or by another's."""
    session, first, second = unit.session, party(samples, "sme"), party(samples, "sme_b")
    asset = await make_asset(session, owners=[first])
    await pass_title(session, asset.id, second, on=date(2024, 1, 2))
    recordal = (await session.scalars(select(Recordal).order_by(Recordal.recorded_at.desc()).limit(1))).one()
    past = (await session.scalars(select(Title).where(Title.ceased_event_id == recordal.event_id))).one()
    values = {"title": past.id, "at": recordal.recorded_at, "event": recordal.event_id}
    assert await refusal(session, SUPERSEDED, **values) == "ck_titles_superseded_by_another"
    other = f"{BEGUN.replace('event_id, recorded_at)', 'event_id, recorded_at, ceased_on, ceased_at, ceased_event_id)').replace(':at FROM', ':at, :on, :at, :event FROM')}"
    told = {"on": GRANTED_ON, "recordal": recordal.id}
    by_another = await refusal(session, SUPERSEDED, other, **values, **told, party=second)
    assert by_another == "ck_titles_superseded_by_another"
    assert await refusal(session, SUPERSEDED, other, **values, **told, party=first) is None
    revived = "UPDATE titles SET superseded_at = NULL, superseded_event_id = NULL WHERE id = :title"
    code = await refusal(session, SUPERSEDED, other, revived, **values, **told, party=first)
    assert code == "ck_titles_ended_for_good"
    assert await refusal(session, "DELETE FROM titles WHERE id = :title", title=past.id) == "42501"


async def test_shares_are_whole_on_every_day_since_the_first_known_owner(
    unit: Unit, samples: Samples
) -> None:
    """AST-05, AST-06: who came later took the share over from somebody unrecorded; a gap is refused."""
    session, one, two = unit.session, party(samples, "sme"), party(samples, "sme_b")
    asset = await make_asset(session, owners=[one, two], shares=[600_000, 400_000])
    document_id = await make_document(session, samples["operator"].organisation.id)

    async def passed(kind: PassingKind, on: date, *shares: tuple[uuid.UUID, int | None]) -> None:
        new = NewTitles(kind, [Share(*share) for share in shares], on, None, None, document_id, "示例")
        await titles.pass_title(
            session,
            actor=samples["operator"].actor("test"),
            moment=unit.moment,
            asset_id=asset.id,
            new=new,
            expect_version=lambda _version: None,
        )

    day = date(2023, 5, 4)
    later = unit.moment.now + timedelta(minutes=1)
    object.__setattr__(unit, "moment", type(unit.moment)(now=later, today=unit.moment.today))
    await passed(PassingKind.merger, day, (two, 600_000), (party(samples, "insurer"), 400_000))
    await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    await session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    for on in (GRANTED_ON, day - timedelta(days=1), day, unit.moment.today):
        held = await queries.chain(session, asset.id, on=on)
        assert shares_whole([link.title.share_ppm for link in held])
        assert len(held) == 2
    past = (
        "INSERT INTO titles (id, asset_id, party_id, share_ppm, ordinal, acquired_on, ceased_on, ceased_at,"
        " ceased_event_id, event_id, recorded_at) VALUES (gen_random_uuid(), :asset, NULL, :share, 3,"
        " :first, :beyond, :at, :event, :event, :at)"
    )
    basis = {"asset": asset.id, "event": asset.event_id, "at": later}
    overlapping = {"first": date(2022, 1, 1), "beyond": date(2022, 1, 2)}
    for share in (100_000, None):
        code = await refusal(session, past, **basis, **overlapping, share=share)
        assert code == "ck_titles_shares_whole"
    before = {"first": None, "beyond": GRANTED_ON}
    assert await refusal(session, past, **basis, **before, share=None) is None
    assert await refusal(session, past, **basis, **before, share=999_999) == "ck_titles_shares_whole"


@pytest.mark.parametrize(
    ("owners", "earlier"),
    [
        ([(600_000, GRANTED_ON), (400_000, GRANTED_ON)], []),
        ([(None, GRANTED_ON), (None, None)], []),
        ([(600_000, None), (400_000, GRANTED_ON)], [Earlier(400_000, None, GRANTED_ON)]),
        (
            [(600_000, GRANTED_ON), (400_000, date(2022, 1, 1))],
            [Earlier(400_000, GRANTED_ON, date(2022, 1, 1))],
        ),
    ],
)
def test_somebody_unrecorded_held_the_share_of_an_owner_that_came_later(
    owners: list[tuple[int | None, date | None]], earlier: list[Earlier]
) -> None:
    """AST-05: nobody else is known to have held it, and the right was whole."""
    assert unrecorded_before(owners) == earlier


async def test_a_right_is_entered_with_owners_that_came_one_after_the_other(
    unit: Unit, samples: Samples
) -> None:
    """AST-05: the register tells of an unrecorded prior owner instead of a right that is 60 % owned."""
    owners = [
        (party(samples, "sme"), 600_000, GRANTED_ON),
        (party(samples, "sme_b"), 400_000, date(2022, 1, 1)),
    ]
    asset = await make_asset(
        unit.session,
        owners=[owner for owner, _, _ in owners],
        shares=[share for _, share, _ in owners],
        acquired=[since for _, _, since in owners],
    )
    await unit.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    held = await queries.chain(unit.session, asset.id, on=date(2021, 12, 31))
    assert [(link.title.party_id, link.title.share_ppm) for link in held] == [
        (party(samples, "sme"), 600_000),
        (None, 400_000),
    ]
