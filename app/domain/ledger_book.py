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
from typing import Protocol

from app.domain import ledger as rules
from app.domain.errors import ErrorCode, Violation
from app.domain.fund import MOVES_WITH_CASH
from app.domain.identifiers import new_id
from app.domain.ledger import Side, TransferKind
from app.domain.ledger_transfer import ENDING, MOVING, NewTransfer, WantedTransfer
from app.domain.pool import AccountCode, of_contributions
from app.domain.request import date_faults

CLAIM_ACCOUNTS = (AccountCode.compensation, AccountCode.recovered)
"""Accounts that move with claims only."""


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


class Purse(Protocol):
    """Whose money the special account holds: a transfer of it needs money that may move so."""

    def take(self, made: NewTransfer) -> ErrorCode | None:
        """Move the money of a transfer; what speaks against it, and then nothing is moved."""

    def undo(self, made: NewTransfer) -> None:
        """Take back what the last transfer that was taken has moved."""


@dataclass(slots=True)
class Book:
    """The part of a ledger that wanted transfers touch.

    `known` are transfers that are named or repeated, `makers` the clients that booked them; `postings` are
    posting ids that the ledger has used before. `purse`: needed where money of the special account moves.
    """

    accounts: Mapping[uuid.UUID, BookAccount]
    known: dict[uuid.UUID, NewTransfer]
    resolved: set[uuid.UUID]
    reversed: set[uuid.UUID]
    makers: dict[uuid.UUID, uuid.UUID | None]
    postings: frozenset[uuid.UUID] = frozenset()
    purse: Purse | None = None
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
            made: list[Verdict] = []
            applied: list[NewTransfer] = []
            for number in range(begin, end):
                pointer = f"{place}/{number}" if place else ""
                verdict = self._one(wanted[number], hand, pointer)
                if verdict.outcome is Outcome.created and verdict.transfer is not None:
                    applied.append(verdict.transfer)
                if number == len(wanted) - 1 and wanted[number].linked:
                    verdict = replace(
                        verdict,
                        outcome=Outcome.refused,
                        transfer=None,
                        violations=(*verdict.violations, rules.CHAIN_OPEN.violation(f"{pointer}/linked")),
                    )
                if verdict.outcome is Outcome.refused and verdict.id is not None:
                    self._fallen.add(verdict.id)
                made.append(verdict)
            if any(one.outcome is Outcome.refused for one in made):
                for transfer in reversed(applied):
                    self._undo(transfer, hand)
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
            return self._resolution(wanted, hand, pointer)
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

    def _resolution(
        self, wanted: WantedTransfer, hand: Hand, pointer: str
    ) -> tuple[NewTransfer | None, list[Violation]]:
        if wanted.resolves_id is None:
            return None, [rules.FIELDS_MISSING.violation(f"{pointer}/resolves_id", fields="resolves_id")]
        pending = self.known.get(wanted.resolves_id)
        if pending is None:
            code = rules.CHAIN_FAILED if wanted.resolves_id in self._fallen else rules.TRANSFER_NOT_FOUND
            return None, [code.violation(f"{pointer}/resolves_id", id=wanted.resolves_id)]
        proposed = pending.is_reversal and pending.kind is TransferKind.pending
        reversing = proposed and wanted.kind is TransferKind.post  # a void is of the day it is made
        made = NewTransfer(
            debit_account_id=pending.debit_account_id,
            credit_account_id=pending.credit_account_id,
            amount_fen=wanted.amount.fen if wanted.amount is not None else pending.amount_fen,
            code=wanted.code,
            business_noun=pending.business_noun,
            business_id=pending.business_id,
            kind=wanted.kind,
            resolves_id=pending.id,
            reverses_id=pending.business_id if reversing else None,
            narrative=wanted.narrative,
            occurred_on=wanted.occurred_on or (pending.occurred_on if reversing else None) or hand.today,
            corrects_on=pending.corrects_on
            if reversing and wanted.corrects_on is None
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
        return faults or self._applied(made, hand, pointer)

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

    def _applied(self, made: NewTransfer, hand: Hand, pointer: str) -> list[Violation]:
        """Take a transfer into the book, unless limits or the money's own rules speak against it."""
        self._apply(made, hand)
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
        if not faults and self._of_purse(made) and self.purse is not None:
            objection = self.purse.take(made)
            faults += [objection.violation(f"{pointer}/amount")] if objection is not None else []
        if faults:
            self._forget(made, hand)
        return faults

    def _of_purse(self, made: NewTransfer) -> bool:
        return made.kind in MOVING and self._of_cash(made)

    def _move(self, made: NewTransfer, hand: Hand, sign: int) -> None:
        """Move the totals of both accounts, or (-1) move them back."""
        held = self.known[made.resolves_id].amount_fen if made.resolves_id is not None else 0
        posted = made.amount_fen if made.kind in MOVING else 0
        pending = made.amount_fen if made.kind is TransferKind.pending else -held
        on = made.occurred_on or hand.today
        for side, account_id in _sides(made):
            self.accounts[account_id].add(side, sign * posted, sign * pending, on)

    def _apply(self, made: NewTransfer, hand: Hand) -> None:
        self._move(made, hand, 1)
        self.known[made.id] = made
        self.makers[made.id] = hand.client_id
        if made.resolves_id is not None:
            self.resolved.add(made.resolves_id)
        if made.reverses_id is not None:
            self.reversed.add(made.reverses_id)

    def _undo(self, made: NewTransfer, hand: Hand) -> None:
        if self._of_purse(made) and self.purse is not None:
            self.purse.undo(made)
        self._forget(made, hand)

    def _forget(self, made: NewTransfer, hand: Hand) -> None:
        self._move(made, hand, -1)
        del self.known[made.id]
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
