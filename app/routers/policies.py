"""`/v1/policies`: IP insurance as insurers report it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain import policy as rules
from app.domain.money import BASE_CURRENCY
from app.domain.permission import Permission
from app.domain.policy import Change, DeltaDirection, NewPolicy, PolicyProduct, PolicyStatus
from app.models.policy import Policy, PolicyEndorsement
from app.queries import policies as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import MoneyOut, Page, ReasonIn
from app.schemas.policy import (
    CancellationIn,
    DeltaOut,
    EndorsementIn,
    EndorsementOut,
    InsuredAssetOut,
    PolicyIn,
    PolicyOut,
)
from app.services import policies

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

router = APIRouter(prefix="/v1/policies", tags=["policies"])

Writing = Annotated[WriteUnit, writes(Permission.policy_write)]
Reading = Annotated[ReadUnit, reads(Permission.policy_read)]


async def _outs(session: AsyncSession, rows: Sequence[Policy], today: date) -> list[PolicyOut]:
    ids = [policy.id for policy in rows]
    assets, endorsed = await queries.assets(session, ids), await queries.endorsements(session, ids)
    return [
        _out(
            policy,
            [
                InsuredAssetOut(asset_id=asset.id, kind=asset.kind, number=asset.number, name=asset.name)
                for asset in assets[policy.id]
            ],
            endorsed[policy.id],
            today,
        )
        for policy in rows
    ]


def _out(
    policy: Policy, assets: list[InsuredAssetOut], endorsed: Sequence[PolicyEndorsement], today: date
) -> PolicyOut:
    in_force = rules.in_force(
        PolicyStatus(policy.status),
        starts_on=policy.starts_on,
        ends_on=policy.ends_on,
        ended_on=policy.ended_on,
        today=today,
    )
    changes = [Change(one.occurred_on, one.delta_fen) for one in endorsed if one.occurred_on <= today]
    now = rules.sums_insured(policy.sum_insured_fen, changes)[-1] if in_force else 0
    return PolicyOut(
        id=policy.id,
        number=policy.number,
        policy_no=policy.policy_no,
        organisation_id=policy.organisation_id,
        insured_id=policy.insured_id,
        product=policy.product,
        product_name=policy.product_name,
        sum_insured=MoneyOut.of(policy.sum_insured_fen, policy.currency),
        sum_insured_now=MoneyOut.of(now, policy.currency),
        premium=MoneyOut.of(policy.premium_fen, policy.currency),
        subsidy=MoneyOut.of(policy.subsidy_fen, policy.currency),
        starts_on=policy.starts_on,
        ends_on=policy.ends_on,
        status=policy.status,
        ended_on=policy.ended_on,
        in_force=in_force,
        pledge_id=policy.pledge_id,
        assets=assets,
        endorsements=[_endorsement(one, policy.currency) for one in endorsed],
        district_code=policy.district_code,
        version=policy.version,
    )


def _endorsement(endorsement: PolicyEndorsement, currency: str) -> EndorsementOut:
    direction = DeltaDirection.increase if endorsement.delta_fen > 0 else DeltaDirection.decrease
    amount = MoneyOut.of(abs(endorsement.delta_fen), currency)
    return EndorsementOut(
        id=endorsement.id,
        endorsement_no=endorsement.endorsement_no,
        delta=DeltaOut(direction=direction, amount=amount),
        occurred_on=endorsement.occurred_on,
        reason=endorsement.reason,
        recorded_at=endorsement.recorded_at,
    )


async def _answer(unit: WriteUnit, policy: Policy, status_code: int = 200) -> Response:
    [shown] = await _outs(unit.session, [policy], unit.moment.today)
    return await unit.reply(status_code, shown, headers={"ETag": etag(policy.version)})


@router.post("", status_code=201, response_model=PolicyOut)
async def report(body: PolicyIn, unit: Writing) -> Response:
    """Report a policy; it counts in the insured's district on the day it starts."""
    new = NewPolicy(
        policy_no=body.policy_no,
        insured_id=body.insured_id,
        product=body.product,
        product_name=body.product_name,
        sum_insured=body.sum_insured.money,
        premium=body.premium.money,
        subsidy=body.subsidy.money if body.subsidy else None,
        starts_on=body.starts_on,
        ends_on=body.ends_on,
        asset_ids=body.asset_ids,
        pledge_id=body.pledge_id,
    )
    policy = await policies.report(unit.session, actor=unit.actor, moment=unit.moment, new=new)
    return await _answer(unit, policy, 201)


@router.post("/{policy_id}/endorsements", status_code=201, response_model=PolicyOut)
async def endorse(policy_id: uuid.UUID, body: EndorsementIn, unit: Writing) -> Response:
    """Raise or lower the sum insured from a day on."""
    amount = body.delta.amount
    if amount.currency != BASE_CURRENCY:
        raise rules.CURRENCY_UNSUPPORTED.error("/delta/amount/currency")
    sign = 1 if body.delta.direction is DeltaDirection.increase else -1
    policy = await policies.endorse(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        policy_id=policy_id,
        endorsement_no=body.endorsement_no,
        change=Change(body.occurred_on, sign * amount.fen),
        reason=body.reason,
    )
    return await _answer(unit, policy, 201)


@router.post("/{policy_id}/cancellation", response_model=PolicyOut)
async def cancel(policy_id: uuid.UUID, body: CancellationIn, unit: Writing) -> Response:
    """End a policy early; what it counted for stays."""
    policy = await policies.cancel(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        policy_id=policy_id,
        cancelled_on=body.cancelled_on,
        reason=body.reason,
    )
    return await _answer(unit, policy)


@router.post("/{policy_id}/voiding", response_model=PolicyOut)
async def void(policy_id: uuid.UUID, body: ReasonIn, unit: Writing) -> Response:
    """Undo a policy from its start; it counts no longer."""
    policy = await policies.void(
        unit.session, actor=unit.actor, moment=unit.moment, policy_id=policy_id, reason=body.reason
    )
    return await _answer(unit, policy)


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    product: PolicyProduct | None = None,
    status: PolicyStatus | None = None,
    insured_id: uuid.UUID | None = None,
    pledge_id: uuid.UUID | None = None,
    policy_no: Annotated[str | None, Query(max_length=64)] = None,
) -> Page[PolicyOut]:
    """List the policies the caller may see."""
    statement = queries.matching(
        queries.visible(unit.actor),
        product=product,
        status=status,
        insured_id=insured_id,
        pledge_id=pledge_id,
        policy_no=policy_no,
    )
    found = await page(unit.session, statement, Policy.id, paging.wanted)
    return paging.answer(found, await _outs(unit.session, found.rows, unit.moment.today))


@router.get("/{policy_id}")
async def get(policy_id: uuid.UUID, unit: Reading, response: Response) -> PolicyOut:
    """One policy."""
    policy = await queries.get(unit.session, unit.actor, policy_id)
    response.headers["ETag"] = etag(policy.version)
    [shown] = await _outs(unit.session, [policy], unit.moment.today)
    return shown
