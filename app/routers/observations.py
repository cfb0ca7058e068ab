"""`/v1/observations`: yearly values that departments report and the IP office checks (STA-16)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.indicator import format_value
from app.domain.observation import ObservationStatus
from app.domain.permission import Permission
from app.models.observation import Observation
from app.queries import observations as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page
from app.schemas.observation import (
    ObservationDecisionIn,
    ObservationDecisionsIn,
    ObservationIn,
    ObservationOut,
    ObservationsIn,
    ObservationsOut,
)
from app.services import observations

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(prefix="/v1/observations", tags=["observations"])

Writing = Annotated[WriteUnit, writes(Permission.observation_write)]
Checking = Annotated[WriteUnit, writes(Permission.observation_check)]
Reading = Annotated[ReadUnit, reads(Permission.observation_read)]


def _new(body: ObservationIn) -> observations.NewObservation:
    return observations.NewObservation(
        year=body.year,
        value=body.value,
        component=body.component,
        subject=body.subject,
        indicator_id=body.indicator_id,
        plan=body.plan,
        indicator=body.indicator,
        note=body.note,
        document_id=body.document_id,
    )


async def _out(session: AsyncSession, rows: Sequence[Observation]) -> list[ObservationOut]:
    labels = await queries.labels(session, {one.indicator_id for one in rows})
    return [
        ObservationOut(
            id=one.id,
            plan_id=labels[one.indicator_id].plan_id,
            plan=labels[one.indicator_id].plan_code,
            indicator_id=one.indicator_id,
            indicator=labels[one.indicator_id].indicator_code,
            component=one.component,
            subject=one.subject,
            year=one.year,
            revision=one.revision,
            value=format_value(one.value_micro),
            unit=labels[one.indicator_id].unit,
            note=one.note,
            document_id=one.document_id,
            status=one.status,
            reason=one.reason,
            organisation_id=one.organisation_id,
            submitted_on=one.submitted_on,
            decided_on=one.decided_on,
            version=one.version,
        )
        for one in rows
    ]


@router.post("", status_code=201, response_model=ObservationOut)
async def submit(body: ObservationIn, unit: Writing) -> Response:
    """Report a value as a department that answers for the indicator, or as the district's IP office."""
    made = await observations.submit(unit.session, actor=unit.actor, moment=unit.moment, new=[_new(body)])
    (shown,) = await _out(unit.session, made)
    return await unit.reply(201, shown, headers={"ETag": etag(shown.version)})


@router.post("/batch", status_code=201, response_model=ObservationsOut)
async def submit_all(body: ObservationsIn, unit: Writing) -> Response:
    """Report many values at once: all of them, or none and every fault of every row."""
    made = await observations.submit(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        new=[_new(row) for row in body.rows],
        pointers=[f"/rows/{position}" for position in range(len(body.rows))],
    )
    return await unit.reply(201, ObservationsOut(items=await _out(unit.session, made)))


@router.post("/decisions", response_model=ObservationsOut)
async def decide_all(body: ObservationDecisionsIn, unit: Checking) -> Response:
    """Take one decision on many values: on all of them, or on none and every objection is told."""
    decided = await observations.decide(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        observation_ids=body.observation_ids,
        decision=body.decision,
        reason=body.reason,
        pointers=[f"/observation_ids/{position}" for position in range(len(body.observation_ids))],
    )
    return await unit.reply(200, ObservationsOut(items=await _out(unit.session, decided)))


@router.post("/{observation_id}/decision", response_model=ObservationOut)
async def decide(observation_id: uuid.UUID, body: ObservationDecisionIn, unit: Checking) -> Response:
    """Approve a value, which then counts instead of the one approved before it, or reject it."""
    (decided,) = await observations.decide(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        observation_ids=[observation_id],
        decision=body.decision,
        reason=body.reason,
    )
    (shown,) = await _out(unit.session, [decided])
    return await unit.reply(200, shown, headers={"ETag": etag(shown.version)})


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    plan_id: uuid.UUID | None = None,
    indicator: Annotated[str | None, Query(max_length=20, description="Code, e.g. DL-02.")] = None,
    year: Annotated[int | None, Query(ge=1985, le=2200)] = None,
    status: ObservationStatus | None = None,
    mine: Annotated[bool, Query(description="Only those of the caller's organisation.")] = False,
) -> Page[ObservationOut]:
    """List the values the caller may see."""
    statement = queries.matching(
        queries.visible(unit.actor),
        plan_id=plan_id,
        indicator=indicator,
        year=year,
        status=status,
        organisation_id=unit.actor.organisation_id if mine else None,
    )
    found = await page(unit.session, statement, Observation.id, paging.wanted)
    return paging.answer(found, await _out(unit.session, found.rows))


@router.get("/{observation_id}")
async def get(observation_id: uuid.UUID, unit: Reading, response: Response) -> ObservationOut:
    """One value."""
    found = await queries.get(unit.session, unit.actor, observation_id)
    response.headers["ETag"] = etag(found.version)
    (shown,) = await _out(unit.session, [found])
    return shown
