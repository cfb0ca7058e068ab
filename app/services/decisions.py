"""Decisions: what a rule pack said of a pledge, kept with all it looked at, and said again by another."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.domain.decision import DecisionOutcome
from app.domain.decision_replay import Difference, replay as judged_again
from app.domain.decision_text import found_row, inputs_row
from app.domain.rule_pack import PERIOD_INVALID
from app.models.audit import AuditOutcome
from app.queries import decisions as queries
from app.services import audit, rule_packs

if TYPE_CHECKING:
    import uuid
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.clock import Moment
    from app.domain.decision import DecisionKind
    from app.domain.decision_case import Judgement
    from app.domain.permission import Actor
    from app.domain.pledge_filing import NewPledge
    from app.models.pledge import Decision

BATCH = 50
"""Decisions read at a time."""
MAX_TOLD = 10_000
"""Grounds after which an answer ends, to go on from its cursor: a decision may be on hundreds of rights."""


def row(kind: DecisionKind, new: NewPledge, judgement: Judgement) -> dict[str, Any]:
    """The decision as the table `decisions` keeps it; whoever writes it adds id, district, event and pledge.

    All values but the day are JSON, the same for the same case.
    """
    return {
        "kind": kind.value,
        "rule_pack": judgement.pack.code,
        "assumed": judgement.assumed,
        "inputs": inputs_row(new, judgement.case),
        "found": found_row(judgement),
        "outcome": judgement.outcome.value,
        "decided_on": judgement.case.filing.filed_on,
    }


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which decisions are judged again: made from `first` to `last`, at most `limit`, behind `after`."""

    first: date
    last: date
    kind: DecisionKind | None
    after: uuid.UUID | None
    limit: int


@dataclass(frozen=True, slots=True)
class Changed:
    """A decision of which another pack says something else, without all it was made on."""

    id: uuid.UUID
    kind: str
    pledge_id: uuid.UUID | None
    decided_on: date
    rule_pack: str
    outcome: str
    difference: Difference


@dataclass(slots=True)
class Replay:
    """What another pack makes of decisions: how many pass then, and each that is told otherwise.

    `told`: the grounds that come, go or weigh otherwise, of all of them.
    """

    judged: int = 0
    passed_before: int = 0
    passed_after: int = 0
    told: int = 0
    changed: list[Changed] = field(default_factory=list)
    next_cursor: uuid.UUID | None = None


async def replay(session: AsyncSession, *, actor: Actor, moment: Moment, code: str, wanted: Wanted) -> Replay:
    """Judge kept decisions again by the pack `code`, from what was kept alone. Nothing is written but audit.

    Raises: `rule_pack.not_found`, `rule_pack.not_of_grounds`, `rule_pack.period_invalid`.
    """
    pack = rule_packs.of_grounds(code)
    if wanted.last < wanted.first:
        raise PERIOD_INVALID.error("/to", first=wanted.first, last=wanted.last)
    made, after = Replay(), wanted.after
    while made.judged < wanted.limit and made.told < MAX_TOLD:
        size = min(BATCH, wanted.limit - made.judged)
        rows = await queries.following(
            session,
            actor,
            first=wanted.first,
            last=wanted.last,
            kind=wanted.kind,
            after=after,
            limit=size + 1,
        )
        for decision in rows[:size]:
            _add(made, decision, judged_again(decision.inputs, decision.found, pack))
            await asyncio.sleep(0)  # others are served meanwhile
        session.expunge_all()
        if len(rows) <= size:
            made.next_cursor = None
            break
        after = made.next_cursor = rows[size - 1].id
    await audit.record(
        session,
        actor=actor,
        moment=moment,
        action="rule_pack.replayed",
        noun="rule_pack",
        outcome=AuditOutcome.done,
        detail={"code": code, "from": str(wanted.first), "to": str(wanted.last)},
    )
    return made


def _add(made: Replay, decision: Decision, difference: Difference) -> None:
    before = DecisionOutcome(decision.outcome)
    made.judged += 1
    made.passed_before += before is DecisionOutcome.passed
    made.passed_after += difference.outcome is DecisionOutcome.passed
    if difference.changes(before):
        made.told += len(difference.added) + len(difference.removed) + len(difference.weighed)
        made.changed.append(
            Changed(
                id=decision.id,
                kind=decision.kind,
                pledge_id=decision.pledge_id,
                decided_on=decision.decided_on,
                rule_pack=decision.rule_pack,
                outcome=decision.outcome,
                difference=difference,
            )
        )
