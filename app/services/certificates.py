"""Certificates: issued once, kept as they were handed out, revoked, verified by anybody (UNI-25)."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.domain import certificate as rules, certificate_search as search_rules
from app.domain.certificate import CertificateEvent, CertificateStatus, Press, Verdict
from app.domain.errors import refuse_if
from app.domain.identifiers import new_id
from app.models.certificate import Certificate
from app.queries import certificate_searches, certificates as queries
from app.queries.asset_history import state_at
from app.queries.driver import driver
from app.queries.serials import next_number
from app.services import documents, events

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

CODE_BYTES = 16

_KEEP_KEY = """
INSERT INTO certificate_keys (key_id, public_key, event_id, recorded_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class NewCertificate:
    """What is to be certified: the state of a right on a day (None: today), as known at a moment (now).

    Of a party, or with what was `discharged`, it is what a search for encumbrances finds (PLG-06).
    """

    asset_id: uuid.UUID | None = None
    party_id: uuid.UUID | None = None
    on: date | None = None
    known_at: datetime | None = None
    discharged: bool = False


@dataclass(frozen=True, slots=True)
class Verification:
    """A certificate and what it is worth; `superseded_at` is the moment of the news, where it is known."""

    certificate: Certificate
    verdict: Verdict
    superseded_at: datetime | None


async def issue(
    session: AsyncSession, *, actor: Actor, moment: Moment, press: Press, new: NewCertificate
) -> Certificate:
    """Certify the state of a right, or what a search finds, sign it, set it as a page, and keep both.

    Changes of the rights that are under way are waited for. What began before and comes to them after this
    commits is later news, though it may bear an earlier time.
    Raises, all that apply: `request.date_in_future`, `certificate.known_in_future`, `.one_subject`; then
    `asset.not_found`, `party.not_found`; `certificate.right_not_yet_known`, `.party_not_yet_known`,
    `.too_many_rights`.
    """
    on, known_at = new.on or moment.today, new.known_at or moment.now
    found = rules.faults(on, known_at, today=moment.today, now=moment.now)
    refuse_if([*found, *search_rules.faults(new.asset_id, new.party_id)])
    certified = await _certified(session, new, on, known_at)
    code = base64.b32encode(secrets.token_bytes(CODE_BYTES)).rstrip(b"=").decode()
    number = await next_number(session, "certificate", actor.district_code, moment.today)
    body = certified.body(
        rules.Issue(
            number=number,
            issued_at=moment.now,
            organisation_id=actor.organisation_id,
            organisation_name=await queries.name_of(session, actor.organisation_id),
            district_code=actor.district_code,
            verify_url=press.address(code),
            sample=press.sample,
            seal=await queries.seal(session),
        ),
    )
    signature = press.sign(body.encode())
    pdf = await press.page(body, signature=signature, issued_at=moment.now)
    certificate = Certificate(
        id=new_id(),
        district_code=actor.district_code,
        number=number,
        code=code,
        asset_id=new.asset_id,
        party_id=new.party_id,
        organisation_id=actor.organisation_id,
        on=on,
        known_at=known_at,
        body=body,
        body_sha256=rules.sha256(body),
        state_sha256=certified.state_sha256,
        key_id=press.key_id,
        signature=signature,
        pdf_sha256=documents.hash_of(pdf),
        status=CertificateStatus.issued.value,
        revoked_on=None,
        reason=None,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )
    await _tell(session, actor, moment, certificate, "issued", event_id=certificate.event_id)
    await documents.keep(session, pdf)
    connection = await driver(session)
    await connection.execute(
        _KEEP_KEY, press.key_id, press.public_key, certificate.event_id, certificate.recorded_at
    )
    session.add(certificate)
    await session.flush()
    return certificate


@dataclass(frozen=True, slots=True)
class Certified:
    """What is certified, by its hash, and how its text is made."""

    state_sha256: str
    body: Callable[[rules.Issue], str]


async def _certified(session: AsyncSession, new: NewCertificate, on: date, known_at: datetime) -> Certified:
    """The state of the right, or what the search finds, nothing of it changing any more."""
    if new.asset_id is not None:
        await queries.hold_still(session, new.asset_id)
    if new.party_id is not None:
        await certificate_searches.hold_still(session, new.party_id)
    if new.asset_id is None or new.discharged:
        search = await certificate_searches.search_at(
            session,
            asset_id=new.asset_id,
            party_id=new.party_id,
            on=on,
            known_at=known_at,
            discharged=new.discharged,
        )
        refuse_if(search_rules.size_faults(search))
        return Certified(search_rules.state_sha256(search), partial(search_rules.body, search))
    right = await state_at(session, new.asset_id, on=on, known_at=known_at)
    if not right.known:
        raise rules.RIGHT_NOT_YET_KNOWN.error(
            "/known_at", number=right.number, known_at=rules.instant(known_at)
        )
    return Certified(rules.state_sha256(right), partial(rules.body, right))


async def revoke(
    session: AsyncSession, *, actor: Actor, moment: Moment, certificate_id: uuid.UUID, reason: str
) -> Certificate:
    """Withdraw a certificate, for good. Raises: `certificate.not_found`, `state.illegal_transition`."""
    certificate = await queries.get(session, actor, certificate_id, lock=True)
    certificate.advance(CertificateEvent.revoke)
    certificate.revoked_on = moment.today
    certificate.reason = reason
    await _tell(session, actor, moment, certificate, "revoked", more={"reason": reason})
    await session.flush()
    return certificate


async def verify(
    session: AsyncSession, *, code: str, moment: Moment, verified: Callable[[bytes, bytes, bytes], bool]
) -> Verification:
    """What the certificate of a code is worth now. `verified` checks key, text and signature.

    Raises: `certificate.not_found`.
    """
    certificate, public_key = await queries.by_code(session, code)
    present = await queries.present(session, certificate, moment.now)
    verdict = rules.verdict(
        CertificateStatus(certificate.status),
        genuine=verified(public_key, certificate.body.encode(), certificate.signature),
        certified=certificate.state_sha256,
        now=present.state_sha256,
    )
    superseded_at = present.changed_at if verdict is Verdict.superseded else None
    return Verification(certificate, verdict, superseded_at)


async def _tell(
    session: AsyncSession,
    actor: Actor,
    moment: Moment,
    certificate: Certificate,
    what: str,
    *,
    event_id: uuid.UUID | None = None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Record the event `certificate.{what}` for the issuer and the regulators of its district.

    Text and page are sealed by their hashes, which the event carries.
    """
    event = events.NewEvent(
        id=event_id or new_id(),
        type=f"certificate.{what}",
        noun="certificate",
        subject_id=certificate.id,
        stream=certificate.district_code,
        audience=[certificate.organisation_id],
        payload={
            "number": certificate.number,
            "status": certificate.status,
            **_subject(certificate),
            "on": certificate.on.isoformat(),
            "known_at": rules.instant(certificate.known_at),
            "body_sha256": certificate.body_sha256,
            "state_sha256": certificate.state_sha256,
            "pdf_sha256": certificate.pdf_sha256,
            "key_id": certificate.key_id,
            **more,
        },
    )
    await events.record(session, actor=actor, moment=moment, events=[event])


def _subject(certificate: Certificate) -> dict[str, str]:
    if certificate.party_id is not None:
        return {"party_id": str(certificate.party_id)}
    return {"asset_id": str(certificate.asset_id)}
