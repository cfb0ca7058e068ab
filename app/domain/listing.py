"""Listings (挂牌): an agency offers rights for transfer or licence, or states a need."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define
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
