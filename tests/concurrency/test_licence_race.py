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
from app.domain.listing import Direction, ListingMode, ListingStatus
from app.domain.permission import Actor, system_actor
from app.errors import from_database
from app.infra.security import TokenIssuer
from app.queries import assets as asset_queries, listings as listing_queries
from app.services import deals, holds, listings
from app.services.deals import NewLicence
from app.services.holds import NewHold
from tests.factories.assets import make_asset
from tests.factories.parties import make_party
from tests.support.instance import Instance, instance
from tests.support.samples import actor_of, owner_of

pytestmark = pytest.mark.committed

ROUNDS = 30
TERM = (date(2025, 1, 1), date(2027, 12, 31))
Attempt = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
async def committed(server_url: str, tokens: TokenIssuer) -> AsyncIterator[Instance]:
    """An instance of this module's own."""
    async with instance(server_url, "licence_race", tokens, pool_size=2, read_pool_size=1) as made:
        yield made


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
    committed: Instance,
) -> None:
    """DEA-02, SC-02: the other hears of the conflict, round after round."""
    database = committed.database
    for _ in range(ROUNDS):
        async with database.write() as unit:
            owner, one, other = [(await make_party(unit.session)).id for _ in range(3)]
            licensor = owner_of(committed.api.samples, owner)
            asset = await make_asset(unit.session, owners=[owner])
            made = [
                await deals.draft(
                    unit.session,
                    actor=licensor,
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
                await deals.agree(unit.session, actor=licensor, moment=unit.moment, deal_id=deal.id)
                # Agreed as ordinary licences, so that no reservation decides before the signatures meet.
                deal.licence_type = LicenceType.exclusive.value

        async def sign(deal_id: uuid.UUID, licensor: Actor = licensor) -> None:
            async with database.write() as unit:
                await deals.sign(
                    unit.session, actor=licensor, moment=unit.moment, deal_id=deal_id, signed_on=TERM[0]
                )

        ids = [deal.id for deal in made]
        assert await outcomes(*(lambda key=key: sign(key) for key in ids)) == [
            "done",
            "hold.licence_conflict",
        ]


async def test_the_table_itself_admits_one_of_two_conflicting_licences(
    committed: Instance,
) -> None:
    """DEA-02: without any check before it the exclusion constraint decides."""
    database = committed.database
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
    committed: Instance,
) -> None:
    """DEA-03: two buyers race, one wins."""
    database = committed.database
    async with database.write() as unit:
        owner, buyer = [(await make_party(unit.session)).id for _ in range(2)]
        licensor = owner_of(committed.api.samples, owner)
        asset = await make_asset(unit.session, owners=[owner])
        new = NewLicence(LicenceType.sole, owner, buyer, [asset.id], "CN", "ALL", *TERM, amount_fen=100)
        made = [
            (await deals.draft(unit.session, actor=licensor, moment=unit.moment, new=new)).id
            for _ in range(2)
        ]

    async def agree(deal_id: uuid.UUID) -> None:
        async with database.write() as unit:
            await deals.agree(unit.session, actor=licensor, moment=unit.moment, deal_id=deal_id)

    attempts = [lambda key=key: agree(key) for key in made]
    assert await outcomes(*attempts) == ["done", "hold.already_reserved"]


async def listed_right(committed: Instance) -> tuple[Actor, uuid.UUID, uuid.UUID]:
    """A right offered for an exclusive licence: its owner, itself and the listing."""
    operator = actor_of(committed.api.samples, "operator")
    async with committed.database.write() as unit:
        owner = await make_party(unit.session)
        lister = owner_of(committed.api.samples, owner.id)
        asset = await make_asset(unit.session, owners=[owner.id])
        new = listings.NewListing(
            direction=Direction.offer,
            mode=ListingMode.exclusive_licence,
            name="示例许可",
            description="示例",
            expires_on=date(2099, 12, 31),
            asset_ids=[asset.id],
            owner_id=owner.id,
        )
        made = await listings.draft(unit.session, actor=lister, moment=unit.moment, new=new)
        await listings.submit(unit.session, actor=lister, moment=unit.moment, listing_id=made.id)
        await listings.approve(unit.session, actor=operator, moment=unit.moment, listing_id=made.id)
    return lister, asset.id, made.id


async def draft_from(
    committed: Instance, lister: Actor, asset_id: uuid.UUID, listing_id: uuid.UUID
) -> uuid.UUID:
    async with committed.database.write() as unit:
        buyer = await make_party(unit.session)
        new = NewLicence(
            LicenceType.exclusive,
            lister.party_id,
            buyer.id,
            [asset_id],
            "CN",
            "ALL",
            *TERM,
            amount_fen=100,
            listing_id=listing_id,
        )
        return (await deals.draft(unit.session, actor=lister, moment=unit.moment, new=new)).id


async def until_waiting(committed: Instance, sessions: int) -> None:
    """Wait until so many sessions of this database wait for locks."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(1.5):
        while await committed.owner.fetchval(waiting) < sessions:
            await asyncio.sleep(0.01)
            await committed.owner.execute("SELECT pg_stat_clear_snapshot()")


async def test_a_termination_and_the_end_of_its_reservation_take_turns(committed: Instance) -> None:
    """DEA-03: both lock rights, then listings, then deals, so that neither is given up as a deadlock."""
    lister, asset_id, listing_id = await listed_right(committed)
    deal_id = await draft_from(committed, lister, asset_id, listing_id)
    database = committed.database
    async with database.write() as unit:
        await deals.agree(unit.session, actor=lister, moment=unit.moment, deal_id=deal_id)
    over = "UPDATE holds SET period = '[2020-01-01,2020-02-01)' WHERE source_id = $1"
    await committed.owner.execute(over, deal_id)

    async def terminate() -> None:
        async with database.write() as unit:
            await deals.terminate(
                unit.session,
                actor=lister,
                moment=unit.moment,
                deal_id=deal_id,
                reason="协商未果",
                terminated_on=unit.moment.today,
            )

    async def release() -> int:
        async with database.write() as unit:
            return await deals.release_due(unit.session, actor=system_actor("job"), moment=unit.moment)

    async with committed.owner.transaction():
        await committed.owner.execute("SELECT 1 FROM deals WHERE id = $1 FOR UPDATE", deal_id)
        terminating = asyncio.create_task(terminate())
        await until_waiting(committed, 1)
        releasing = asyncio.create_task(release())
        await until_waiting(committed, 2)
    await terminating
    assert await releasing == 0
    status = await committed.owner.fetchval("SELECT status FROM listings WHERE id = $1", listing_id)
    assert status == ListingStatus.published


async def test_a_right_under_decision_can_be_named_in_a_draft(committed: Instance) -> None:
    """The locks of a decision leave room for rows that refer to the right and its listing."""
    lister, asset_id, listing_id = await listed_right(committed)
    async with committed.database.write() as unit:
        await asset_queries.lock_rights(unit.session, [asset_id])
        await listing_queries.lock(unit.session, [listing_id])
        await draft_from(committed, lister, asset_id, listing_id)
