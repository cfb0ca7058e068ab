"""Notices (提醒): something a recipient has to know or do, with the event that caused it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from app.domain.errors import ErrorKind, Reason, define, fill_in
from app.domain.title import ZH as PASSING_ZH


class NoticeKind(StrEnum):
    """What a notice is about; its words are in `TEXTS`."""

    mandate_proposed = "mandate_proposed"
    offer_received = "offer_received"
    offer_answered = "offer_answered"
    consent_requested = "consent_requested"
    consent_decided = "consent_decided"
    application_received = "application_received"
    application_decided = "application_decided"
    valuation_requested = "valuation_requested"
    claim_to_check = "claim_to_check"
    claim_to_approve = "claim_to_approve"
    claim_to_release = "claim_to_release"
    claim_decided = "claim_decided"
    breaker_changed = "breaker_changed"
    bank_breaker_changed = "bank_breaker_changed"
    enrolment_to_confirm = "enrolment_to_confirm"
    enrolment_matched = "enrolment_matched"
    observation_to_check = "observation_to_check"
    observation_decided = "observation_decided"
    differences_found = "differences_found"
    fee_due = "fee_due"
    fee_late = "fee_late"
    right_lapsed = "right_lapsed"
    right_stayed = "right_stayed"
    stay_ended = "stay_ended"
    title_passed = "title_passed"
    commitment_changed = "commitment_changed"
    claim_possible = "claim_possible"
    clawback_demanded = "clawback_demanded"
    remittance_late = "remittance_late"
    balance_crossed = "balance_crossed"
    period_changed = "period_changed"
    statement_unmatched = "statement_unmatched"
    enforcement_changed = "enforcement_changed"
    pledge_short = "pledge_short"
    pledge_covered = "pledge_covered"
    pledge_expiring = "pledge_expiring"
    pledged_right_ended = "pledged_right_ended"
    invalidation_requested = "invalidation_requested"
    amendment_filed = "amendment_filed"
    amendment_decided = "amendment_decided"
    amendment_late = "amendment_late"
    delegation_granted = "delegation_granted"
    delegation_revoked = "delegation_revoked"
    demand_received = "demand_received"
    demand_answered = "demand_answered"
    demand_due = "demand_due"
    loan_overdue = "loan_overdue"
    loan_repaid = "loan_repaid"
    loan_uncovered = "loan_uncovered"
    pledge_decided = "pledge_decided"
    pledge_unsecured = "pledge_unsecured"
    correction_requested = "correction_requested"
    filing_overdue = "filing_overdue"


TEXTS: Mapping[NoticeKind, Reason] = {
    NoticeKind.mandate_proposed: Reason(
        "Mandate {number} was proposed to you; accept or decline it.",
        "收到委托 {number}，请确认是否接受",
    ),
    NoticeKind.offer_received: Reason(
        "You received offer {number}; answer it before it lapses.",
        "收到报价 {number}，请在有效期内答复",
    ),
    NoticeKind.offer_answered: Reason(
        "Offer {number} was answered; it is now {status}.", "报价 {number} 已有答复，当前状态：{status}"
    ),
    NoticeKind.consent_requested: Reason(
        "Your consent {number} is asked for; grant or refuse it.",
        "请求出具同意 {number}，请决定是否同意",
    ),
    NoticeKind.consent_decided: Reason(
        "The consent {number} you asked for is now {status}.", "您请求的同意 {number} 当前状态：{status}"
    ),
    NoticeKind.application_received: Reason(
        "Application {number} for {amount} {currency} has come in.",
        "收到融资申请 {number}，金额 {amount} {currency}",
    ),
    NoticeKind.application_decided: Reason(
        "Application {number} was decided: {decision}.", "融资申请 {number} 的审批结果：{decision}"
    ),
    NoticeKind.valuation_requested: Reason(
        "Valuation {number} of right {asset_number} is asked of you.",
        "收到评估请求 {number}，标的权利 {asset_number}",
    ),
    NoticeKind.claim_to_check: Reason(
        "Claim {number} waits for your formal check.", "补偿申请 {number} 待形式审查"
    ),
    NoticeKind.claim_to_approve: Reason(
        "Claim {number} waits for your approval.", "补偿申请 {number} 待审批"
    ),
    NoticeKind.claim_to_release: Reason(
        "Claim {number} was approved; its payment waits for release.", "补偿申请 {number} 已审批，待拨付"
    ),
    NoticeKind.claim_decided: Reason(
        "Claim {number} is now {status}.", "补偿申请 {number} 当前状态：{status}"
    ),
    NoticeKind.breaker_changed: Reason(
        "The breaker of pool {number} has changed: {status}.",
        "资金池 {number} 的熔断状态已变更：{status}",
    ),
    NoticeKind.bank_breaker_changed: Reason(
        "The breaker of bank {bank} in pool {number} has changed: {status}.",
        "银行 {bank} 在资金池 {number} 的熔断状态已变更：{status}",
    ),
    NoticeKind.enrolment_to_confirm: Reason(
        "Enrolment {number} waits for your confirmation.", "托管入托 {number} 待您确认"
    ),
    NoticeKind.enrolment_matched: Reason(
        "Enrolment {number} was matched with a provider.", "托管入托 {number} 已匹配服务机构"
    ),
    NoticeKind.observation_to_check: Reason(
        "A reported value of indicator {code} waits for your check.", "指标 {code} 的填报值待审核"
    ),
    NoticeKind.observation_decided: Reason(
        "The value you reported for indicator {code} was decided.", "您填报的指标 {code} 已有审核结果"
    ),
    NoticeKind.differences_found: Reason(
        "Reconciliation {number} found {differences} differences for you to decide.",
        "核对 {number} 发现 {differences} 项差异，待您处理",
    ),
    NoticeKind.fee_due: Reason(
        "The fee that keeps right {number} alive is due on {due_on}, in {days} days.",
        "权利 {number} 的维持费用将于 {due_on} 到期（还有 {days} 天）",
    ),
    NoticeKind.fee_late: Reason(
        "The fee of right {number}, due on {due_on}, is unpaid; the grace ends on {grace_ends_on}.",
        "权利 {number} 的维持费用（{due_on} 到期）尚未缴纳，宽限期至 {grace_ends_on}",
    ),
    NoticeKind.right_lapsed: Reason(
        "Right {number} has ended: its fee, due on {due_on}, was not paid within the grace.",
        "权利 {number} 已终止：{due_on} 到期的费用在宽限期内未缴纳",
    ),
    NoticeKind.right_stayed: Reason(
        "Dispositions of right {number} are stayed to {ends_on}: {kind}.",
        "权利 {number} 的处分程序已停止至 {ends_on}：{kind}",
    ),
    NoticeKind.stay_ended: Reason(
        "The stay of right {number} is over: {kind} is {status}.",
        "权利 {number} 的{kind}已结束：{status}",
    ),
    NoticeKind.title_passed: Reason(
        "Right {number} has other owners, or shares, since {acquired_on}: {kind}.",
        "权利 {number} 自 {acquired_on} 起权利人或者其份额变更：{kind}",
    ),
    NoticeKind.commitment_changed: Reason(
        "The cover of pledge or application {number} is now {status}.",
        "业务 {number} 的入库承诺当前状态：{status}",
    ),
    NoticeKind.claim_possible: Reason(
        "The loan of pledge {number} can be claimed on the pool until {last_day}.",
        "质押 {number} 的贷款已达到补偿条件，可在 {last_day} 前申请补偿",
    ),
    NoticeKind.clawback_demanded: Reason(
        "Repay {amount} yuan paid on claim {number} by {due_on}.",
        "补偿申请 {number} 须于 {due_on} 前退回补偿款 {amount} 元",
    ),
    NoticeKind.remittance_late: Reason(
        "The pool's part of a recovery on claim {number} was due on {remit_by}.",
        "补偿申请 {number} 追偿所得中资金池部分应于 {remit_by} 前划转，已逾期",
    ),
    NoticeKind.balance_crossed: Reason(
        "Account {code} has crossed {threshold} yuan: {balance} yuan now.",
        "科目 {code} 余额越过监控线 {threshold} 元，现为 {balance} 元",
    ),
    NoticeKind.period_changed: Reason(
        "Period {period} of pool {number} is now {status}.",
        "资金池 {number} 会计期间 {period} 当前状态：{status}",
    ),
    NoticeKind.statement_unmatched: Reason(
        "Bank statement {number} has {lines} lines without a transfer.",
        "银行对账单 {number} 有 {lines} 笔未匹配",
    ),
    NoticeKind.enforcement_changed: Reason(
        "Enforcement {number} of pledge {pledge} is now {status}.",
        "质押 {pledge} 的质权实现 {number} 当前状态：{status}",
    ),
    NoticeKind.pledge_short: Reason(
        "The rights of pledge {number} support its loan no longer: {shortfall} yuan are not covered.",
        "质押 {number} 的权利价值已不足以支持贷款，缺口 {shortfall} 元",
    ),
    NoticeKind.pledge_covered: Reason(
        "The rights of pledge {number} support its loan again.", "质押 {number} 的权利价值已重新覆盖贷款"
    ),
    NoticeKind.pledge_expiring: Reason(
        "The registration of mark {asset_number} in pledge {number} ends on {expires_on}, in {days} days: "
        "extend it before.",
        "质押 {number} 中商标 {asset_number} 的质权登记将于 {expires_on} 届满（还有 {days} 天），请提前延期",
    ),
    NoticeKind.pledged_right_ended: Reason(
        "Right {number}, which is pledged to you, has ended on {effective_on}.",
        "质押给您的权利 {number} 已于 {effective_on} 终止",
    ),
    NoticeKind.invalidation_requested: Reason(
        "Invalidation of right {number}, which is pledged to you, has been requested.",
        "质押给您的权利 {number} 已被请求宣告无效",
    ),
    NoticeKind.amendment_filed: Reason(
        "Amendment {number} of pledge {pledge} has been filed.", "质押 {pledge} 的变更 {number} 已提交"
    ),
    NoticeKind.amendment_decided: Reason(
        "Amendment {number} of pledge {pledge} is now {status}.",
        "质押 {pledge} 的变更 {number} 当前状态：{status}",
    ),
    NoticeKind.amendment_late: Reason(
        "Amendment {number} of pledge {pledge} was due within 30 days of {changed_on} and was filed later.",
        "质押 {pledge} 的变更 {number} 应自 {changed_on} 起三十日内办理，已逾期提交",
    ),
    NoticeKind.loan_overdue: Reason(
        "The loan of pledge {number} is {days} days overdue, since {since}: {amount} yuan are due.",
        "质押 {number} 的贷款自 {since} 起逾期，已逾期 {days} 天，应还未还 {amount} 元",
    ),
    NoticeKind.loan_repaid: Reason(
        "The loan of pledge {number} has been repaid; the pledge may be deregistered.",
        "质押 {number} 的贷款已结清，可办理质押注销登记",
    ),
    NoticeKind.loan_uncovered: Reason(
        "A reversal raised the loan of pledge {number}: its pool does not cover {amount} yuan of it.",
        "冲正后质押 {number} 的贷款余额回升，其中 {amount} 元已不在资金池保障范围内",
    ),
    NoticeKind.delegation_granted: Reason(
        "Delegation {number} lets you act for its principal until {valid_to}.",
        "您获得委托 {number}，可代委托人办理业务至 {valid_to}",
    ),
    NoticeKind.delegation_revoked: Reason(
        "Delegation {number} was revoked: you no longer act for its principal.",
        "委托 {number} 已撤回，不得再代委托人办理业务",
    ),
    NoticeKind.demand_received: Reason(
        "The release of pledge {number} is demanded; answer by {respond_by}.",
        "收到解除质押 {number} 的请求，请在 {respond_by} 前答复",
    ),
    NoticeKind.demand_answered: Reason(
        "Your demand for the release of pledge {number} is now {status}.",
        "您提出的解除质押 {number} 的请求当前状态：{status}",
    ),
    NoticeKind.demand_due: Reason(
        "The demand for the release of pledge {number} was not answered by {respond_by}.",
        "解除质押 {number} 的请求未在 {respond_by} 前得到答复",
    ),
    NoticeKind.pledge_decided: Reason(
        "The office's result for {rights} rights of pledge {number}: {outcome}; the pledge is {status}.",
        "质押 {number} 中 {rights} 项权利的登记结果：{outcome}；质押当前状态：{status}",
    ),
    NoticeKind.pledge_unsecured: Reason(
        "Pledge {number} lost the registration of a right it rests on, {outcome} on {on}: its loan is not"
        " fully secured.",
        "质押 {number} 所依赖的权利登记{outcome}（{on}），贷款担保不足",
    ),
    NoticeKind.correction_requested: Reason(
        "The office asks for corrections of filing {application_no} of pledge {number} by {respond_by}.",
        "质押 {number} 的登记申请 {application_no} 须于 {respond_by} 前补正",
    ),
    NoticeKind.filing_overdue: Reason(
        "Filing {application_no} of pledge {number} was to be decided by {due_on} and is not.",
        "质押 {number} 的登记申请 {application_no} 应于 {due_on} 前审结，现已超期",
    ),
}
"""What each kind of notice says, with the facts its sender gives in braces."""

WORDS: Mapping[str, str] = {
    **{kind.value: zh for kind, zh in PASSING_ZH.items()},
    "abandoned": "已终止",
    "opened": "已启动",
    "listed": "已挂牌处置",
    "sold": "已成交",
    "accepted": "已接受",
    "active": "正常",
    "approved": "批准",
    "anomaly": "异常",
    "closed": "已关闭",
    "committed": "已入库",
    "confirmed": "已确认",
    "due": "逾期未答复",
    "enforced": "已依文书注销",
    "excluded": "已剔除",
    "held": "暂结",
    "released": "已解除",
    "reserved": "已预留",
    "declined": "已谢绝",
    "expired": "已过期",
    "granted": "已同意",
    "lifted": "已解除",
    "preservation": "保全",
    "suspension": "中止",
    "lapsed": "已失效",
    "objected": "已提出异议",
    "open": "洽谈中",
    "paid": "已拨付",
    "publicised": "公示中",
    "refused": "已拒绝",
    "registered": "已登记",
    "rejected": "未批准",
    "review": "审查中",
    "revoked": "已撤销",
    "supplement": "待补正",
    "suspended": "暂停（熔断）",
    "used": "已使用",
    "warning": "预警",
    "withdrawn": "已撤回",
    "correction": "补正中",
    "deregistered": "已注销",
    "filed": "已提交",
}
"""Chinese for the words of the code that stand as facts in a notice."""

NOT_FOUND = define("notice.not_found", ErrorKind.not_found, "未找到该提醒", "No such notice.")


def told(kind: NoticeKind, facts: Mapping[str, Any]) -> Reason:
    """What a notice says, in English with the Chinese beside it; a fact that is missing shows as `?`."""
    words = TEXTS[kind]
    in_chinese = {
        name: WORDS.get(fact, fact) if isinstance(fact, str) else fact for name, fact in facts.items()
    }
    return Reason(fill_in(words, facts), fill_in(words.zh, in_chinese))
