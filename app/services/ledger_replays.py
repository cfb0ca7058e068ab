"""Verifying ledgers: every account replayed from its transfers, then the seals over it (POL-09)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.domain.pool import AccountCode, of_contributions
from app.queries import ledger_replays as queries
from app.queries.ledger_replays import Fault
from app.services import pools, seals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.domain.seal import Breach
    from app.queries.ledger_replays import Account

CHART = {str(one.code): one for one in pools.ACCOUNTS}


@dataclass(frozen=True, slots=True)
class Tampering:
    """The first place of an account, or of a ledger's transfers, that does not follow from the transfers."""

    pool: str
    account: str | None
    fault: Fault

    def __str__(self) -> str:
        fault = self.fault
        place = [f"{self.pool}", *([f"account {self.account}"] if self.account else [])]
        if fault.version is not None:
            place.append(f"entry {fault.version}")
        elif self.account:
            place.append("totals")
        if fault.transfer_id is not None:
            place.append(f"transfer {fault.transfer_id}")
        return f"{', '.join(place)}: {fault.name}: expected {fault.expected}, found {fault.found}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What was replayed (entries per pool), what does not follow, and the first breach of each stream."""

    entries: Mapping[str, int]
    tamperings: Sequence[Tampering]
    breaches: Sequence[Breach]


async def verify(session: AsyncSession, number: str | None = None) -> Verification:
    """Replay the ledger of one pool or of all, and recompute the seals of their streams.

    Replay names the entry that does not follow from the transfers. Where transfers were changed together
    with all that follows from them, the seal of the event names the table.
    """
    entries: dict[str, int] = {}
    tamperings: list[Tampering] = []
    streams: set[str] = set()
    for one in await queries.ledgers(session, number):
        streams |= {one.stream, *await queries.streams(session, one.id)}
        entries[one.number] = 0
        for account in await queries.accounts(session, one.id):
            entries[one.number] += account.entries
            faults = (_unlike_chart(account), await queries.replay(session, account.id))
            tamperings += [
                Tampering(one.number, account.code, fault) for fault in faults if fault is not None
            ]
        found = await queries.loose(session, one.id)
        tamperings += [Tampering(one.number, None, fault) for fault in found]
    breaches: list[Breach] = []
    for stream in sorted(streams):
        breaches += (await seals.verify(session, stream)).breaches
    return Verification(entries, tamperings, breaches)


def _unlike_chart(account: Account) -> Fault | None:
    """What tells an account from the one its pool opened under that code: no seal covers accounts.

    An account that lost its limit may be overdrawn, and no entry would tell.
    """
    charted = CHART.get(AccountCode.contributions if of_contributions(account.code) else account.code)
    if charted is None:
        return None
    for name in ("normal_side", "limit_side", "memo"):
        expected, found = getattr(charted, name), getattr(account, name)
        if expected != found:
            return Fault(name, str(expected), str(found), None)
    return None
