"""Pledges (质押): the life of a financing secured by rights, and the grounds that refuse it."""

from datetime import date
from enum import StrEnum

from app.domain.asset import AssetKind
from app.domain.errors import ErrorKind, Violation, define
from app.domain.state_machine import StateMachine


class PledgeStatus(StrEnum):
    """States of a pledge financing; one with several rights is `registered` once all of them are.

    `revoked` is void from the beginning (PL-08); `lapsed`: the period of a trademark's registration is over
    (PL-19); `withdrawn`: taken back before the office decided.
    """

    filed = "filed"
    correction = "correction"
    refused = "refused"
    registered = "registered"
    deregistered = "deregistered"
    revoked = "revoked"
    lapsed = "lapsed"
    withdrawn = "withdrawn"


class PledgeEvent(StrEnum):
    """What moves a pledge from state to state."""

    correct = "correct"
    refile = "refile"
    register = "register"
    refuse = "refuse"
    deregister = "deregister"
    revoke = "revoke"
    lapse = "lapse"
    withdraw = "withdraw"


_S, _E = PledgeStatus, PledgeEvent

PLEDGE = StateMachine[PledgeStatus, PledgeEvent](
    noun="pledge",
    initial=_S.filed,
    transitions={
        (_S.filed, _E.correct): _S.correction,
        (_S.correction, _E.refile): _S.filed,
        (_S.filed, _E.register): _S.registered,
        (_S.filed, _E.refuse): _S.refused,
        (_S.registered, _E.deregister): _S.deregistered,
        (_S.registered, _E.revoke): _S.revoked,
        (_S.registered, _E.lapse): _S.lapsed,
        (_S.filed, _E.withdraw): _S.withdrawn,
        (_S.correction, _E.refuse): _S.refused,
        (_S.correction, _E.withdraw): _S.withdrawn,
    },
)


class PledgeForm(StrEnum):
    """普通质权, or 最高额质权: debts that arise in the debt period, up to the principal (民法典第439条)."""

    ordinary = "ordinary"
    maximum_amount = "maximum_amount"


class ShareKind(StrEnum):
    """What a party's share is of: the money lent (a syndicate's), or the risk of losing it (PLG-14)."""

    lending = "lending"
    risk = "risk"


NOT_FOUND = define("pledge.not_found", ErrorKind.not_found, "未找到该质押", "No such pledge.")
ITEM_NOT_FOUND = define(
    "pledge.item_not_found",
    ErrorKind.not_found,
    "该质押不包含此权利",
    "The pledge does not include this right.",
)
ITEM_TWICE = define(
    "pledge.asset_twice", ErrorKind.invalid, "同一权利重复列出", "The same right is listed twice."
)
SHARES_INCOMPLETE = define(
    "pledge.shares_incomplete",
    ErrorKind.invalid,
    "各份额之和应为 1000000（即 100%），现为 {total_ppm}",
    "The shares make up {total_ppm} millionths: they must be 1,000,000 (100 %), for all or for none.",
)
SHARE_TWICE = define(
    "pledge.share_twice",
    ErrorKind.invalid,
    "同一当事人以同一身份重复列出份额",
    "The same party is listed twice in the same role.",
)
SHARE_AGENT = define(
    "pledge.share_agent",
    ErrorKind.invalid,
    "银团贷款由提交质押的银行作为唯一的代理行，各份额方均为银行",
    "A syndicate consists of banks, and the bank that files is its one agent; nobody else is an agent.",
)
HISTORY_INCOMPLETE = define(
    "pledge.history_incomplete",
    ErrorKind.invalid,
    "补录须逐一列明每项权利的登记，且各列一次",
    "An entry of history tells the registration of each right, each once.",
)
HISTORY_OVER = define(
    "pledge.history_over",
    ErrorKind.invalid,
    "仅在押且指明资金池的补录可以占用资金池额度",
    "A pool covers an entry of history only while its pledge is in force, and only a pool that is named.",
)
HISTORY_APPLIED = define(
    "pledge.history_applied",
    ErrorKind.invalid,
    "补录的质押不能基于融资申请",
    "History is not entered on an application.",
)
REGISTRATION_NO_TAKEN = define(
    "pledge.registration_no_taken",
    ErrorKind.conflict,
    "登记号 {registration_no} 已使用",
    "Registration number {registration_no} is already in use.",
)
ALREADY_PLEDGED = define(
    "pledge.already_pledged",
    ErrorKind.conflict,
    "权利 {number} 已办理质押登记或已受理且处于质押期间",
    "Right {number} is already pledged, or a pledge of it has been filed.",
    basis="专利权质押登记办法第11条第(九)项",
)


class DeregistrationReason(StrEnum):
    """Why a registration is cancelled (专利权质押登记办法第14条)."""

    debt_paid = "debt_paid"
    realised = "realised"
    waived = "waived"
    contract_void = "contract_void"
    other = "other"


CURRENCY_MISMATCH = define(
    "pledge.currency_mismatch",
    ErrorKind.invalid,
    "单项权利担保金额的币种应与主债权一致",
    "What a right secures must be in the currency of the debt.",
)
EXPIRY_MISSING = define(
    "pledge.expiry_missing",
    ErrorKind.invalid,
    "商标专用权质押登记须填写登记期限届满日",
    "A trademark pledge registration needs the day its registration period ends.",
    basis="注册商标专用权质押登记程序规定",
)
EXPIRY_OF_PATENT = define(
    "pledge.expiry_of_patent",
    ErrorKind.invalid,
    "专利权质押登记没有登记期限，不应填写届满日",
    "A patent's pledge registration has no period of its own: only a trademark's ends on a day.",
    basis="专利权质押登记办法第14条",
)
DEBT_PERIOD_INVALID = define(
    "pledge.debt_period_invalid",
    ErrorKind.invalid,
    "债务履行期的终止日早于起始日",
    "The debt performance period ends before it starts.",
)
SECURED_EXCEEDS_PRINCIPAL = define(
    "pledge.secured_exceeds_principal",
    ErrorKind.invalid,
    "单项权利的担保金额超过主债权本金",
    "The amount a right secures exceeds the principal.",
)
CURRENCY_UNSUPPORTED = define(
    "pledge.currency_unsupported",
    ErrorKind.invalid,
    "主债权目前仅支持人民币",
    "The debt must be in CNY: other currencies need an exchange rate and are not taken yet.",
    basis="ST-10",
)
OWN_CREDITOR = define(
    "pledge.own_creditor",
    ErrorKind.conflict,
    "质权人不得同时为借款人或出质人",
    "The pledgee cannot be the borrower or a pledgor.",
    basis="RB-03",
)
EXPIRES_TOO_EARLY = define(
    "pledge.expires_too_early",
    ErrorKind.invalid,
    "登记期限届满日应晚于登记日",
    "The registration period must end after the registration date.",
)
NOT_YOURS = define(
    "pledge.not_yours",
    ErrorKind.denied,
    "只有提交该质押的银行或本区运营平台可以登记其结果",
    "Only the bank that filed this pledge or an operator of its district records its results.",
    basis="RB-01",
)
CLAIMED = define(
    "pledge.claimed",
    ErrorKind.conflict,
    "该笔贷款的补偿申请 {claim} 尚未了结，结清前不得注销质押",
    "Claim {claim} on this loan is open: the pledge is deregistered once it is rejected or paid.",
    basis="RP-04",
)
LOAN_OUTSTANDING = define(
    "pledge.loan_outstanding",
    ErrorKind.conflict,
    "贷款本金尚有 {outstanding} 元未还，不得以债务清偿为由注销质押",
    "Principal of {outstanding} yuan is outstanding: the debt is not paid, which is the reason given.",
    basis="专利权质押登记办法第14条",
)


def expiry_faults(
    pointer: str, kind: str, *, registered_on: date, expires_on: date | None, needed: bool = True
) -> list[Violation]:
    """What is wrong with the last day of a registration: a mark's has one, a patent's none (PL-19).

    `needed`: a mark's is stated; an amendment that adds no right may leave it as it was.
    """
    found: list[Violation] = []
    if kind == AssetKind.trademark and expires_on is None and needed:
        found.append(EXPIRY_MISSING.violation(f"{pointer}/expires_on"))
    if kind == AssetKind.patent and expires_on is not None:
        found.append(EXPIRY_OF_PATENT.violation(f"{pointer}/expires_on"))
    if expires_on is not None and expires_on <= registered_on:
        found.append(EXPIRES_TOO_EARLY.violation(f"{pointer}/expires_on"))
    return found
