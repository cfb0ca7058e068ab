"""`/v1/amendments`: pledges changed, extended, released in part, or given other rights."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.amendment import (
    AmendmentKind,
    AmendmentRegistration,
    AmendmentStatus,
    Change,
    Extension,
    NewAmendment,
    PartyEntry,
    Release,
    Substitution,
    Wish,
)
from app.domain.permission import Permission
from app.domain.pledge_filing import NewItem
from app.models.amendment import Amendment
from app.queries import amendments as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.routers.pledges import acknowledgements, consents
from app.schemas.amendment import (
    AmendmentIn,
    AmendmentItemOut,
    AmendmentOut,
    AmendmentRefusalIn,
    AmendmentRegistrationIn,
    AmendmentRegistrationsIn,
    PledgeChangeIn,
    PledgeExtensionIn,
    PledgeReleaseIn,
    PledgeSubstitutionIn,
)
from app.schemas.common import Page, ReasonIn
from app.services import amendments

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(prefix="/v1", tags=["amendments"])

Writing = Annotated[WriteUnit, writes(Permission.pledge_amend)]
Reading = Annotated[ReadUnit, reads(Permission.pledge_read)]


async def _outs(session: AsyncSession, rows: Sequence[Amendment]) -> list[AmendmentOut]:
    items = await queries.items(session, [row.id for row in rows])
    return [
        AmendmentOut(
            id=row.id,
            number=row.number,
            pledge_id=row.pledge_id,
            kind=row.kind,
            status=row.status,
            changed_on=row.changed_on,
            filed_on=row.filed_on,
            late=row.late,
            detail=row.detail,
            items=[
                AmendmentItemOut(
                    asset_id=item.asset_id,
                    number=number,
                    action=item.action,
                    registered_on=item.registered_on,
                    expires_on=item.expires_on,
                )
                for item, number in items[row.id]
            ],
            document_id=row.document_id,
            reason=row.reason,
            decided_on=row.decided_on,
            district_code=row.district_code,
            version=row.version,
        )
        for row in rows
    ]


async def _answer(unit: WriteUnit, amendment: Amendment, status_code: int = 200) -> Response:
    [shown] = await _outs(unit.session, [amendment])
    return await unit.reply(status_code, shown, headers={"ETag": etag(amendment.version)})


@router.post("/pledges/{pledge_id}/amendments", status_code=201, response_model=AmendmentOut)
async def file(pledge_id: uuid.UUID, body: AmendmentIn, unit: Writing) -> Response:
    """File an amendment of a registered pledge, judged with every objection in one answer (第13条).

    A change is filed within 30 days of the day it was agreed; later it is taken and marked `late`. A larger
    principal enlarges the pool's cover at once, rights that come in are pledged at once. What is let go, and
    the end of the debt, wait for the office's registration. What it has registered on the same day may be
    given along: then filing and registration are one call, kept or refused as a whole.
    """
    new = NewAmendment(body.changed_on, _wish(body), body.document_id)
    amendment = await amendments.file(
        unit.session, actor=unit.actor, moment=unit.moment, pledge_id=pledge_id, new=new
    )
    if body.registrations:
        amendment = await _registered(unit, amendment.id, body.registrations)
    return await _answer(unit, amendment, 201)


def _wish(body: PledgeChangeIn | PledgeExtensionIn | PledgeReleaseIn | PledgeSubstitutionIn) -> Wish:
    if isinstance(body, PledgeChangeIn):
        return Change(
            principal=body.principal.money if body.principal is not None else None,
            claim_kind=body.claim_kind,
            security_scope=body.security_scope,
            parties=[PartyEntry(entry.party_id, entry.name, entry.address) for entry in body.parties],
        )
    if isinstance(body, PledgeExtensionIn):
        return Extension(body.debt_to)
    if isinstance(body, PledgeReleaseIn):
        return Release(body.asset_ids)
    return Substitution(
        items=[
            NewItem(
                item.asset_id,
                item.pledgor_id,
                item.secured.money if item.secured is not None else None,
                item.valuation_id,
            )
            for item in body.items
        ],
        asset_ids=body.asset_ids,
        consents=consents(body.consents),
        acknowledgements=acknowledgements(body.acknowledgements),
    )


async def _registered(
    unit: WriteUnit, amendment_id: uuid.UUID, given: Sequence[AmendmentRegistrationIn]
) -> Amendment:
    registrations = [
        AmendmentRegistration(one.asset_id, one.registered_on, one.registration_no, one.expires_on)
        for one in given
    ]
    return await amendments.register(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        amendment_id=amendment_id,
        registrations=registrations,
    )


@router.post("/amendments/{amendment_id}/registrations", status_code=201, response_model=AmendmentOut)
async def register(amendment_id: uuid.UUID, body: AmendmentRegistrationsIn, unit: Writing) -> Response:
    """Record the office's registrations, per right; with the last of them the amendment takes effect."""
    amendment = await _registered(unit, amendment_id, body.registrations)
    return await _answer(unit, amendment, 201)


@router.post("/amendments/{amendment_id}/refusal", response_model=AmendmentOut)
async def refuse(amendment_id: uuid.UUID, body: AmendmentRefusalIn, unit: Writing) -> Response:
    """Record that the office refused; the pledge stays as it was."""
    amendment = await amendments.refuse(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        amendment_id=amendment_id,
        reason=body.reason,
        refused_on=body.refused_on,
    )
    return await _answer(unit, amendment)


@router.post("/amendments/{amendment_id}/withdrawal", response_model=AmendmentOut)
async def withdraw(amendment_id: uuid.UUID, body: ReasonIn, unit: Writing) -> Response:
    """Take an amendment back before the office has decided on it."""
    amendment = await amendments.withdraw(
        unit.session, actor=unit.actor, moment=unit.moment, amendment_id=amendment_id, reason=body.reason
    )
    return await _answer(unit, amendment)


@router.get("/amendments")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    status: AmendmentStatus | None = None,
    kind: AmendmentKind | None = None,
    pledge_id: uuid.UUID | None = None,
) -> Page[AmendmentOut]:
    """List the amendments of the pledges the caller may see."""
    statement = queries.matching(queries.visible(unit.actor), status=status, kind=kind, pledge_id=pledge_id)
    found = await page(unit.session, statement, Amendment.id, paging.wanted)
    return paging.answer(found, await _outs(unit.session, found.rows))


@router.get("/amendments/{amendment_id}")
async def get(amendment_id: uuid.UUID, unit: Reading, response: Response) -> AmendmentOut:
    """One amendment."""
    amendment = await queries.get(unit.session, unit.actor, amendment_id)
    response.headers["ETag"] = etag(amendment.version)
    [shown] = await _outs(unit.session, [amendment])
    return shown
