"""Recoveries (追偿): money that comes back after a payout, and whose it is (RP-14)."""

from collections.abc import Mapping
from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.money import allocate
from app.domain.pool import SharingParty


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


def shares_of_recovery(
    net_fen: int, open_fen: Mapping[SharingParty, int]
) -> tuple[dict[SharingParty, int], int]:
    """Each party's part of a net recovery, and the surplus when all are whole, the pledgor's (民法典438).

    `open_fen` is what each party bore and has not got back: the net goes pro rata to it, by largest
    remainder, never beyond it (RP-11, RP-14).
    """
    owed = sum(open_fen.values())
    shared = min(net_fen, owed)
    if owed == 0:
        return dict.fromkeys(open_fen, 0), net_fen
    parts = allocate(shared, [(party.value, part) for party, part in open_fen.items()], _ORDER)
    return {SharingParty(party): part for party, part in parts.items()}, net_fen - shared


_ORDER = [party.value for party in SharingParty]
