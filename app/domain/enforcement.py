"""Enforcements (实现质权): a pledged right is sold, its lien goes with the title, the proceeds are shared."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain.errors import ErrorKind, Reason, Violation, define
from app.domain.money import allocate, format_amount
from app.domain.state_machine import StateMachine


class EnforcementMode(StrEnum):
    """协议折价, 拍卖, 变卖, 法院实现担保物权程序 (民法典第436条, PL-23)."""

    agreement = "agreement"
    auction = "auction"
    sale = "sale"
    court = "court"


class EnforcementStatus(StrEnum):
    """Where an enforcement stands; `sold` once the title passed, `closed` once the proceeds are shared."""

    opened = "opened"
    listed = "listed"
    sold = "sold"
    closed = "closed"
    abandoned = "abandoned"


class EnforcementEvent(StrEnum):
    """What moves an enforcement from state to state."""

    list_ = "list"
    sell = "sell"
    distribute = "distribute"
    abandon = "abandon"


_S, _E = EnforcementStatus, EnforcementEvent

ENFORCEMENT = StateMachine[EnforcementStatus, EnforcementEvent](
    noun="enforcement",
    noun_zh="质权实现",
    initial=_S.opened,
    transitions={
        (_S.opened, _E.list_): _S.listed,
        (_S.opened, _E.sell): _S.sold,
        (_S.opened, _E.abandon): _S.abandoned,
        (_S.listed, _E.list_): _S.listed,
        (_S.listed, _E.sell): _S.sold,
        (_S.listed, _E.abandon): _S.abandoned,
        (_S.sold, _E.distribute): _S.closed,
    },
)


class ProceedsPurpose(StrEnum):
    """What a part of the proceeds pays, in the legal order (民法典第561条, PL-24)."""

    cost = "cost"
    interest = "interest"
    principal = "principal"
    surplus = "surplus"


NOT_FOUND = define("enforcement.not_found", ErrorKind.not_found, "未找到该质权实现", "No such enforcement.")
NOT_YOURS = define(
    "enforcement.not_yours",
    ErrorKind.denied,
    "仅质权人（提交该质押的银行）可以办理",
    "Only the pledgee, the bank that filed the pledge, may do this.",
    basis="民法典第436条",
)
SAME_ORGANISATION = define(
    "enforcement.same_organisation",
    ErrorKind.conflict,
    "实现质权的银行不能自行登记成交结果",
    "The bank that enforces cannot record the transfer of title itself.",
    basis="RB-02",
)
PLEDGE_NOT_REGISTERED = define(
    "enforcement.pledge_not_registered",
    ErrorKind.conflict,
    "质押处于“{status}”状态，只有已登记的质权可以实现",
    "The pledge is in state “{status}”; only a registered one can be enforced.",
    basis="民法典第444条",
)
NOT_OVERDUE = define(
    "enforcement.not_overdue",
    ErrorKind.conflict,
    "该笔贷款未逾期，质权尚不能实现；依法院裁定实现的，请附裁定书",
    "The loan is not overdue; where a court has ruled, give its ruling.",
    basis="民法典第436条",
)
ALREADY_OPEN = define(
    "enforcement.already_open",
    ErrorKind.conflict,
    "该质押已有进行中的质权实现",
    "The pledge is being enforced already.",
)
RIGHT_NOT_PLEDGED = define(
    "enforcement.right_not_pledged",
    ErrorKind.conflict,
    "权利 {number} 在该质押项下没有有效的质权登记",
    "Right {number} has no effective registration of this pledge.",
    basis="民法典第444条",
)
SENIOR_LIEN = define(
    "enforcement.senior_lien",
    ErrorKind.conflict,
    "权利 {number} 上有顺位在先的质权，须先予清偿或取得其同意",
    "A lien of a better rank is on right {number}: it is satisfied first.",
    basis="民法典第414条",
)
DOCUMENT_MISSING = define(
    "enforcement.document_missing",
    ErrorKind.invalid,
    "{mode}方式须附{document}",
    "Enforcement by {mode} needs {document}.",
    basis="民法典第436条; 担保制度解释第45条",
)
SEVERAL_OWNERS = define(
    "enforcement.several_owners",
    ErrorKind.conflict,
    "拟处置的权利不属于同一权利人，请分别处置",
    "The rights do not have one owner: they are sold apart.",
)
OWNER_UNRECORDED = define(
    "enforcement.owner_unrecorded",
    ErrorKind.conflict,
    "权利 {number} 的权利人未登记，不能挂牌处置",
    "The owner of right {number} is not recorded: it cannot be listed.",
)
BELOW_RESERVE = define(
    "enforcement.below_reserve",
    ErrorKind.conflict,
    "价格低于保留价 {reserve} 元",
    "The price is below the reserve of {reserve} yuan.",
    basis="民法典第436条第3款",
)
NOT_OPEN = define(
    "enforcement.not_open",
    ErrorKind.conflict,
    "质权实现处于“{status}”状态，不能处置权利",
    "The enforcement is in state “{status}”: nothing can be sold by it.",
)
DEBT_SETTLED = define(
    "enforcement.debt_settled",
    ErrorKind.conflict,
    "债务已清偿或已恢复正常，不能再处置质押权利",
    "The debt has been paid or put in order again: the rights cannot be sold for it.",
    basis="民法典第393条",
)
NOT_ENFORCER = define(
    "enforcement.not_enforcer",
    ErrorKind.denied,
    "处置挂牌只能由实现质权的银行成交",
    "Only the bank that enforces deals on its disposal listing.",
)
LOT_DIFFERS = define(
    "enforcement.lot_differs",
    ErrorKind.conflict,
    "处置挂牌的权利应整体成交",
    "The rights of a disposal listing are sold together.",
)
DISPOSAL_FIXED = define(
    "enforcement.disposal_fixed",
    ErrorKind.conflict,
    "处置挂牌只能以转让方式成交",
    "A disposal listing offers a transfer and nothing else.",
)
SOLD_TO_ITSELF = define(
    "enforcement.sold_to_itself",
    ErrorKind.conflict,
    "质权人不能在自己处置的交易中受让，协议折价除外",
    "The pledgee does not buy what it sells itself, but by agreement with the pledgor.",
    basis="民法典第168条, 第428条, 第436条",
)
STILL_OFFERED = define(
    "enforcement.still_offered",
    ErrorKind.conflict,
    "上一处置挂牌尚未退出市场，不能重新挂牌",
    "The disposal is on offer still: it is listed anew once that listing has left the market.",
)
OFFER_ELSEWHERE = define(
    "enforcement.offer_elsewhere",
    ErrorKind.conflict,
    "权利 {number} 已被另一项交易预留，须先了结该交易",
    "Another deal reserves right {number}: it ends first.",
)
DEAL_SIGNED = define(
    "enforcement.deal_under_way",
    ErrorKind.conflict,
    "处置交易 {deal} 正在进行，须先终止",
    "Deal {deal} of the disposal is under way: terminate it first.",
)
NOT_BY_RULING = define(
    "enforcement.not_by_ruling",
    ErrorKind.conflict,
    "协议折价、变卖须通过平台交易办理，只有拍卖和法院处置可以直接登记成交",
    "By agreement or private sale a right passes by a deal; auctions and courts pass it by document.",
    basis="TR-02, PL-25",
)
RIGHTS_DIFFER = define(
    "enforcement.rights_differ",
    ErrorKind.invalid,
    "登记结果应逐项对应拟处置的全部权利",
    "Each right that is sold is named once, and no other.",
)
PRICES_MISSING = define(
    "enforcement.prices_missing",
    ErrorKind.invalid,
    "出质人不止一人，须逐项列明各权利的成交价",
    "The rights are of several pledgors: the price of each is named.",
    basis="民法典第438条",
)
PRICES_DIFFER = define(
    "enforcement.prices_differ",
    ErrorKind.invalid,
    "各权利成交价之和应等于总价 {price} 元",
    "The prices of the rights make up the price of {price} yuan.",
)
GRANTEE_IS_OWNER = define(
    "enforcement.grantee_is_owner",
    ErrorKind.conflict,
    "受让人已是权利 {number} 的权利人",
    "The grantee owns right {number} already.",
)
CLAIM_OPEN = define(
    "enforcement.claim_open",
    ErrorKind.conflict,
    "补偿申请 {claim} 尚未了结，拨付或驳回后再分配价款",
    "Claim {claim} is open: the proceeds are shared once it is paid or rejected.",
    basis="RP-14",
)
COST_EXCEEDS = define(
    "enforcement.cost_exceeds",
    ErrorKind.invalid,
    "实现质权的费用超过成交价款",
    "The cost exceeds the price.",
    basis="民法典第561条",
)
UNDOCUMENTED = define(
    "enforcement.undocumented",
    ErrorKind.invalid,
    "费用和利息、违约金须附计算单方可参与分配",
    "Costs, interest and penalty take part only with the document that computes them.",
    basis="民法典第389条, 第561条",
)
CURRENCY_UNSUPPORTED = define(
    "enforcement.currency_unsupported",
    ErrorKind.invalid,
    "金额币种应与主债权一致（{currency}）",
    "Amounts are in the currency of the debt, {currency}.",
)
RIGHT_ENFORCED = define(
    "enforcement.right_enforced",
    ErrorKind.conflict,
    "该质押正在实现质权，须先成交或终止实现",
    "The pledge is being enforced: the enforcement is concluded or given up first.",
    basis="民法典第436条",
)
UNSOLD = define(
    "enforcement.unsold",
    ErrorKind.conflict,
    "处置结果与登记不符：权利须在同一笔业务中过户且质权消灭",
    "The sale is not what the register shows: title passes and the lien ends in one and the same act.",
    basis="PL-25",
)

CLEAN_TITLE_ZH = "无负担转让：过户登记的同时，被实现的质权消灭"
CLEAN_TITLE_BASIS = "民法典第393条, 第436条"
CLEAN_TITLE_EN = "Clean title: the lien that is enforced is extinguished with the transfer."

BY_RULING = frozenset({EnforcementMode.auction, EnforcementMode.court})
"""Modes whose own document passes the title (TR-02, PL-25)."""

OPEN = frozenset({_S.opened, _S.listed})
"""States in which the rights can still be sold, or the enforcement given up."""

_DOCUMENTS = {
    EnforcementMode.court: ("the ruling of the court", "法院裁定书"),
    EnforcementMode.agreement: ("the consent of the pledgor", "出质人同意书"),
}
_MODES_ZH = {
    EnforcementMode.agreement: "协议折价",
    EnforcementMode.auction: "拍卖",
    EnforcementMode.sale: "变卖",
    EnforcementMode.court: "法院实现担保物权程序",
}


def document_faults(mode: EnforcementMode, *, documented: bool) -> Iterator[Violation]:
    """A court's sale needs its ruling, an agreement the pledgor's consent (民法典第436条)."""
    if mode in _DOCUMENTS and not documented:
        english, chinese = _DOCUMENTS[mode]
        yield DOCUMENT_MISSING.violation(
            "/document_id",
            mode=Reason(mode.value, _MODES_ZH[mode]),
            document=Reason(english, chinese),
        )


def reserve_faults(price_fen: int | None, reserve_fen: int | None, pointer: str) -> Iterator[Violation]:
    """A price below the reserve; no price is negotiable, and held to the reserve when it is agreed on."""
    if price_fen is not None and reserve_fen is not None and price_fen < reserve_fen:
        yield BELOW_RESERVE.violation(pointer, reserve=format_amount(reserve_fen))


@dataclass(frozen=True, slots=True)
class Distribution:
    """What the price paid, in fen; the parts make up the price."""

    cost_fen: int
    interest_fen: int
    principal_fen: int
    surplus_fen: int

    @property
    def parts(self) -> tuple[tuple[ProceedsPurpose, int], ...]:
        """The parts above zero in the legal order."""
        every = (
            (ProceedsPurpose.cost, self.cost_fen),
            (ProceedsPurpose.interest, self.interest_fen),
            (ProceedsPurpose.principal, self.principal_fen),
            (ProceedsPurpose.surplus, self.surplus_fen),
        )
        return tuple((purpose, fen) for purpose, fen in every if fen > 0)


def distribute(price_fen: int, *, cost_fen: int, interest_fen: int, principal_fen: int) -> Distribution:
    """Share the price in the legal order: cost, interest and penalty, principal, surplus (PL-24).

    The other figures are what is owed of each; none is paid more than that, in whole fen.
    Raises ValueError for an amount below zero.
    """
    if min(price_fen, cost_fen, interest_fen, principal_fen) < 0:
        raise ValueError("proceeds and debts are not below zero")
    cost = min(price_fen, cost_fen)
    interest = min(price_fen - cost, interest_fen)
    principal = min(price_fen - cost - interest, principal_fen)
    return Distribution(cost, interest, principal, price_fen - cost - interest - principal)


def beside_recovery(
    price_fen: int,
    *,
    cost_fen: int,
    cost_first: bool,
    lacking_fen: int,
    interest_fen: int,
    uncovered_fen: int,
) -> Distribution:
    """What a price pays beside the recovery that it brings a paid claim, in fen (RP-14, PL-24).

    Once those who bore the loss are whole, the debtor pays the cost that a scheme leaves with the bank, then
    interest (which the recovery takes), then principal that no claim covers, all before the surplus.
    """
    first = cost_fen if cost_first else 0
    over = max(0, price_fen - first - lacking_fen)
    cost = min(over, cost_fen - first)
    return Distribution(cost, 0, min(max(0, over - cost - interest_fen), uncovered_fen), 0)


def surplus_of(
    surplus_fen: int, brought: Sequence[tuple[uuid.UUID | None, int]]
) -> list[tuple[uuid.UUID | None, int]]:
    """Share a surplus among pledgors by what the rights of each brought, in fen (民法典438).

    `brought`: the pledgor of each right and its price, None for one that is not recorded. One pledgor gets
    all of it, whatever the prices; a part of zero is left out.
    """
    pledgors = list(dict.fromkeys(pledgor for pledgor, _ in brought))
    if len(pledgors) == 1:
        return [(pledgors[0], surplus_fen)]
    names = [str(place) for place in range(len(pledgors))]
    weights = [sum(fen for owner, fen in brought if owner == pledgor) for pledgor in pledgors]
    parts = allocate(surplus_fen, list(zip(names, weights, strict=True)), names)
    return [(pledgor, parts[name]) for pledgor, name in zip(pledgors, names, strict=True) if parts[name] > 0]
