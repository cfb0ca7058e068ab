"""Duplicates: rows of the register that may be one party, proposed by one person, merged by another."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from enum import StrEnum

from app.domain.errors import ErrorKind, Violation, define
from app.domain.party import PartyKind
from app.domain.state_machine import StateMachine


class DuplicateStatus(StrEnum):
    """Where a proposal stands."""

    proposed = "proposed"
    merged = "merged"
    rejected = "rejected"
    undone = "undone"


class DuplicateDecision(StrEnum):
    """What another person than proposed it decides."""

    merged = "merged"
    rejected = "rejected"


class DuplicateEvent(StrEnum):
    """What moves a proposal from state to state."""

    merge = "merge"
    reject = "reject"
    undo = "undo"


_S, _E = DuplicateStatus, DuplicateEvent

DUPLICATE = StateMachine[DuplicateStatus, DuplicateEvent](
    noun="duplicate",
    noun_zh="重复主体",
    initial=_S.proposed,
    transitions={
        (_S.proposed, _E.merge): _S.merged,
        (_S.proposed, _E.reject): _S.rejected,
        (_S.merged, _E.undo): _S.undone,
    },
)

NOT_FOUND = define("duplicate.not_found", ErrorKind.not_found, "未找到该重复主体提议", "No such proposal.")
TO_ITSELF = define(
    "duplicate.to_itself", ErrorKind.invalid, "主体不能与自身重复", "A party is not a duplicate of itself."
)
KINDS_DIFFER = define(
    "duplicate.kinds_differ",
    ErrorKind.conflict,
    "一方为组织，一方为自然人，不是同一主体",
    "One is an organisation and one a person: they are not one party.",
)
CODES_DIFFER = define(
    "duplicate.codes_differ",
    ErrorKind.conflict,
    "两主体的统一社会信用代码不同，不是同一主体；更名、合并请登记承继关系",
    "Their unified social credit codes differ, so they are two legal persons; where one follows the other, "
    "record a succession.",
    basis="GB 32100-2015",
)
ALREADY_OPEN = define(
    "duplicate.already_open",
    ErrorKind.conflict,
    "该主体已有待决定或已合并的重复提议",
    "The party is proposed as a duplicate already, or merged as one.",
)
PARTY_MERGED = define(
    "duplicate.party_merged",
    ErrorKind.conflict,
    "保留的主体本身已作为重复主体并入 {into_id}，请改提该主体",
    "The party to stay is itself merged as a duplicate, into {into_id}: name that one.",
)
SUCCEEDED = define(
    "duplicate.succeeded",
    ErrorKind.conflict,
    "两主体之间已有承继关系，不是同一登记主体的重复",
    "The one follows the other by what is recorded, so they are not two rows of one party.",
)
REASON_MISSING = define(
    "duplicate.reason_missing", ErrorKind.invalid, "不予合并须说明理由", "A rejection says why."
)


def faults(
    *,
    party_id: uuid.UUID,
    duplicate_party_id: uuid.UUID,
    kinds: Collection[PartyKind],
    codes: Collection[str],
    merged_into: uuid.UUID | None,
    succeeded: bool,
) -> list[Violation]:
    """Everything that speaks against two rows being one party, all at once.

    `codes`: the 统一社会信用代码 of both together; an organisation has one all its life (GB 32100).
    `merged_into`: what the party that stays is itself merged into. `succeeded`: one follows the other.
    """
    if party_id == duplicate_party_id:
        return [TO_ITSELF.violation("/duplicate_party_id")]
    found: list[Violation] = []
    if len(set(kinds)) > 1:
        found.append(KINDS_DIFFER.violation("/duplicate_party_id"))
    if len(set(codes)) > 1:
        found.append(CODES_DIFFER.violation("/duplicate_party_id"))
    if merged_into is not None:
        found.append(PARTY_MERGED.violation("/party_id", into_id=merged_into))
    if succeeded:
        found.append(SUCCEEDED.violation("/duplicate_party_id"))
    return found
