"""`/v1/parties`: the national register of parties."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.permission import Permission
from app.models.party import Party, PartyIdentifier
from app.queries import parties as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page
from app.schemas.party import IdentifierOut, PartyIn, PartyOut
from app.services import parties

router = APIRouter(prefix="/v1/parties", tags=["parties"])


def out(party: Party, identifiers: list[PartyIdentifier]) -> PartyOut:
    """The party as it is shown."""
    return PartyOut(
        id=party.id,
        kind=party.kind,
        name=party.name,
        district_code=party.district_code,
        country=party.country,
        address=party.address,
        registered_on=party.registered_on,
        imported=party.imported,
        identifiers=[IdentifierOut.model_validate(identifier) for identifier in identifiers],
        version=party.version,
    )


@router.post("", status_code=201, response_model=PartyOut)
async def register(body: PartyIn, unit: Annotated[WriteUnit, writes(Permission.party_write)]) -> Response:
    """Enter a party with its identifiers. Refuses: bad identifiers, an identifier already taken."""
    new = parties.NewParty(
        kind=body.kind,
        name=body.name,
        district_code=body.district_code,
        identifiers=[parties.NewIdentifier(given.scheme, given.value) for given in body.identifiers],
        country=body.country,
        address=body.address,
        registered_on=body.registered_on,
    )
    party = await parties.register(unit.session, actor=unit.actor, moment=unit.moment, new=new)
    found = await queries.identifiers(unit.session, [party.id])
    return await unit.reply(201, out(party, found[party.id]), headers={"ETag": etag(party.version)})


@router.get("")
async def search(
    unit: Annotated[ReadUnit, reads(Permission.party_read)],
    paging: PageDep,
    name: Annotated[str | None, Query(description="Exact name, however it is written.")] = None,
    identifier: Annotated[str | None, Query(description="An identifier's value.")] = None,
) -> Page[PartyOut]:
    """List parties, by name or identifier if given."""
    statement = queries.matching(name=name, identifier=identifier)
    found = await page(
        unit.session,
        statement,
        Party.id,
        paging.wanted,
    )
    identifiers = await queries.identifiers(unit.session, [party.id for party in found.rows])
    items = [out(party, identifiers[party.id]) for party in found.rows]
    return paging.answer(found, items)


@router.get("/{party_id}")
async def get(
    party_id: uuid.UUID, unit: Annotated[ReadUnit, reads(Permission.party_read)], response: Response
) -> PartyOut:
    """One party."""
    party = await queries.get(unit.session, party_id)
    response.headers["ETag"] = etag(party.version)
    identifiers = await queries.identifiers(unit.session, [party_id])
    return out(party, identifiers[party_id])
