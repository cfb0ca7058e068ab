"""`/v1/consents`: pledgees and co-owners allow deals; what they allow is used when a deal is signed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from starlette.responses import Response

from app.domain.consent import ConsentKind, ConsentStatus
from app.domain.permission import Permission
from app.models.consent import Consent
from app.queries import consents as queries
from app.queries.paging import page
from app.routers.dependencies import ReadUnit, WriteUnit, etag, reads, writes
from app.routers.paging import PageDep
from app.schemas.common import MoneyOut, Page, ReasonIn
from app.schemas.consent import ConsentIn, ConsentOut, ConsentRequestIn, ConsentScopeIn, ConsentTermsIn
from app.services import consents

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.permission import Actor

router = APIRouter(prefix="/v1/consents", tags=["consents"])

Writing = Annotated[WriteUnit, writes(Permission.consent_write)]
Reading = Annotated[ReadUnit, reads(Permission.consent_read)]


async def _shown(session: AsyncSession, actor: Actor, rows: Sequence[Consent]) -> list[ConsentOut]:
    ids = [consent.id for consent in rows]
    items = await queries.items(session, ids)
    uses = await queries.uses(session, ids)
    return [
        _out(
            consent,
            list(dict.fromkeys(item.asset_id for item in items[consent.id])),
            uses[consent.id],
            disclosed=queries.discloses_grantor(actor, consent),
        )
        for consent in rows
    ]


def _out(consent: Consent, asset_ids: list[uuid.UUID], uses: int, *, disclosed: bool) -> ConsentOut:
    return ConsentOut(
        id=consent.id,
        number=consent.number,
        district_code=consent.district_code,
        kind=consent.kind,
        action=consent.action,
        licence_type=consent.licence_type,
        grantee_id=consent.grantee_id,
        grantor_id=consent.grantor_id if disclosed else None,
        organisation_id=consent.organisation_id if disclosed else None,
        requested_by=consent.requested_by,
        asset_ids=asset_ids,
        floor=None if consent.floor_fen is None else MoneyOut.of(consent.floor_fen),
        valid_from=consent.valid_from,
        valid_to=consent.valid_to,
        max_uses=consent.max_uses,
        uses=uses,
        proceeds=consent.proceeds,
        document_id=consent.document_id if disclosed else None,
        note=consent.note,
        reason=consent.reason,
        status=consent.status,
        decided_on=consent.decided_on,
        version=consent.version,
    )


def _new(body: ConsentScopeIn) -> consents.NewConsent:
    return consents.NewConsent(
        kind=body.kind,
        action=body.action,
        asset_ids=body.asset_ids,
        licence_type=body.licence_type,
        grantee_id=body.grantee_id,
        grantor_id=body.grantor_id,
        note=body.note,
    )


def _terms(body: ConsentIn | ConsentTermsIn) -> consents.Terms:
    return consents.Terms(
        floor=body.floor.money if body.floor else None,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        max_uses=body.max_uses,
        proceeds=body.proceeds,
        document_id=body.document_id,
    )


async def _answer(unit: WriteUnit, consent: Consent, status_code: int = 200) -> Response:
    (shown,) = await _shown(unit.session, unit.actor, [consent])
    return await unit.reply(status_code, shown, headers={"ETag": etag(consent.version)})


@router.post("/requests", status_code=201, response_model=ConsentOut)
async def request(body: ConsentRequestIn, unit: Writing) -> Response:
    """Ask the pledgee of rights, or a co-owner, for its consent."""
    terms = consents.Terms(floor=body.floor.money if body.floor else None, valid_to=body.valid_to)
    consent = await consents.request(
        unit.session, actor=unit.actor, moment=unit.moment, new=_new(body), terms=terms
    )
    return await _answer(unit, consent, 201)


@router.post("", status_code=201, response_model=ConsentOut)
async def give(body: ConsentIn, unit: Writing) -> Response:
    """Grant a consent that nobody asked for."""
    consent = await consents.give(
        unit.session, actor=unit.actor, moment=unit.moment, new=_new(body), terms=_terms(body)
    )
    return await _answer(unit, consent, 201)


@router.post("/{consent_id}/grant", response_model=ConsentOut)
async def grant(consent_id: uuid.UUID, body: ConsentTermsIn, unit: Writing) -> Response:
    """Grant what was asked for, on the grantor's terms."""
    consent = await consents.grant(
        unit.session, actor=unit.actor, moment=unit.moment, consent_id=consent_id, terms=_terms(body)
    )
    return await _answer(unit, consent)


@router.post("/{consent_id}/refusal", response_model=ConsentOut)
async def refuse(consent_id: uuid.UUID, body: ReasonIn, unit: Writing) -> Response:
    """Refuse what was asked for."""
    consent = await consents.refuse(
        unit.session, actor=unit.actor, moment=unit.moment, consent_id=consent_id, reason=body.reason
    )
    return await _answer(unit, consent)


@router.post("/{consent_id}/revocation", response_model=ConsentOut)
async def revoke(consent_id: uuid.UUID, body: ReasonIn, unit: Writing) -> Response:
    """Take a consent back before its first use."""
    consent = await consents.revoke(
        unit.session, actor=unit.actor, moment=unit.moment, consent_id=consent_id, reason=body.reason
    )
    return await _answer(unit, consent)


@router.get("")
async def search(
    unit: Reading,
    paging: PageDep,
    *,
    status: ConsentStatus | None = None,
    kind: ConsentKind | None = None,
    asset_id: uuid.UUID | None = None,
) -> Page[ConsentOut]:
    """List the consents the caller may see."""
    statement = queries.matching(queries.visible(unit.actor), status=status, kind=kind, asset_id=asset_id)
    found = await page(unit.session, statement, Consent.id, paging.wanted)
    return paging.answer(found, await _shown(unit.session, unit.actor, found.rows))


@router.get("/{consent_id}")
async def get(consent_id: uuid.UUID, unit: Reading, response: Response) -> ConsentOut:
    """One consent."""
    consent = await queries.get(unit.session, unit.actor, consent_id)
    response.headers["ETag"] = etag(consent.version)
    (shown,) = await _shown(unit.session, unit.actor, [consent])
    return shown
