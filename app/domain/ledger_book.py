"""What a book makes of wanted transfers: one judgement for a single transfer, a batch and a dry run.

`Book.judge` takes the totals of the accounts concerned and the transfers that are named or repeated, applies
what is wanted in its order, and tells for each what is created, what exists already, and what is refused with
all reasons. Nothing is written here; the database's trigger holds the same rules for every writer.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from app.domain import ledger as rules
from app.domain.errors import Violation
from app.domain.fund import MOVES_WITH_CASH
from app.domain.identifiers import new_id
from app.domain.ledger import Side, TransferKind
from app.domain.money import Money
from app.domain.pool import AccountCode, of_contributions
from app.domain.request import date_faults

CLAIM_ACCOUNTS = (AccountCode.compensation, AccountCode.recovered)
"""Accounts that move with claims only."""

MOVING = (TransferKind.posted, TransferKind.post)
"""Kinds that move posted totals."""

ENDING = (TransferKind.void, TransferKind.expire)
"""Kinds that give back what was set aside."""


@dataclass(frozen=True, slots=True)
class NewTransfer:
    """`amount_fen` from `debit_account_id`'s debit to `credit_account_id`'s credit.

    Without a `posting_id` it is a posting with the others of its statement. `occurred_on` None: today.
    """

    debit_account_id: uuid.UUID
    credit_account_id: uuid.UUID
    amount_fen: int
    code: str
    business_noun: str
    business_id: uuid.UUID
    kind: TransferKind = TransferKind.posted
    resolves_id: uuid.UUID | None = None
    reverses_id: uuid.UUID | None = None
    freezes: Side | None = None
    expires_on: date | None = None
    narrative: str | None = None
    occurred_on: date | None = None
    corrects_on: date | None = None
    adjustment: bool = False
    id: uuid.UUID = field(default_factory=new_id)
    posting_id: uuid.UUID | None = None

    @property
    def is_reversal(self) -> bool:
        """Whether it proposes the reversal of `business_id`, or is one."""
        return self.code == rules.REVERSAL and self.business_noun == "transfer"


@dataclass(frozen=True, slots=True)
class WantedTransfer:
    """A transfer as a caller asks for it; a resolution needs only what it resolves.

    `linked`: it stands or falls with the next one. Transfers of one `posting_id` stand or fall together.
    """

    kind: TransferKind
    code: str
    id: uuid.UUID | None = None
    debit_account_id: uuid.UUID | None = None
    credit_account_id: uuid.UUID | None = None
    amount: Money | None = None
    resolves_id: uuid.UUID | None = None
    occurred_on: date | None = None
    corrects_on: date | None = None
    expires_on: date | None = None
    narrative: str | None = None
    adjustment: bool = False
    posting_id: uuid.UUID | None = None
    linked: bool = False

    @property
    def resolves(self) -> bool:
        """Whether it ends a pending transfer."""
        return self.kind in (TransferKind.post, TransferKind.void, TransferKind.expire)


@dataclass(slots=True)
class BookAccount:
    """An account's totals as the transfers applied so far have left them, in fen.

    `days`: what moved its posted balance (debits less credits) by effective day, from the earliest day that
    is wanted on; needed only where something is wanted before `last_occurred_on`.
    """

    id: uuid.UUID
    code: str
    currency: str
    limit_side: Side | None
    memo: bool
    frozen_by: uuid.UUID | None = None
    debits_posted: int = 0
    credits_posted: int = 0
    debits_pending: int = 0
    credits_pending: int = 0
    last_occurred_on: date | None = None
    days: dict[date, int] = field(default_factory=dict)

    def add(self, side: Side, posted: int, pending: int, on: date) -> None:
        """Move one side."""
        if side is Side.debit:
            self.debits_posted += posted
            self.debits_pending += pending
        else:
            self.credits_posted += posted
            self.credits_pending += pending
        if posted:
            self.days[on] = self.days.get(on, 0) + (posted if side is Side.debit else -posted)

    @property
    def overdrawn(self) -> bool:
        """Whether the limited side exceeds the other, pending amounts counted (POL-05)."""
        if self.limit_side is Side.debit:
            return self.debits_posted + self.debits_pending > self.credits_posted
        if self.limit_side is Side.credit:
            return self.credits_posted + self.credits_pending > self.debits_posted
        return False

    def overdrawn_on(self, since: date) -> date | None:
        """The latest effective day from `since` on whose posted balance breaks the limit; None: none does."""
        sign = 1 if self.limit_side is Side.credit else -1
        balance = self.debits_posted - self.credits_posted
        for day in sorted(self.days, reverse=True):
            if day < since:
                break
            if sign * balance < 0:
                return day
            balance -= self.days[day]
        return None


class Outcome(StrEnum):
    """What became of a wanted transfer; `exists`: an earlier request created it with the same values."""

    created = "created"
    exists = "exists"
    refused = "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a book makes of one wanted transfer."""

    outcome: Outcome
    id: uuid.UUID | None
    transfer: NewTransfer | None = None
    violations: tuple[Violation, ...] = ()


@dataclass(frozen=True, slots=True)
class Hand:
    """Whose hand keeps the book, and what it may do alone.

    `second_person_fen`: from this amount on one client proposes and another posts (RB-02); None: never.
    `day_fault` tells what speaks against booking on a day, such as a closed period.
    """

    client_id: uuid.UUID | None
    today: date
    business_id: uuid.UUID
    currency: str
    second_person_fen: int | None = None
    day_fault: Callable[[str, date, bool], Violation | None] | None = None


@dataclass(slots=True)
class Book:
    """The part of a ledger that wanted transfers touch.

    `known` are transfers that are named or repeated, `makers` the clients that booked them; `postings` are
    posting ids that the ledger has used before.
    """

    accounts: Mapping[uuid.UUID, BookAccount]
    known: dict[uuid.UUID, NewTransfer]
    resolved: set[uuid.UUID]
    reversed: set[uuid.UUID]
    makers: dict[uuid.UUID, uuid.UUID | None]
    postings: frozenset[uuid.UUID] = frozenset()
    _fallen: set[uuid.UUID] = field(default_factory=set)
    _split: frozenset[uuid.UUID] = frozenset()

    def judge(
        self, wanted: Sequence[WantedTransfer], hand: Hand, *, atomic: bool = True, place: str = ""
    ) -> list[Verdict]:
        """A verdict for each wanted transfer, applied in their order.

        `atomic`: all stand or fall together; otherwise each chain of linked transfers does, and each posting.
        `place`: JSON pointer of the list; empty for a single transfer.
        """
        verdicts: list[Verdict] = []
        self._split = split_postings(wanted)
        for begin, end in _chains(wanted, atomic=atomic):
            made, undo = [], []
            for number in range(begin, end):
                pointer = f"{place}/{number}" if place else ""
                verdict = self._one(wanted[number], hand, pointer)
                if number == end - 1 == len(wanted) - 1 and wanted[number].linked:
                    verdict = replace(
                        verdict,
                        outcome=Outcome.refused,
                        transfer=None,
                        violations=(*verdict.violations, rules.CHAIN_OPEN.violation(f"{pointer}/linked")),
                    )
                if verdict.outcome is Outcome.created and verdict.transfer is not None:
                    undo.append((verdict.transfer, self._apply(verdict.transfer, hand)))
                elif verdict.outcome is Outcome.refused and verdict.id is not None:
                    self._fallen.add(verdict.id)
                made.append(verdict)
            if any(one.outcome is Outcome.refused for one in made):
                for transfer, before in reversed(undo):
                    self._undo(transfer, hand, before)
                made = [self._fall(one, f"{place}/{begin + n}") for n, one in enumerate(made)]
            verdicts += made
        return verdicts

    def _fall(self, verdict: Verdict, pointer: str) -> Verdict:
        """A transfer that was in order, but stands or falls with one that was not."""
        if verdict.outcome is not Outcome.created:
            return verdict
        if verdict.id is not None:
            self._fallen.add(verdict.id)
        return Verdict(
            Outcome.refused, verdict.id, violations=(rules.CHAIN_FAILED.violation(pointer, id=verdict.id),)
        )

    def _one(self, wanted: WantedTransfer, hand: Hand, pointer: str) -> Verdict:
        if wanted.id is not None and wanted.id in self.known:
            return self._repeated(self.known[wanted.id], wanted, hand, pointer)
        made, faults = self._complete(wanted, hand, pointer)
        if made is not None:
            faults = [*faults, *self._faults(made, wanted, hand, pointer)]
        if made is None or faults:
            return Verdict(Outcome.refused, wanted.id, violations=tuple(faults))
        return Verdict(Outcome.created, made.id, made)

    def _repeated(self, known: NewTransfer, wanted: WantedTransfer, hand: Hand, pointer: str) -> Verdict:
        made, faults = self._complete(wanted, hand, pointer)
        if made is None:
            return Verdict(Outcome.refused, wanted.id, violations=tuple(faults))
        compared = ["kind", "debit_account_id", "credit_account_id", "amount_fen", "resolves_id", "code"]
        compared += ["expires_on", "narrative", "adjustment", "corrects_on"]
        compared += [name for name in ("occurred_on", "posting_id") if getattr(wanted, name) is not None]
        differing = [name for name in compared if getattr(known, name) != getattr(made, name)]
        if differing:
            fault = rules.ID_TAKEN.violation(f"{pointer}/id", fields=", ".join(differing))
            return Verdict(Outcome.refused, wanted.id, violations=(fault,))
        return Verdict(Outcome.exists, wanted.id, known)

    def _complete(
        self, wanted: WantedTransfer, hand: Hand, pointer: str
    ) -> tuple[NewTransfer | None, list[Violation]]:
        """The transfer that is meant, or what is missing to say so."""
        if wanted.amount is not None and wanted.amount.currency != hand.currency:
            return None, [rules.CURRENCY_MISMATCH.violation(f"{pointer}/amount/currency")]
        if wanted.resolves:
            return self._resolution(wanted, pointer)
        names = ("debit_account_id", "credit_account_id", "amount")
        missing = [name for name in names if getattr(wanted, name) is None]
        if wanted.debit_account_id is None or wanted.credit_account_id is None or wanted.amount is None:
            fields = ", ".join(missing)
            return None, [rules.FIELDS_MISSING.violation(pointer or None, fields=fields)]
        made = NewTransfer(
            debit_account_id=wanted.debit_account_id,
            credit_account_id=wanted.credit_account_id,
            amount_fen=wanted.amount.fen,
            code=wanted.code,
            business_noun="pool",
            business_id=hand.business_id,
            kind=wanted.kind,
            expires_on=wanted.expires_on,
            narrative=wanted.narrative,
            occurred_on=wanted.occurred_on or hand.today,
            corrects_on=wanted.corrects_on,
            adjustment=wanted.adjustment,
            id=wanted.id or new_id(),
            posting_id=wanted.posting_id or new_id(),
        )
        return made, []

    def _resolution(self, wanted: WantedTransfer, pointer: str) -> tuple[NewTransfer | None, list[Violation]]:
        if wanted.resolves_id is None:
            return None, [rules.FIELDS_MISSING.violation(f"{pointer}/resolves_id", fields="resolves_id")]
        pending = self.known.get(wanted.resolves_id)
        if pending is None:
            code = rules.CHAIN_FAILED if wanted.resolves_id in self._fallen else rules.TRANSFER_NOT_FOUND
            return None, [code.violation(f"{pointer}/resolves_id", id=wanted.resolves_id)]
        proposed = pending.is_reversal and pending.kind is TransferKind.pending
        made = NewTransfer(
            debit_account_id=pending.debit_account_id,
            credit_account_id=pending.credit_account_id,
            amount_fen=wanted.amount.fen if wanted.amount is not None else pending.amount_fen,
            code=wanted.code,
            business_noun=pending.business_noun,
            business_id=pending.business_id,
            kind=wanted.kind,
            resolves_id=pending.id,
            reverses_id=pending.business_id if proposed and wanted.kind is TransferKind.post else None,
            narrative=wanted.narrative,
            occurred_on=pending.occurred_on
            if proposed and wanted.occurred_on is None
            else wanted.occurred_on,
            corrects_on=pending.corrects_on
            if proposed and wanted.corrects_on is None
            else wanted.corrects_on,
            adjustment=wanted.adjustment,
            id=wanted.id or new_id(),
            posting_id=wanted.posting_id or new_id(),
        )
        return made, []

    def _faults(self, made: NewTransfer, wanted: WantedTransfer, hand: Hand, pointer: str) -> list[Violation]:
        """Everything that speaks against a transfer that is fully told."""
        faults = self._day_faults(made, hand, pointer)
        if wanted.posting_id is not None and wanted.posting_id in self.postings:
            faults.append(rules.POSTING_TAKEN.violation(f"{pointer}/posting_id"))
        if wanted.posting_id in self._split:
            faults.append(rules.POSTING_SPLIT.violation(f"{pointer}/posting_id"))
        faults += self._account_faults(made, pointer)
        faults += self._resolution_faults(made, hand, pointer)
        faults += self._person_faults(made, hand, pointer)
        if not faults:
            faults += self._limit_faults(made, hand, pointer)
        return faults

    def _day_faults(self, made: NewTransfer, hand: Hand, pointer: str) -> list[Violation]:
        faults: list[Violation] = []
        if made.occurred_on is not None:
            faults += date_faults(f"{pointer}/occurred_on", made.occurred_on, today=hand.today)
        if made.expires_on is not None and (
            made.kind is not TransferKind.pending or made.expires_on < hand.today
        ):
            faults.append(rules.EXPIRES_WRONG.violation(f"{pointer}/expires_on"))
        on = made.occurred_on or hand.today
        if made.corrects_on is not None and made.corrects_on >= on:
            faults.append(rules.CORRECTS_WRONG.violation(f"{pointer}/corrects_on"))
        if hand.day_fault is not None and not faults:
            fault = hand.day_fault(f"{pointer}/occurred_on", on, made.adjustment)
            faults += [fault] if fault is not None else []
        return faults

    def _account_faults(self, made: NewTransfer, pointer: str) -> list[Violation]:
        if made.debit_account_id == made.credit_account_id:
            return [rules.SAME_ACCOUNT.violation(pointer or None)]
        faults = []
        for side, account_id in _sides(made):
            at = f"{pointer}/{side}_account_id"
            account = self.accounts.get(account_id)
            if account is None:
                faults.append(rules.ACCOUNT_NOT_FOUND.violation(at, account_id=account_id))
            elif account.memo:
                faults.append(rules.MEMO_ACCOUNT.violation(at, code=account.code))
            elif account.code in CLAIM_ACCOUNTS:
                faults.append(rules.CLAIM_ACCOUNT.violation(at, code=account.code))
            elif account.frozen_by is not None and made.kind is not TransferKind.void:
                faults.append(rules.FROZEN.violation(at, code=account.code))
            elif of_contributions(account.code) and made.kind not in ENDING and not self._of_cash(made):
                faults.append(MOVES_WITH_CASH.violation(at, code=account.code))
        return faults

    def _of_cash(self, made: NewTransfer) -> bool:
        """Whether one side is the special account."""
        return any(
            account_id in self.accounts and self.accounts[account_id].code == AccountCode.cash
            for _, account_id in _sides(made)
        )

    def _resolution_faults(self, made: NewTransfer, hand: Hand, pointer: str) -> list[Violation]:
        if made.resolves_id is None:
            return []
        pending, at = self.known[made.resolves_id], f"{pointer}/resolves_id"
        if pending.kind is not TransferKind.pending:
            return [rules.NOT_PENDING.violation(at)]
        if pending.id in self.resolved:
            return [rules.ALREADY_RESOLVED.violation(at)]
        faults = []
        if made.kind is TransferKind.expire:
            faults.append(rules.EXPIRES_BY_ITSELF.violation(f"{pointer}/kind"))
        whole = made.kind is TransferKind.void or made.reverses_id is not None
        if made.amount_fen > pending.amount_fen or (whole and made.amount_fen != pending.amount_fen):
            faults.append(rules.AMOUNT_EXCEEDS_PENDING.violation(f"{pointer}/amount"))
        late = pending.expires_on is not None and pending.expires_on < hand.today
        if made.kind is TransferKind.post and late:
            faults.append(rules.EXPIRED.violation(at, expires_on=pending.expires_on))
        if made.reverses_id is not None and made.reverses_id in self.reversed:
            faults.append(rules.ALREADY_REVERSED.violation(at))
        return faults

    def _person_faults(self, made: NewTransfer, hand: Hand, pointer: str) -> list[Violation]:
        """RB-02: from the pool's amount on, and for every reversal, who proposes does not post."""
        above = hand.second_person_fen is not None and made.amount_fen >= hand.second_person_fen
        if made.kind is TransferKind.posted and above:
            return [rules.SECOND_PERSON_NEEDED.violation(f"{pointer}/kind")]
        if made.kind is not TransferKind.post or not (above or made.reverses_id is not None):
            return []
        maker = self.makers.get(made.resolves_id) if made.resolves_id is not None else None
        return [rules.SAME_PERSON.violation(f"{pointer}/resolves_id")] if maker == hand.client_id else []

    def _limit_faults(self, made: NewTransfer, hand: Hand, pointer: str) -> list[Violation]:
        before = self._apply(made, hand)
        faults = []
        on = made.occurred_on or hand.today
        for side, account_id in _sides(made):
            account = self.accounts[account_id]
            if account.overdrawn:
                faults.append(rules.INSUFFICIENT.violation(pointer or None, code=account.code))
            elif made.kind in MOVING and account.limit_side is side:
                then = account.overdrawn_on(on)
                if then is not None:
                    faults.append(rules.LIMIT_THEN.violation(f"{pointer}/occurred_on", on=then))
        self._undo(made, hand, before)
        return faults

    def _apply(self, made: NewTransfer, hand: Hand) -> int:
        """Take a transfer into the book; returns what it frees of pending amounts, for `_undo`."""
        held = self.known[made.resolves_id].amount_fen if made.resolves_id is not None else 0
        posted = made.amount_fen if made.kind in MOVING else 0
        pending = made.amount_fen if made.kind is TransferKind.pending else -held
        on = made.occurred_on or hand.today
        for side, account_id in _sides(made):
            self.accounts[account_id].add(side, posted, pending, on)
        self.known[made.id] = made
        self.makers[made.id] = hand.client_id
        if made.resolves_id is not None:
            self.resolved.add(made.resolves_id)
        if made.reverses_id is not None:
            self.reversed.add(made.reverses_id)
        return held

    def _undo(self, made: NewTransfer, hand: Hand, held: int) -> None:
        posted = made.amount_fen if made.kind in MOVING else 0
        pending = made.amount_fen if made.kind is TransferKind.pending else -held
        on = made.occurred_on or hand.today
        del self.known[made.id]
        for side, account_id in _sides(made):
            self.accounts[account_id].add(side, -posted, -pending, on)
        del self.makers[made.id]
        if made.resolves_id is not None:
            self.resolved.discard(made.resolves_id)
        if made.reverses_id is not None:
            self.reversed.discard(made.reverses_id)


def _sides(made: NewTransfer) -> tuple[tuple[Side, uuid.UUID], tuple[Side, uuid.UUID]]:
    return (Side.debit, made.debit_account_id), (Side.credit, made.credit_account_id)


def _chains(wanted: Sequence[WantedTransfer], *, atomic: bool) -> Iterable[tuple[int, int]]:
    """The runs of transfers that stand or fall together, as half-open ranges."""
    if atomic:
        return [(0, len(wanted))]
    cuts = [0]
    for number in range(1, len(wanted)):
        before, one = wanted[number - 1], wanted[number]
        posting = one.posting_id is not None and one.posting_id == before.posting_id
        if not before.linked and not posting:
            cuts.append(number)
    return zip(cuts, [*cuts[1:], len(wanted)], strict=True)


def split_postings(wanted: Sequence[WantedTransfer]) -> frozenset[uuid.UUID]:
    """Posting ids whose transfers do not stand side by side."""
    seen: set[uuid.UUID] = set()
    split: set[uuid.UUID] = set()
    last: uuid.UUID | None = None
    for one in wanted:
        if one.posting_id is not None and one.posting_id != last and one.posting_id in seen:
            split.add(one.posting_id)
        if one.posting_id is not None:
            seen.add(one.posting_id)
        last = one.posting_id
    return frozenset(split)
