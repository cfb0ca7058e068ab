"""What a pledge brings to the office's form, read in one snapshot."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app.domain.asset import AssetKind
from app.domain.filing_package import NO_SUCH_RIGHTS, Case, Debt, PledgedRight, Signatory
from app.domain.party import IdentifierScheme
from app.domain.patent_number import PatentType
from app.domain.pledge import PledgeForm, ShareKind
from app.domain.pledge_life import LIVE
from app.models.asset import Asset, AssetClass
from app.models.document import Document
from app.models.event import Event
from app.models.organisation import Client, Organisation
from app.models.party import Party, PartyIdentifier
from app.models.pledge import Pledge, PledgeItem, PledgeShare
from app.models.valuation import Valuation

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


async def case(session: AsyncSession, pledge: Pledge, asset_kind: AssetKind) -> Case:
    """All that the form for the rights of one kind asks for; those tied up, or all once none is.

    Raises: `filing.no_such_rights`.
    """
    items = await _items(session, pledge.id, asset_kind)
    if not items:
        raise NO_SUCH_RIGHTS.error("path:asset_kind")
    agent_id = await _agent(session, pledge)
    lenders = await _lenders(session, pledge)
    pledgors = list(dict.fromkeys(item.pledgor_id for item, _ in items if item.pledgor_id is not None))
    wanted = {*lenders, *pledgors, pledge.borrower_id, agent_id} - {None}
    parties = await _signatories(session, [one for one in wanted if one is not None])
    ids = [asset.id for _, asset in items]
    classes = await _classes(session, ids)
    consents = [
        given["document_sha256"]
        for given in pledge.contract.get("consents", ())
        if given["asset_id"] in {str(one) for one in ids}
    ]
    return Case(
        asset_kind=asset_kind,
        pledge_number=pledge.number,
        district_code=pledge.district_code,
        debt=_debt(pledge),
        pledgees=[parties[one] for one in lenders],
        pledgors=[parties[one] for one in pledgors],
        borrower=parties.get(pledge.borrower_id) if pledge.borrower_id is not None else None,
        agent=parties.get(agent_id) if agent_id is not None else None,
        rights=[_right(item, asset, parties, classes.get(asset.id, ())) for item, asset in items],
        consents=list(dict.fromkeys(consents)),
        valuations=await _valuations(session, [item.valuation_id for item, _ in items]),
    )


async def _items(
    session: AsyncSession, pledge_id: uuid.UUID, asset_kind: AssetKind
) -> list[tuple[PledgeItem, Asset]]:
    statement = (
        select(PledgeItem, Asset)
        .join(Asset, Asset.id == PledgeItem.asset_id)
        .where(PledgeItem.pledge_id == pledge_id, PledgeItem.asset_kind == asset_kind)
        .order_by(PledgeItem.ordinal)
    )
    rows = [(item, asset) for item, asset in await session.execute(statement)]
    return [row for row in rows if row[0].status in LIVE] or rows


async def _lenders(session: AsyncSession, pledge: Pledge) -> list[uuid.UUID]:
    """The pledgees: a syndicate's lenders, its agent first, or the bank alone."""
    statement = (
        select(PledgeShare.party_id)
        .where(PledgeShare.pledge_id == pledge.id, PledgeShare.kind == ShareKind.lending)
        .order_by(PledgeShare.agent.desc(), PledgeShare.id)
    )
    found = list(dict.fromkeys(await session.scalars(statement)))
    return found or [one for one in (pledge.pledgee_id,) if one is not None]


async def _agent(session: AsyncSession, pledge: Pledge) -> uuid.UUID | None:
    """The party whose client filed the pledge on the bank's behalf, if it was not the bank's own (RB-05)."""
    statement = (
        select(Organisation.party_id)
        .join(Client, Client.organisation_id == Organisation.id)
        .join(Event, Event.client_id == Client.id)
        .where(Event.id == pledge.event_id, Organisation.id != pledge.organisation_id)
    )
    return await session.scalar(statement)


async def _signatories(session: AsyncSession, party_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Signatory]:
    code = (
        select(func.min(PartyIdentifier.value))
        .where(PartyIdentifier.party_id == Party.id, PartyIdentifier.scheme == IdentifierScheme.uscc)
        .scalar_subquery()
    )
    rows = await session.execute(select(Party, code).where(Party.id.in_(party_ids)))
    return {
        party.id: Signatory(party.name, identifier, party.country, party.address)
        for party, identifier in rows
    }


async def _classes(session: AsyncSession, asset_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[int]]:
    statement = (
        select(AssetClass.asset_id, AssetClass.nice_class)
        .where(AssetClass.asset_id.in_(asset_ids))
        .order_by(AssetClass.asset_id, AssetClass.nice_class)
    )
    found: dict[uuid.UUID, list[int]] = {}
    for asset_id, nice_class in await session.execute(statement):
        found.setdefault(asset_id, []).append(nice_class)
    return found


async def _valuations(session: AsyncSession, valuation_ids: Collection[uuid.UUID | None]) -> list[str]:
    """The hashes of the reports that are kept."""
    statement = (
        select(Document.sha256)
        .join(Valuation, Valuation.document_id == Document.id)
        .where(Valuation.id.in_([one for one in valuation_ids if one is not None]))
        .order_by(Valuation.id)
    )
    return list(dict.fromkeys(await session.scalars(statement)))


def _debt(pledge: Pledge) -> Debt:
    contract = pledge.contract
    return Debt(
        contract_number=contract.get("number"),
        contract_signed_on=pledge.contracted_on,
        claim_kind=contract.get("claim_kind"),
        form=PledgeForm(pledge.form),
        principal_fen=pledge.principal_fen,
        currency=pledge.currency,
        debt_from=pledge.debt_from,
        debt_to=pledge.debt_to,
        security_scope=contract.get("security_scope"),
    )


def _right(
    item: PledgeItem, asset: Asset, parties: dict[uuid.UUID, Signatory], classes: Sequence[int]
) -> PledgedRight:
    pledgor = parties.get(item.pledgor_id) if item.pledgor_id is not None else None
    return PledgedRight(
        number=asset.number,
        name=asset.name,
        pledgor=pledgor.name if pledgor is not None else None,
        patent_type=PatentType(asset.patent_type) if asset.patent_type else None,
        filed_on=asset.filed_on,
        granted_on=asset.granted_on,
        classes=classes,
        registered_on=asset.registered_on,
        exclusive_to=asset.last_day_in_force,
        secured_fen=item.secured_fen,
        share_ppm=item.share_ppm,
    )
