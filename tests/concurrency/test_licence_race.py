"""Two licensees at once, on real connections whose transactions commit."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import date
from typing import Any

import pytest

from app.domain.deal import LicenceType
from app.domain.errors import DomainError
from app.domain.hold import HoldKind, Scope
from app.domain.identifiers import new_id
from app.errors import from_database
from app.infra.db import Database
from app.services import deals, holds
from app.services.deals import NewLicence
from app.services.holds import NewHold
from app.services.sandbox import SampleClient
from tests.conftest import fill
from tests.factories.assets import make_asset, make_party
from tests.services.test_listings import actor_of
from tests.support import server

pytestmark = pytest.mark.committed

ROUNDS = 30
TERM = (date(2025, 1, 1), date(2027, 12, 31))
Attempt = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
async def committed(
    server_url: str, worker_id: str
) -> AsyncIterator[tuple[Database, dict[str, SampleClient]]]:
    """A database of this module's own, and its sample organisations."""
    name = f"ipops_licence_race_{worker_id}"
    database = Database(await server.clone(server_url, name), pool_size=2, read_pool_size=1)
    yield database, await fill(database)
    await database.close()
    await server.drop(server_url, name)


async def outcomes(*attempts: Attempt) -> list[str]:
    """What became of attempts made at once: `done`, or the refusal's code; sorted."""

    async def outcome(attempt: Attempt) -> str:
        try:
            await attempt()
        except DomainError as error:
            return error.code.code
        except Exception as error:
            refusal = from_database(error)
            if refusal is None:
                raise
            return refusal.code.code
        return "done"

    return sorted(await asyncio.gather(*(outcome(attempt) for attempt in attempts)))


async def test_of_two_exclusive_licences_signed_at_once_exactly_one_takes_effect(
    committed: tuple[Database, dict[str, SampleClient]],
) -> None:
    """DEA-02, SC-02: the other hears of the conflict, round after round."""
    database, samples = committed
    agency = actor_of(samples, "agency")
    for _ in range(ROUNDS):
        async with database.write() as unit:
            owner, one, other = [(await make_party(unit.session)).id for _ in range(3)]
            asset = await make_asset(unit.session, owners=[owner])
            made = [
                await deals.draft(
                    unit.session,
                    actor=agency,
                    moment=unit.moment,
                    new=NewLicence(
                        licence_type=LicenceType.ordinary,
                        grantor_id=owner,
                        grantee_id=grantee,
                        asset_ids=[asset.id],
                        territory=territory,
                        field="ALL",
                        term_from=TERM[0],
                        term_to=TERM[1],
                        amount_fen=100,
                    ),
                )
                for grantee, territory in ((one, "CN"), (other, "120110"))
            ]
            for deal in made:
                await deals.agree(unit.session, actor=agency, moment=unit.moment, deal_id=deal.id)
                # Agreed as ordinary licences, so that no reservation decides before the signatures meet.
                deal.licence_type = LicenceType.exclusive.value

        async def sign(deal_id: uuid.UUID) -> None:
            async with database.write() as unit:
                await deals.sign(
                    unit.session, actor=agency, moment=unit.moment, deal_id=deal_id, signed_on=TERM[0]
                )

        ids = [deal.id for deal in made]
        assert await outcomes(*(lambda key=key: sign(key) for key in ids)) == [
            "done",
            "hold.licence_conflict",
        ]


async def test_the_table_itself_admits_one_of_two_conflicting_licences(
    committed: tuple[Database, dict[str, SampleClient]],
) -> None:
    """DEA-02: without any check before it the exclusion constraint decides."""
    database, _ = committed
    async with database.write() as unit:
        owner = await make_party(unit.session)
        asset = await make_asset(unit.session, owners=[owner.id])

    async def place(kind: HoldKind) -> None:
        async with database.write() as unit:
            new = NewHold(asset.id, kind, "test", new_id(), new_id(), TERM[0], scope=Scope(), period=TERM)
            await holds.place(unit.session, moment=unit.moment, holds=[new])

    attempts = [lambda kind=kind: place(kind) for kind in (HoldKind.exclusive_licence, HoldKind.licence)]
    assert await outcomes(*attempts) == ["done", "hold.licence_conflict"]


async def test_of_two_exclusive_licences_agreed_at_once_exactly_one_reserves_the_right(
    committed: tuple[Database, dict[str, SampleClient]],
) -> None:
    """DEA-03: two buyers race, one wins."""
    database, samples = committed
    agency = actor_of(samples, "agency")
    async with database.write() as unit:
        owner, buyer = [(await make_party(unit.session)).id for _ in range(2)]
        asset = await make_asset(unit.session, owners=[owner])
        new = NewLicence(LicenceType.sole, owner, buyer, [asset.id], "CN", "ALL", *TERM, amount_fen=100)
        made = [
            (await deals.draft(unit.session, actor=agency, moment=unit.moment, new=new)).id for _ in range(2)
        ]

    async def agree(deal_id: uuid.UUID) -> None:
        async with database.write() as unit:
            await deals.agree(unit.session, actor=agency, moment=unit.moment, deal_id=deal_id)

    attempts = [lambda key=key: agree(key) for key in made]
    assert await outcomes(*attempts) == ["done", "hold.already_reserved"]
