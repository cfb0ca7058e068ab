"""Claims (补偿申请): from a default to the pool's payout and its end (RP-07 to RP-17)."""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum

from app.domain.approval import ApprovalStep
from app.domain.errors import ErrorKind, define
from app.domain.loan_class import NON_PERFORMING, LoanClass
from app.domain.permission import Role
from app.domain.state_machine import StateMachine


class ClaimTrigger(StrEnum):
    """What makes a loan claimable (RP-08)."""

    overdue = "overdue"
    downgraded = "downgraded"
    court_accepted = "court_accepted"
    bankruptcy = "bankruptcy"


class ClawbackGround(StrEnum):
    """Why a payout is demanded back in full (RP-17)."""

    false_documents = "false_documents"
    double_financing = "double_financing"
    bank_violation = "bank_violation"


class ClaimStatus(StrEnum):
    """States of a claim (domain §9.2)."""

    submitted = "submitted"
    supplement = "supplement"
    review = "review"
    approved = "approved"
    rejected = "rejected"
    publicised = "publicised"
    paid = "paid"
    recovering = "recovering"
    recovered = "recovered"
    written_off = "written_off"
    clawback = "clawback"
    closed = "closed"


class ClaimEvent(StrEnum):
    """What moves a claim from state to state."""

    ask = "ask"
    supplement = "supplement"
    accept = "accept"
    approve = "approve"
    reject = "reject"
    publicise = "publicise"
    object = "object"
    pay = "pay"
    recover = "recover"
    make_whole = "make_whole"
    write_off = "write_off"
    claw_back = "claw_back"
    close = "close"


_S, _E = ClaimStatus, ClaimEvent

CLAIM = StateMachine[ClaimStatus, ClaimEvent](
    noun="claim",
    noun_zh="补偿申请",
    initial=_S.submitted,
    transitions={
        (_S.submitted, _E.ask): _S.supplement,
        (_S.supplement, _E.supplement): _S.submitted,
        (_S.submitted, _E.accept): _S.review,
        (_S.submitted, _E.reject): _S.rejected,
        (_S.review, _E.approve): _S.approved,
        (_S.review, _E.reject): _S.rejected,
        (_S.approved, _E.publicise): _S.publicised,
        (_S.publicised, _E.object): _S.review,
        (_S.publicised, _E.pay): _S.paid,
        (_S.paid, _E.recover): _S.recovering,
        (_S.recovering, _E.recover): _S.recovering,
        (_S.recovering, _E.make_whole): _S.recovered,
        (_S.recovered, _E.recover): _S.recovered,
        (_S.paid, _E.write_off): _S.written_off,
        (_S.recovering, _E.write_off): _S.written_off,
        (_S.written_off, _E.recover): _S.written_off,
        (_S.paid, _E.claw_back): _S.clawback,
        (_S.recovering, _E.claw_back): _S.clawback,
        (_S.recovered, _E.claw_back): _S.clawback,
        (_S.written_off, _E.claw_back): _S.clawback,
        (_S.clawback, _E.close): _S.closed,
    },
)

NOT_FOUND = define("claim.not_found", ErrorKind.not_found, "未找到该补偿申请", "No such claim.")
NOT_COVERED = define(
    "claim.not_covered",
    ErrorKind.conflict,
    "该质押没有有效的资金池承诺，不予补偿",
    "No pool's commitment covers this pledge.",
    basis="RP-02",
)
ENROLLED_LATE = define(
    "claim.enrolled_late",
    ErrorKind.conflict,
    "违约日 {default_on} 早于入库日或质押登记日 {enrolled_on}，不予补偿",
    "The default of {default_on} came before the loan was enrolled, its pledge registered, on {enrolled_on}.",
    basis="RP-02",
)
PLEDGE_NOT_REGISTERED = define(
    "claim.pledge_not_registered",
    ErrorKind.conflict,
    "质押处于“{status}”状态，未登记或已失效，不予补偿",
    "The pledge is in state “{status}”, not registered.",
    basis="RP-04",
)
TRIGGER_NOT_MET = define(
    "claim.trigger_not_met",
    ErrorKind.conflict,
    "未达到补偿条件：违约日分类为 {loan_class}，逾期 {overdue_days} 天，要求 {required_days} 天",
    "The trigger is not met: the loan is classed {loan_class}, {overdue_days} days overdue at default; the "
    "scheme asks for {required_days} days.",
    basis="RP-08",
)
PROOF_MISSING = define(
    "claim.proof_missing",
    ErrorKind.invalid,
    "以法院受理或破产为由申请补偿须附证明文件",
    "A claim on the ground of court acceptance or bankruptcy comes with the document that proves it.",
    basis="RP-09",
)
WINDOW_CLOSED = define(
    "claim.window_closed",
    ErrorKind.conflict,
    "申请期限已于 {last_day} 届满",
    "The time to claim ended on {last_day}.",
    basis="RP-08",
)
COVER_IN_DOUBT = define(
    "claim.cover_in_doubt",
    ErrorKind.conflict,
    "该笔入库承诺处于“{status}”状态，不予补偿",
    "The commitment that would cover the loan is in state “{status}”: nothing is paid on it.",
    basis="RP-02",
)
REALISED_AHEAD = define(
    "claim.realised_ahead",
    ErrorKind.invalid,
    "该方案先补后追：处置所得在补偿后按追偿登记，不在申请中扣减",
    "The scheme pays in advance: proceeds are recorded as a recovery after the payout, not in the claim.",
    basis="RP-14",
)
INTEREST_DAYS = define(
    "claim.interest_days",
    ErrorKind.invalid,
    "欠息金额与欠息天数须同时填写",
    "Unpaid interest comes with the days for which it is unpaid, and these with it.",
    basis="RP-07",
)
NO_LOSS = define(
    "claim.no_loss",
    ErrorKind.conflict,
    "贷款本金已清偿，没有损失",
    "Nothing is outstanding: there is no loss.",
)
ALREADY_CLAIMED = define(
    "claim.already_claimed",
    ErrorKind.conflict,
    "该笔贷款的本次违约已申请补偿",
    "This default of the loan has been claimed.",
    basis="RP-12",
)
APPEAL_SPENT = define(
    "claim.appeal_spent",
    ErrorKind.conflict,
    "该次违约的补偿申请已两次被驳回，不再受理",
    "The claim on this default has been rejected twice; there is one appeal.",
    basis="RP-12",
)
REPAID_SINCE = define(
    "claim.repaid_since",
    ErrorKind.conflict,
    "申请后贷款已清偿部分本金：现欠 {outstanding} 元，申请时为 {principal} 元；请驳回（公示中的先提异议），"
    "由银行按现欠本金重新申请，不占用复议机会",
    "Some was repaid since the loan was claimed: {outstanding} yuan are outstanding, {principal} were. "
    "Reject the claim, after an objection if it is public; the bank claims anew, which is no appeal.",
    basis="RP-07",
)
NOT_YOURS = define(
    "claim.not_yours",
    ErrorKind.denied,
    "只有该笔贷款的银行可以办理",
    "Only the bank of the loan does this.",
    basis="RB-01",
)
WRONG_OFFICE = define(
    "claim.wrong_office",
    ErrorKind.denied,
    "此步骤由资金池的管理机构或所在区的主管部门办理，本机构无权办理",
    "This step is for the pool's manager or an office of its district, which this organisation is not.",
    basis="RB-02",
)
OWN_CLAIM = define(
    "claim.own_claim",
    ErrorKind.denied,
    "申请人、借款人、出质人不得审查本笔补偿申请",
    "The claimant, the borrower and the pledgors do not review this claim.",
    basis="RB-03",
)
REASON_MISSING = define(
    "claim.reason_missing",
    ErrorKind.invalid,
    "驳回或要求补正须说明理由",
    "A rejection, and a request for more, needs a reason.",
)
PUBLICITY_RUNNING = define(
    "claim.publicity_running",
    ErrorKind.conflict,
    "公示期未满，{payable_from} 起可以支付",
    "The claim is still public for objections; it can be paid from {payable_from} on.",
    basis="民法典第201条",
)
SET_ASIDE = define(
    "claim.set_aside",
    ErrorKind.conflict,
    "该笔待定转账为公示中的补偿申请预留，只随其支付或异议了结",
    "The pending transfer is set aside for a published claim and ends with its payment or an objection only.",
    basis="RP-05",
)
QUEUED = define(
    "claim.queued",
    ErrorKind.conflict,
    "资金池余额不足，按公示先后依次支付：本笔应付 {entitled} 元，轮到时可用 {available} 元",
    "Public claims are paid in full in their order: {entitled} yuan are to be paid on this one, {available} "
    "are left for it.",
    basis="RP-10",
)
SETTLED = define(
    "claim.settled",
    ErrorKind.conflict,
    "该笔补偿申请处于“{status}”状态，没有可预览的补偿",
    "The claim is in state “{status}”: there is no payout to preview.",
)
NOTHING_TO_REPAY = define(
    "claim.nothing_to_repay",
    ErrorKind.conflict,
    "资金池未支付补偿款，或补偿款已全部收回，无可追回",
    "The pool has paid nothing on this claim, or has it all back: there is nothing to repay.",
    basis="RP-17",
)
CLAWBACK_UNBACKED = define(
    "claim.clawback_unbacked",
    ErrorKind.conflict,
    "追回补偿款须由财政部门依文件作出，款项足额入账后方可结案",
    "A payout is demanded back by order, in full, and closed only with a posted transfer of that amount.",
    basis="RP-17",
)
NOT_BACKED = define(
    "claim.not_backed",
    ErrorKind.conflict,
    "补偿款须由资金池专户转出后方可登记为已支付",
    "A claim is paid only with a posted transfer of its amount out of the pool's account.",
    basis="RP-18",
)


class CheckDecision(StrEnum):
    """What the formal check can end in."""

    approved = "approved"
    rejected = "rejected"
    supplement = "supplement"


APPROVERS = {Role.ip_office: ApprovalStep.ip_approval, Role.finance_office: ApprovalStep.finance_approval}
"""Both approve before a claim is public (RB-02)."""

PROVEN = frozenset({ClaimTrigger.court_accepted, ClaimTrigger.bankruptcy})
"""Triggers that a document proves, not the loan's class."""

UNSETTLED = frozenset({_S.submitted, _S.supplement, _S.review, _S.approved, _S.publicised})
"""Neither rejected nor paid: the loan's pledge and its cover stay until they are."""

OWED = frozenset({_S.paid, _S.recovering})
"""Paid, and neither made whole nor written off: the loan still counts as bad in its pool (RP-13)."""

NEVER = 1_000_000
"""Days overdue that no loan reaches: a scheme without that trigger."""

MAX_ATTEMPTS = 2
"""A rejected claim may be made once more for the same default (RP-12, §9.2: appeal once)."""


def trigger_met(
    trigger: ClaimTrigger,
    *,
    loan_class: LoanClass | None,
    overdue_days: int,
    required_days: int,
    downgraded: bool = True,
) -> bool:
    """Whether the loan's last class before the default is what the trigger says (RP-08).

    `downgraded`: whether the scheme takes a class of 次级 or worse for a trigger.
    """
    if trigger is ClaimTrigger.overdue:
        return overdue_days >= required_days
    if trigger is ClaimTrigger.downgraded:
        return downgraded and loan_class in NON_PERFORMING
    return True


def claimable(loan_class: LoanClass, overdue_days: int, *, required_days: int, downgraded: bool) -> bool:
    """Whether a classification alone makes its loan claimable."""
    return any(
        trigger_met(
            trigger,
            loan_class=loan_class,
            overdue_days=overdue_days,
            required_days=required_days,
            downgraded=downgraded,
        )
        for trigger in ClaimTrigger
        if trigger not in PROVEN
    )


def same_default(one: date, other: date, performing: Iterable[date]) -> bool:
    """Whether defaults reported of two days are one: the loan did not perform in between (RP-12).

    `performing` are the days on which it was classed 正常 or 关注 and not overdue.
    """
    first, second = sorted((one, other))
    return not any(first < day <= second for day in performing)


def last_day(default_on: date, window_days: int) -> date:
    """The last day on which a default can be claimed."""
    return default_on + timedelta(days=window_days)


def payable_from(publicised_on: date, publicity_days: int) -> date:
    """The first day of payment: publication's own day is not counted, the last in full (民法典201)."""
    return publicised_on + timedelta(days=publicity_days + 1) if publicity_days else publicised_on
