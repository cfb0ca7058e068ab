"""Rights, pledges, consents and deals for tests of consents, over the API and at the services."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.permission import system_actor
from app.models.deal import Deal
from app.queries import assets as asset_queries
from app.services import consents
from tests.factories.assets import make_asset
from tests.factories.clock import now
from tests.factories.parties import make_party
from tests.factories.pledges import filing
from tests.support.api import Api
from tests.support.database import SavepointDatabase

TODAY = now().today
CONSENTS, REQUESTS = "/v1/consents", "/v1/consents/requests"


@dataclass
class Stage:
    """An enterprise with rights, a buyer, and two banks that lend on them."""

    api: Api
    database: SavepointDatabase
    owner: uuid.UUID
    buyer: uuid.UUID

    async def right(self, *others: uuid.UUID) -> uuid.UUID:
        async with self.database.write() as unit:
            return (await make_asset(unit.session, owners=[self.owner, *others])).id

    async def pledged(self, *rights: uuid.UUID, bank: str = "bank_a") -> None:
        await self.api.made(bank, "/v1/pledges", filing(self.owner, list(rights)))

    def body(self, *rights: uuid.UUID, **changes: object) -> dict[str, object]:
        """A consent of the pledgee to a licence of the rights."""
        return {
            "kind": "pledgee",
            "action": "licence",
            "asset_ids": [str(right) for right in rights],
        } | changes

    async def asked(self, *rights: uuid.UUID, **changes: object) -> dict[str, Any]:
        return await self.api.made("sme", REQUESTS, self.body(*rights, **changes))

    async def given(self, *rights: uuid.UUID, bank: str = "bank_a", **changes: object) -> dict[str, Any]:
        return await self.api.made(bank, CONSENTS, self.body(*rights, **changes))

    async def deal(self, *rights: uuid.UUID, **changes: Any) -> uuid.UUID:
        """A draft of a licence, or of a transfer, of the rights to the buyer."""
        body = {
            "grantor_id": str(self.owner),
            "grantee_id": str(self.buyer),
            "asset_ids": [str(right) for right in rights],
            "amount": {"amount": "1000.00"},
        } | changes
        if body.get("kind") != "transfer":
            body = {"licence_type": "ordinary", "term_from": "2025-01-01", "term_to": "2027-12-31"} | body
        return uuid.UUID((await self.api.made("sme", "/v1/deals", body))["id"])

    async def take(
        self, session: AsyncSession, deal_id: uuid.UUID, *rights: uuid.UUID
    ) -> tuple[consents.Chosen, list[tuple[str, str | None, dict[str, Any]]]]:
        """Choose what a deal needs and, if nothing is missing, use it; the violations as plain values."""
        deal = (await session.scalars(select(Deal).where(Deal.id == deal_id))).one()
        locked = await asset_queries.lock_rights(session, list(rights))
        chosen, lacking = await consents.choose(session, deal=deal, rights=locked, today=TODAY)
        if not lacking:
            await consents.use(
                session,
                actor=system_actor("test"),
                moment=now(),
                deal=deal,
                chosen=chosen,
                event_id=deal.event_id,
            )
        return chosen, [(one.code.code, one.pointer, dict(one.facts)) for one in lacking]

    async def taken(self, deal_id: uuid.UUID, *rights: uuid.UUID) -> list[str]:
        """Codes of what the deal lacks, at most; its consents are used if there are none."""
        async with self.database.write() as unit:
            _, lacking = await self.take(unit.session, deal_id, *rights)
        return [code for code, _, _ in lacking]


async def make_stage(api: Api, database: SavepointDatabase) -> Stage:
    """The sample enterprise and a buyer."""
    async with database.write() as unit:
        buyer = await make_party(unit.session)
    return Stage(api, database, api.samples["sme"].organisation.party_id, buyer.id)
