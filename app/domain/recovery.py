"""Recoveries (追偿): money that comes back after a payout, and whose it is (RP-14)."""

from enum import StrEnum


class RecoverySource(StrEnum):
    """Where the money came from."""

    debtor = "debtor"
    pledge_realisation = "pledge_realisation"
    guarantor = "guarantor"
    insurance = "insurance"
    court = "court"
