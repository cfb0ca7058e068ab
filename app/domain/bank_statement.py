"""Bank statements (银行对账单): what the bank says of the account, held against the ledger (POL-19)."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.state_machine import StateMachine


class LineStatus(StrEnum):
    """`explained`: without a transfer, by a stated reason of a second person."""

    unmatched = "unmatched"
    matched = "matched"
    explained = "explained"


class LineEvent(StrEnum):
    """What moves a line from state to state."""

    match = "match"
    explain = "explain"
    unmatch = "unmatch"


class MatchRule(StrEnum):
    """How a line found its transfer."""

    reference = "reference"
    amount_and_day = "amount_and_day"
    amount_near_day = "amount_near_day"
    by_hand = "by_hand"


_S, _E = LineStatus, LineEvent

LINE = StateMachine[LineStatus, LineEvent](
    noun="bank_statement_line",
    noun_zh="对账单明细",
    initial=_S.unmatched,
    transitions={
        (_S.unmatched, _E.match): _S.matched,
        (_S.unmatched, _E.explain): _S.explained,
        (_S.matched, _E.unmatch): _S.unmatched,
        (_S.explained, _E.unmatch): _S.unmatched,
    },
)

NEAR_DAYS = 3
"""Days that bank and ledger may lie apart where only the amount tells that they mean the same."""

NOT_FOUND = define(
    "bank_statement.not_found", ErrorKind.not_found, "未找到该银行对账单", "No such bank statement."
)
LINE_NOT_FOUND = define(
    "bank_statement.line_not_found",
    ErrorKind.not_found,
    "未找到该对账单明细",
    "No such line of the bank statement.",
)
DUPLICATE = define(
    "bank_statement.duplicate",
    ErrorKind.conflict,
    "该文件已作为对账单 {number} 导入",
    "This file was taken in before as bank statement {number}.",
)
NOT_NEXT = define(
    "bank_statement.not_next",
    ErrorKind.conflict,
    "对账单应自 {expected} 起，与上一份衔接，给出的是 {given}",
    "A statement follows the one before without gap or overlap: it begins on {expected}, not on {given}.",
)
OPENING_DIFFERS = define(
    "bank_statement.opening_differs",
    ErrorKind.conflict,
    "期初余额 {given} 元与上一份对账单的期末余额 {expected} 元不一致",
    "The opening balance of {given} yuan is not the closing balance before, {expected} yuan.",
)
OPENING_UNKNOWN = define(
    "bank_statement.opening_unknown",
    ErrorKind.invalid,
    "请给出期初余额，或使用带余额列的文件",
    "Give the opening balance, or a file with balances.",
)
DAYS_UNKNOWN = define(
    "bank_statement.days_unknown",
    ErrorKind.invalid,
    "文件没有明细，请给出对账单的起止日期",
    "The file has no lines: give the first and the last day of the statement.",
)
DAYS_WRONG = define(
    "bank_statement.days_wrong",
    ErrorKind.invalid,
    "对账单的终止日 {ends_on} 早于起始日 {begins_on}",
    "The statement ends on {ends_on}, before it begins on {begins_on}.",
)
SUM_DIFFERS = define(
    "bank_statement.sum_differs",
    ErrorKind.invalid,
    "期初余额加明细合计为 {computed} 元，与期末余额 {given} 元不一致",
    "Opening balance and lines make {computed} yuan, the closing balance is {given} yuan.",
)
OVERDRAWN = define(
    "bank_statement.overdrawn",
    ErrorKind.invalid,
    "专户余额不得为负：{given} 元",
    "The special account cannot be overdrawn: {given} yuan.",
    basis="RP-18",
)
AMOUNT_FORMAT = define(
    "bank_statement.amount_format",
    ErrorKind.invalid,
    "列 {column} 的金额“{given}”无法识别",
    "“{given}” in column {column} is not an amount of yuan with at most two decimals.",
)
AMOUNT_MISSING = define(
    "bank_statement.amount_missing",
    ErrorKind.invalid,
    "本行应恰有一个不为零的金额：发生额，或借方与贷方之一",
    "A line has exactly one amount that is not zero: a signed one, or a debit or a credit.",
)
LINE_OUTSIDE = define(
    "bank_statement.line_outside",
    ErrorKind.invalid,
    "明细日期 {day} 不在对账单期间 {begins_on} 至 {ends_on} 内",
    "The line's day {day} is not within the statement's days {begins_on} to {ends_on}.",
)
BALANCE_BROKEN = define(
    "bank_statement.balance_broken",
    ErrorKind.invalid,
    "本行余额应为 {expected} 元，文件为 {given} 元",
    "The balance after this line must be {expected} yuan; the file has {given}.",
)
TRANSFER_DIFFERS = define(
    "bank_statement.transfer_differs",
    ErrorKind.conflict,
    "该笔转账未以相同金额和方向变动专户存款",
    "The transfer does not move the special account by this amount in this direction.",
    basis="RP-18",
)
TRANSFER_TAKEN = define(
    "bank_statement.transfer_taken",
    ErrorKind.conflict,
    "该笔转账已与另一笔明细匹配",
    "The transfer is matched with another line.",
)
