"""Bank statements (银行对账单): what the bank says of the account, held against the ledger (POL-19)."""

from enum import StrEnum


class LineStatus(StrEnum):
    """`explained`: without a transfer, by a stated reason of a second person."""

    unmatched = "unmatched"
    matched = "matched"
    explained = "explained"


class MatchRule(StrEnum):
    """How a line found its transfer."""

    reference = "reference"
    amount_and_day = "amount_and_day"
    amount_near_day = "amount_near_day"
    by_hand = "by_hand"
