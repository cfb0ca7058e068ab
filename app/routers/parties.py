"""`/v1/parties`: the national register of parties."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.errors import refuse_if
from app.domain.permission import Permission
from app.domain.request import date_faults
from app.models.party import Party, PartyIdentifier
from app.queries import parties as queries, party_histories, party_successions
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Day, Instant, Page
from app.schemas.party import (
    FoundPartyOut,
    IdentifierOut,
    PartyIn,
    PartyOnOut,
    PartyOut,
    SizeOut,
    SuccessorOut,
)
from app.services import parties

router = APIRouter(prefix="/v1/parties", tags=["parties"])

Reading = Annotated[ReadUnit, reads(Permission.party_read)]


def _shown(party: Party, identifiers: list[PartyIdentifier]) -> dict[str, Any]:
    return {
        "id": party.id,
        "kind": party.kind,
        "name": party.name,
        "district_code": party.district_code,
        "country": party.country,
        "address": party.address,
        "registered_on": party.registered_on,
        "imported": party.imported,
        "identifiers": [IdentifierOut.model_validate(identifier) for identifier in identifiers],
        "version": party.version,
    }


def _successor(found: party_successions.Successor | None) -> SuccessorOut | None:
    return SuccessorOut.model_validate(found) if found is not None else None


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
    shown = PartyOut(**_shown(party, found[party.id]))
    return await unit.reply(201, shown, headers={"ETag": etag(party.version)})


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    name: Annotated[
        str | None, Query(description="Exact name, present or former, however it is written.")
    ] = None,
    identifier: Annotated[str | None, Query(description="An identifier's value.")] = None,
) -> Page[FoundPartyOut]:
    """List parties, by any of their names or an identifier if given, each with who it is today."""
    statement = queries.matching(name=name, identifier=identifier)
    found = await page(unit.session, statement, Party.id, paging.wanted)
    ids = [party.id for party in found.rows]
    identifiers = await queries.identifiers(unit.session, ids)
    names = await queries.found_as(unit.session, found.rows, name) if name is not None else {}
    later = await party_successions.last_successors(unit.session, ids, unit.moment.today)
    items = [
        FoundPartyOut(
            **_shown(party, identifiers[party.id]),
            found_as=names.get(party.id),
            successor=_successor(later.get(party.id)),
        )
        for party in found.rows
    ]
    return paging.answer(found, items)


@router.get("/{party_id}")
async def get(
    party_id: uuid.UUID,
    unit: Reading,
    response: Response,
    on: Annotated[Day | None, Query(description="As it was on this day; today by default.")] = None,
    known_at: Annotated[Instant | None, Query(description="By what was known then; now by default.")] = None,
) -> PartyOnOut:
    """One party, as it is or as it was on a day: name, district, size and roles."""
    today = unit.moment.today
    refuse_if(date_faults("query:on", on or today, today=today))
    party = await queries.get(unit.session, party_id)
    state = await party_histories.state(unit.session, party, on=on or today, known_at=known_at)
    response.headers["ETag"] = etag(party.version)
    identifiers = await queries.identifiers(unit.session, [party_id])
    later = await party_successions.last_successors(unit.session, [party_id], today)
    return PartyOnOut(
        **_shown(party, identifiers[party_id]) | {"name": state.name, "district_code": state.district_code},
        on=state.on,
        known_at=state.known_at or unit.moment.now,
        size=SizeOut.model_validate(state.size) if state.size is not None else None,
        roles=list(state.roles),
        successor=_successor(later.get(party_id)),
    )
