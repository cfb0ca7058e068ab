"""Filing an amendment: judged under lock with every objection at once, then handed to the office (PL-09)."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain import amendment as rules
from app.domain.amendment import (
    AmendmentAction,
    AmendmentStatus,
    Change,
    Extension,
    NewAmendment,
    Release,
    Substitution,
)
from app.domain.decision import DecisionKind
from app.domain.errors import Violation, refuse_if
from app.domain.hold import HoldKind
from app.domain.identifiers import new_id
from app.domain.notice import NoticeKind
from app.domain.pledge import ITEM_TWICE, PledgeStatus
from app.domain.pledge_filing import faults
from app.domain.request import date_faults
from app.models.amendment import Amendment, AmendmentItem
from app.models.pledge import Decision, PledgeItem
from app.queries import documents as document_queries
from app.queries.serials import next_number
from app.services import commitments, decisions, holds, pledges, reservations
from app.services.amendments import common, ground as grounds, judging
from app.services.holds import NewHold

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.services.amendments.ground import Ground


async def file(
    session: AsyncSession, *, actor: Actor, moment: Moment, pledge_id: uuid.UUID, new: NewAmendment
) -> Amendment:
    """File an amendment of a registered pledge; what it takes in is tied up at once.

    A larger amount enlarges the pool's commitment, rights that come in get their liens. What it lets go or
    moves waits for the office. Filed more than 30 days after it was agreed it is taken and marked late.

    Raises: `pledge.not_found`, `pledge.not_yours`, `document.not_found`; then all that apply of
    `amendment.…` (`app.domain.amendment`), the grounds of a filing and the pool's limits.
    """
    ground = await grounds.lock(session, actor=actor, moment=moment, pledge_id=pledge_id, wish=new.wish)
    await document_queries.require(session, actor, new.document_id)
    first = ground.pledge.registered_on
    refuse_if(
        [
            *judging.standing(ground),
            *date_faults("/changed_on", new.changed_on, today=moment.today, first=first),
            *_named(ground, new, moment),
        ]
    )
    if isinstance(new.wish, Substitution):
        incoming = judging.incoming(ground, new.wish, moment)
        refuse_if(pledges.unknown(incoming, ground.state))
    refuse_if(await judging.objections(session, ground, new, moment))
    amendment = await _made(session, ground, new, moment)
    event = await common.happened(
        session,
        actor,
        amendment,
        ground.pledge,
        "filed",
        event_id=amendment.event_id,
        changed_on=new.changed_on,
        late=amendment.late,
        detail=amendment.detail,
    )
    happened = [event]
    if amendment.late:
        happened.append(await common.happened(session, actor, amendment, ground.pledge, "late"))
    await common.record(session, actor=actor, moment=moment, happened=happened)
    session.add(amendment)
    await session.flush()
    session.add_all(_items(amendment, ground, new))
    await session.flush()
    await _tie_up(session, actor=actor, moment=moment, ground=ground, new=new, amendment=amendment)
    for told, kind in zip(happened, (NoticeKind.amendment_filed, NoticeKind.amendment_late), strict=False):
        await common.told(
            session,
            actor=actor,
            moment=moment,
            amendment=amendment,
            pledge=ground.pledge,
            event=told,
            kind=kind,
        )
    return amendment


def _named(ground: Ground, new: NewAmendment, moment: Moment) -> list[Violation]:
    """What is wrong with the rights as they are named, whatever the register says of them."""
    wish, found = new.wish, list[Violation]()
    if isinstance(wish, Release | Substitution) and len(set(wish.asset_ids)) < len(wish.asset_ids):
        found.append(ITEM_TWICE.violation("/asset_ids"))
    if isinstance(wish, Substitution):
        pledgee_id = ground.pledge.pledgee_id or ground.pledge.id
        wrong = faults(judging.incoming(ground, wish, moment), pledgee_id, today=moment.today)
        found += [fault for fault in wrong if (fault.pointer or "").startswith("/items")]
    return found


async def _made(session: AsyncSession, ground: Ground, new: NewAmendment, moment: Moment) -> Amendment:
    district = ground.pledge.district_code
    return Amendment(
        id=new_id(),
        district_code=district,
        number=await next_number(session, "amendment", district, moment.today),
        pledge_id=ground.pledge.id,
        kind=new.kind.value,
        changed_on=new.changed_on,
        filed_on=moment.today,
        late=rules.is_late(new.changed_on, moment.today),
        detail=_detail(ground, new),
        document_id=new.document_id,
        reason=None,
        decided_on=None,
        status=AmendmentStatus.filed.value,
        event_id=new_id(),
        recorded_at=moment.now,
        version=1,
    )


def _detail(ground: Ground, new: NewAmendment) -> dict[str, Any]:
    """What was and what will be, as far as the amendment touches it; amounts in fen."""
    pledge, wish = ground.pledge, new.wish
    if isinstance(wish, Extension):
        return {"before": {"debt_to": _text(pledge.debt_to)}, "after": {"debt_to": str(wish.debt_to)}}
    if isinstance(wish, Release):
        return {"before": {}, "after": {"released": [str(one) for one in wish.asset_ids]}}
    if isinstance(wish, Substitution):
        added = [str(item.asset_id) for item in wish.items]
        return {"before": {}, "after": {"added": added, "released": [str(one) for one in wish.asset_ids]}}
    return _changed(ground, wish)


def _changed(ground: Ground, wish: Change) -> dict[str, Any]:
    pledge = ground.pledge
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    if wish.principal is not None:
        before["principal_fen"], after["principal_fen"] = pledge.principal_fen, wish.principal.fen
    for name in ("claim_kind", "security_scope"):
        value = getattr(wish, name)
        if value is not None:
            before[name], after[name] = pledge.contract.get(name), value
    if wish.parties:
        after["parties"] = [
            {"party_id": str(entry.party_id), "name": entry.name, "address": entry.address}
            for entry in wish.parties
        ]
    return {"before": before, "after": after}


def _text(day: date | None) -> str | None:
    return str(day) if day is not None else None


def _items(amendment: Amendment, ground: Ground, new: NewAmendment) -> list[AmendmentItem]:
    """The rights for which the office registers the amendment, each by itself."""
    wish = new.wish
    touched: list[tuple[AmendmentAction, uuid.UUID]]
    if isinstance(wish, Substitution):
        touched = [(AmendmentAction.add, item.asset_id) for item in wish.items]
        touched += [(AmendmentAction.release, asset_id) for asset_id in wish.asset_ids]
    elif isinstance(wish, Release):
        touched = [(AmendmentAction.release, asset_id) for asset_id in wish.asset_ids]
    else:
        action = AmendmentAction.extend if isinstance(wish, Extension) else AmendmentAction.change
        touched = [(action, asset_id) for asset_id in ground.live]
    return [
        AmendmentItem(
            id=new_id(),
            district_code=amendment.district_code,
            amendment_id=amendment.id,
            asset_id=asset_id,
            action=action.value,
        )
        for action, asset_id in touched
    ]


async def _tie_up(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    ground: Ground,
    new: NewAmendment,
    amendment: Amendment,
) -> None:
    wish = new.wish
    if isinstance(wish, Substitution):
        await _take_in(session, moment, ground=ground, wish=wish, amendment=amendment)
    principal = wish.principal if isinstance(wish, Change) else None
    if principal is None or principal.fen <= ground.principal.fen:
        return
    pool = ground.state.pool
    if ground.commitment is not None and pool is not None and pool.scheme_id is not None:
        await commitments.enlarge(
            session,
            actor=actor,
            moment=moment,
            commitment=ground.commitment,
            principal_fen=principal.fen,
            more_fen=principal.fen - ground.principal.fen,
            scheme_id=pool.scheme_id,
        )


async def _take_in(
    session: AsyncSession,
    moment: Moment,
    *,
    ground: Ground,
    wish: Substitution,
    amendment: Amendment,
) -> None:
    """Pledge the rights that come in: their liens stand from now on, whatever becomes of the others."""
    pledge, event_id = ground.pledge, amendment.event_id
    judgement = judging.judged(ground, wish, moment)
    decided = decisions.row(DecisionKind.substitution, judging.incoming(ground, wish, moment), judgement)
    session.add(
        Decision(
            **decided,
            id=new_id(),
            district_code=pledge.district_code,
            pledge_id=pledge.id,
            organisation_id=pledge.organisation_id or ground.stand.bank_id,
            event_id=event_id,
            recorded_at=moment.now,
        )
    )
    await reservations.use(
        session,
        moment=moment,
        ids=ground.state.priorities.values(),
        pledge_id=ground.pledge.id,
        reason="amendment.filed",
    )
    liens = [
        NewHold(item.asset_id, HoldKind.lien, "pledge", pledge.id, event_id, moment.today)
        for item in wish.items
    ]
    await holds.place(session, moment=moment, holds=liens)
    last = max(item.ordinal for item in ground.items)
    session.add_all(
        PledgeItem(
            id=new_id(),
            district_code=pledge.district_code,
            pledge_id=pledge.id,
            asset_id=item.asset_id,
            asset_kind=ground.state.rights[item.asset_id].kind.value,
            pledgor_id=item.pledgor_id,
            ordinal=last + position,
            hold_id=lien.id,
            secured_fen=item.secured.fen if item.secured is not None else None,
            valuation_id=item.valuation_id,
            rank=1,
            required=False,
            amendment_id=amendment.id,
            status=PledgeStatus.filed.value,
        )
        for position, (item, lien) in enumerate(zip(wish.items, liens, strict=True), start=1)
    )
    await session.flush()
