"""Filings (登记申请): what was handed in at the office for one kind of right, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from app.domain.amendment import AmendmentKind
from app.domain.asset import AssetKind
from app.domain.errors import ErrorKind, Violation, define
from app.domain.pledge import PledgeStatus
from app.domain.request import date_faults
from app.domain.state_machine import StateMachine


class FilingAction(StrEnum):
    """What the office is asked for: 设立, 变更, 延期, 注销."""

    registration = "registration"
    change = "change"
    extension = "extension"
    cancellation = "cancellation"


class FilingChannel(StrEnum):
    """How it was handed in, on which the office's time limit depends (PL-05)."""

    online = "online"
    window = "window"
    post = "post"


class FilingStatus(StrEnum):
    """Where the office's procedure stands."""

    submitted = "submitted"
    correction = "correction"
    registered = "registered"
    refused = "refused"
    withdrawn = "withdrawn"


class FilingEvent(StrEnum):
    """What moves a filing from state to state."""

    correct = "correct"
    resubmit = "resubmit"
    register = "register"
    refuse = "refuse"
    withdraw = "withdraw"


_S, _E = FilingStatus, FilingEvent

FILING = StateMachine[FilingStatus, FilingEvent](
    noun="filing",
    noun_zh="登记申请",
    initial=_S.submitted,
    transitions={
        (_S.submitted, _E.correct): _S.correction,
        (_S.submitted, _E.register): _S.registered,
        (_S.submitted, _E.refuse): _S.refused,
        (_S.submitted, _E.withdraw): _S.withdrawn,
        (_S.correction, _E.resubmit): _S.submitted,
        (_S.correction, _E.refuse): _S.refused,
        (_S.correction, _E.withdraw): _S.withdrawn,
    },
)

OPEN = frozenset({_S.submitted, _S.correction})
"""States in which the office has not decided."""

NOT_FOUND = define("filing.not_found", ErrorKind.not_found, "未找到该登记申请", "No such filing.")
NUMBER_TAKEN = define(
    "filing.number_taken",
    ErrorKind.conflict,
    "申请号 {application_no} 已使用",
    "Application number {application_no} is already in use.",
)
ALREADY_OPEN = define(
    "filing.already_open",
    ErrorKind.conflict,
    "该质押的同类登记申请尚未审结",
    "A filing of this kind for the pledge is still with the office.",
)
NOTHING_TO_FILE = define(
    "filing.nothing_to_file",
    ErrorKind.conflict,
    "该质押没有可以提交此项申请的{asset_kind}",
    "The pledge has no {asset_kind} that this could be filed for.",
)
AMENDMENT_UNFIT = define(
    "filing.amendment_unfit",
    ErrorKind.invalid,
    "变更、延期申请应指明本质押尚未审结的同类变更，其他申请不应指明",
    "A filing for a change or an extension names the open amendment of this pledge that it asks for;"
    " others name none.",
)


class RefusalGround(StrEnum):
    """The twelve grounds on which the office refuses (专利权质押登记办法第11条, PL-06), in their order."""

    not_owner = "not_owner"
    ended_or_invalid = "ended_or_invalid"
    not_granted = "not_granted"
    annuity_unpaid = "annuity_unpaid"
    suspended_or_preserved = "suspended_or_preserved"
    term_exceeds = "term_exceeds"
    contract_items_missing = "contract_items_missing"
    co_owner_consent_missing = "co_owner_consent_missing"
    already_pledged = "already_pledged"
    twin_utility_model = "twin_utility_model"
    invalidation_started = "invalidation_started"
    other = "other"


AMENDED_BY: Mapping[AmendmentKind, FilingAction] = {
    AmendmentKind.change: FilingAction.change,
    AmendmentKind.extension: FilingAction.extension,
    AmendmentKind.release: FilingAction.change,
    AmendmentKind.substitution: FilingAction.change,
}
"""What the office is asked for when a pledge is amended."""
NEEDED: Mapping[FilingAction, frozenset[PledgeStatus]] = {
    FilingAction.registration: frozenset({PledgeStatus.filed, PledgeStatus.correction}),
    FilingAction.change: frozenset({PledgeStatus.filed, PledgeStatus.registered}),
    FilingAction.extension: frozenset({PledgeStatus.registered}),
    FilingAction.cancellation: frozenset({PledgeStatus.registered}),
}
"""In which states a right is that the office may be asked for an action on; a change may add one."""


@dataclass(frozen=True, slots=True)
class FilingTerm:
    """Within how many working days the office decides on what was handed in so (PL-05, PL-17).

    `district_code`: of one local window only, where it promises a shorter time.
    """

    asset_kind: AssetKind
    channel: FilingChannel
    working_days: int
    effective_from: date
    basis: str
    district_code: str | None = None


def read_terms(document: Mapping[str, Any]) -> list[FilingTerm]:
    """The time limits of a document of tables `term`. Raises KeyError, ValueError for anything else."""
    return [
        FilingTerm(
            asset_kind=AssetKind(row["asset_kind"]),
            channel=FilingChannel(row["channel"]),
            working_days=int(row["working_days"]),
            effective_from=row["effective_from"],
            basis=row["basis"],
            district_code=row.get("district_code"),
        )
        for row in document["term"]
    ]


def term_of(
    terms: Iterable[FilingTerm],
    *,
    asset_kind: AssetKind,
    channel: FilingChannel,
    district_code: str,
    on: date,
) -> FilingTerm:
    """The time limit in effect on a day: the district's own before the general one, the latest that began.

    Before the first version the earliest holds. Raises LookupError where the data know none.
    """
    fitting = [
        one
        for one in terms
        if (one.asset_kind, one.channel) == (asset_kind, channel)
        and one.district_code in {None, district_code}
    ]
    own = [one for one in fitting if one.district_code is not None and one.effective_from <= on]
    general = sorted(own or [one for one in fitting if one.district_code is None], key=_since)
    begun = [one for one in general if one.effective_from <= on]
    if not general:
        raise LookupError(f"no time limit for {asset_kind} {channel}")
    return begun[-1] if begun else general[0]


def _since(term: FilingTerm) -> date:
    return term.effective_from


def correction_faults(
    *, requested_on: date, respond_by: date, handed_in_on: date, today: date
) -> list[Violation]:
    """Objections to the days of a request for correction: it follows what was handed in last."""
    found = date_faults("/requested_on", requested_on, today=today, first=handed_in_on)
    # Nothing is wrong with an answer due in the future.
    return found + date_faults("/respond_by", respond_by, today=respond_by, first=requested_on)


def overdue(status: FilingStatus, due_on: date, today: date) -> bool:
    """Whether the office is late: it has not decided though its time is over. Corrections stop the clock."""
    return status is FilingStatus.submitted and today > due_on


def outcome(statuses: Sequence[PledgeStatus]) -> FilingEvent | None:
    """What became of a filing for registration, by the rights filed; None while one is undecided.

    It is registered if any right was, else refused if any was, else withdrawn.
    """
    if not statuses or {PledgeStatus.filed, PledgeStatus.correction} & set(statuses):
        return None
    if set(statuses) - {PledgeStatus.refused, PledgeStatus.withdrawn}:
        return FilingEvent.register
    return FilingEvent.refuse if PledgeStatus.refused in statuses else FilingEvent.withdraw
