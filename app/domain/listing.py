"""Listings (挂牌): an agency offers rights for transfer or licence, or states a need."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from app.domain.asset import ENDED, AssetStatus
from app.domain.errors import ErrorKind, Violation, define
from app.domain.hold import TRANSFER_OFFERED
from app.domain.state_machine import StateMachine


class Direction(StrEnum):
    """`offer` puts rights on the market, `need` looks for them."""

    offer = "offer"
    need = "need"


class ListingMode(StrEnum):
    """How the rights are offered."""

    transfer = "transfer"
    exclusive_licence = "exclusive_licence"
    sole_licence = "sole_licence"
    ordinary_licence = "ordinary_licence"


class ListingStatus(StrEnum):
    """States of 挂牌."""

    draft = "draft"
    submitted = "submitted"
    published = "published"
    reserved = "reserved"
    closed = "closed"
    suspended = "suspended"
    withdrawn = "withdrawn"
    expired = "expired"


class ListingEvent(StrEnum):
    """What moves a listing from state to state."""

    submit = "submit"
    return_ = "return"
    approve = "approve"
    reserve = "reserve"
    release = "release"
    close = "close"
    suspend = "suspend"
    resume = "resume"
    withdraw = "withdraw"
    expire = "expire"


_S, _E = ListingStatus, ListingEvent

LISTING = StateMachine[ListingStatus, ListingEvent](
    noun="listing",
    noun_zh="挂牌",
    initial=_S.draft,
    transitions={
        (_S.draft, _E.submit): _S.submitted,
        (_S.draft, _E.withdraw): _S.withdrawn,
        (_S.submitted, _E.return_): _S.draft,
        (_S.submitted, _E.approve): _S.published,
        (_S.submitted, _E.withdraw): _S.withdrawn,
        (_S.published, _E.reserve): _S.reserved,
        (_S.published, _E.close): _S.closed,
        (_S.published, _E.suspend): _S.suspended,
        (_S.published, _E.withdraw): _S.withdrawn,
        (_S.published, _E.expire): _S.expired,
        (_S.reserved, _E.release): _S.published,
        (_S.reserved, _E.close): _S.closed,
        (_S.suspended, _E.resume): _S.published,
        (_S.suspended, _E.withdraw): _S.withdrawn,
        (_S.suspended, _E.expire): _S.expired,
    },
)

ON_MARKET = frozenset({_S.published, _S.reserved})
"""What every caller sees; other states are between the lister, the owner and the district."""

EXPIRING = frozenset(state for state, event in LISTING.transitions if event is _E.expire)

NOT_FOUND = define("listing.not_found", ErrorKind.not_found, "未找到该挂牌", "No such listing.")
ASSETS_MISSING = define(
    "listing.assets_missing",
    ErrorKind.invalid,
    "供给类挂牌至少包含一项权利",
    "An offer lists at least one right.",
)
TERM_PASSED = define(
    "listing.term_passed",
    ErrorKind.invalid,
    "挂牌截止日 {expires_on} 早于今日 {today}",
    "The listing would end on {expires_on}, before today {today}.",
)
NOT_OWNER = define(
    "listing.not_owner",
    ErrorKind.conflict,
    "权利 {number} 的登记权利人与挂牌委托人不一致",
    "Right {number} is not owned by the party the listing names.",
)
RIGHT_ENDED = define(
    "listing.right_ended",
    ErrorKind.conflict,
    "权利 {number} 已终止或失效，不能挂牌",
    "Right {number} has ended and cannot be listed.",
    basis="domain LS table: list for sale",
)
RIGHT_STAYED = define(
    "listing.right_stayed",
    ErrorKind.conflict,
    "权利 {number} 处于保全或中止状态，不能挂牌",
    "Right {number} is preserved or suspended and cannot be listed.",
    basis="专利法实施细则第105条",
)
RIGHT_IN_GRACE = define(
    "listing.right_in_grace",
    ErrorKind.conflict,
    "商标 {number} 处于续展宽展期，续展前不能挂牌",
    "Trademark {number} is in its grace period and cannot be listed before it is renewed.",
    basis="商标法第40条",
)
NEED_WITH_ASSETS = define(
    "listing.need_with_assets",
    ErrorKind.invalid,
    "需求类挂牌不包含具体权利",
    "A need names no rights.",
)
ASSET_TWICE = define(
    "listing.asset_twice", ErrorKind.invalid, "同一权利重复列出", "The same right is listed twice."
)
OWNER_MISSING = define(
    "listing.owner_missing",
    ErrorKind.invalid,
    "供给类挂牌须写明权利人",
    "An offer names the owner for whom the rights are listed.",
)
OWNER_FOREIGN = define(
    "listing.owner_foreign",
    ErrorKind.denied,
    "企业只能以本单位名义挂牌",
    "An enterprise lists in its own name only.",
)
NOT_LISTER = define(
    "listing.not_lister",
    ErrorKind.denied,
    "仅挂牌机构可以办理",
    "Only the organisation that posted the listing may do this.",
)
SAME_ORGANISATION = define(
    "listing.same_organisation",
    ErrorKind.conflict,
    "挂牌机构不能审核自己的挂牌",
    "An organisation cannot review its own listing.",
    basis="RB-02",
)
NOT_DRAFT = define(
    "listing.not_draft",
    ErrorKind.conflict,
    "挂牌处于“{status}”状态，只有草稿可以修改",
    "The listing is in state “{status}”; only a draft can be revised.",
)
PRICE_ZERO = define(
    "listing.price_zero",
    ErrorKind.invalid,
    "价格须大于 0；面议请不填价格",
    "A price is above zero; leave it out when it is negotiable.",
)


@dataclass(frozen=True, slots=True)
class ListedRight:
    """A right as a review looks at it on a day. `offered`: it has an open transfer listing."""

    number: str
    status: AssetStatus
    owner_ids: Collection[uuid.UUID | None]
    stayed: bool
    offered: bool


def objections(
    mode: ListingMode, owner_id: uuid.UUID | None, right: ListedRight, pointer: str | None = None
) -> Iterator[Violation]:
    """What speaks against publishing an offer of the right (domain LS table, LS-14)."""
    number = right.number
    if owner_id not in right.owner_ids:
        yield NOT_OWNER.violation(pointer, number=number)
    if right.status in ENDED:
        yield RIGHT_ENDED.violation(pointer, number=number)
    if right.status is AssetStatus.grace:
        yield RIGHT_IN_GRACE.violation(pointer, number=number)
    if right.stayed:
        yield RIGHT_STAYED.violation(pointer, number=number)
    if mode is ListingMode.transfer and right.offered:
        yield TRANSFER_OFFERED.violation(pointer, number=number)
