"""The grounds on which the office refuses a pledge (专利权质押登记办法第11条), as one pure function.

Every ground is looked at, so that a bank hears all objections in one answer. Grounds 10 and 11 and a
stale status pass once both parties, being told, still agree (a dated acknowledgement of each).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from app.domain.asset import ENDED, PENDING, AssetKind, AssetStatus, MarkKind, Regime
from app.domain.asset_sign import BOUND_KINDS, COLLECTIVE_MARK
from app.domain.errors import ErrorCode, ErrorKind, Severity, Violation, define
from app.domain.hold import RESERVED
from app.domain.patent_number import PatentType
from app.domain.pledge import ALREADY_PLEDGED

RULE_PACK = "cn-461-2021"
"""公告第461号 (2021-11-15) for patents, 公告第358号 (2020-05-01) for trademarks."""

STATUS_FRESH_DAYS = 7
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
STATUS_STALE = define(
    "pledge.status_stale",
    ErrorKind.conflict,
    "权利 {number} 的法律状态核验日为 {status_as_of}，已超过 7 天，须双方知情并同意",
    "The status of right {number} was last checked on {status_as_of}, over 7 days ago; both must agree.",
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
    """The pledge contract's required content (第8条); None or blank means it is missing."""

    number: str | None = None
    signed_on: date | None = None
    claim_kind: str | None = None
    security_scope: str | None = None

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


def grounds(filing: Filing, rights: Sequence[Right]) -> list[Violation]:
    """Every objection to a filing, in the order of the rights and of the grounds."""
    found: list[Violation] = []
    missing = filing.contract.missing()
    if missing:
        found.append(CONTRACT_ITEMS_MISSING.violation("/contract", missing="、".join(missing)))
    for position, right in enumerate(rights):
        pointer = f"/items/{position}/asset_id"
        for code, facts in _objections(filing, right):
            if code.severity is Severity.acknowledge and _acknowledged(filing, right, code):
                continue
            found.append(code.violation(pointer, asset_id=right.id, number=right.number, **facts))
    return sorted(found, key=lambda violation: not violation.blocks)


def _objections(filing: Filing, right: Right) -> Iterator[tuple[ErrorCode, dict[str, object]]]:
    """Grounds of one right, acknowledged or not."""
    pledgor = filing.pledgors[right.id]
    if right.regime is not Regime.cn:
        yield OTHER, {"reason": "非中国权利 (not a Chinese right)"}
    if pledgor not in right.owners:
        yield NOT_OWNER, {}
    elif not set(right.owners) <= {pledgor, None, *_consenting(filing, right)}:
        yield CO_OWNER_CONSENT_MISSING, {}
    yield from _status_objections(right, filing.filed_on)
    if right.stayed:
        yield SUSPENDED_OR_PRESERVED, {}
    last_day = right.last_day_in_force
    if right.kind is AssetKind.patent and last_day is not None and filing.debt_to > last_day:
        yield TERM_EXCEEDS, {"debt_to": filing.debt_to, "last_day": last_day}
    yield from _taken(right)
    yield from _mark_objections(filing, right)
    if right.twin:
        yield TWIN_UTILITY_MODEL, {}
    if right.invalidation_pending:
        yield INVALIDATION_STARTED, {}
    stale = right.status_as_of is None or right.status_as_of < filing.filed_on - timedelta(
        days=STATUS_FRESH_DAYS
    )
    if stale:
        yield STATUS_STALE, {"status_as_of": right.status_as_of}


def _taken(right: Right) -> Iterator[tuple[ErrorCode, dict[str, object]]]:
    """What ties the right up for somebody else already."""
    for lien in right.liens:
        yield ALREADY_PLEDGED, {"kind": "lien", "since": lien.since, "rank": lien.rank}
    if right.reserved:
        yield RESERVED, {}


def _mark_objections(filing: Filing, right: Right) -> Iterator[tuple[ErrorCode, dict[str, object]]]:
    """What is asked of marks only: no collective mark without approval (LS-16), no mark without its like."""
    if right.mark_kind in BOUND_KINDS:
        yield COLLECTIVE_MARK, {}
    missing = [number for asset_id, number in right.associated if asset_id not in filing.pledgors]
    if missing:
        yield ASSOCIATED_MARKS_MISSING, {"missing": "、".join(missing)}


def _consenting(filing: Filing, right: Right) -> list[uuid.UUID]:
    """Co-owners of a right who had consented by the day of filing."""
    return [
        given.party_id
        for given in filing.consents
        if given.asset_id == right.id and given.consented_on <= filing.filed_on
    ]


def _status_objections(right: Right, filed_on: date) -> Iterator[tuple[ErrorCode, dict[str, object]]]:
    over = right.last_day_in_force is not None and right.last_day_in_force < filed_on
    if right.status in ENDED or right.status is AssetStatus.grace or over:
        yield ENDED_OR_INVALID, {"status": right.status}
    elif right.status in PENDING:
        yield NOT_GRANTED, {}
    elif right.status is AssetStatus.late_fee:
        yield ANNUITY_UNPAID, {}
    elif right.status is AssetStatus.unknown:
        yield OTHER, {"reason": "法律状态不明 (legal status unknown)"}


def _acknowledged(filing: Filing, right: Right, code: ErrorCode) -> bool:
    return any(
        given.asset_id == right.id
        and given.code == code.code
        and given.pledgor_on <= filing.filed_on
        and given.pledgee_on <= filing.filed_on
        for given in filing.acknowledgements
    )
