"""Five-class classification of loans (商业银行金融资产风险分类办法, RP-08, RP-13)."""

from enum import StrEnum


class LoanClass(StrEnum):
    """正常, 关注, 次级, 可疑, 损失."""

    normal = "normal"
    attention = "attention"
    substandard = "substandard"
    doubtful = "doubtful"
    loss = "loss"


NON_PERFORMING = frozenset({LoanClass.substandard, LoanClass.doubtful, LoanClass.loss})
"""What counts as non-performing in the breaker's ratio."""
