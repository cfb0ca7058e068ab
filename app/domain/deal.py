"""Deals (交易): a licence or a transfer of rights, from draft to recorded."""

from datetime import date
from enum import StrEnum

from app.domain.errors import ErrorKind, define
from app.domain.hold import HoldKind
from app.domain.listing import ListingMode
from app.domain.operation import Operation, statuses
from app.domain.state_machine import StateMachine
from app.domain.term import add_months


class DealKind(StrEnum):
    """许可 or 转让."""

    licence = "licence"
    transfer = "transfer"


class LicenceType(StrEnum):
    """独占, 排他, 普通 (技术合同解释第25条)."""

    exclusive = "exclusive"
    sole = "sole"
    ordinary = "ordinary"


HOLD_OF_LICENCE = {
    LicenceType.exclusive: HoldKind.exclusive_licence,
    LicenceType.sole: HoldKind.exclusive_licence,
    LicenceType.ordinary: HoldKind.licence,
}


class DealStatus(StrEnum):
    """States of a deal."""

    draft = "draft"
    negotiated = "negotiated"
    signed = "signed"
    filed = "filed"
    correction = "correction"
    effective = "effective"
    recorded = "recorded"
    refused = "refused"
    terminated = "terminated"
    settled = "settled"
    closed = "closed"


class DealEvent(StrEnum):
    """What moves a deal from state to state. `take_effect` is a licence's effect at contract date."""

    agree = "agree"
    sign = "sign"
    take_effect = "take_effect"
    file = "file"
    correct = "correct"
    refile = "refile"
    register = "register"
    record = "record"
    refuse = "refuse"
    terminate = "terminate"
    settle = "settle"
    close = "close"


_S, _E = DealStatus, DealEvent

DEAL = StateMachine[DealStatus, DealEvent](
    noun="deal",
    noun_zh="交易",
    initial=_S.draft,
    transitions={
        (_S.draft, _E.agree): _S.negotiated,
        (_S.draft, _E.terminate): _S.terminated,
        (_S.negotiated, _E.sign): _S.signed,
        (_S.negotiated, _E.terminate): _S.terminated,
        (_S.signed, _E.take_effect): _S.effective,
        (_S.signed, _E.file): _S.filed,
        (_S.signed, _E.terminate): _S.terminated,
        (_S.filed, _E.correct): _S.correction,
        (_S.correction, _E.refile): _S.filed,
        (_S.filed, _E.register): _S.effective,
        (_S.filed, _E.refuse): _S.refused,
        (_S.filed, _E.terminate): _S.terminated,
        (_S.effective, _E.record): _S.recorded,
        (_S.effective, _E.terminate): _S.terminated,
        (_S.effective, _E.settle): _S.settled,
        (_S.recorded, _E.terminate): _S.terminated,
        (_S.recorded, _E.settle): _S.settled,
        (_S.settled, _E.close): _S.closed,
    },
)

EXCLUSIVE = frozenset({LicenceType.exclusive, LicenceType.sole})
"""Licences that leave no room for another licensee."""

LISTED_AS = {
    LicenceType.exclusive: ListingMode.exclusive_licence,
    LicenceType.sole: ListingMode.sole_licence,
    LicenceType.ordinary: ListingMode.ordinary_licence,
}

LICENSABLE = statuses(Operation.licence)
"""Statuses in which a licence can be recorded: not in the late period, and not once the right has ended."""

TRANSFERABLE = statuses(Operation.transfer)
"""Statuses in which a right or an application passes to another (domain §2.1: transfer registration)."""

RECORDING_MONTHS = 3


def recording_due_on(contract_on: date) -> date:
    """Last day to record a licence: three months from the contract's effect (TR-15, 专利法实施细则第15条)."""
    return add_months(contract_on, RECORDING_MONTHS)


NOT_FOUND = define("deal.not_found", ErrorKind.not_found, "未找到该交易", "No such deal.")
LICENSOR_NOT_OWNER = define(
    "deal.licensor_not_owner",
    ErrorKind.conflict,
    "许可人不是权利 {number} 的登记权利人",
    "The licensor is not the recorded owner of right {number}.",
    basis="专利实施许可合同备案办法第12条",
)
TRANSFEROR_NOT_OWNER = define(
    "deal.transferor_not_owner",
    ErrorKind.conflict,
    "转让人不是权利 {number} 的登记权利人",
    "The transferor is not the recorded owner of right {number}.",
    basis="专利法第10条, 商标法第42条",
)
CO_OWNER_CONSENT_MISSING = define(
    "deal.co_owner_consent_missing",
    ErrorKind.conflict,
    "权利 {number} 为共有，独占、排他许可及转让须经全体共有人同意",
    "Right {number} is co-owned: an exclusive or sole licence or a transfer needs every co-owner's consent.",
    basis="专利法第14条",
)
OWNER_UNRECORDED = define(
    "deal.owner_unrecorded",
    ErrorKind.conflict,
    "权利 {number} 有共有人未记载于登记簿，其同意无从取得",
    "An owner of right {number} is not recorded, so that its consent cannot be had.",
    basis="专利法第14条",
)
RIGHT_NOT_IN_FORCE = define(
    "deal.right_not_in_force",
    ErrorKind.conflict,
    "权利 {number} 当前状态为 {status}，不能办理许可",
    "Right {number} has status {status} and cannot be licensed.",
    basis="专利实施许可合同备案办法第12条",
)
RIGHT_ENDED = define(
    "deal.right_ended",
    ErrorKind.conflict,
    "权利 {number} 当前状态为 {status}，不能转让",
    "Right {number} has status {status} and cannot be transferred.",
    basis="专利法第10条, 商标法第42条",
)
RIGHT_STAYED = define(
    "deal.right_stayed",
    ErrorKind.conflict,
    "权利 {number} 处于保全或中止状态",
    "Right {number} is preserved or suspended.",
    basis="专利法实施细则第105条",
)
TERM_EXCEEDS_RIGHT = define(
    "deal.term_exceeds_right",
    ErrorKind.conflict,
    "许可期限至 {term_to}，超过权利 {number} 的有效期 {last_day}",
    "The licence runs to {term_to}, past the last day in force {last_day} of right {number}.",
    basis="民法典第865条",
)
PLEDGEE_CONSENT_REQUIRED = define(
    "deal.pledgee_consent_required",
    ErrorKind.conflict,
    "权利 {number} 已出质，许可或转让须经质权人同意",
    "Right {number} is pledged: licensing or transferring it needs the pledgee's consent.",
    basis="民法典第444条",
)
ASSOCIATED_MARKS_MISSING = define(
    "deal.associated_marks_missing",
    ErrorKind.conflict,
    "商标 {number} 在相同或类似商品上的相同、近似商标须一并转让，缺少：{missing}",
    "Marks identical or similar to {number} on the same or similar goods are transferred together with it; "
    "missing: {missing}.",
    basis="商标法第42条第2款, 商标法实施条例第31条",
)
TERM_INVALID = define(
    "deal.term_invalid",
    ErrorKind.invalid,
    "期限无效：终止日早于起始日",
    "The term ends before it starts.",
)
SAME_PARTY = define(
    "deal.same_party",
    ErrorKind.invalid,
    "交易双方不得为同一主体",
    "The two parties of a deal must differ.",
)
ASSET_TWICE = define(
    "deal.asset_twice", ErrorKind.invalid, "同一权利重复列出", "The same right is listed twice."
)
RECORD_NO_TAKEN = define(
    "deal.record_no_taken",
    ErrorKind.conflict,
    "备案号已使用",
    "The record number is already in use.",
)
LISTING_MISMATCH = define(
    "deal.listing_mismatch",
    ErrorKind.conflict,
    "交易与挂牌 {number} 不符：{field}",
    "The deal does not match listing {number}: {field}.",
)
GRANTOR_FOREIGN = define(
    "deal.grantor_foreign",
    ErrorKind.denied,
    "企业只能许可或转让本单位的权利；代理须由运营机构办理",
    "An enterprise licenses or transfers its own rights only; others are represented by an agency.",
)
MANDATE_MISSING = define(
    "deal.mandate_missing",
    ErrorKind.conflict,
    "代权利人签约须有其有效的签约委托；代为达成意向须有洽谈或签约委托，或本机构为其所作、仍在市场上的挂牌"
    "（所缺权限：{power}）",
    "Who signs for an owner needs its mandate to sign; who agrees for it, one to negotiate or sign, or its "
    "own listing of the rights on the market (the power that is missing: {power}).",
    basis="RB-05, 民法典第165条",
)
NOT_DRAFTER = define(
    "deal.not_drafter",
    ErrorKind.denied,
    "仅起草该交易的机构可以办理",
    "Only the organisation that drafted the deal may do this.",
)
CURRENCY_UNSUPPORTED = define(
    "deal.currency_unsupported",
    ErrorKind.invalid,
    "合同金额目前仅支持人民币（CNY），填写的是 {currency}",
    "Contract amounts are taken in CNY only, given is {currency}.",
)
SAME_ORGANISATION = define(
    "deal.same_organisation",
    ErrorKind.conflict,
    "起草该转让的机构不能登记主管部门的结果",
    "The organisation that drafted the transfer cannot enter what the office decided.",
    basis="RB-02",
)
NOT_TRANSFER = define(
    "deal.not_transfer",
    ErrorKind.conflict,
    "交易 {number} 不是转让，不能办理此事项",
    "Deal {number} is not a transfer: there is no such step.",
)
ALREADY_SETTLED = define(
    "deal.already_settled",
    ErrorKind.conflict,
    "交易 {number} 已于 {settled_on} 结清",
    "Deal {number} was settled on {settled_on}.",
)
NOT_LICENCE = define(
    "deal.not_licence",
    ErrorKind.conflict,
    "交易 {number} 不是许可，不能备案",
    "Deal {number} is not a licence and is not recorded.",
)
TITLE_PASSED = define(
    "deal.title_passed",
    ErrorKind.conflict,
    "转让 {number} 已登记生效，不能终止",
    "Transfer {number} has been registered: it took effect and cannot be terminated.",
    basis="专利法第10条, 商标法第42条",
)
EXPORT_EVIDENCE_REQUIRED = define(
    "deal.export_evidence_required",
    ErrorKind.conflict,
    "受让人在境外（{country}），须提供技术出口合同登记证书或技术出口许可证",
    "The grantee is abroad ({country}): the technology export registration or licence is needed.",
    basis="专利法第10条, 技术进出口管理条例",
)
PROCEEDS_UNSETTLED = define(
    "deal.proceeds_unsettled",
    ErrorKind.conflict,
    "质权人同意以价款提前清偿或者提存（{demanded}），须按此结算并填写凭证号",
    "The pledgee consented on {demanded} from the price: settle so and give the receipt's number.",
    basis="民法典第444条",
)
REGISTRATION_NO_TAKEN = define(
    "deal.registration_no_taken",
    ErrorKind.conflict,
    "登记号已使用",
    "The registration number is already in use.",
)
DATE_BEFORE_CONTRACT = define(
    "deal.date_before_contract",
    ErrorKind.invalid,
    "日期 {date} 早于合同日期 {contract_on}",
    "The date {date} is before the contract date {contract_on}.",
)
