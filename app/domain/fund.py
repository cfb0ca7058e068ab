"""Funds: whose money moves when the special account does (POL-12, POL-25, UNI-32, RP-19).

Money that came in by one transfer of one source is a tranche. What goes out is drawn from tranches, first
in first out by day and then in the order of booking; for a loss only from those whose earmark (专款专用)
takes the loan. Pure: the caller reads the tranches and writes the movements.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from app.domain.errors import ErrorKind, define
from app.domain.money import allocate, format_amount
from app.domain.pool import SourceType

SOURCE_ZH: Mapping[SourceType, str] = {
    SourceType.central: "中央财政",
    SourceType.province: "省级财政",
    SourceType.city: "市级财政",
    SourceType.district: "区级财政",
    SourceType.guarantor: "担保机构",
    SourceType.insurer: "保险机构",
    SourceType.service_organisation: "服务机构",
    SourceType.other: "其他",
    SourceType.interest: "资金池自有资金（利息等）",
}
"""What the plain source of a type is named: it has no earmark, and its committed amount is not stated."""

NOT_FOUND = define("source.not_found", ErrorKind.not_found, "未找到该资金来源", "No such source of funds.")
ONE_PAYER = define(
    "source.one_payer",
    ErrorKind.invalid,
    "须且只能指明一个出资方：source_id 或 source",
    "Exactly one payer is named: source_id or source.",
)
EXISTS = define(
    "source.exists",
    ErrorKind.conflict,
    "该资金池已有同类型、同名称的资金来源",
    "The pool already has a source of this type and name.",
)
OVER_COMMITTED = define(
    "source.over_committed",
    ErrorKind.conflict,
    "实缴金额将超过该资金来源的认缴金额",
    "The money paid in would exceed what the source has committed.",
    basis="RP-19",
)
MOVES_WITH_CASH = define(
    "source.moves_with_cash",
    ErrorKind.conflict,
    "出资账户 {code} 只随专户存款变动，不与其他账户对转",
    "Account {code} takes what sources pay in: it moves with the special account only.",
    basis="RP-18",
)
POOLS_OWN = define(
    "source.pools_own",
    ErrorKind.conflict,
    "利息等资金池自有资金不由出资方缴入",
    "Interest and other money of the pool itself is not paid in by a contributor.",
    basis="RP-19",
)
NOT_BEFORE = define(
    "source.not_yet_effective",
    ErrorKind.conflict,
    "该资金来源自 {effective_from} 起生效，不能在此之前缴入",
    "The source takes effect on {effective_from}; nothing is paid in before.",
)
SPENT = define(
    "source.money_spent",
    ErrorKind.conflict,
    "该笔资金已部分使用或已归还，不能冲销",
    "Part of that money has been spent, or has come back already: it cannot be reversed.",
    basis="RP-19",
)
NOT_ELIGIBLE = define(
    "source.not_eligible",
    ErrorKind.conflict,
    "可用于该笔贷款的资金不足（专款专用）：可用 {eligible} 元，需支付 {wanted} 元",
    "The money that may pay for this loan does not suffice: {eligible} of {wanted} yuan.",
    basis="RP-19",
)


@dataclass(frozen=True, slots=True)
class Loan:
    """What an earmark asks of a loan: the kinds of all its pledged rights, and the borrower's district."""

    kinds: frozenset[str]
    district_code: str | None


@dataclass(frozen=True, slots=True)
class Earmark:
    """What a source's money may pay for; None: of any kind, in any district."""

    kinds: frozenset[str] | None = None
    districts: frozenset[str] | None = None

    @property
    def free(self) -> bool:
        """Whether it binds nothing."""
        return self.kinds is None and self.districts is None

    def takes(self, loan: Loan) -> bool:
        """Whether a loss of this loan may be paid: every right of those kinds, the borrower from there."""
        return (self.kinds is None or loan.kinds <= self.kinds) and (
            self.districts is None or loan.district_code in self.districts
        )


@dataclass(frozen=True, slots=True)
class Source:
    """A source as an attribution needs it: its account in the ledger and its earmark."""

    id: uuid.UUID
    account_id: uuid.UUID
    own: bool
    earmark: Earmark


@dataclass(slots=True)
class Tranche:
    """Money that came in by transfer `id`, and what is left of it, in fen."""

    id: uuid.UUID
    source: Source
    occurred_on: date
    place: int
    """Its order of booking among those of a day."""
    remaining_fen: int


@dataclass(frozen=True, slots=True)
class SetAside:
    """Money set aside for a claim while it is public; `place` is the order in which it was booked."""

    id: uuid.UUID
    claim_id: uuid.UUID
    pledge_id: uuid.UUID
    place: int
    amount_fen: int
    loan: Loan


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Money that leaves: for a `loan`, back to the source `returned_to`, or for the pool's own expenses.

    `resolves` is what had been set aside for it: it keeps that place among the others.
    """

    amount_fen: int
    loan: Loan | None = None
    returned_to: Source | None = None
    resolves: SetAside | None = None


Movements = list[tuple[uuid.UUID, int]]
"""Tranche and signed fen, each tranche once."""


def order(tranches: Iterable[Tranche], loan: Loan | None, returned_to: Source | None = None) -> list[Tranche]:
    """The tranches that may be drawn, in order: for a loan those whose earmark takes it, oldest first.

    What goes back to a source is its money only. The pool's own expenses are drawn from money without
    earmark first, then from the rest; its own receipts given away (interest that is remitted) from those.
    """
    fifo = sorted(tranches, key=lambda one: (one.occurred_on, one.place))
    if loan is not None:
        return [one for one in fifo if one.source.earmark.takes(loan)]
    if returned_to is not None and not returned_to.own:
        return [one for one in fifo if one.source.id == returned_to.id]
    return sorted(fifo, key=lambda one: (one.source != returned_to, not one.source.earmark.free))


def draw(left: dict[uuid.UUID, int], wanted: Sequence[Tranche], amount_fen: int) -> Movements:
    """Take up to `amount_fen` of what is `left` of the tranches, in their order; `left` goes down."""
    taken: Movements = []
    for tranche in wanted:
        if amount_fen == 0:
            break
        part = min(amount_fen, left[tranche.id])
        if part > 0:
            left[tranche.id] -= part
            amount_fen -= part
            taken.append((tranche.id, part))
    return taken


def total(movements: Movements) -> int:
    """What movements sum to."""
    return sum(fen for _, fen in movements)


def back(amount_fen: int, drawn: Mapping[uuid.UUID, int]) -> Movements:
    """Give money back to the tranches it was drawn from, pro rata by largest remainder; at most all of it.

    What comes in beyond is not theirs: the caller gives it to the pool.
    """
    open_fen = {str(tranche): fen for tranche, fen in sorted(drawn.items()) if fen > 0}
    given = min(amount_fen, sum(open_fen.values()))
    if given <= 0:
        return []
    parts = allocate(given, list(open_fen.items()), list(open_fen))
    return [(uuid.UUID(tranche), fen) for tranche, fen in parts.items() if fen > 0]


def mirror(amount_fen: int, original: Mapping[uuid.UUID, int]) -> Movements:
    """Undo `amount_fen` of the movements of a transfer, pro rata; all of them when it is all of it."""
    sign = -1 if sum(original.values()) > 0 else 1
    weights = {str(tranche): abs(fen) for tranche, fen in sorted(original.items())}
    parts = allocate(amount_fen, list(weights.items()), list(weights))
    return [(uuid.UUID(tranche), sign * fen) for tranche, fen in parts.items() if fen > 0]


@dataclass(slots=True)
class Funds:
    """The tranches of a pool with money left, and the payments it is set aside for, while transfers pass.

    Money set aside first is served first: who draws leaves to earlier payments what they can be paid from.
    More money coming in never makes an earlier one worse off.
    """

    tranches: dict[uuid.UUID, Tranche]
    set_aside: Sequence[SetAside] = ()
    _free: dict[uuid.UUID, int] | None = field(default=None, init=False)
    """What is left beside everything set aside; None: to be computed anew."""

    @property
    def _earmarked(self) -> bool:
        return any(one.remaining_fen and not one.source.earmark.free for one in self.tranches.values())

    def _left(self) -> dict[uuid.UUID, int]:
        return {one.id: one.remaining_fen for one in self.tranches.values()}

    def _serve(self, left: dict[uuid.UUID, int], waiting: Iterable[SetAside]) -> None:
        for one in waiting:
            draw(left, order(self.tranches.values(), one.loan), one.amount_fen)

    def _others(self, own: SetAside | None) -> tuple[Sequence[SetAside], Sequence[SetAside]]:
        """What was set aside before and after `own`; before a payment that has no place is everything."""
        if own is None:
            return self.set_aside, ()
        earlier = [one for one in self.set_aside if one.place < own.place]
        return earlier, [one for one in self.set_aside if one.place > own.place]

    def eligible_fen(self, loan: Loan, own: SetAside | None = None) -> int:
        """What a loss of this loan can be paid from: what was set aside for it, and what nobody waits for."""
        earlier, later = self._others(own)
        left, wanted = self._left(), order(self.tranches.values(), loan)
        self._serve(left, earlier)
        placed = total(draw(left, wanted, own.amount_fen)) if own is not None else 0
        self._serve(left, later)
        return placed + sum(left[tranche.id] for tranche in wanted)

    def purse(self, loans: Mapping[uuid.UUID, Loan]) -> Purse | None:
        """What claims with these loans share: all that others do not wait for. None: no earmark binds it."""
        if not self._earmarked:
            return None
        left, pooled = self._left(), []
        for one in self.set_aside:
            taken = draw(left, order(self.tranches.values(), one.loan), one.amount_fen)
            pooled += taken if one.claim_id in loans else []
        for tranche, fen in pooled:
            left[tranche] += fen
        return Purse([*self.tranches.values()], loans, left)

    def pay(self, out: Outgoing) -> Movements:
        """Draw a payment. What others wait for is touched only where nothing else is left.

        Raises: `source.not_eligible`, `source.money_spent`: the money is there, but it is not the right one.
        """
        wanted = order(self.tranches.values(), out.loan, out.returned_to)
        if out.resolves is None:
            taken = self._beside_all(wanted, out.amount_fen)
        else:
            taken = self._in_place(wanted, out.amount_fen, out.resolves)
        missing = out.amount_fen - sum(taken.values())
        if missing:
            left = self._left()
            for tranche, fen in taken.items():
                left[tranche] -= fen
            for tranche, fen in draw(left, wanted, missing):
                taken[tranche] = taken.get(tranche, 0) + fen
            self._free = None
        if sum(taken.values()) < out.amount_fen:
            if out.loan is None:
                raise SPENT.error()
            eligible = format_amount(sum(taken.values()))
            raise NOT_ELIGIBLE.error(eligible=eligible, wanted=format_amount(out.amount_fen))
        self.move([(tranche, -fen) for tranche, fen in taken.items()])
        return [(tranche, -fen) for tranche, fen in taken.items()]

    def _beside_all(self, wanted: Sequence[Tranche], amount_fen: int) -> dict[uuid.UUID, int]:
        if self._free is None:
            self._free = self._left()
            if self._earmarked:
                self._serve(self._free, self.set_aside)
        return dict(draw(self._free, wanted, amount_fen))

    def _in_place(self, wanted: Sequence[Tranche], amount_fen: int, own: SetAside) -> dict[uuid.UUID, int]:
        earlier, later = self._others(own)
        left = self._left()
        self._serve(left, earlier)
        taken = dict(draw(left, wanted, min(amount_fen, own.amount_fen)))
        self._serve(left, later)
        for tranche, fen in draw(left, wanted, max(0, amount_fen - own.amount_fen)):
            taken[tranche] = taken.get(tranche, 0) + fen
        self._free = None
        return taken

    def open(self, tranche: Tranche) -> None:
        """Money has come in."""
        self.tranches[tranche.id] = tranche
        self._free = None

    def move(self, movements: Movements) -> None:
        """Take movements over into what is left of the tranches."""
        for tranche, fen in movements:
            self.tranches[tranche].remaining_fen += fen

    def restore(self, movements: Movements) -> None:
        """Movements that no draw decided: given back, or undone. Raises: `source.money_spent`."""
        if any(self.tranches[tranche].remaining_fen + fen < 0 for tranche, fen in movements):
            raise SPENT.error()
        self.move(movements)
        self._free = None

    def undo(self, movements: Movements, *, opened: uuid.UUID | None) -> None:
        """Take movements back; `opened`: the tranche that came in by them."""
        self.move([(tranche, -fen) for tranche, fen in movements if tranche != opened])
        if opened is not None:
            del self.tranches[opened]
        self._free = None


@dataclass(slots=True)
class Purse:
    """Money that claims of a line share, each out of what its loan's earmarks take; `left` goes down."""

    tranches: Sequence[Tranche]
    loans: Mapping[uuid.UUID, Loan]
    left: dict[uuid.UUID, int]

    def eligible_fen(self, claim_id: uuid.UUID) -> int:
        """What of the rest a claim can be paid from."""
        return sum(self.left[one.id] for one in order(self.tranches, self.loans[claim_id]))

    def take(self, claim_id: uuid.UUID, amount_fen: int) -> None:
        """A claim's part is no one else's."""
        draw(self.left, order(self.tranches, self.loans[claim_id]), amount_fen)


def by_id(tranches: Collection[Tranche]) -> dict[uuid.UUID, Tranche]:
    """Tranches by the transfer they came in by."""
    return {one.id: one for one in tranches}
