"""The grounds on which the office refuses a pledge (专利权质押登记办法第11条), and what they look at.

Their codes, and the basis and severity each has when no rule pack says otherwise. How they are found:
`app.domain.pledge_ground_check`; which of them hold on a day, and how severely: `app.domain.rule_pack`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from app.domain.asset import AssetKind, AssetStatus, MarkKind, Regime
from app.domain.errors import ErrorCode, ErrorKind, Severity, define
from app.domain.patent_number import PatentType
from app.domain.pledge import ALREADY_PLEDGED

BASIS = "专利权质押登记办法第11条"
OF_MARKS = "注册商标专用权质押登记程序规定"
"""The same ground for a mark (PL-15, PL-16, PL-18); a second pledge is denied by default (PL-20)."""


def _ground(
    code: str, zh: str, en: str, clause: str, *, marks: str = "", severity: Severity = Severity.block
) -> ErrorCode:
    """A ground of the patents' rules; `marks`: the rules under which it is one of marks as well."""
    basis = f"{BASIS}第({clause})项" + (f"; {marks}" if marks else "")
    return define(f"pledge.{code}", ErrorKind.conflict, zh, en, basis=basis, severity=severity)


NOT_OWNER = _ground(
    "not_owner",
    "出质人与权利 {number} 的登记权利人不一致",
    "The pledgor is not the recorded owner of right {number}.",
    "一",
    marks=OF_MARKS,
)
ENDED_OR_INVALID = _ground(
    "ended_or_invalid",
    "权利 {number} 已终止或被宣告无效（{status}）",
    "Right {number} has ended or been declared invalid ({status}).",
    "二",
    marks=OF_MARKS,
)
NOT_GRANTED = _ground(
    "not_granted",
    "权利 {number} 尚未授权或核准注册",
    "Right {number} has not been granted or registered yet.",
    "三",
    marks=OF_MARKS,
)
ANNUITY_UNPAID = _ground(
    "annuity_unpaid",
    "专利 {number} 处于年费缴纳滞纳期",
    "The annuity of patent {number} is unpaid (late period).",
    "四",
)
SUSPENDED_OR_PRESERVED = _ground(
    "suspended_or_preserved",
    "权利 {number} 已被启动中止程序或采取保全措施",
    "Right {number} is suspended or under a court's preservation.",
    "五",
    marks=OF_MARKS,
)
TERM_EXCEEDS = _ground(
    "term_exceeds",
    "债务履行期至 {debt_to}，超过专利 {number} 的有效期（至 {last_day}）",
    "The debt runs to {debt_to}, past the last day in force {last_day} of patent {number}.",
    "六",
)
CONTRACT_ITEMS_MISSING = _ground(
    "contract_items_missing",
    "质押合同缺少必备内容：{missing}",
    "The pledge contract lacks required content: {missing}.",
    "七",
    marks=f"{OF_MARKS}第5条",
)
CO_OWNER_CONSENT_MISSING = _ground(
    "co_owner_consent_missing",
    "权利 {number} 为共有，缺少共有人同意",
    "Right {number} is co-owned and a co-owner's consent is missing.",
    "八",
    marks=f"{OF_MARKS}第3条",
)
TWIN_UTILITY_MODEL = _ground(
    "twin_utility_model",
    "权利 {number} 与同日申请的发明或实用新型为同样的发明创造，须双方知情并同意",
    "Right {number} has a same-day twin; both parties, being told, must agree.",
    "十",
    severity=Severity.acknowledge,
)
INVALIDATION_STARTED = _ground(
    "invalidation_started",
    "权利 {number} 已被提起无效宣告请求，须双方知情并同意",
    "Invalidation of right {number} has been requested; both parties, being told, must agree.",
    "十一",
    severity=Severity.acknowledge,
)
OTHER = _ground(
    "other",
    "权利 {number} 不符合出质条件：{reason}",
    "Right {number} cannot be pledged: {reason}.",
    "十二",
    marks=OF_MARKS,
)
ASSOCIATED_MARKS_MISSING = define(
    "pledge.associated_marks_missing",
    ErrorKind.conflict,
    "商标 {number} 在相同或类似商品上的相同、近似注册商标须一并出质，缺少：{missing}",
    "Marks identical or similar to {number} on the same or similar goods are pledged together with it; "
    "missing: {missing}.",
    basis=f"{OF_MARKS}第3条",
)
FORECLOSURE_CLAUSE = define(
    "pledge.foreclosure_clause",
    ErrorKind.conflict,
    "合同约定债务到期未清偿时权利归质权人所有（流质条款）：只能就该权利优先受偿",
    "The contract gives the right to the pledgee on default: it gives priority in payment only.",
    basis="民法典第428条; PL-21",
    severity=Severity.warn,
)
LTV_EXCEEDED = define(
    "pledge.ltv_exceeded",
    ErrorKind.conflict,
    "质押率超过上限：担保 {secured} 元，按价值与上限可担保 {cap} 元",
    "The loan-to-value ratio is above its cap: {secured} yuan are secured, the value bears {cap} yuan.",
    basis="PL-27",
    severity=Severity.warn,
)
STATUS_STALE = define(
    "pledge.status_stale",
    ErrorKind.conflict,
    "权利 {number} 的法律状态核验日为 {status_as_of}，已超过 {fresh_days} 天，须双方知情并同意",
    "The status of right {number} was last checked on {status_as_of}, over {fresh_days} days ago; "
    "both must agree.",
    basis="LS-11",
    severity=Severity.acknowledge,
)

GROUNDS: tuple[ErrorCode, ...] = (
    NOT_OWNER,
    ENDED_OR_INVALID,
    NOT_GRANTED,
    ANNUITY_UNPAID,
    SUSPENDED_OR_PRESERVED,
    TERM_EXCEEDS,
    CONTRACT_ITEMS_MISSING,
    CO_OWNER_CONSENT_MISSING,
    ALREADY_PLEDGED,
    TWIN_UTILITY_MODEL,
    INVALIDATION_STARTED,
    OTHER,
)
"""The twelve grounds of PL-06 in their order."""


@dataclass(frozen=True, slots=True)
class Encumbrance:
    """What another lender may learn of a live lien: since when and of which rank."""

    since: date | None
    rank: int


@dataclass(frozen=True, slots=True)
class Right:
    """A right as the register knows it at the moment of filing, under lock."""

    id: uuid.UUID
    number: str
    kind: AssetKind
    patent_type: PatentType | None
    regime: Regime
    status: AssetStatus
    status_as_of: date | None
    last_day_in_force: date | None
    invalidation_pending: bool
    stayed: bool
    twin: bool
    owners: Sequence[uuid.UUID | None]
    liens: Sequence[Encumbrance] = ()
    reserved: bool = False
    """Kept for a deal that is under way (DEA-03)."""
    mark_kind: MarkKind | None = None
    associated: Sequence[tuple[uuid.UUID, str]] = ()
    """The marks in force that go together with this one (PL-15), each with its number."""


@dataclass(frozen=True, slots=True)
class Contract:
    """The pledge contract's required content (第8条); None or blank means it is missing.

    `title_transfer_on_default`: on default the right is to be the creditor's (流质, PL-21).
    `self_help_auction`: the creditor may auction it without a court (担保制度解释第45条).
    """

    number: str | None = None
    signed_on: date | None = None
    claim_kind: str | None = None
    security_scope: str | None = None
    title_transfer_on_default: bool = False
    self_help_auction: bool = False

    def missing(self) -> list[str]:
        """Names of the parts that are missing."""
        parts: Mapping[str, object] = {
            "合同编号 number": self.number,
            "签订日期 signed_on": self.signed_on,
            "被担保债权种类 claim_kind": self.claim_kind,
            "担保范围 security_scope": self.security_scope,
        }
        return [name for name, value in parts.items() if not value]


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Both parties' dated statement that they know of an objection and still agree."""

    asset_id: uuid.UUID
    code: str
    pledgor_on: date
    pledgee_on: date


@dataclass(frozen=True, slots=True)
class Consent:
    """A co-owner's consent to pledge one right, with the hash of the document that shows it."""

    asset_id: uuid.UUID
    party_id: uuid.UUID
    consented_on: date
    document_sha256: str


@dataclass(frozen=True, slots=True)
class Filing:
    """What is filed, as far as the grounds look at it."""

    filed_on: date
    debt_to: date
    contract: Contract
    pledgors: Mapping[uuid.UUID, uuid.UUID]
    """Right to the party that pledges it."""
    consents: Sequence[Consent] = ()
    acknowledgements: Sequence[Acknowledgement] = field(default_factory=tuple)
