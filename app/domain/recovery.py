"""Recoveries (追偿): money that comes back after a payout, and whose it is (RP-14)."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from app.domain.claim_settlement import ORDER
from app.domain.errors import ErrorKind, define
from app.domain.money import allocate
from app.domain.pool import SharingParty
from app.domain.scheme import RecoveryOrder


class RecoverySource(StrEnum):
    """Where the money came from."""

    debtor = "debtor"
    pledge_realisation = "pledge_realisation"
    guarantor = "guarantor"
    insurance = "insurance"
    court = "court"


COST_EXCEEDS = define(
    "recovery.cost_exceeds",
    ErrorKind.invalid,
    "追偿费用超过追偿所得",
    "The cost exceeds what was recovered.",
    basis="RP-14",
)


INTEREST_UNDOCUMENTED = define(
    "recovery.interest_undocumented",
    ErrorKind.invalid,
    "银行利息、罚息须附计算单方可参与分配",
    "Interest and penalty of the bank take part only with the document that computes them.",
    basis="RP-14",
)


def shares_of_recovery(
    net_fen: int,
    open_fen: Mapping[SharingParty, int],
    order: RecoveryOrder = RecoveryOrder.pro_rata,
) -> tuple[dict[SharingParty, int], int]:
    """Each party's part of a net recovery, and what is left when all are whole.

    `open_fen` is what each party bore and has not got back: the net goes pro rata to it, by largest
    remainder, never beyond it; by the scheme's `order` the pool, or the bank, is made whole before the
    others (RP-11, RP-14).
    """
    first = _FIRST.get(order)
    ahead = min(net_fen, open_fen.get(first, 0)) if first is not None else 0
    rest = {party: fen for party, fen in open_fen.items() if party != first}
    shared = min(net_fen - ahead, sum(rest.values()))
    parts = dict.fromkeys(open_fen, 0)
    if shared > 0:
        split = allocate(shared, [(party.value, fen) for party, fen in rest.items()], ORDER)
        parts |= {SharingParty(party): fen for party, fen in split.items()}
    if first in parts:
        parts[first] = ahead
    return parts, net_fen - ahead - shared


_FIRST = {RecoveryOrder.pool_first: SharingParty.pool, RecoveryOrder.bank_first: SharingParty.bank}


def after_principal(left_fen: int, interest_fen: int) -> tuple[int, int]:
    """Of what is left when all are whole: the bank's documented interest, and the pledgor's (民法典438)."""
    interest = min(left_fen, interest_fen)
    return interest, left_fen - interest


def days_late(booked_on: date, due_on: date) -> int:
    """By how many days money was booked after it was due."""
    return max(0, (booked_on - due_on).days)
