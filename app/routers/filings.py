"""`/v1/filings`: what was handed in at the office, its requests for correction, and its time limits."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain import filing as rules
from app.domain.clock import Moment
from app.domain.filing import FilingStatus
from app.domain.permission import Permission
from app.models.filing import Filing
from app.queries import filings as queries, pledges as pledge_queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page
from app.schemas.filing import CorrectionIn, FilingOut, FilingWithdrawalIn, PledgeFilingIn, ResubmissionIn
from app.services import filings, pledges, working_days

router = APIRouter(prefix="/v1", tags=["filings"])

Recording = Annotated[WriteUnit, writes(Permission.pledge_register)]
Reading = Annotated[ReadUnit, reads(Permission.pledge_read)]


def _out(filing: Filing, moment: Moment) -> FilingOut:
    return FilingOut(
        id=filing.id,
        pledge_id=filing.pledge_id,
        amendment_id=filing.amendment_id,
        district_code=filing.district_code,
        asset_kind=filing.asset_kind,
        action=filing.action,
        channel=filing.channel,
        application_no=filing.application_no,
        submitted_on=filing.submitted_on,
        due_on=filing.due_on,
        due_assumed=working_days.assumed(filing.due_on),
        overdue=rules.overdue(FilingStatus(filing.status), filing.due_on, moment.today),
        correction_reason=filing.correction_reason,
        requested_on=filing.requested_on,
        respond_by=filing.respond_by,
        corrected_on=filing.corrected_on,
        decided_on=filing.decided_on,
        announced_on=filing.announced_on,
        reason=filing.reason,
        grounds=filing.grounds or [],
        status=filing.status,
        recorded_at=filing.recorded_at,
        version=filing.version,
    )


async def _answer(unit: WriteUnit, filing: Filing) -> Response:
    return await unit.reply(201, _out(filing, unit.moment), headers={"ETag": etag(filing.version)})


@router.post("/pledges/{pledge_id}/filings", status_code=201, response_model=FilingOut)
async def submit(pledge_id: uuid.UUID, body: PledgeFilingIn, unit: Recording) -> Response:
    """Record what was handed in at the office; the answer says by when it has to decide (PL-05)."""
    filing = await filings.submit(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        pledge_id=pledge_id,
        new=filings.NewFiling(
            body.asset_kind,
            body.application_no,
            body.channel,
            body.submitted_on,
            body.action,
            body.amendment_id,
        ),
    )
    return await _answer(unit, filing)


@router.get("/pledges/{pledge_id}/filings")
async def of_pledge(pledge_id: uuid.UUID, unit: Reading, paging: PageDep) -> Page[FilingOut]:
    """What was handed in for a pledge, in its order."""
    pledge = await pledge_queries.get(unit.session, unit.actor, pledge_id)
    statement = queries.matching(queries.visible(unit.actor), pledge_id=pledge.id)
    found = await page(unit.session, statement, Filing.id, paging.wanted)
    return paging.answer(found, [_out(filing, unit.moment) for filing in found.rows])


@router.get("/filings")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    status: FilingStatus | None = None,
    overdue: Annotated[bool, Query(description="Only those on which the office is late.")] = False,
) -> Page[FilingOut]:
    """List the filings of the pledges the caller may see."""
    statement = queries.matching(
        queries.visible(unit.actor), status=status, due_before=unit.moment.today if overdue else None
    )
    found = await page(unit.session, statement, Filing.id, paging.wanted)
    return paging.answer(found, [_out(filing, unit.moment) for filing in found.rows])


@router.get("/filings/{filing_id}")
async def get(filing_id: uuid.UUID, unit: Reading, response: Response) -> FilingOut:
    """One filing."""
    filing = await queries.get(unit.session, unit.actor, filing_id)
    response.headers["ETag"] = etag(filing.version)
    return _out(filing, unit.moment)


@router.post("/filings/{filing_id}/corrections", status_code=201, response_model=FilingOut)
async def correct(filing_id: uuid.UUID, body: CorrectionIn, unit: Recording) -> Response:
    """Record that the office asks for corrections; its time stands still until they are handed in."""
    filing = await filings.correct(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        filing_id=filing_id,
        reason=body.reason,
        requested_on=body.requested_on,
        respond_by=body.respond_by,
    )
    return await _answer(unit, filing)


@router.post("/filings/{filing_id}/resubmissions", status_code=201, response_model=FilingOut)
async def resubmit(filing_id: uuid.UUID, body: ResubmissionIn, unit: Recording) -> Response:
    """Record that the corrections were handed in; the office's time begins anew."""
    filing = await filings.resubmit(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        filing_id=filing_id,
        resubmitted_on=body.resubmitted_on,
    )
    return await _answer(unit, filing)


@router.post("/filings/{filing_id}/withdrawal", status_code=201, response_model=FilingOut)
async def withdraw(filing_id: uuid.UUID, body: FilingWithdrawalIn, unit: Recording) -> Response:
    """Take a filing back from the office; one for registration takes its rights with it."""
    filing = await pledges.withdraw_filing(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        filing_id=filing_id,
        reason=body.reason,
        withdrawn_on=body.withdrawn_on,
    )
    return await _answer(unit, filing)
