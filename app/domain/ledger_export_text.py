"""A pool's books as plain text for hledger and beancount, which add them up again (POL-24).

Posted money is on the accounts themselves, pending money beside them under `Equity:Pending`, so that what the
programs find on an account is its posted balance. Debits are plus, credits minus. The text ends with the
balances of all accounts: a checker fails if the transfers do not lead to them, to the fen.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta

from app.domain.ledger_export import (
    Books,
    ExportHead,
    ExportTransfer,
    amount,
    moves,
    one_line,
    paths,
    pending_path,
    posted_path,
)

TAGS = ("event", "booked", "recorded", "transfer", "kind", "resolves", "reverses", "corrects", "business")
OPENED_ON = date(1850, 1, 1)
"""Before any day the system takes."""
CHECK = "期末余额核对 balances as the ledger has them"


@dataclass(frozen=True, slots=True)
class _Names:
    posted: Mapping[uuid.UUID, str]
    pending: Mapping[uuid.UUID, str]
    currency: str

    def legs(self, transfer: ExportTransfer) -> Iterator[tuple[str, str]]:
        """The lines of a transfer: account and signed amount with its currency."""
        for posted, fen in moves(transfer):
            names = self.posted if posted else self.pending
            yield names[transfer.debit_account_id], f"{amount(fen)} {self.currency}"
            yield names[transfer.credit_account_id], f"{amount(-fen)} {self.currency}"


def _names(head: ExportHead) -> _Names:
    plain = paths(head.accounts)
    return _Names(
        {one.id: posted_path(one, plain[one.id]) for one in head.accounts},
        {one.id: pending_path(plain[one.id]) for one in head.accounts},
        head.currency,
    )


def _final(head: ExportHead, names: _Names) -> Iterator[tuple[str, str]]:
    """Every account with what it must have in the end."""
    for one in head.accounts:
        yield names.posted[one.id], amount(one.debits_posted - one.credits_posted)
        yield names.pending[one.id], amount(one.debits_pending - one.credits_pending)


def _about(head: ExportHead) -> list[str]:
    return [
        f"{head.pool_number} {one_line(head.pool_name)}",
        f"{head.taken_at.astimezone(UTC).isoformat()}, seal {head.seal}, {one_line(head.taken_by)}",
    ]


async def _groups(transfers: AsyncIterator[ExportTransfer]) -> AsyncIterator[list[ExportTransfer]]:
    """Transfers of one posting that have effect on one day."""
    group: list[ExportTransfer] = []
    async for transfer in transfers:
        if group and (group[0].occurred_on, group[0].posting_id) != (
            transfer.occurred_on,
            transfer.posting_id,
        ):
            yield group
            group = []
        group.append(transfer)
    if group:
        yield group


def _flag(group: list[ExportTransfer]) -> str:
    return "*" if any(one.posted_fen for one in group) else "!"


def _told(transfer: ExportTransfer) -> dict[str, str]:
    """What a transfer is, besides its amounts."""
    optional = {
        "resolves": transfer.resolves_id,
        "reverses": transfer.reverses_id,
        "corrects": transfer.corrects_on,
    }
    return {
        "transfer": str(transfer.id),
        "kind": transfer.kind,
        "business": f"{transfer.business_noun} {transfer.business_id}",
        **{name: str(value) for name, value in optional.items() if value is not None},
    }


def _booked(transfer: ExportTransfer) -> dict[str, str]:
    """What the transfers of a posting have in common."""
    return {
        "event": str(transfer.event_id),
        "booked": str(transfer.booked_on),
        "recorded": transfer.recorded_at.astimezone(UTC).isoformat(),
    }


async def hledger(books: Books) -> AsyncIterator[str]:
    """The books in the journal format of hledger; each element is some whole lines."""
    head, names = books.head, _names(books.head)
    yield "".join(f"; {line}\n" for line in _about(head))
    yield f"decimal-mark .\ncommodity 1000.00 {head.currency}\n"
    yield "".join(f"tag {name}\n" for name in (*TAGS, "code"))
    for one in head.accounts:
        kind = names.posted[one.id][0].replace("I", "R").replace("E", "X")
        kind = "E" if names.posted[one.id].startswith("Equity") else kind
        yield f"account {names.posted[one.id]}  ; type:{kind}, code:{one.code}\n"
        yield f"account {names.pending[one.id]}  ; type:E, code:{one.code}\n"
    last = head.taken_on
    async for group in _groups(books.effective()):
        first = group[0]
        last = max(last, first.occurred_on)
        text = " | ".join(_plain(part) for part in (first.code, first.narrative) if part)
        yield f"\n{first.occurred_on} {_flag(group)} ({first.posting_id}) {text}  ; {_tags(_booked(first))}\n"
        for transfer in group:
            told = _tags(_told(transfer))
            for account, moved in names.legs(transfer):
                yield f"    {account}  {moved}  ; {told}\n"
    yield f"\n{last} * {CHECK}\n"
    for account, expected in _final(head, names):
        yield f"    {account}  0.00 {head.currency} = {expected} {head.currency}\n"


def _plain(text: str) -> str:
    """Text of a description: a semicolon would begin a comment."""
    return one_line(text).replace(";", "；")


def _tags(told: Mapping[str, str]) -> str:
    return ", ".join(f"{name}:{value.replace(',', '，')}" for name, value in told.items())


async def beancount(books: Books) -> AsyncIterator[str]:
    """The books in the input format of beancount; each element is some whole lines."""
    head, names = books.head, _names(books.head)
    yield "".join(f"; {line}\n" for line in _about(head))
    yield f'option "title" {_quoted(head.pool_number)}\noption "operating_currency" "{head.currency}"\n'
    for one in head.accounts:
        for name in (names.posted[one.id], names.pending[one.id]):
            yield f"{OPENED_ON} open {name} {head.currency}\n  code: {_quoted(one.code)}\n"
    last = head.taken_on
    async for group in _groups(books.effective()):
        first = group[0]
        last = max(last, first.occurred_on)
        yield f"\n{first.occurred_on} {_flag(group)} {_quoted(first.code)} {_quoted(first.narrative or '')}\n"
        yield _metadata({"posting": str(first.posting_id), **_booked(first)}, "  ")
        for transfer in group:
            told = _metadata(_told(transfer), "    ")
            for account, moved in names.legs(transfer):
                yield f"  {account}  {moved}\n{told}"
    yield "\n"
    day = last + timedelta(days=1)  # a balance is that of the morning
    for account, expected in _final(head, names):
        # To the fen: beancount alone would let one fen pass.
        yield f"{day} balance {account}  {expected} ~ 0.00 {head.currency}\n"


def _metadata(told: Mapping[str, str], indent: str) -> str:
    return "".join(f"{indent}{name}: {_quoted(value)}\n" for name, value in told.items())


def _quoted(text: str) -> str:
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
