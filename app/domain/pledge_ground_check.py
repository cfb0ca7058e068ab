"""How each ground of refusal is found; which of them hold, and how severely, a rule pack says.

Every ground is looked at, so that a bank hears all objections in one answer. One that may be acknowledged
passes once both parties, being told, still agree (a dated acknowledgement of each).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import timedelta

from app.domain import pledge_ground as grounds_of, valuation
from app.domain.asset import ENDED, PENDING, AssetKind, AssetStatus, Regime
from app.domain.asset_sign import BOUND_KINDS, COLLECTIVE_MARK
from app.domain.errors import ErrorCode, Reason, Severity, Violation
from app.domain.hold import RESERVED
from app.domain.pledge import ALREADY_PLEDGED
from app.domain.pledge_ground import Filing, Right
from app.domain.rule_pack import SEVERITIES, Limits, RulePack

Told = Mapping[str, object]
"""The facts that show a ground."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A ground that was found. One that is acknowledged stands in the way no more."""

    violation: Violation
    acknowledged: bool = False

    @property
    def objects(self) -> bool:
        """Whether it keeps the pledge from being filed."""
        return self.violation.severity is not Severity.warn and not self.acknowledged


@dataclass(frozen=True, slots=True)
class Case:
    """One right of a filing, what the rules in force measure it by, and the co-owners who consented to it."""

    filing: Filing
    right: Right
    limits: Limits
    consenting: AbstractSet[uuid.UUID]


def findings(filing: Filing, rights: Sequence[Right], pack: RulePack) -> list[Finding]:
    """Every ground of the pack that a filing meets: the gravest first, then by right, as the pack says."""
    found = list(_of_contract(filing, rights, pack))
    agreed, consenting = _agreed(filing), _consenting(filing)
    for position, right in enumerate(rights):
        case = Case(filing, right, pack.limits, consenting.get(right.id, frozenset()))
        pointer = f"/items/{position}/asset_id"
        for rule in pack.grounds[right.kind]:
            known = _OF_RIGHT.get(rule.code)
            if known is None:
                continue
            code, check = known
            for facts in check(case):
                told = {"asset_id": right.id, "number": right.number, **facts}
                violation = Violation(code, pointer, told, rule.ruling)
                passes = violation.severity is Severity.acknowledge and (right.id, code.code) in agreed
                found.append(Finding(violation, passes))
    return in_order(found)


def grounds(filing: Filing, rights: Sequence[Right], pack: RulePack) -> list[Violation]:
    """Every ground of the pack that keeps the filing from being registered."""
    return [found.violation for found in findings(filing, rights, pack) if found.objects]


def in_order(found: Sequence[Finding]) -> list[Finding]:
    """The gravest first, otherwise as they were found."""
    return sorted(found, key=lambda one: SEVERITIES.index(one.violation.severity))


def ruled(violation: Violation, pack: RulePack, kind: AssetKind) -> Violation | None:
    """An objection found elsewhere as the pack takes it; None: it is no ground of the pack."""
    ruling = pack.ruling(violation.code.code, {kind})
    return None if ruling is None else replace(violation, ruling=ruling)


def _of_contract(filing: Filing, rights: Sequence[Right], pack: RulePack) -> Iterator[Finding]:
    """Grounds of the filing as a whole, under the strictest rule for its rights."""
    for code, pointer, check in _OF_CONTRACT:
        for facts in check(filing):
            ruling = pack.ruling(code.code, {right.kind for right in rights})
            if ruling is not None:
                yield Finding(Violation(code, pointer, facts, ruling))


def _contract_items(filing: Filing) -> Iterator[Told]:
    missing = filing.contract.missing()
    if missing:
        yield {"missing": "、".join(missing)}


def _foreclosure_clause(filing: Filing) -> Iterator[Told]:
    if filing.contract.title_transfer_on_default:
        yield {}


def _not_owner(case: Case) -> Iterator[Told]:
    if case.filing.pledgors[case.right.id] not in case.right.owners:
        yield {}


def _co_owner(case: Case) -> Iterator[Told]:
    pledgor = case.filing.pledgors[case.right.id]
    owners = set(case.right.owners)
    if pledgor in owners and not owners <= {pledgor, None, *case.consenting}:
        yield {}


def _consenting(filing: Filing) -> Mapping[uuid.UUID, AbstractSet[uuid.UUID]]:
    """Who had consented by the day of filing, by right."""
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    for given in filing.consents:
        if given.consented_on <= filing.filed_on:
            found.setdefault(given.asset_id, set()).add(given.party_id)
    return found


def _over(case: Case) -> bool:
    """Whether the right has ended, or its time is over."""
    right, last_day = case.right, case.right.last_day_in_force
    past = last_day is not None and last_day < case.filing.filed_on
    return right.status in ENDED or right.status is AssetStatus.grace or past


def _ended(case: Case) -> Iterator[Told]:
    if _over(case):
        yield {"status": case.right.status}


def _not_granted(case: Case) -> Iterator[Told]:
    if case.right.status in PENDING and not _over(case):
        yield {}


def _annuity(case: Case) -> Iterator[Told]:
    if case.right.status is AssetStatus.late_fee and not _over(case):
        yield {}


def _stayed(case: Case) -> Iterator[Told]:
    if case.right.stayed:
        yield {}


def _term(case: Case) -> Iterator[Told]:
    last_day = case.right.last_day_in_force
    if last_day is not None and case.filing.debt_to > last_day:
        yield {"debt_to": case.filing.debt_to, "last_day": last_day}


def _pledged(case: Case) -> Iterator[Told]:
    if case.right.kind is AssetKind.trademark and case.limits.second_pledge_of_marks:
        return
    for lien in case.right.liens:
        yield {"kind": "lien", "since": lien.since, "rank": lien.rank}


def _twin(case: Case) -> Iterator[Told]:
    if case.right.twin:
        yield {}


def _invalidation(case: Case) -> Iterator[Told]:
    if case.right.invalidation_pending:
        yield {}


def _other(case: Case) -> Iterator[Told]:
    if case.right.regime is not Regime.cn:
        yield {"reason": Reason("not a Chinese right", "非中国权利")}
    if case.right.status is AssetStatus.unknown and not _over(case):
        yield {"reason": Reason("legal status unknown", "法律状态不明")}


def _reserved(case: Case) -> Iterator[Told]:
    if case.right.reserved:
        yield {}


def _collective(case: Case) -> Iterator[Told]:
    if case.right.mark_kind in BOUND_KINDS:
        yield {}


def _associated(case: Case) -> Iterator[Told]:
    missing = [one for one in case.right.associated if one[0] not in case.filing.pledgors]
    if missing:
        yield {
            "missing": "、".join(number for _, number in missing),
            "missing_asset_ids": [asset_id for asset_id, _ in missing],
        }


def _stale(case: Case) -> Iterator[Told]:
    known, days = case.right.status_as_of, case.limits.status_fresh_days
    if known is None or known < case.filing.filed_on - timedelta(days=days):
        yield {"status_as_of": known, "fresh_days": days}


def _agreed(filing: Filing) -> AbstractSet[tuple[uuid.UUID, str]]:
    """What both parties had acknowledged by the day of filing: the right and the ground."""
    return {
        (given.asset_id, given.code)
        for given in filing.acknowledgements
        if max(given.pledgor_on, given.pledgee_on) <= filing.filed_on
    }


_CHECKS: Sequence[tuple[ErrorCode, Callable[[Case], Iterator[Told]]]] = (
    (grounds_of.NOT_OWNER, _not_owner),
    (grounds_of.ENDED_OR_INVALID, _ended),
    (grounds_of.NOT_GRANTED, _not_granted),
    (grounds_of.ANNUITY_UNPAID, _annuity),
    (grounds_of.SUSPENDED_OR_PRESERVED, _stayed),
    (grounds_of.TERM_EXCEEDS, _term),
    (grounds_of.CO_OWNER_CONSENT_MISSING, _co_owner),
    (ALREADY_PLEDGED, _pledged),
    (grounds_of.TWIN_UTILITY_MODEL, _twin),
    (grounds_of.INVALIDATION_STARTED, _invalidation),
    (grounds_of.OTHER, _other),
    (RESERVED, _reserved),
    (COLLECTIVE_MARK, _collective),
    (grounds_of.ASSOCIATED_MARKS_MISSING, _associated),
    (grounds_of.STATUS_STALE, _stale),
)
_OF_RIGHT = {code.code: (code, check) for code, check in _CHECKS}
_OF_CONTRACT: Sequence[tuple[ErrorCode, str, Callable[[Filing], Iterator[Told]]]] = (
    (grounds_of.CONTRACT_ITEMS_MISSING, "/contract", _contract_items),
    (grounds_of.FORECLOSURE_CLAUSE, "/contract/title_transfer_on_default", _foreclosure_clause),
)

CODES: Mapping[str, ErrorCode] = {
    code.code: code
    for code in (
        *(code for code, _ in _CHECKS),
        *(code for code, _, _ in _OF_CONTRACT),
        valuation.UNFIT,
        valuation.EXPIRED,
        grounds_of.LTV_EXCEEDED,
    )
}
"""Every ground that a pack may name, by its code."""
