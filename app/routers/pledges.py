"""`/v1/pledges`: filing with every objection in one answer, and how the loans are classified."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.permission import Permission
from app.domain.pledge import PledgeStatus
from app.domain.pledge_filing import NewItem, NewPledge, NewShare
from app.domain.pledge_ground import Acknowledgement, Consent, Contract
from app.domain.pledge_life import fully_secured
from app.models.pledge import LoanClassification, Pledge, PledgeItem, PledgeShare
from app.queries import pledge_classifications, pledges as queries, pools as pool_queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import MoneyOut, Page
from app.schemas.pledge import (
    AcknowledgementIn,
    ClassificationIn,
    ClassificationOut,
    PledgeConsentIn,
    PledgeIn,
    PledgeItemOut,
    PledgeOut,
    PledgeShareOut,
)
from app.services import idempotency, pledges

router = APIRouter(prefix="/v1/pledges", tags=["pledges"])


def out(
    pledge: Pledge | pledges.FiledPledge,
    items: Sequence[tuple[PledgeItem | pledges.FiledItem, str]],
    covered_fen: int | None,
    shares: Sequence[PledgeShare | NewShare],
) -> PledgeOut:
    """A pledge as it is shown."""
    currency = pledge.currency
    return PledgeOut(
        id=pledge.id,
        number=pledge.number,
        district_code=pledge.district_code,
        status=pledge.status,
        pledgee_id=pledge.pledgee_id,
        borrower_id=pledge.borrower_id,
        pool_id=pledge.pool_id,
        principal=MoneyOut.of(pledge.principal_fen, currency) if pledge.principal_fen is not None else None,
        covered=MoneyOut.of(covered_fen, currency) if covered_fen is not None else None,
        form=pledge.form,
        ip_share_bp=pledge.ip_share_bp,
        debt_from=pledge.debt_from,
        debt_to=pledge.debt_to,
        filed_on=pledge.filed_on,
        registered_on=pledge.registered_on,
        mixed_on=pledge.mixed_on,
        ended_on=pledge.ended_on,
        short_since=pledge.short_since,
        unsecured_since=pledge.unsecured_since,
        contracted_on=pledge.contracted_on,
        fully_secured=fully_secured(
            ((item.required, PledgeStatus(item.status)) for item, _ in items), pledge.unsecured_since
        ),
        rule_pack=pledge.rule_pack,
        imported=pledge.imported,
        items=[
            PledgeItemOut(
                asset_id=item.asset_id,
                number=number,
                asset_kind=item.asset_kind,
                pledgor_id=item.pledgor_id,
                secured=MoneyOut.of(item.secured_fen, currency) if item.secured_fen is not None else None,
                share_ppm=item.share_ppm,
                required=item.required,
                valuation_id=item.valuation_id,
                rank=item.rank,
                status=item.status,
                registration_no=item.registration_no,
                registered_on=item.registered_on,
                expires_on=item.expires_on,
            )
            for item, number in items
        ],
        shares=[PledgeShareOut.model_validate(share) for share in shares],
        version=pledge.version,
    )


@router.post("", status_code=201, response_model=PledgeOut)
async def file(body: PledgeIn, unit: Annotated[WriteUnit, writes(Permission.pledge_file)]) -> Response:
    """File a pledge: pre-check, liens and the pool's commitment in one transaction.

    Answers 201, or one problem with every objection: the twelve grounds of the office (专利权质押登记
    办法第11条) and the pool's own limits. Grounds that need knowledge only (same-day twin, invalidation
    started, status older than 7 days) pass with both parties' dated acknowledgement.
    """
    answer = await pledges.file(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        new=new_pledge(body),
        render=_answer,
        key=unit.key,
    )
    return await unit.reply_bytes(201, answer.body, headers=answer.headers, stored=True)


def _answer(filed: pledges.FiledPledge) -> idempotency.Answer:
    return idempotency.Answer(
        201,
        {"ETag": etag(filed.version)},
        out(filed, filed.items, filed.covered_fen, filed.shares).model_dump_json().encode(),
    )


def new_pledge(body: PledgeIn) -> NewPledge:
    """A filing as a bank sent it."""
    contract = body.contract
    return NewPledge(
        borrower_id=body.borrower_id,
        principal=body.principal.money,
        debt_from=body.debt_from,
        debt_to=body.debt_to,
        contract=Contract(
            contract.number,
            contract.signed_on,
            contract.claim_kind,
            contract.security_scope,
            contract.title_transfer_on_default,
            contract.self_help_auction,
        ),
        items=[
            NewItem(
                item.asset_id,
                item.pledgor_id,
                item.secured.money if item.secured else None,
                item.valuation_id,
                item.share_ppm,
                item.required,
            )
            for item in body.items
        ],
        pool_id=body.pool_id,
        ip_share_bp=body.ip_share_bp,
        application_id=body.application_id,
        rate_over_lpr_bp=body.rate_over_lpr_bp,
        consents=consents(body.consents),
        acknowledgements=acknowledgements(body.acknowledgements),
        form=body.form,
        shares=[
            NewShare(share.kind, share.role, share.party_id, share.share_ppm, share.agent)
            for share in body.shares
        ],
    )


def consents(given: Sequence[PledgeConsentIn]) -> list[Consent]:
    """Consents of co-owners as a bank sent them."""
    return [Consent(one.asset_id, one.party_id, one.consented_on, one.document_sha256) for one in given]


def acknowledgements(given: Sequence[AcknowledgementIn]) -> list[Acknowledgement]:
    """Acknowledgements of both parties as a bank sent them."""
    return [Acknowledgement(one.asset_id, one.code, one.pledgor_on, one.pledgee_on) for one in given]


@router.get("")
async def search(
    unit: Annotated[ReadUnit, reads(Permission.pledge_read)], paging: PageDep
) -> Page[PledgeOut]:
    """List the pledges the caller may see."""
    found = await page(unit.session, queries.visible(unit.actor), Pledge.id, paging.wanted)
    return paging.answer(found, await _outs(unit, found.rows))


@router.get("/{pledge_id}")
async def get(
    pledge_id: uuid.UUID, unit: Annotated[ReadUnit, reads(Permission.pledge_read)], response: Response
) -> PledgeOut:
    """One pledge; another bank's is not found."""
    pledge = await queries.get(unit.session, unit.actor, pledge_id)
    response.headers["ETag"] = etag(pledge.version)
    return await shown(unit, pledge)


@router.post("/{pledge_id}/classifications", status_code=201, response_model=ClassificationOut)
async def classify(
    pledge_id: uuid.UUID,
    body: ClassificationIn,
    unit: Annotated[WriteUnit, writes(Permission.pledge_classify)],
) -> Response:
    """Report the loan's class; the breaker of the pool that covers it is evaluated with it (RP-13)."""
    new = pledges.NewClassification(
        body.loan_class,
        body.outstanding.money if body.outstanding is not None else None,
        body.overdue_days,
        body.occurred_on,
    )
    made = await pledges.classify(
        unit.session, actor=unit.actor, moment=unit.moment, pledge_id=pledge_id, new=new
    )
    return await unit.reply(201, _classification(made))


@router.get("/{pledge_id}/classifications")
async def classifications(
    pledge_id: uuid.UUID, unit: Annotated[ReadUnit, reads(Permission.pledge_read)], paging: PageDep
) -> Page[ClassificationOut]:
    """The loan's classifications in the order they were reported, for its bank and the pool's offices."""
    pledge = await queries.get(unit.session, unit.actor, pledge_id)
    statement = pledge_classifications.visible(unit.actor, pledge)
    found = await page(unit.session, statement, LoanClassification.id, paging.wanted)
    return paging.answer(found, [_classification(row) for row in found.rows])


def _classification(row: LoanClassification) -> ClassificationOut:
    return ClassificationOut(
        id=row.id,
        pledge_id=row.pledge_id,
        loan_class=row.loan_class,
        outstanding=MoneyOut.of(row.outstanding_fen),
        overdue_days=row.overdue_days,
        occurred_on=row.occurred_on,
        recorded_at=row.recorded_at,
    )


async def shown(unit: ReadUnit | WriteUnit, pledge: Pledge) -> PledgeOut:
    """A pledge with its rights, its cover and its shares, as it is shown."""
    [one] = await _outs(unit, [pledge])
    return one


async def _outs(unit: ReadUnit | WriteUnit, rows: Sequence[Pledge]) -> list[PledgeOut]:
    ids = [pledge.id for pledge in rows]
    items = await queries.items(unit.session, ids)
    covered = await pool_queries.covered(unit.session, ids)
    shares = await queries.shares(unit.session, ids)
    return [
        out(pledge, items[pledge.id], covered.get(pledge.id), shares.get(pledge.id, ())) for pledge in rows
    ]
