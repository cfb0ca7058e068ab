"""What a decision on a pledge is made on, and the judgement itself: nothing else is needed to repeat it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.domain import pledge_ground as grounds, valuation as valuations
from app.domain.asset import WHOLE_PPM
from app.domain.decision import DecisionOutcome
from app.domain.errors import Violation
from app.domain.money import format_amount
from app.domain.pledge_ground import Filing, Right
from app.domain.pledge_ground_check import Finding, findings, in_order, ruled
from app.domain.pool import covered_principal
from app.domain.rule_pack import FULL_BP, RulePack
from app.domain.valuation import Support, ValuationStatus


@dataclass(frozen=True, slots=True)
class Charged:
    """A right as it is to be charged; `secured_fen` or `share_ppm` limit what it secures, if at all."""

    right: Right
    valuation: Support | None = None
    secured_fen: int | None = None
    share_ppm: int | None = None

    @property
    def value_fen(self) -> int | None:
        """What it is worth by a signed valuation of itself; None: nobody has said."""
        known = self.valuation
        if known is None or known.status is not ValuationStatus.signed or known.asset_id != self.right.id:
            return None
        return known.value_fen


@dataclass(frozen=True, slots=True)
class Case:
    """A filing with its rights as the register knows them, under lock where it is decided.

    `accepts_expired`: the pool takes valuations that are too old. `counted_in`: the district of the first
    pledgor, where the financing will count.
    """

    filing: Filing
    charged: Sequence[Charged]
    principal_fen: int
    ip_share_bp: int
    counted_in: str
    accepts_expired: bool = False

    @property
    def secured_fen(self) -> int:
        """The part of the principal that rests on the rights, up to the fen (PLG-13)."""
        return covered_principal(self.principal_fen, self.ip_share_bp)


@dataclass(frozen=True, slots=True)
class Cover:
    """What is secured against what bears it: the rights' worth, and how much of it may be lent on (PL-27)."""

    secured_fen: int
    value_fen: int
    cap_fen: int

    @property
    def ltv_bp(self) -> int:
        """Loan to value in parts of 10,000, rounded up."""
        return -(-self.secured_fen * FULL_BP // self.value_fen)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a pack says of a case, and what speaks against it beside the pack (pool, application)."""

    case: Case
    pack: RulePack
    assumed: bool
    found: Sequence[Finding]
    beside: Sequence[Violation] = ()

    @property
    def objections(self) -> list[Violation]:
        """Everything that keeps the pledge from being filed."""
        return [*(found.violation for found in self.found if found.objects), *self.beside]

    @property
    def outcome(self) -> DecisionOutcome:
        """Passed when nothing objects; warnings do not."""
        return DecisionOutcome.refused if self.objections else DecisionOutcome.passed


def judge(case: Case, pack: RulePack) -> list[Finding]:
    """Every ground of the pack that the case meets, acknowledged or not, and every warning."""
    found = findings(case.filing, [one.right for one in case.charged], pack)
    found += _valuation_findings(case, pack)
    found += _ltv_findings(case, pack)
    return in_order(found)


def cover(case: Case, pack: RulePack) -> Cover | None:
    """The loan against all its rights; None unless each has been valued."""
    valued = [(one.right, one.value_fen) for one in case.charged]
    values = [value for _, value in valued if value]
    if not values or len(values) < len(valued):
        return None
    caps = (pack.limits.cap_bp(right.kind, right.patent_type) for right, _ in valued)
    cap_fen = sum(value * cap // FULL_BP for value, cap in zip(values, caps, strict=True))
    return Cover(case.secured_fen, sum(values), cap_fen)


def item_cover(case: Case, charged: Charged, pack: RulePack) -> Cover | None:
    """What one right secures against its worth; None where its part or its worth is not said."""
    value = charged.value_fen
    if charged.secured_fen is not None:
        part = charged.secured_fen
    elif charged.share_ppm is not None:
        part = -(-case.secured_fen * charged.share_ppm // WHOLE_PPM)
    else:
        return None
    if not value:
        return None
    cap = pack.limits.cap_bp(charged.right.kind, charged.right.patent_type)
    return Cover(part, value, value * cap // FULL_BP)


def _valuation_findings(case: Case, pack: RulePack) -> Iterator[Finding]:
    """A pledge rests on a signed valuation of the right itself, within its years or by the pool's leave."""
    for position, one in enumerate(case.charged):
        if one.valuation is None:
            continue
        for fault in valuations.support_faults(
            one.valuation,
            one.right.id,
            today=case.filing.filed_on,
            accepts_expired=case.accepts_expired,
            pointer=f"/items/{position}/valuation_id",
            valid_years=pack.limits.valuation_valid_years,
        ):
            taken = ruled(fault, pack, one.right.kind)
            if taken is not None:
                yield Finding(taken)


def _ltv_findings(case: Case, pack: RulePack) -> Iterator[Finding]:
    """Where more is lent than the worth bears: on a right with a part of its own, and on all of them."""
    for position, one in enumerate(case.charged):
        facts = {"asset_id": one.right.id, "number": one.right.number}
        over = _over_cap(item_cover(case, one, pack), f"/items/{position}", facts)
        taken = ruled(over, pack, one.right.kind) if over is not None else None
        if taken is not None:
            yield Finding(taken)
    whole = _over_cap(cover(case, pack), "/principal", {})
    if whole is not None:
        ruling = pack.ruling(whole.code.code, {one.right.kind for one in case.charged})
        if ruling is not None:
            yield Finding(replace(whole, ruling=ruling))


def _over_cap(known: Cover | None, pointer: str, facts: Mapping[str, Any]) -> Violation | None:
    if known is None or known.secured_fen <= known.cap_fen:
        return None
    return grounds.LTV_EXCEEDED.violation(
        pointer,
        **facts,
        secured=format_amount(known.secured_fen),
        cap=format_amount(known.cap_fen),
        ltv_bp=known.ltv_bp,
    )
