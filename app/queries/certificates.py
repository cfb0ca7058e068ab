"""Reads and locks of certificates, who may see them, and what became of what they certify."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Select, select

from app.domain import asset as asset_rules, certificate as rules, certificate_search as search_rules
from app.domain.certificate import CERTIFIED_KINDS, CertificateStatus
from app.domain.district import NATIONAL
from app.models.asset import Asset
from app.models.certificate import Certificate, CertificateKey
from app.models.organisation import Organisation
from app.models.party import Party
from app.queries import documents, seals
from app.queries.asset_history import state_at
from app.queries.certificate_searches import news, search_at
from app.queries.districts import seen_by
from app.queries.driver import driver

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.certificate_search import Search
    from app.domain.permission import Actor

NEWS = 20
"""Moments of news about a right that are looked at to say since when a certificate is superseded."""

_NEWS = """
SELECT DISTINCT moment FROM (
  SELECT recorded_at AS moment FROM asset_status_changes WHERE asset_id = $1
  UNION ALL
  SELECT unnest(ARRAY[recorded_at, ceased_at, superseded_at]) FROM titles WHERE asset_id = $1
  UNION ALL
  SELECT unnest(ARRAY[recorded_at, ended_at]) FROM holds WHERE asset_id = $1 AND kind = ANY($3::text[])
) AS news WHERE moment > $2 ORDER BY moment LIMIT $4
"""


@dataclass(frozen=True, slots=True)
class Present:
    """What the register says now of what was certified, and since when if it says something else."""

    state_sha256: str
    changed_at: datetime | None


def visible(actor: Actor) -> Select[Certificate]:
    """Certificates of the caller's organisation, and those of the district it regulates."""
    mine = Certificate.organisation_id == actor.organisation_id
    return select(Certificate).where(seen_by(actor, Certificate.district_code, mine))


def matching(
    statement: Select[Certificate],
    *,
    asset_id: uuid.UUID | None = None,
    party_id: uuid.UUID | None = None,
    status: CertificateStatus | None = None,
) -> Select[Certificate]:
    """`statement` narrowed by what is given."""
    given = (
        (Certificate.asset_id, asset_id),
        (Certificate.party_id, party_id),
        (Certificate.status, status),
    )
    for column, value in given:
        if value is not None:
            statement = statement.where(column == value)
    return statement


async def get(
    session: AsyncSession, actor: Actor, certificate_id: uuid.UUID, *, lock: bool = False
) -> Certificate:
    """One certificate the caller may see, locked and fresh if asked. Raises: `certificate.not_found`."""
    statement = visible(actor).where(Certificate.id == certificate_id)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    certificate = (await session.scalars(statement)).one_or_none()
    if certificate is None:
        raise rules.NOT_FOUND.error("path:certificate_id", certificate_id=certificate_id)
    return certificate


async def by_code(session: AsyncSession, code: str) -> tuple[Certificate, bytes]:
    """The certificate of a code with the public key it was signed with, whoever asks.

    Raises: `certificate.not_found`.
    """
    if rules.CODE.fullmatch(code):
        statement = (
            select(Certificate, CertificateKey.public_key)
            .join(CertificateKey, CertificateKey.key_id == Certificate.key_id)
            .where(Certificate.code == code)
        )
        found = (await session.execute(statement)).one_or_none()
        if found is not None:
            certificate, public_key = found
            return certificate, public_key
    raise rules.NOT_FOUND.error("path:code")


async def keys(session: AsyncSession) -> Sequence[CertificateKey]:
    """Every key that certificates were signed with, the oldest first."""
    return (await session.scalars(select(CertificateKey).order_by(CertificateKey.recorded_at))).all()


async def pdf(session: AsyncSession, certificate: Certificate) -> bytes:
    """The page as it was handed out."""
    return await documents.of_sha256(session, certificate.pdf_sha256)


async def hold_still(session: AsyncSession, asset_id: uuid.UUID) -> None:
    """Wait for changes of the right under way, and keep others off to the end of the transaction.

    Raises: `asset.not_found`.
    """
    statement = select(Asset.id).where(Asset.id == asset_id).with_for_update(read=True)
    if (await session.execute(statement)).first() is None:
        raise asset_rules.NOT_FOUND.error("/asset_id", asset_id=asset_id)


async def name_of(session: AsyncSession, organisation_id: uuid.UUID) -> str:
    """What an organisation is called."""
    statement = select(Party.name).join(Organisation, Organisation.party_id == Party.id)
    return (await session.scalars(statement.where(Organisation.id == organisation_id))).one()


async def seal(session: AsyncSession) -> dict[str, str | int] | None:
    """The end of the register's chain of seals; None before the first."""
    head = (await seals.heads(session, [NATIONAL])).get(NATIONAL)
    return {"stream": NATIONAL, "seq": head.seq, "hash": head.hash.hex()} if head else None


async def present(session: AsyncSession, certificate: Certificate, now: datetime) -> Present:
    """What is known now of the day certified; of a long run of news the first `NEWS` are looked at."""
    told = rules.read(certificate.body)
    if told["format"] == search_rules.FORMAT or certificate.asset_id is None:
        discharged = bool(told["state"]["include_discharged"])
        return await _search_present(session, certificate, now, discharged=discharged)
    asset_id, on = certificate.asset_id, certificate.on
    known = rules.state_sha256(await state_at(session, asset_id, on=on, known_at=now))
    if known == certificate.state_sha256:
        return Present(known, None)
    kinds = [kind.value for kind in CERTIFIED_KINDS]
    connection = await driver(session)
    for row in await connection.fetch(_NEWS, asset_id, certificate.known_at, kinds, NEWS):
        then = await state_at(session, asset_id, on=on, known_at=row["moment"])
        if rules.state_sha256(then) != certificate.state_sha256:
            return Present(known, row["moment"])
    return Present(known, None)


async def _search_present(
    session: AsyncSession, certificate: Certificate, now: datetime, *, discharged: bool
) -> Present:
    """What the same search finds now."""

    async def known(at: datetime) -> Search:
        return await search_at(
            session,
            asset_id=certificate.asset_id,
            party_id=certificate.party_id,
            on=certificate.on,
            known_at=at,
            discharged=discharged,
        )

    present = await known(now)
    sha256 = search_rules.state_sha256(present)
    if sha256 == certificate.state_sha256:
        return Present(sha256, None)
    for moment in await news(session, present, after=certificate.known_at, limit=NEWS):
        if search_rules.state_sha256(await known(moment)) != certificate.state_sha256:
            return Present(sha256, moment)
    return Present(sha256, None)
