"""Ledger: accounts, transfers in two phases, and the refusals of the double-entry book."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define


class Side(StrEnum):
    """借 and 贷."""

    debit = "debit"
    credit = "credit"


class TransferKind(StrEnum):
    """`posted` moves at once; `pending` sets aside: taken by `post`, given back by `void` or `expire`."""

    posted = "posted"
    pending = "pending"
    post = "post"
    void = "void"
    expire = "expire"


ACCOUNT_NOT_FOUND = define("account.not_found", ErrorKind.not_found, "未找到该账户", "No such account.")
ACCOUNT_CODE_TAKEN = define(
    "account.code_taken", ErrorKind.conflict, "账户代码 {code} 已存在", "Account code {code} already exists."
)
TRANSFER_NOT_FOUND = define("transfer.not_found", ErrorKind.not_found, "未找到该笔转账", "No such transfer.")
INSUFFICIENT = define(
    "account.limit_exceeded",
    ErrorKind.conflict,
    "账户余额不足（已计入待定金额）",
    "The account's limit would be exceeded, pending amounts counted.",
)
ALREADY_RESOLVED = define(
    "transfer.already_resolved",
    ErrorKind.conflict,
    "该笔待定转账已了结",
    "The pending transfer has already been posted or voided.",
)
NOT_PENDING = define(
    "transfer.not_pending", ErrorKind.conflict, "该笔转账不是待定转账", "The transfer is not pending."
)
AMOUNT_EXCEEDS_PENDING = define(
    "transfer.exceeds_pending",
    ErrorKind.conflict,
    "确认金额超过待定金额",
    "The posted amount exceeds the pending amount.",
)
SAME_ACCOUNT = define(
    "transfer.same_account",
    ErrorKind.invalid,
    "借方与贷方账户不得相同",
    "Debit and credit account must differ.",
)
CURRENCY_MISMATCH = define(
    "transfer.currency_mismatch",
    ErrorKind.invalid,
    "账户币种与转账币种不一致",
    "The accounts and the transfer must share one currency.",
)
ID_TAKEN = define(
    "transfer.exists_with_different_values",
    ErrorKind.invalid,
    "该转账编号已用于另一笔转账，不同的字段：{fields}",
    "The transfer id was used for another transfer; differing fields: {fields}.",
)
FIELDS_MISSING = define(
    "transfer.fields_missing",
    ErrorKind.invalid,
    "缺少字段：{fields}",
    "Required for this kind of transfer: {fields}.",
)
MEMO_ACCOUNT = define(
    "transfer.memo_account",
    ErrorKind.conflict,
    "备查账户 {code} 只随质押的承诺与解除变动，不接受手工记账",
    "Memo account {code} moves with pledges' commitments only and takes no transfers by hand.",
)
COMMITMENT_LIVE = define(
    "transfer.commitment_live",
    ErrorKind.conflict,
    "该笔待定转账支撑一项有效承诺，只随质押解除",
    "The pending transfer backs a live commitment and is given back with the pledge only.",
)
CLAIM_ACCOUNT = define(
    "transfer.claim_account",
    ErrorKind.conflict,
    "账户 {code} 只随补偿申请的支付与追偿变动，不接受手工记账",
    "Account {code} moves with claims paid and recovered only and takes no transfers by hand.",
    basis="RP-18",
)
