"""The firm's own word: that it takes part, and that its data may be used (TRU-06, TRU-09)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.domain import enrolment as rules
from app.domain.enrolment import ENROLMENT, EnrolmentEvent, EnrolmentStatus
from app.models.enrolment import Enrolment
from app.queries import enrolments as queries
from app.services import events
from app.services.enrolments import parts

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor


async def confirm(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    enrolment_id: uuid.UUID,
    document_id: uuid.UUID | None = None,
) -> Enrolment:
    """The firm's own word on a row an agency entered, with its consent to the use of its data (TRU-06).

    A firm that confirmed before and took its consent back gives it anew, so that its enrolment goes on
    (TRU-09). With `document_id` it is the operator's word, for a firm without an account. Raises:
    `enrolment.not_found`, `.not_firm`, `document.not_found`, `enrolment.already_confirmed`,
    `.already_enrolled`, `state.illegal_transition`.
    """
    enrolment = await queries.get(session, actor, enrolment_id, lock=True)
    await parts.require_word(session, actor, enrolment, document_id)
    status, again = EnrolmentStatus(enrolment.status), enrolment.confirmed_on is not None
    if again and (enrolment.data_consent_on is not None or status in ENROLMENT.terminal):
        raise rules.ALREADY_CONFIRMED.error(confirmed_on=enrolment.confirmed_on)
    if not again:
        ENROLMENT.next(status, EnrolmentEvent.check)
        enrolment.confirmed_on = moment.today
    enrolment.data_consent_on = moment.today
    enrolment.version += 1
    more = {"document_id": document_id}
    what = "consent_renewed" if again else "confirmed"
    event = parts.told(enrolment, what, await parts.concerned(session, enrolment), more=more)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return enrolment


async def withdraw_consent(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    enrolment_id: uuid.UUID,
    document_id: uuid.UUID | None = None,
) -> Enrolment:
    """Forget the firm's staff, revenue and assets; its size class and whatever was counted stay (TRU-09).

    With `document_id` it is the operator who acts, for a firm without an account. Raises:
    `enrolment.not_found`, `.not_firm`, `document.not_found`, `enrolment.consent_withdrawn`.
    """
    enrolment = await queries.get(session, actor, enrolment_id, lock=True)
    await parts.require_word(session, actor, enrolment, document_id)
    if enrolment.data_consent_on is None:
        raise rules.CONSENT_WITHDRAWN.error()
    enrolment.data_consent_on = None
    enrolment.employees = enrolment.revenue_wan = enrolment.assets_wan = None
    enrolment.version += 1
    more = {"document_id": document_id}
    event = parts.told(enrolment, "consent_withdrawn", await parts.concerned(session, enrolment), more=more)
    await events.record(session, actor=actor, moment=moment, events=[event])
    await session.flush()
    return enrolment
