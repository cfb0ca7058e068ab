"""`/v1/assets/{asset_id}/blockers`: why not, and what to do about it (UNI-08)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query

from app.domain import blocker as rules
from app.domain.blocker import Action, Blocker, Question
from app.domain.blocker_path import blockers
from app.domain.blocker_remedy import Remedy
from app.domain.deal import LicenceType
from app.domain.errors import DomainError, Violation, refuse_if
from app.domain.hold import Scope, field_range, territory_range
from app.domain.money import parse_amount
from app.domain.permission import Permission
from app.queries import blockers as queries
from app.routers.dependencies import ReadUnit, reads
from app.schemas.blocker import BlockerOut, BlockersOut, RemedyOut
from app.schemas.common import Amount, Day
from app.services import rule_packs

if TYPE_CHECKING:
    from app.domain.clock import Moment
    from app.domain.permission import Actor

router = APIRouter(prefix="/v1/assets/{asset_id}/blockers", tags=["blockers"])

Reading = Annotated[ReadUnit, reads(Permission.asset_read)]
UNTOLD = frozenset({"hold_ids", "asset_id"})
"""Facts for who is in a deal: whoever asks beforehand learns of a lien that it is, since when, its rank."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the action beforehand."""

    party_id: uuid.UUID | None
    on: date | None
    licence_type: LicenceType | None
    term_from: date | None
    term_to: date | None
    territory: str
    field: str
    debt_to: date | None
    grantee_id: uuid.UUID | None
    price: str | None

    def question(self, action: Action, actor: Actor, moment: Moment) -> Question:
        """As it is asked. Raises: `blocker.day_passed`, `.term_invalid`, both if both apply."""
        question = Question(
            action=action,
            on=self.on or moment.today,
            party_id=self.party_id or actor.party_id,
            licence_type=self.licence_type,
            grantee_id=self.grantee_id,
            price_fen=None if self.price is None else parse_amount(self.price),
            term_from=self.term_from,
            term_to=self.term_to,
            debt_to=self.debt_to,
        )
        refuse_if(rules.faults(question, moment.today))
        return question

    def scope(self) -> Scope:
        """Where and for what the licence would be. Raises: `hold.territory_unknown`, `.field_unknown`."""
        found: list[Violation] = []
        ranges = []
        for read, code, name in (
            (territory_range, self.territory, "territory"),
            (field_range, self.field, "field"),
        ):
            try:
                ranges.append(read(code))
            except DomainError as error:
                found += [replace(violation, pointer=f"query:{name}") for violation in error.violations]
        refuse_if(found)
        return Scope(*ranges)


def known(
    *,
    party_id: Annotated[
        uuid.UUID | None,
        Query(
            description="Who wants to act; default: the caller. Of a pledge the pledgor: the caller if it "
            "owns the right, else the first recorded owner."
        ),
    ] = None,
    on: Annotated[Day | None, Query(description="Default: today.")] = None,
    licence_type: Annotated[
        LicenceType | None,
        Query(description="Of `license`: ordinary by default. Of `list`: left out, it is listed for sale."),
    ] = None,
    term_from: Annotated[Day | None, Query(description="First day of the licence; default: `on`.")] = None,
    term_to: Annotated[Day | None, Query(description="Its last day; default: its first.")] = None,
    territory: Annotated[str, Query(description="Of the licence: WW, CN or a GB/T 2260 code.")] = "CN",
    field: Annotated[str, Query(description="Of the licence: ALL or a GB/T 4754 code.")] = "ALL",
    debt_to: Annotated[Day | None, Query(description="Last day of the secured debt; default: `on`.")] = None,
    grantee_id: Annotated[uuid.UUID | None, Query(description="Who would take the right.")] = None,
    price: Annotated[Amount | None, Query(description="For how much, in CNY.")] = None,
) -> Known:
    """Read what is known of the action."""
    return Known(party_id, on, licence_type, term_from, term_to, territory, field, debt_to, grantee_id, price)


@router.get("")
async def search(
    asset_id: uuid.UUID, unit: Reading, action: Action, given: Annotated[Known, Depends(known)]
) -> BlockersOut:
    """Everything that speaks against an action on a right, each with the shortest way past it."""
    question, scope = given.question(action, unit.actor, unit.moment), given.scope()
    facts = await queries.facts(unit.session, unit.actor, asset_id, question, scope)
    if given.party_id is None:
        question = rules.for_owner(question, facts)
    found = blockers(question, facts, rule_packs.packs().national(question.on).pack)
    return BlockersOut(
        asset_id=asset_id,
        action=action,
        on=question.on,
        party_id=question.party_id,
        possible=not found,
        blockers=[_out(one) for one in found],
    )


def _out(blocker: Blocker) -> BlockerOut:
    violation = blocker.violation
    told = {name: fact for name, fact in violation.plain_facts.items() if name not in UNTOLD}
    return BlockerOut(
        code=violation.code.code,
        basis=violation.basis,
        severity=violation.severity,
        message_zh=violation.zh,
        message_en=violation.en,
        facts=told,
        remediable=blocker.remediable,
        remedies=[_step(remedy) for remedy in blocker.remedies],
    )


def _step(remedy: Remedy) -> RemedyOut:
    return RemedyOut(
        step=remedy.action,
        message_zh=remedy.zh,
        message_en=remedy.en,
        by=remedy.by,
        method=remedy.method,
        path=remedy.path,
        body=None if remedy.body is None else dict(remedy.body),
        if_match=remedy.if_match,
        in_request=remedy.in_request,
        by_day=remedy.by_day,
        from_day=remedy.from_day,
    )
