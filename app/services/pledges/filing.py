"""Filing a pledge: pre-check, liens and the pool's commitment in one transaction and four statements.

Lock, read, decide, write: the number of statements does not grow with the number of rights.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from app.domain import (
    pledge_ground as rules,
    pool as pool_rules,
)
from app.domain.asset import AssetKind
from app.domain.errors import refuse_if
from app.domain.identifiers import business_number, new_id
from app.domain.pledge import PledgeStatus
from app.domain.pledge_filing import NewItem, NewPledge, faults
from app.queries import pledge_filing as queries
from app.queries.driver import driver
from app.services import events
from app.services.pledges import covering, judging
from app.services.pledges.statement import WRITE, WRITE_ON_APPLICATION

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.permission import Actor
    from app.queries.pledge_filing import FilingState
    from app.services.idempotency import Answer


@dataclass(frozen=True, slots=True)
class FiledItem:
    """A right as filed, its lien placed; it reads like the row that is written."""

    id: uuid.UUID
    asset_id: uuid.UUID
    asset_kind: AssetKind
    pledgor_id: uuid.UUID
    hold_id: uuid.UUID
    secured_fen: int | None
    valuation_id: uuid.UUID | None = None
    rank: int = 1
    status: PledgeStatus = PledgeStatus.filed
    registration_no: None = None
    registered_on: None = None
    expires_on: None = None


@dataclass(frozen=True, slots=True)
class FiledPledge:
    """A pledge as filed; it reads like the row that is written."""

    id: uuid.UUID
    number: str
    district_code: str
    pledgee_id: uuid.UUID
    organisation_id: uuid.UUID
    borrower_id: uuid.UUID
    pool_id: uuid.UUID | None
    principal_fen: int
    currency: str
    debt_from: date
    debt_to: date
    filed_on: date
    items: Sequence[tuple[FiledItem, str]]
    """Each right with its number."""
    covered_fen: int | None
    status: PledgeStatus = PledgeStatus.filed
    rule_pack: str = rules.RULE_PACK
    registered_on: None = None
    mixed_on: None = None
    ended_on: None = None
    imported: bool = False
    version: int = 1


async def file(
    session: AsyncSession,
    *,
    actor: Actor,
    moment: Moment,
    new: NewPledge,
    render: Callable[[FiledPledge], Answer],
    key: str | None = None,
) -> Answer:
    """File a pledge for the caller's bank; returns the answer that `render` makes of it.

    The answer is kept under the caller's idempotency `key` by the writing statement itself.

    Raises one error with every objection: the twelve grounds of PL-06 (see `app.domain.pledge_ground`),
    `hold.already_reserved` (a deal is under way, DEA-03), `pledge.asset_twice`, `asset.not_found`,
    `party.not_found`, `valuation.not_found`, `.unfit`, `.expired` (PL-26); for a pool `pool.not_found` and
    what `app.domain.commitment_ground` finds (RP-04 to RP-06); on an application `application.not_found`,
    `state.illegal_transition`, `application.principal_exceeds_approved`, `commitment.borrower_differs`,
    `commitment.pool_differs`.
    """
    refuse_if(faults(new, actor.party_id))
    ground = await queries.lock_and_read(
        session,
        asset_ids=[item.asset_id for item in new.items],
        pool_id=new.pool_id,
        party_ids=sorted({new.borrower_id, actor.party_id, *(item.pledgor_id for item in new.items)}),
        borrower_id=new.borrower_id,
        actor=actor,
        today=moment.today,
        valuation_ids=sorted({item.valuation_id for item in new.items if item.valuation_id is not None}),
        application_id=new.application_id,
    )
    refuse_if(judging.unknown(new, ground))
    refuse_if(judging.objections(new, ground, moment))
    filed = _filed(new, ground, actor, moment)
    kept = Kept(key, render(filed))
    await _write(session, new=new, filed=filed, ground=ground, actor=actor, moment=moment, kept=kept)
    return kept.answer


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer and the key it is kept under, if any."""

    key: str | None
    answer: Answer


def _filed(new: NewPledge, ground: FilingState, actor: Actor, moment: Moment) -> FiledPledge:
    pool = ground.pool
    district = pool.district_code if pool is not None else actor.district_code
    covered = pool_rules.covered_principal(new.principal.fen, new.ip_share_bp) if pool is not None else None
    return FiledPledge(
        id=new_id(),
        number=business_number("PL", district, moment.today.year, ground.serial),
        district_code=district,
        pledgee_id=actor.party_id,
        organisation_id=actor.organisation_id,
        borrower_id=new.borrower_id,
        pool_id=new.pool_id,
        principal_fen=new.principal.fen,
        currency=new.principal.currency,
        debt_from=new.debt_from,
        debt_to=new.debt_to,
        filed_on=moment.today,
        items=[_item(item, ground) for item in new.items],
        covered_fen=covered,
    )


def _item(item: NewItem, ground: FilingState) -> tuple[FiledItem, str]:
    right = ground.rights[item.asset_id]
    filed = FiledItem(
        id=new_id(),
        asset_id=item.asset_id,
        asset_kind=right.kind,
        pledgor_id=item.pledgor_id,
        hold_id=new_id(),
        secured_fen=item.secured.fen if item.secured is not None else None,
        valuation_id=item.valuation_id,
    )
    return filed, right.number


async def _write(
    session: AsyncSession,
    *,
    new: NewPledge,
    filed: FiledPledge,
    ground: FilingState,
    actor: Actor,
    moment: Moment,
    kept: Kept,
) -> None:
    event = _event(filed, ground, actor)
    transfers, commitments = covering.rows(new, filed, ground, moment.today)
    answer = kept.answer
    application = ground.application
    happened = [event]
    if application is not None:
        happened.append(covering.contracted(application, filed, actor))
    connection = await driver(session)
    await connection.execute(
        WRITE if application is None else WRITE_ON_APPLICATION,
        events.event_rows(happened, moment),
        actor.organisation_id,
        actor.client_id,
        actor.request_id,
        moment.now,
        json.dumps(_pledge_row(new, filed, event.id), default=str, ensure_ascii=False),
        json.dumps(_item_rows(filed, ground), default=str),
        transfers,
        commitments,
        kept.key,
        answer.status_code,
        json.dumps(dict(answer.headers)),
        answer.body,
        *(() if application is None else (application.id, covering.reservation_id(application))),
    )


def _event(filed: FiledPledge, ground: FilingState, actor: Actor) -> events.NewEvent:
    involved = {actor.organisation_id}
    involved |= {party.organisation_id for party in ground.parties.values() if party.organisation_id}
    if ground.pool is not None:
        involved.add(ground.pool.manager_id)
    return events.NewEvent(
        type="pledge.filed",
        noun="pledge",
        subject_id=filed.id,
        stream=filed.district_code,
        audience=sorted(involved),
        payload={
            "number": filed.number,
            "asset_ids": [str(item.asset_id) for item, _ in filed.items],
            "principal_fen": filed.principal_fen,
            "pool_id": str(filed.pool_id) if filed.pool_id else None,
            "covered_fen": filed.covered_fen,
            "rule_pack": rules.RULE_PACK,
            "application_id": str(ground.application.id) if ground.application is not None else None,
        },
    )


def _pledge_row(new: NewPledge, filed: FiledPledge, event_id: uuid.UUID) -> dict[str, Any]:
    return {
        "id": filed.id,
        "district_code": filed.district_code,
        "number": filed.number,
        "pledgee_id": filed.pledgee_id,
        "borrower_id": new.borrower_id,
        "pool_id": new.pool_id,
        "principal_fen": new.principal.fen,
        "currency": new.principal.currency,
        "debt_from": new.debt_from,
        "debt_to": new.debt_to,
        "contract": {
            "number": new.contract.number,
            "signed_on": str(new.contract.signed_on),
            "claim_kind": new.contract.claim_kind,
            "security_scope": new.contract.security_scope,
            "consents": [asdict(given) for given in new.consents],
            "rate_over_lpr_bp": new.rate_over_lpr_bp,
        },
        "acknowledgements": [asdict(given) for given in new.acknowledgements],
        "rule_pack": rules.RULE_PACK,
        "status": PledgeStatus.filed,
        "filed_on": filed.filed_on,
        "event_id": event_id,
    }


def _item_rows(filed: FiledPledge, ground: FilingState) -> list[dict[str, Any]]:
    return [
        {
            "id": item.id,
            "asset_id": item.asset_id,
            "asset_serial": ground.serials[item.asset_id],
            "asset_kind": item.asset_kind,
            "regime": ground.rights[item.asset_id].regime,
            "pledgor_id": item.pledgor_id,
            "ordinal": ordinal,
            "hold_id": item.hold_id,
            "secured_fen": item.secured_fen,
            "valuation_id": item.valuation_id,
        }
        for ordinal, (item, _) in enumerate(filed.items, start=1)
    ]
