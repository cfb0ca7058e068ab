"""Two who say at once who owned a right: its shares are the whole, whoever commits last."""

from __future__ import annotations

import asyncio
import uuid
from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from app.domain.identifiers import new_id
from app.errors import database_fault
from app.models.asset import Asset, Title
from tests.factories.assets import GRANTED_ON, make_asset
from tests.factories.enrolments import make_document
from tests.support.instance import Instance

ROUNDS = 8
HALVES = (600_000, 400_000)


@pytest.mark.committed
async def test_of_two_overlapping_commits_one_would_make_the_right_owned_twice(stage: Instance) -> None:
    """AST-05: each alone is whole; both have written their rows before either commits."""
    parties = [stage.api.samples[role].organisation.party_id for role in ("sme", "sme_b", "insurer")]
    async with stage.database.write() as unit:
        rights = [await make_asset(unit.session, owners=parties[:1]) for _ in range(ROUNDS)]
    told = {1: parties[2:], 2: parties[:2]}

    async def tell(asset: Asset, owners: list[uuid.UUID], both: asyncio.Barrier) -> str | None:
        try:
            async with stage.database.write() as unit:
                for party_id, share in zip(owners, HALVES if len(owners) == 2 else (1_000_000,), strict=True):
                    basis = {"event_id": asset.event_id, "recorded_at": unit.moment.now}
                    end = {"ceased_event_id": asset.event_id, "ceased_at": unit.moment.now}
                    days = {"acquired_on": date(2020, 1, 1), "ceased_on": GRANTED_ON}
                    owner = {"asset_id": asset.id, "party_id": party_id, "share_ppm": share, "ordinal": 1}
                    unit.session.add(Title(id=new_id(), **owner, **days, **basis, **end))
                await unit.session.flush()
                await both.wait()
        except IntegrityError as error:
            return database_fault(error)[1]
        return None

    for asset in rights:
        both = asyncio.Barrier(2)
        outcomes = await asyncio.gather(*(tell(asset, owners, both) for owners in told.values()))
        assert sorted(outcomes, key=str) == [None, "ck_titles_shares_whole"]
    wholes = await stage.owner.fetch(
        "SELECT sum(share_ppm) AS total FROM titles WHERE ceased_on = $1 GROUP BY asset_id", GRANTED_ON
    )
    assert [row["total"] for row in wholes] == [1_000_000] * ROUNDS


@pytest.mark.committed
async def test_of_two_rulings_entered_at_once_the_second_is_read_again_first(stage: Instance) -> None:
    """TR-02: both clerks saw the same version of the right."""
    api, parties = stage.api, [stage.api.samples[role].organisation.party_id for role in ("sme", "sme_b")]
    async with stage.database.write() as unit:
        rights = [await make_asset(unit.session, owners=parties[:1]) for _ in range(ROUNDS)]
        document_id = await make_document(unit.session, api.samples["operator"].organisation.id)
    body = {
        "kind": "court_ruling",
        "owners": [{"party_id": str(parties[1])}],
        "acquired_on": "2024-05-06",
        "document_id": str(document_id),
        "source": "示例裁定书",
    }
    for asset in rights:
        calls = (
            api.post("operator", f"/v1/assets/{asset.id}/titles", body, headers={"If-Match": '"1"'})
            for _ in range(2)
        )
        answers = await asyncio.gather(*calls)
        assert sorted(answer.status_code for answer in answers) == [201, 412]
