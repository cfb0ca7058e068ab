"""Assets: patent and trademark rights, their kinds and legal statuses (domain rules LS-01 to LS-16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from app.domain.errors import ErrorKind, Violation, define
from app.domain.patent_number import PatentType
from app.domain.term import patent_last_day_in_force, trademark_last_day_in_force

CN = "CN"
"""The office whose numbers, terms and registration rules are known in full (国家知识产权局)."""


class AssetKind(StrEnum):
    """Whether the right is a patent or a trademark."""

    patent = "patent"
    trademark = "trademark"


ZH: Mapping[str, str] = {
    AssetKind.patent: "专利",
    AssetKind.trademark: "商标",
    PatentType.invention: "发明",
    PatentType.utility_model: "实用新型",
    PatentType.design: "外观设计",
}
"""The kinds and types in Chinese messages."""


class Regime(StrEnum):
    """Rule pack that governs encumbrances: CN registers one live pledge, a notice registry ranks many."""

    cn = "cn"
    notice = "notice"


class AssetStatus(StrEnum):
    """Legal status of a right; the first group is for patents, the second for trademarks."""

    application = "application"
    granted = "granted"
    late_fee = "late_fee"
    terminated_fee = "terminated_fee"
    restorable = "restorable"
    abandoned = "abandoned"
    invalid_full = "invalid_full"
    invalid_part = "invalid_part"
    applied = "applied"
    registered = "registered"
    renewal_window = "renewal_window"
    grace = "grace"
    lapsed = "lapsed"
    cancelled = "cancelled"
    invalid = "invalid"
    surrendered = "surrendered"
    expired = "expired"
    refused = "refused"
    unknown = "unknown"


PENDING = frozenset({AssetStatus.application, AssetStatus.applied})
IN_FORCE = frozenset(
    {
        AssetStatus.granted,
        AssetStatus.late_fee,
        AssetStatus.invalid_part,
        AssetStatus.registered,
        AssetStatus.renewal_window,
        AssetStatus.grace,
    }
)
ENDED = frozenset(
    {
        AssetStatus.terminated_fee,
        AssetStatus.restorable,
        AssetStatus.abandoned,
        AssetStatus.invalid_full,
        AssetStatus.lapsed,
        AssetStatus.cancelled,
        AssetStatus.invalid,
        AssetStatus.surrendered,
        AssetStatus.expired,
        AssetStatus.refused,
    }
)

_EITHER_KIND = frozenset({AssetStatus.expired, AssetStatus.refused, AssetStatus.unknown})
_PATENT = frozenset(
    {
        AssetStatus.application,
        AssetStatus.granted,
        AssetStatus.late_fee,
        AssetStatus.terminated_fee,
        AssetStatus.restorable,
        AssetStatus.abandoned,
        AssetStatus.invalid_full,
        AssetStatus.invalid_part,
    }
)
STATUSES: Mapping[AssetKind, frozenset[AssetStatus]] = {
    AssetKind.patent: _PATENT | _EITHER_KIND,
    AssetKind.trademark: frozenset(AssetStatus) - _PATENT,
}
"""The statuses a right of each kind can have (domain §2.1, §2.2)."""


class MarkKind(StrEnum):
    """普通商标, 集体商标 or 证明商标; the latter two do not move freely (LS-16)."""

    ordinary = "ordinary"
    collective = "collective"
    certification = "certification"


class NumberScheme(StrEnum):
    """Which of a right's numbers an identifier is."""

    application = "application"
    publication = "publication"
    registration = "registration"


class LinkKind(StrEnum):
    """How two rights belong together. `similar_mark`: marks that an office holds to be similar (TR-11)."""

    same_day_twin = "same_day_twin"
    family = "family"
    madrid = "madrid"
    divisional = "divisional"
    similar_mark = "similar_mark"


MARK_LINKS = frozenset({LinkKind.madrid, LinkKind.similar_mark})
"""Links between trademarks; the others are between patents."""

FAMILY_LINKS = frozenset(LinkKind) - {LinkKind.similar_mark}
"""Links that make one family of rights: of one invention, or of one international registration."""


NOT_FOUND = define("asset.not_found", ErrorKind.not_found, "未找到该权利", "No such right.")
NUMBER_TAKEN = define(
    "asset.number_taken",
    ErrorKind.conflict,
    "号码 {value} 已登记在另一权利名下",
    "Number {value} already belongs to another right.",
)
NOT_OF_KIND = define(
    "asset.not_of_kind",
    ErrorKind.invalid,
    "{kind_zh}没有 {field} 这一项",
    "A {kind} has no {field}.",
)
STATUS_NOT_OF_KIND = define(
    "asset.status_not_of_kind",
    ErrorKind.invalid,
    "{kind_zh}不会处于法律状态 {status}",
    "A {kind} cannot have the legal status {status}.",
)
DATES_OUT_OF_ORDER = define(
    "asset.dates_out_of_order",
    ErrorKind.invalid,
    "日期 {date} 早于申请日 {filed_on}",
    "The date {date} is before the filing date {filed_on}.",
)
OWNER_UNKNOWN = define(
    "asset.owner_unknown",
    ErrorKind.invalid,
    "权利人 {party_id} 不在主体登记中",
    "Owner {party_id} is not a party of the register.",
)
LINK_EXISTS = define(
    "asset.link_exists",
    ErrorKind.conflict,
    "两项权利之间已有该关联",
    "The two rights are already linked in this way.",
)
LINK_TO_ITSELF = define(
    "asset.link_to_itself",
    ErrorKind.invalid,
    "权利不能与自身关联",
    "A right cannot be linked to itself.",
)
LINK_UNFIT = define(
    "asset.link_unfit",
    ErrorKind.conflict,
    "两项权利不符合 {link} 关联的条件：同日申请须为一项发明和一项实用新型，分案和同族须为专利，"
    "马德里和近似商标须为商标",
    "The two rights do not fit a {link} link: twins are an invention and a utility model, divisionals and "
    "families are patents, Madrid registrations and similar marks are trademarks.",
)
LINK_NOT_FOUND = define(
    "asset.link_not_found", ErrorKind.not_found, "该权利没有此关联", "The right has no such link."
)
LINK_ENDED = define(
    "asset.link_ended", ErrorKind.conflict, "该关联已解除", "The link has been ended already."
)
TWINS_NOT_SAME_DAY = define(
    "asset.twins_not_same_day",
    ErrorKind.conflict,
    "申请日 {filed_on} 与 {other_filed_on} 不同，不是同日申请",
    "Filed on {filed_on} and {other_filed_on}: not the same day.",
    basis="专利法第9条, 专利法实施细则第47条",
)
SHARES_INCOMPLETE = define(
    "asset.shares_incomplete",
    ErrorKind.conflict,
    "共有份额应全部为空或合计为 100%",
    "Ownership shares must be all empty or sum to 100 %.",
    basis="民法典第308条",
)


WHOLE_PPM = 1_000_000
"""The whole of a right, in the unit of ownership shares."""


def regime_of(office: str) -> Regime:
    """The rule pack for encumbrances on rights of `office`."""
    return Regime.cn if office == CN else Regime.notice


def shares_whole(shares: Sequence[int | None]) -> bool:
    """Whether the owners' shares are all undivided (None) or sum to the whole (民法典第308条)."""
    divided = [share for share in shares if share is not None]
    return not divided or (len(divided) == len(shares) and sum(divided) == WHOLE_PPM)


def last_day_in_force(
    kind: AssetKind,
    office: str,
    *,
    patent_type: PatentType | None,
    filed_on: date | None,
    registered_on: date | None,
    renewals: int = 0,
    extension_days: int = 0,
) -> date | None:
    """The last day of a right's term, or None where it does not follow from the dates (LS-01, LS-02, LS-12).

    Only Chinese terms are known here. `renewals` counts the decades a trademark was renewed for,
    `extension_days` what the office added to an invention's term (LS-03).
    """
    if office != CN:
        return None
    if kind is AssetKind.trademark:
        return registered_on and trademark_last_day_in_force(registered_on, renewals)
    if patent_type is None or filed_on is None:
        return None
    return patent_last_day_in_force(patent_type, filed_on, extension_days)


class StatusChange(Protocol):
    """What decides which of several statuses is in force."""

    @property
    def effective_on(self) -> date | None:
        """The day it took effect; None when no start is known."""

    @property
    def recorded_at(self) -> datetime:
        """The moment it became known."""


C = TypeVar("C", bound=StatusChange)


def status_in_force(changes: Sequence[C], on: date) -> C | None:
    """The status in force on a day: the latest to take effect, of these the last to become known (AST-04).

    One without a known start counts as earlier than all others. Of what became known in one moment the
    last of `changes` counts.
    """
    begun = [change for change in changes if change.effective_on is None or change.effective_on <= on]
    latest_first = reversed(begun)  # the first of the greatest is taken
    return max(
        latest_first, key=lambda change: (change.effective_on or date.min, change.recorded_at), default=None
    )


class KnownStatus(StatusChange, Protocol):
    """A status that may be taken back."""

    @property
    def status(self) -> str:
        """The legal status."""


TAKES_BACK: Mapping[AssetStatus, frozenset[AssetStatus]] = {
    AssetStatus.terminated_fee: frozenset({AssetStatus.late_fee}),
    AssetStatus.invalid_full: IN_FORCE,
    AssetStatus.invalid: IN_FORCE,
}
"""Which statuses an end undoes that were known to begin after it.

An unpaid annuity ends the right from its due day, as if there had been no late period (LS-05). An invalid
right never existed (LS-08).
"""


def taken_back(status: AssetStatus, effective_on: date, known: Sequence[KnownStatus]) -> list[date]:
    """The days after `effective_on` on which a known status began that a new one undoes."""
    undone = TAKES_BACK.get(status, frozenset())
    days = {one.effective_on for one in known if one.effective_on is not None}
    later = sorted(day for day in days if day > effective_on)
    begun = {day: status_in_force([one for one in known if one.effective_on == day], day) for day in later}
    return [day for day, one in begun.items() if one is not None and one.status in undone]


class LinkedRight(Protocol):
    """What decides whether two rights can be linked."""

    @property
    def kind(self) -> str:
        """Patent or trademark."""

    @property
    def patent_type(self) -> str | None:
        """Invention, utility model or design."""

    @property
    def filed_on(self) -> date | None:
        """The filing date."""


def check_link(link: LinkKind, one: LinkedRight, other: LinkedRight) -> list[Violation]:
    """What speaks against the link; twins are an invention and a utility model of one day (专利法第9条)."""
    kind = AssetKind.trademark if link in MARK_LINKS else AssetKind.patent
    fits = one.kind == other.kind == kind
    if link is LinkKind.same_day_twin:
        fits = {one.patent_type, other.patent_type} == {PatentType.invention, PatentType.utility_model}
        if fits and one.filed_on and other.filed_on and one.filed_on != other.filed_on:
            return [TWINS_NOT_SAME_DAY.violation(filed_on=one.filed_on, other_filed_on=other.filed_on)]
    return [] if fits else [LINK_UNFIT.violation("/kind", link=link)]
