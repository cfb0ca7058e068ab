"""`/v1/parties/{party_id}/…`: names, districts, sizes, roles and successions of a party over time."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.party import NewSuccession
from app.domain.permission import Permission
from app.models.party import PartyDistrict, PartyName, PartyRoleChange, PartySize, PartySuccession
from app.queries import parties as queries, party_histories as histories, party_successions
from app.queries.paging import page
from app.queries.party_successions import Succession
from app.routers.dependencies import ReadUnit, WriteUnit, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page
from app.schemas.party import (
    DistrictIn,
    DistrictOut,
    NameIn,
    NameOut,
    RoleIn,
    RoleOut,
    SizeIn,
    SizeOut,
    SuccessionIn,
    SuccessionOut,
)
from app.services import parties

router = APIRouter(prefix="/v1/parties/{party_id}", tags=["parties"])

Writing = Annotated[WriteUnit, writes(Permission.party_write)]
Reading = Annotated[ReadUnit, reads(Permission.party_read)]


@router.post("/names", status_code=201, response_model=NameOut)
async def rename(party_id: uuid.UUID, body: NameIn, unit: Writing) -> Response:
    """Record the name a party has from a day on. News of an earlier day may leave its name of today."""
    made = await parties.rename(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        party_id=party_id,
        name=body.name,
        effective_on=body.effective_on,
        source=body.source,
    )
    return await unit.reply(201, NameOut.model_validate(made))


@router.get("/names")
async def names(party_id: uuid.UUID, unit: Reading, paging: PageDep) -> Page[NameOut]:
    """All names of a party, in the order in which they became known; none: its name since ever."""
    await queries.get(unit.session, party_id)
    statement = histories.of(PartyName, party_id)
    found = await page(unit.session, statement, PartyName.id, paging.wanted)
    return paging.answer(found, [NameOut.model_validate(row) for row in found.rows])


@router.post("/districts", status_code=201, response_model=DistrictOut)
async def move(party_id: uuid.UUID, body: DistrictIn, unit: Writing) -> Response:
    """Record the district a party is registered in from a day on; what is counted of that day on follows."""
    made = await parties.move(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        party_id=party_id,
        district_code=body.district_code,
        effective_on=body.effective_on,
        source=body.source,
    )
    return await unit.reply(201, DistrictOut.model_validate(made))


@router.get("/districts")
async def districts(party_id: uuid.UUID, unit: Reading, paging: PageDep) -> Page[DistrictOut]:
    """All districts of a party, in the order in which they became known; none: its district since ever."""
    await queries.get(unit.session, party_id)
    statement = histories.of(PartyDistrict, party_id)
    found = await page(unit.session, statement, PartyDistrict.id, paging.wanted)
    return paging.answer(found, [DistrictOut.model_validate(row) for row in found.rows])


@router.post("/sizes", status_code=201, response_model=SizeOut)
async def classify(party_id: uuid.UUID, body: SizeIn, unit: Writing) -> Response:
    """Class an enterprise by its figures of a year, under the table in force then."""
    new = parties.NewSize(
        year=body.year,
        industry=body.industry,
        employees=body.employees,
        revenue_wan=body.revenue_wan,
        assets_wan=body.assets_wan,
        source=body.source,
    )
    made = await parties.classify(
        unit.session, actor=unit.actor, moment=unit.moment, party_id=party_id, new=new
    )
    return await unit.reply(201, SizeOut.model_validate(made))


@router.get("/sizes")
async def sizes(party_id: uuid.UUID, unit: Reading, paging: PageDep) -> Page[SizeOut]:
    """All figures reported of a party and the class each gave."""
    await queries.get(unit.session, party_id)
    statement = histories.of(PartySize, party_id)
    found = await page(unit.session, statement, PartySize.id, paging.wanted)
    return paging.answer(found, [SizeOut.model_validate(row) for row in found.rows])


@router.post("/roles", status_code=201, response_model=RoleOut)
async def change_role(party_id: uuid.UUID, body: RoleIn, unit: Writing) -> Response:
    """Record that a party took a role on a day, or gave it up."""
    made = await parties.change_role(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        party_id=party_id,
        role=body.role,
        begins=body.begins,
        effective_on=body.effective_on,
        source=body.source,
    )
    return await unit.reply(201, RoleOut.model_validate(made))


@router.get("/roles")
async def roles(party_id: uuid.UUID, unit: Reading, paging: PageDep) -> Page[RoleOut]:
    """The roles a party took and gave up."""
    await queries.get(unit.session, party_id)
    statement = histories.of(PartyRoleChange, party_id)
    found = await page(unit.session, statement, PartyRoleChange.id, paging.wanted)
    return paging.answer(found, [RoleOut.model_validate(row) for row in found.rows])


def _succession(found: Succession) -> SuccessionOut:
    row = found.row
    return SuccessionOut(
        id=row.id,
        predecessor_id=row.predecessor_id,
        predecessor_name=found.predecessor_name,
        successor_id=row.successor_id,
        successor_name=found.successor_name,
        kind=row.kind,
        occurred_on=row.occurred_on,
        source=row.source,
        counts=found.counts,
        recorded_at=row.recorded_at,
    )


@router.post("/successions", status_code=201, response_model=SuccessionOut)
async def succeed(party_id: uuid.UUID, body: SuccessionIn, unit: Writing) -> Response:
    """Record that another party follows this one. A new name of one legal person is posted to `names`."""
    new = NewSuccession(
        predecessor_id=party_id,
        successor_id=body.successor_id,
        kind=body.kind,
        occurred_on=body.occurred_on,
        source=body.source,
    )
    made = await parties.succeed(unit.session, actor=unit.actor, moment=unit.moment, new=new)
    (shown,) = await party_successions.told(unit.session, [made])
    return await unit.reply(201, _succession(shown))


@router.get("/successions")
async def successions(party_id: uuid.UUID, unit: Reading, paging: PageDep) -> Page[SuccessionOut]:
    """Whom a party follows and who follows it."""
    await queries.get(unit.session, party_id)
    statement = party_successions.of(party_id)
    found = await page(unit.session, statement, PartySuccession.id, paging.wanted)
    told = await party_successions.told(unit.session, found.rows)
    return paging.answer(found, [_succession(one) for one in told])
