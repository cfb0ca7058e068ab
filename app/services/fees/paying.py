"""Paying fees, and what that gives back to their rights (LS-05, LS-07, LS-13)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from app.domain import fee as rules
from app.domain.asset import ENDED, IN_FORCE, AssetStatus, status_in_force
from app.domain.errors import Violation, refuse_if
from app.domain.fee import Charge, FeeEvent, FeeKind, FeeStatus
from app.domain.money import BASE_CURRENCY, Money, format_amount
from app.domain.permission import Role
from app.domain.request import date_faults
from app.domain.term import renewed_last_day
from app.models.asset import Asset, AssetStatusChange
from app.models.fee import Fee
from app.queries import assets as asset_queries, fees as queries
from app.services import events
from app.services.assets.status import NewStatus, take
from app.services.fees.common import happened, lock, opened

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor

_DAY = timedelta(days=1)


async def pay(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    asset_id: uuid.UUID,
    ordinal: int,
    paid_on: date,
    paid: Money,
    source: str,
) -> Fee:
    """Note the payment of the open fee; the next one opens.

    A patent in its late period is granted again, a mark runs for another decade (LS-12, LS-13). A fee whose
    grace is over can be paid when the payment was in time, or after the right was restored (LS-07).
    Where the right has ended for want of it, only an operator undoes that by late news of a payment.
    Raises: `asset.not_found`, `fee.not_concerned`, `.not_watched`, `.all_paid`, `.not_open`,
    `.lapse_stands`; then all that apply: `request.date_in_future`, `fee.currency_unsupported`,
    `.grace_over`, `.too_early`, `.amount_wrong`.
    """
    asset, _ = await lock(session, actor, asset_id)
    fee = await _payable(session, asset, ordinal)
    before = FeeStatus(fee.status)
    if before is FeeStatus.lapsed and asset.status in ENDED and Role.operator not in actor.roles:
        raise rules.LAPSE_STANDS.error("path:asset_id", number=asset.number)
    charge = fee.charge()
    refuse_if(_payment_faults(asset, fee, charge, paid_on=paid_on, paid=paid, today=moment.today))
    fee.advance(FeeEvent.restore if before is FeeStatus.lapsed else FeeEvent.pay)
    fee.paid_on, fee.paid_fen, fee.source = paid_on, paid.fen, source
    payload = {
        "asset_id": asset_id,
        "kind": fee.kind,
        "ordinal": ordinal,
        "paid_fen": paid.fen,
        "surcharge_fen": charge.surcharge_fen(paid_on),
    }
    event = happened("fee.paid", fee, payload, occurred_on=paid_on)
    await events.record(session, actor=actor, moment=moment, events=[event])
    if fee.kind == FeeKind.renewal:
        asset.renewals += 1
        renewed = renewed_last_day(fee.due_on)
        asset.last_day_in_force = max(asset.last_day_in_force or renewed, renewed)
    await _revive(session, asset, fee, event_id=event.id, moment=moment, source=source)
    asset.version += 1
    await session.flush()
    following = rules.charge_of(await queries.calendar(session, asset), ordinal + 1)
    if following is not None:
        session.add(
            opened(
                asset_id,
                following,
                reduction_percent=fee.reduction_percent,
                source=source,
                moment=moment,
                event_id=event.id,
            )
        )
        await session.flush()
    return fee


async def _payable(session: AsyncSession, asset: Asset, ordinal: int) -> Fee:
    """The fee that is to be paid now: the last one recorded of the right."""
    recorded = await queries.of_right(session, asset.id)
    if not recorded:
        raise rules.NOT_WATCHED.error("path:asset_id", number=asset.number)
    fee = recorded[-1]
    if fee.status == FeeStatus.paid:
        raise rules.ALL_PAID.error("/ordinal")
    if fee.ordinal != ordinal:
        raise rules.NOT_OPEN.error("/ordinal", ordinal=ordinal, open=fee.ordinal)
    return fee


def _payment_faults(
    asset: Asset, fee: Fee, charge: Charge, *, paid_on: date, paid: Money, today: date
) -> list[Violation]:
    found = date_faults("/paid_on", paid_on, today=today)
    if paid.currency != BASE_CURRENCY:
        found.append(rules.CURRENCY_UNSUPPORTED.violation("/paid/currency"))
    restored = fee.status == FeeStatus.lapsed and asset.status in IN_FORCE
    if paid_on > fee.grace_ends_on and not restored:
        found.append(rules.GRACE_OVER.violation("/paid_on", grace_ends_on=fee.grace_ends_on))
    if charge.opens_on is not None and paid_on < charge.opens_on:
        found.append(rules.TOO_EARLY.violation("/paid_on", opens_on=charge.opens_on))
    expected = charge.payable_fen(paid_on, fee.reduction_percent)
    if paid.fen != expected:
        found.append(
            rules.AMOUNT_WRONG.violation(
                "/paid/amount",
                paid_on=paid_on,
                expected=format_amount(expected),
                surcharge=format_amount(charge.surcharge_fen(paid_on)),
                paid=format_amount(paid.fen),
            )
        )
    return found


async def _revive(
    session: AsyncSession, asset: Asset, fee: Fee, *, event_id: uuid.UUID, moment: Moment, source: str
) -> None:
    """What the calendar took from the right for want of this fee, it has again.

    From the day of the payment; one in time, or within the grace, whose news came late undoes the end from
    its first day. Nobody has checked the status by that (LS-11): it is as of the day it begins.
    """
    known = await asset_queries.status_changes(session, asset.id)
    current = status_in_force(known, moment.today)
    status = AssetStatus(asset.status)
    if status not in _FOR_WANT_OF[FeeKind(fee.kind)] or current is None or current.status != status:
        return
    paid_on, begun = fee.paid_on or fee.due_on, current.effective_on or fee.due_on
    days = {max(paid_on, begun)}
    if status in ENDED:
        days = {change.effective_on or begun for change in known if change.event_id == current.event_id}
        days.add(max(paid_on, min(days)))
    annuity = fee.kind == FeeKind.annuity
    back = _before(known, fee) if annuity else AssetStatus.registered
    for day in sorted(days):
        late = annuity and fee.due_on < paid_on and day < paid_on
        new = NewStatus(AssetStatus.late_fee if late else back, day, source, day)
        await take(session, asset, new, moment=moment, event_id=event_id)


_FOR_WANT_OF = {
    FeeKind.annuity: frozenset({AssetStatus.late_fee, AssetStatus.terminated_fee}),
    FeeKind.renewal: frozenset({AssetStatus.renewal_window, AssetStatus.grace, AssetStatus.lapsed}),
}
"""The statuses of a right whose fee is awaited or was not paid."""


def _before(known: Sequence[AssetStatusChange], fee: Fee) -> AssetStatus:
    """The status a patent had before its late period: partly invalid, or simply granted."""
    found = status_in_force(known, fee.due_on - _DAY)
    partly = found is not None and found.status == AssetStatus.invalid_part
    return AssetStatus.invalid_part if partly else AssetStatus.granted
