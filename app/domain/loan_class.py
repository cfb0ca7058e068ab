"""Five-class classification of loans (商业银行金融资产风险分类办法, RP-08, RP-13)."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define


class LoanClass(StrEnum):
    """正常, 关注, 次级, 可疑, 损失."""

    normal = "normal"
    attention = "attention"
    substandard = "substandard"
    doubtful = "doubtful"
    loss = "loss"


NON_PERFORMING = frozenset({LoanClass.substandard, LoanClass.doubtful, LoanClass.loss})
"""What counts as non-performing in the breaker's ratio."""

RANKED = tuple(LoanClass)
"""The classes from best to worst."""

_AT_LEAST = ((360, LoanClass.loss), (270, LoanClass.doubtful), (90, LoanClass.substandard))

NOT_YOURS = define(
    "pledge.not_classified_by_you",
    ErrorKind.denied,
    "只有提交该质押的银行可以填报贷款分类",
    "Only the bank that filed this pledge classifies its loan.",
    basis="RB-01",
)
NOT_REGISTERED = define(
    "pledge.not_registered",
    ErrorKind.conflict,
    "质押处于“{status}”状态：只有已登记的质押可以填报贷款分类",
    "The pledge is in state “{status}”: only the loan of a registered pledge is classified.",
    basis="RP-04",
)
OUTSTANDING_EXCEEDS = define(
    "pledge.outstanding_exceeds",
    ErrorKind.invalid,
    "贷款余额超过上次填报的余额或主债权本金 {limit} 元",
    "The outstanding principal exceeds what was outstanding before, or the principal: {limit} yuan.",
    basis="RP-06",
)
TOO_GOOD = define(
    "pledge.class_too_good",
    ErrorKind.invalid,
    "逾期 {overdue_days} 天的贷款至少应归为 {at_least} 类",
    "A loan {overdue_days} days overdue is classed {at_least} or worse.",
    basis="商业银行金融资产风险分类办法",
)
OUTSTANDING_DIFFERS = define(
    "pledge.outstanding_differs",
    ErrorKind.conflict,
    "贷款余额与账簿不符：账簿余额为 {outstanding} 元",
    "The outstanding principal is {outstanding} yuan by the loan's book.",
    basis="RP-06",
)
OUTSTANDING_MISSING = define(
    "pledge.outstanding_missing",
    ErrorKind.invalid,
    "该质押尚无放款记录，请填写贷款余额",
    "The loan has no book yet: state what is outstanding of its principal.",
    basis="RP-06",
)
OVERDUE_UNDERSTATED = define(
    "pledge.overdue_understated",
    ErrorKind.conflict,
    "按还款计划贷款已逾期 {overdue_days} 天，不得少报",
    "By its plan the loan is {overdue_days} days overdue, and no less.",
    basis="商业银行金融资产风险分类办法",
)


def worse(one: LoanClass, other: LoanClass) -> LoanClass:
    """The worse of two classes."""
    return max(one, other, key=RANKED.index)


def at_least(overdue_days: int) -> LoanClass:
    """The best class a loan may have so long overdue: over 90 days 次级, 270 可疑, 360 损失 (RP-08)."""
    return next((worst for days, worst in _AT_LEAST if overdue_days > days), LoanClass.normal)


def too_good(loan_class: LoanClass, overdue_days: int) -> bool:
    """Whether the class is better than the days overdue allow."""
    return RANKED.index(loan_class) < RANKED.index(at_least(overdue_days))
