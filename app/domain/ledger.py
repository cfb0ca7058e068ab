"""Ledger: accounts, transfers in two phases, and the refusals of the double-entry book."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define

REVERSAL = "reversal"
"""Code of a transfer that takes back another in whole; only the reversal's own route gives it."""


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


class Effective(StrEnum):
    """Which day a reversal has effect on: the original's, or that on which it is proposed."""

    original = "original"
    today = "today"


ACCOUNT_NOT_FOUND = define("account.not_found", ErrorKind.not_found, "未找到该账户", "No such account.")
ACCOUNT_CODE_TAKEN = define(
    "account.code_taken", ErrorKind.conflict, "账户代码 {code} 已存在", "Account code {code} already exists."
)
ACCOUNT_CODE_RESERVED = define(
    "account.code_reserved",
    ErrorKind.conflict,
    "账户代码 {code} 属于出资账户，随资金来源的新增而开立",
    "Account code {code} is one of contributions, whose accounts are opened with their sources.",
    basis="RP-18",
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
LIMIT_THEN = define(
    "account.limit_exceeded_then",
    ErrorKind.conflict,
    "按该生效日记账，账户在 {on} 的余额将不足",
    "Effective on that day it would leave the account overdrawn on {on}.",
)
FROZEN = define(
    "account.frozen",
    ErrorKind.conflict,
    "账户 {code} 已冻结，只接受待定转账的撤销与到期",
    "Account {code} is frozen and takes nothing but voids and expiries.",
)
NOT_FROZEN = define("account.not_frozen", ErrorKind.conflict, "账户未冻结", "The account is not frozen.")
CLOSED = define(
    "account.closed", ErrorKind.conflict, "账户已永久关闭", "The account has been closed for good."
)
EXPIRED = define(
    "transfer.expired",
    ErrorKind.conflict,
    "该笔待定转账已于 {expires_on} 到期",
    "The pending transfer could be posted until {expires_on}.",
)
EXPIRES_WRONG = define(
    "transfer.expires_wrong",
    ErrorKind.invalid,
    "只有待定转账可以设到期日，且不得早于今日",
    "Only a pending transfer has a last day, and not one before today.",
)
EXPIRES_BY_ITSELF = define(
    "transfer.expires_by_itself",
    ErrorKind.invalid,
    "待定转账到期由系统处理，如需提前了结请撤销",
    "A pending transfer expires by itself; to end it before, void it.",
)
ALREADY_REVERSED = define(
    "transfer.already_reversed",
    ErrorKind.conflict,
    "该笔转账已冲正",
    "The transfer has been reversed already.",
)
REVERSAL_PROPOSED = define(
    "transfer.reversal_proposed",
    ErrorKind.conflict,
    "该笔转账的冲正已提出（{id}），待另一人确认或撤销",
    "Its reversal has been proposed already ({id}) and waits for another client to post or void it.",
)
NOT_REVERSIBLE = define(
    "transfer.not_reversible",
    ErrorKind.conflict,
    "只有已入账且本身不是冲正的转账可以冲正",
    "Only what was posted and is no reversal itself can be reversed.",
)
REVERSES_WHOLE = define(
    "transfer.reverses_whole",
    ErrorKind.conflict,
    "冲正须与原转账方向相反、金额相同",
    "A reversal has the accounts of the original exchanged and its whole amount.",
)
SECOND_PERSON_NEEDED = define(
    "transfer.second_person_needed",
    ErrorKind.conflict,
    "该金额须先提出待定转账，再由另一人确认",
    "A transfer of this amount is booked pending and posted by another client.",
    basis="RB-02",
)
SAME_PERSON = define(
    "transfer.same_person",
    ErrorKind.denied,
    "提出转账的人不得自行确认，冻结账户的人不得自行解冻",
    "Who proposed a transfer may not post it, nor who froze an account give it back.",
    basis="RB-02",
)
CHAIN_FAILED = define(
    "transfer.chain_failed",
    ErrorKind.conflict,
    "与之关联的另一笔转账未能入账",
    "A transfer that it stands or falls with was refused.",
)
CHAIN_OPEN = define(
    "transfer.chain_open",
    ErrorKind.invalid,
    "最后一笔转账不得与下一笔关联",
    "The last transfer has no next one to be linked with.",
)
POSTING_SPLIT = define(
    "transfer.posting_split",
    ErrorKind.invalid,
    "同一凭证的转账须相邻",
    "The transfers of a posting must stand side by side.",
)
POSTING_TAKEN = define(
    "transfer.posting_taken",
    ErrorKind.conflict,
    "该凭证编号已使用",
    "The posting id has been used before.",
)
CORRECTS_WRONG = define(
    "transfer.corrects_wrong",
    ErrorKind.invalid,
    "更正日期须早于生效日",
    "The day it corrects lies before the day it has effect.",
)
