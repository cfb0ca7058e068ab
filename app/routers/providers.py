"""`/v1/providers`: trusteeship organisations in programmes, selected with a quota by the IP office."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.permission import Actor, Permission
from app.domain.provider import ProviderStatus
from app.models.programme import Provider
from app.queries import providers as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import Page, ReasonIn
from app.schemas.provider import ExitIn, ProviderOut, SelectionIn
from app.services import providers

router = APIRouter(prefix="/v1/providers", tags=["programmes"])

Deciding = Annotated[WriteUnit, writes(Permission.programme_write)]
Reading = Annotated[ReadUnit, reads(Permission.programme_read)]


def out(provider: Provider, serving: int, actor: Actor) -> ProviderOut:
    """A provider as the caller may see it: its contract is between it and its district."""
    own = provider.organisation_id == actor.organisation_id
    knows = own or actor.oversees(provider.district_code)
    return ProviderOut(
        id=provider.id,
        programme_id=provider.programme_id,
        organisation_id=provider.organisation_id,
        district_code=provider.district_code,
        status=provider.status,
        quota=provider.quota,
        serving=serving,
        contract_no=provider.contract_no if knows else None,
        decided_on=provider.decided_on,
        exited_on=provider.exited_on,
        version=provider.version,
    )


async def answer(unit: WriteUnit, provider: Provider, status_code: int = 200) -> Response:
    """The answer to a change of a provider."""
    serving = await queries.serving(unit.session, [provider.id])
    shown = out(provider, serving[provider.id], unit.actor)
    return await unit.reply(status_code, shown, headers={"ETag": etag(provider.version)})


@router.post("/{provider_id}/selection", response_model=ProviderOut)
async def select(provider_id: uuid.UUID, body: SelectionIn, unit: Deciding) -> Response:
    """Select an applicant, with its quota and contract."""
    provider = await providers.select(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        provider_id=provider_id,
        quota=body.quota,
        contract_no=body.contract_no,
    )
    return await answer(unit, provider)


@router.post("/{provider_id}/refusal", response_model=ProviderOut)
async def decline(provider_id: uuid.UUID, body: ReasonIn, unit: Deciding) -> Response:
    """Turn an applicant down."""
    provider = await providers.decline(
        unit.session, actor=unit.actor, moment=unit.moment, provider_id=provider_id, reason=body.reason
    )
    return await answer(unit, provider)


@router.post("/{provider_id}/exit", response_model=ProviderOut)
async def exit_(provider_id: uuid.UUID, body: ExitIn, unit: Deciding) -> Response:
    """A selected provider leaves; the firms it has are given to others one by one."""
    provider = await providers.exit_(
        unit.session,
        actor=unit.actor,
        moment=unit.moment,
        provider_id=provider_id,
        exited_on=body.exited_on,
        reason=body.reason,
    )
    return await answer(unit, provider)


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    programme_id: uuid.UUID | None = None,
    organisation_id: uuid.UUID | None = None,
    status: ProviderStatus | None = None,
) -> Page[ProviderOut]:
    """List the providers the caller may see."""
    statement = queries.matching(
        queries.visible(unit.actor), programme_id=programme_id, organisation_id=organisation_id, status=status
    )
    found = await page(unit.session, statement, Provider.id, paging.wanted)
    serving = await queries.serving(unit.session, [provider.id for provider in found.rows])
    items = [out(provider, serving[provider.id], unit.actor) for provider in found.rows]
    return paging.answer(found, items)


@router.get("/{provider_id}")
async def get(provider_id: uuid.UUID, unit: Reading, response: Response) -> ProviderOut:
    """One provider."""
    provider = await queries.get(unit.session, unit.actor, provider_id)
    response.headers["ETag"] = etag(provider.version)
    serving = await queries.serving(unit.session, [provider.id])
    return out(provider, serving[provider.id], unit.actor)
