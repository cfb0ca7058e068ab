"""Assets: patent and trademark rights, their kinds and legal statuses (domain rules LS-01 to LS-16)."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define


class AssetKind(StrEnum):
    """Whether the right is a patent or a trademark."""

    patent = "patent"
    trademark = "trademark"


class PatentType(StrEnum):
    """发明, 实用新型, 外观设计."""

    invention = "invention"
    utility_model = "utility_model"
    design = "design"


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


class NumberScheme(StrEnum):
    """Which of a right's numbers an identifier is."""

    application = "application"
    publication = "publication"
    registration = "registration"


class LinkKind(StrEnum):
    """How two rights belong together."""

    same_day_twin = "same_day_twin"
    family = "family"
    madrid = "madrid"
    divisional = "divisional"


NOT_FOUND = define("asset.not_found", ErrorKind.not_found, "未找到该权利", "No such right.")
NUMBER_TAKEN = define(
    "asset.number_taken",
    ErrorKind.conflict,
    "号码 {value} 已登记在另一权利名下",
    "Number {value} already belongs to another right.",
)
SHARES_INCOMPLETE = define(
    "asset.shares_incomplete",
    ErrorKind.conflict,
    "共有份额应全部为空或合计为 100%",
    "Ownership shares must be all empty or sum to 100 %.",
    basis="民法典第308条",
)
