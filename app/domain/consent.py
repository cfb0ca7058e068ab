"""Consents (同意): a pledgee or co-owner allows deals within a scope (RB-04, 民法典第444条)."""

import uuid
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.domain.deal import EXCLUSIVE, DealKind, LicenceType
from app.domain.errors import ErrorKind, Violation, define
from app.domain.state_machine import StateMachine


class ConsentKind(StrEnum):
    """Whose consent: the pledgee's (民法典第444条) or a co-owner's (专利法第14条)."""

    pledgee = "pledgee"
    co_owner = "co_owner"


class Proceeds(StrEnum):
    """What the pledgee asks of the price: early repayment, deposit (提存), or nothing."""

    early_repayment = "early_repayment"
    escrow = "escrow"
    free = "free"


class ConsentStatus(StrEnum):
    """`used` once its last use is taken."""

    requested = "requested"
    granted = "granted"
    refused = "refused"
    revoked = "revoked"
    used = "used"
    expired = "expired"


class ConsentEvent(StrEnum):
    """What moves a consent from state to state."""

    grant = "grant"
    refuse = "refuse"
    revoke = "revoke"
    use_up = "use_up"
    expire = "expire"


_S, _E = ConsentStatus, ConsentEvent

CONSENT = StateMachine[ConsentStatus, ConsentEvent](
    noun="consent",
    noun_zh="同意",
    initial=_S.requested,
    transitions={
        (_S.requested, _E.grant): _S.granted,
        (_S.requested, _E.refuse): _S.refused,
        (_S.requested, _E.expire): _S.expired,
        (_S.granted, _E.revoke): _S.revoked,
        (_S.granted, _E.use_up): _S.used,
        (_S.granted, _E.expire): _S.expired,
    },
)

EXPIRING = frozenset(state for state, event in CONSENT.transitions if event is _E.expire)

EXPLAINED = frozenset({_S.requested, _S.granted, _S.used, _S.expired})
"""Consents of which a refused deal hears why they do not serve it; the others are gone."""

VALID_DAYS = 90
"""How long a consent is asked for when no last day is named."""

DEFAULT_PROCEEDS = {
    ConsentKind.pledgee: Proceeds.early_repayment,
    ConsentKind.co_owner: Proceeds.free,
}
"""What stands unless the grantor says otherwise: a pledgee is repaid early from the price (民法典第444条)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The deal that needs a consent, on the day on which it would use it."""

    action: DealKind
    licence_type: LicenceType | None
    grantee_id: uuid.UUID
    price_fen: int
    day: date


@dataclass(frozen=True, slots=True)
class Scope:
    """What a consent allows, how often, and how often it has been used. None: no limit."""

    status: ConsentStatus
    action: DealKind
    licence_type: LicenceType | None
    grantee_id: uuid.UUID | None
    floor_fen: int | None
    valid_from: date
    valid_to: date
    max_uses: int
    uses: int


def misfits(scope: Scope, wanted: Wanted, pointer: str | None, **facts: object) -> list[Violation]:
    """Why a consent does not serve a deal, all reasons at once; empty when it does (RB-04, UNI-02).

    Amounts are never among the facts: who is refused need not be who may know the floor.
    """
    checks = (
        (PENDING, scope.status is _S.requested),
        (REVOKED, scope.status in {_S.refused, _S.revoked}),
        (OTHER_ACTION, scope.action is not wanted.action),
        (OTHER_LICENCE_TYPE, scope.licence_type not in (None, wanted.licence_type)),
        (OTHER_GRANTEE, scope.grantee_id not in (None, wanted.grantee_id)),
        (FLOOR_NOT_MET, scope.floor_fen is not None and wanted.price_fen < scope.floor_fen),
        (NOT_YET_VALID, wanted.day < scope.valid_from),
        (EXPIRED, scope.status is _S.expired or wanted.day > scope.valid_to),
        (USED_UP, scope.status is _S.used or scope.uses >= scope.max_uses),
    )
    return [code.violation(pointer, **facts) for code, applies in checks if applies]


def needs_co_owners(action: DealKind, licence_type: LicenceType | None) -> bool:
    """Whether a deal needs every co-owner: all but an ordinary licence do (TR-03, 专利法第14条)."""
    return action is DealKind.transfer or licence_type in EXCLUSIVE


NOT_FOUND = define("consent.not_found", ErrorKind.not_found, "未找到该同意", "No such consent.")
PENDING = define(
    "consent.pending",
    ErrorKind.conflict,
    "权利 {number} 的同意尚待同意人答复",
    "The consent for right {number} has not been answered yet.",
)
REVOKED = define(
    "consent.revoked",
    ErrorKind.conflict,
    "权利 {number} 的同意已被拒绝或撤回",
    "The consent for right {number} was refused or revoked.",
)
OTHER_ACTION = define(
    "consent.other_action",
    ErrorKind.conflict,
    "权利 {number} 的同意不适用于此类交易",
    "The consent for right {number} is for another kind of deal.",
)
OTHER_LICENCE_TYPE = define(
    "consent.other_licence_type",
    ErrorKind.conflict,
    "权利 {number} 的同意不适用于此许可类型",
    "The consent for right {number} is for another type of licence.",
)
OTHER_GRANTEE = define(
    "consent.other_grantee",
    ErrorKind.conflict,
    "权利 {number} 的同意限于其他受让人或被许可人",
    "The consent for right {number} names another transferee or licensee.",
)
FLOOR_NOT_MET = define(
    "consent.floor_not_met",
    ErrorKind.conflict,
    "交易价款低于权利 {number} 的同意所要求的最低金额",
    "The price is below the floor of the consent for right {number}.",
)
NOT_YET_VALID = define(
    "consent.not_yet_valid",
    ErrorKind.conflict,
    "权利 {number} 的同意尚未生效",
    "The consent for right {number} is not valid yet.",
)
EXPIRED = define(
    "consent.expired",
    ErrorKind.conflict,
    "权利 {number} 的同意已过有效期",
    "The consent for right {number} has expired.",
)
USED_UP = define(
    "consent.used_up",
    ErrorKind.conflict,
    "权利 {number} 的同意已用尽",
    "The consent for right {number} has been used up.",
)
NOT_USABLE = define(
    "consent.not_usable",
    ErrorKind.conflict,
    "该同意未授予、不在有效期内、与交易不符或已用尽",
    "The consent is not granted, not valid today, not for this deal, or used up.",
    basis="RB-04",
)
ALREADY_USED = define(
    "consent.already_used",
    ErrorKind.conflict,
    "该同意已被使用，不能撤回或更改",
    "The consent has been used and can be neither revoked nor changed.",
    basis="RB-04",
)
NOT_GRANTOR = define(
    "consent.not_grantor",
    ErrorKind.denied,
    "仅同意人可以办理",
    "Only the organisation whose consent it is may do this.",
)
SEEKER_FOREIGN = define(
    "consent.seeker_foreign",
    ErrorKind.denied,
    "仅权利人、受其委托或为其挂牌的机构以及运营机构可以就权利 {number} 申请同意",
    "Only an owner of right {number}, an agency that acts for it or lists it, or the operator may ask.",
)
NOT_PLEDGED = define(
    "consent.not_pledged",
    ErrorKind.conflict,
    "权利 {number} 没有有效的质押，无须质权人同意",
    "Right {number} is not pledged: no pledgee's consent is needed.",
)
PLEDGEE_UNREACHABLE = define(
    "consent.pledgee_unreachable",
    ErrorKind.conflict,
    "权利 {number} 的质押来自登记记录，质权人未使用本平台，不能在线申请同意",
    "The pledge of right {number} comes from the official record and its pledgee does not use this platform.",
)
SEVERAL_PLEDGEES = define(
    "consent.several_pledgees",
    ErrorKind.conflict,
    "权利 {number} 的质权人与其他权利的不同，请分别申请",
    "Right {number} is not pledged to the same pledgee as the others: ask for each on its own.",
)
NOT_PLEDGEE = define(
    "consent.not_pledgee",
    ErrorKind.conflict,
    "权利 {number} 没有以本机构为质权人的有效质押",
    "Right {number} has no live pledge to your organisation.",
)
NOT_CO_OWNER = define(
    "consent.not_co_owner",
    ErrorKind.conflict,
    "同意人不是权利 {number} 的共有人",
    "The grantor is not a co-owner of right {number}.",
    basis="专利法第14条",
)
GRANTOR_MISSING = define(
    "consent.grantor_missing",
    ErrorKind.invalid,
    "须写明作出同意的共有人",
    "Name the co-owner whose consent it is.",
)
GRANTOR_GIVEN = define(
    "consent.grantor_given",
    ErrorKind.invalid,
    "质权人由平台依质押登记确定，无须填写",
    "The pledgee follows from the pledge; leave the grantor out.",
)
OWN_CONSENT = define(
    "consent.own_consent",
    ErrorKind.invalid,
    "无须向本单位申请同意，可直接作出",
    "No need to ask yourself: grant the consent directly.",
)
GRANTOR_PRESENT = define(
    "consent.grantor_present",
    ErrorKind.denied,
    "该共有人使用本平台，须由其自行作出同意",
    "This co-owner uses the platform and gives its consent itself.",
)
NOBODY_ANSWERS = define(
    "consent.nobody_answers",
    ErrorKind.conflict,
    "该共有人未使用本平台，且本地区没有运营机构代为登记其同意",
    "This co-owner does not use the platform, and the district has no operator to enter its consent.",
)
DOCUMENT_REQUIRED = define(
    "consent.document_required",
    ErrorKind.invalid,
    "代为登记共有人的同意须附书面证明",
    "A consent entered for a co-owner needs its written evidence.",
    basis="RB-05",
)
PROCEEDS_OF_PLEDGEE = define(
    "consent.proceeds_of_pledgee",
    ErrorKind.invalid,
    "仅质权人可以要求以价款提前清偿或者提存",
    "Only a pledgee asks for early repayment or deposit of the price.",
    basis="民法典第444条",
)
LICENCE_TYPE_OF_TRANSFER = define(
    "consent.licence_type_of_transfer",
    ErrorKind.invalid,
    "转让没有许可类型",
    "A transfer has no type of licence.",
)
ASSET_TWICE = define(
    "consent.asset_twice", ErrorKind.invalid, "同一权利重复列出", "The same right is listed twice."
)
CURRENCY_UNSUPPORTED = define(
    "consent.currency_unsupported",
    ErrorKind.invalid,
    "最低金额目前仅支持人民币（CNY），填写的是 {currency}",
    "Floors are taken in CNY only, given is {currency}.",
)
VALIDITY_INVALID = define(
    "consent.validity_invalid",
    ErrorKind.invalid,
    "有效期无效：止期 {valid_to} 早于起期 {valid_from}",
    "The validity ends on {valid_to}, before it starts on {valid_from}.",
)
VALIDITY_PASSED = define(
    "consent.validity_passed",
    ErrorKind.invalid,
    "有效期止期 {valid_to} 早于今日 {today}",
    "The validity would end on {valid_to}, before today, {today}.",
)
