"""Remedies: what somebody can do so that a blocker is gone, as a call of this API wherever there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any


class RemedyAction(StrEnum):
    """What is to be done."""

    acknowledge = "acknowledge"
    act_for_owner = "act_for_owner"
    add_associated_marks = "add_associated_marks"
    add_consent = "add_consent"
    add_evidence = "add_evidence"
    add_security = "add_security"
    ask_consent = "ask_consent"
    await_decision = "await_decision"
    await_grant = "await_grant"
    complete_contract = "complete_contract"
    end_licence = "end_licence"
    get_approval = "get_approval"
    grant_consent = "grant_consent"
    lift_stay = "lift_stay"
    pay_fee = "pay_fee"
    record_owner = "record_owner"
    refresh_status = "refresh_status"
    release_lien = "release_lien"
    release_reservation = "release_reservation"
    renew = "renew"
    restore = "restore"
    shorten_term = "shorten_term"
    strike_clause = "strike_clause"
    value_anew = "value_anew"
    wait_until = "wait_until"
    watch_fees = "watch_fees"
    withdraw_listing = "withdraw_listing"


class Doer(StrEnum):
    """Who does it. `drafter`, `lister`: the organisation that drafted the deal or posted the listing.

    `registrar`: who records what an office or a court decided (the operator, the IP office). `payer`: the
    owner, its trustee or the operator. `asker`: who asks to act, in the request by which it acts.
    """

    asker = "asker"
    owner = "owner"
    co_owner = "co_owner"
    pledgee = "pledgee"
    pledgor_and_pledgee = "pledgor_and_pledgee"
    drafter = "drafter"
    lister = "lister"
    payer = "payer"
    registrar = "registrar"
    nobody = "nobody"


_A, _D = RemedyAction, Doer

WORDS: Mapping[RemedyAction, tuple[str, str]] = {
    _A.acknowledge: (
        "双方知情后在申请中写明知悉并同意的日期",
        "Both parties, being told, say in the filing on which day they agreed.",
    ),
    _A.act_for_owner: (
        "以登记权利人的名义办理",
        "Act in the name of the recorded owner.",
    ),
    _A.add_associated_marks: (
        "将须一并处分的相同、近似商标一并列入",
        "Include the identical and similar marks that go together with it.",
    ),
    _A.add_consent: (
        "在申请中附上每位共有人的书面同意",
        "Give every co-owner's written consent with the filing.",
    ),
    _A.add_evidence: ("随申请提交所需证明", "Give the evidence that is needed with the request."),
    _A.add_security: (
        "降低贷款金额，或增加质押的权利",
        "Lend less, or take more rights as security.",
    ),
    _A.ask_consent: (
        "在线申请同意，平台自行转达有权作出同意的一方",
        "Ask for the consent; the platform finds whose it is to give.",
    ),
    _A.await_decision: (
        "待无效宣告程序结束后再办理",
        "Wait until the invalidation is decided.",
    ),
    _A.await_grant: (
        "待主管部门授权或核准注册后，登记新的法律状态",
        "Wait until the office grants or registers it, and record that status.",
    ),
    _A.complete_contract: (
        "补全质押合同的必备内容",
        "Complete the contract with what it lacks.",
    ),
    _A.end_licence: ("提前终止与之冲突的许可", "End the licence that conflicts."),
    _A.get_approval: ("先经人工审批", "Get an approval by hand first."),
    _A.grant_consent: ("由有权的一方作出同意", "Who was asked grants the consent."),
    _A.lift_stay: (
        "由作出决定的机关解除保全或中止，并登记",
        "The authority lifts the stay, which is then recorded.",
    ),
    _A.pay_fee: ("缴纳费用及滞纳金，并登记缴费", "Pay the fee with its surcharge, and record the payment."),
    _A.record_owner: (
        "先向主管部门办理权利人的登记",
        "Have the owner recorded at the office first.",
    ),
    _A.refresh_status: (
        "重新核验法律状态并登记",
        "Check the legal status again and record what was found.",
    ),
    _A.release_lien: (
        "债务清偿或质权人放弃后注销质押；尚未登记的撤回申请",
        "Cancel the pledge once the debt is paid or waived; take back one that is not registered yet.",
    ),
    _A.release_reservation: (
        "终止占用该权利的交易",
        "End the deal that keeps the right.",
    ),
    _A.renew: ("在宽展期内办理续展，并登记", "Renew it within the grace period, and record that."),
    _A.restore: (
        "在期限内请求恢复权利，恢复后登记",
        "Ask for the right's restoration in time, and record it once restored.",
    ),
    _A.shorten_term: ("将期限缩短至权利有效期内", "Shorten the term to the right's own."),
    _A.strike_clause: (
        "删除流质条款，改为约定就该权利优先受偿",
        "Strike the clause; agree on priority in payment instead.",
    ),
    _A.value_anew: (
        "重新评估，并引用该权利已签署的评估",
        "Have the right valued anew, and name a signed valuation of it.",
    ),
    _A.wait_until: ("到期自行解除，届时再办", "It ends by itself: come back on that day."),
    _A.watch_fees: ("先登记缴费情况", "Have its fees followed first."),
    _A.withdraw_listing: ("撤回在先的转让挂牌", "Take the open transfer listing off the market."),
}
"""The words for people, Chinese and English."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """One step. Without `method` and `path` it is done outside the platform.

    `path` names its ids; one in braces is known to who does it, or is the `id` in the answer to the step
    before. In `body` null stands for what is not known here. `if_match`: the right's current version goes
    with it. `in_request`: no request of its own; `body` is to be part of the request that acts. `by_day` is
    the last day on which it helps, `from_day` the first.
    """

    action: RemedyAction
    by: Doer
    method: str | None = None
    path: str | None = None
    body: Mapping[str, Any] | None = None
    if_match: bool = False
    in_request: bool = False
    by_day: date | None = None
    from_day: date | None = None

    @property
    def zh(self) -> str:
        """In Chinese."""
        return WORDS[self.action][0]

    @property
    def en(self) -> str:
        """In English."""
        return WORDS[self.action][1]


def post(
    action: RemedyAction, by: Doer, path: str, body: Mapping[str, Any] | None, **more: Any
) -> tuple[Remedy]:
    """The one step of sending a request."""
    return (Remedy(action, by, "POST", path, body, **more),)


def in_request(
    action: RemedyAction, by: Doer, method: str, path: str, body: Mapping[str, Any]
) -> tuple[Remedy]:
    """The one step of saying more in the request that acts."""
    return (Remedy(action, by, method, path, body, in_request=True),)


def elsewhere(action: RemedyAction, by: Doer, **more: Any) -> tuple[Remedy]:
    """The one step of something that no request of this API does."""
    return (Remedy(action, by, **more),)
