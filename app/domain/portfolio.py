"""Portfolios (高价值专利组合): rights kept together, and when they qualify (plan DL 二(三), BH 二(二)).

A portfolio qualifies on the days on which at least 50 inventions and 10 PCT applications count in it. A
right counts while it is a member and its owner holds it; an invention moreover only while it is in force
(发明专利: `asset.IN_FORCE`, by the days of its status changes; one on an unknown day holds from the first),
so that an application counts for nothing before its grant. A PCT application is one by nature: it counts
until it has ended (`asset.ENDED`). A right is in one portfolio at a time, so that none counts twice.

History may be entered in any order: what a portfolio should count for is worked out from all of it, and
what has been counted is corrected by the difference.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.domain.errors import ErrorKind, define


class PortfolioStatus(StrEnum):
    """A closed portfolio keeps its history and no longer qualifies."""

    active = "active"
    closed = "closed"


class Counting(StrEnum):
    """What a right counts as: a Chinese invention, national phase included, or a PCT application."""

    invention = "invention"
    pct_application = "pct_application"


INVENTIONS_REQUIRED = 50
PCT_APPLICATIONS_REQUIRED = 10
REQUIRED: Mapping[Counting, int] = {
    Counting.invention: INVENTIONS_REQUIRED,
    Counting.pct_application: PCT_APPLICATIONS_REQUIRED,
}

MAX_BATCH = 500
"""Rights that join or leave in one request."""

NOT_FOUND = define("portfolio.not_found", ErrorKind.not_found, "未找到该专利组合", "No such portfolio.")
NOT_KEEPER = define(
    "portfolio.not_keeper",
    ErrorKind.denied,
    "仅建立该组合的机构或权利人可以办理",
    "Only the organisation that keeps the portfolio or its owner may do this.",
)
OWNER_FOREIGN = define(
    "portfolio.owner_foreign",
    ErrorKind.denied,
    "企业只能为本单位建立组合",
    "An enterprise keeps portfolios of its own rights only.",
)
CLOSED = define("portfolio.closed", ErrorKind.conflict, "该组合已关闭", "The portfolio is closed.")
ASSET_TWICE = define(
    "portfolio.asset_twice", ErrorKind.invalid, "同一权利重复列出", "The same right is named twice."
)
NOT_PATENT = define(
    "portfolio.not_patent",
    ErrorKind.conflict,
    "权利 {number} 不是专利，不能加入专利组合",
    "Right {number} is no patent and cannot join a portfolio.",
)
NOT_OWNER = define(
    "portfolio.not_owner",
    ErrorKind.conflict,
    "权利 {number} 的登记权利人不是该组合的权利人",
    "Right {number} is not owned by the portfolio's owner.",
    basis="DL-04, BH-06",
)
MEMBER_ELSEWHERE = define(
    "portfolio.member_elsewhere",
    ErrorKind.conflict,
    "权利 {number} 当日或其后已在另一专利组合中",
    "Right {number} is in another portfolio on that day or after.",
    basis="DL-04, BH-06",
)
ALREADY_MEMBER = define(
    "portfolio.already_member",
    ErrorKind.conflict,
    "权利 {number} 已在组合中",
    "Right {number} is in the portfolio already.",
)
NOT_MEMBER = define(
    "portfolio.not_member",
    ErrorKind.conflict,
    "权利 {asset_id} 不在组合中",
    "Right {asset_id} is not in the portfolio.",
)
LEFT_BEFORE_JOINED = define(
    "portfolio.left_before_joined",
    ErrorKind.conflict,
    "权利 {asset_id} 于 {joined_on} 加入，不能早于该日退出",
    "Right {asset_id} joined on {joined_on} and cannot have left before.",
)


@dataclass(frozen=True, slots=True)
class Span:
    """So many rights counting from a day until, not including, another; `until` None: they still do."""

    counting: Counting
    since: date
    until: date | None
    rights: int = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be counted for a portfolio yet, by day, and since when it qualifies."""

    changes: Mapping[date, int]
    qualified_on: date | None

    def differs(self, since: date | None) -> bool:
        """Whether something is to be written for a portfolio that is said to qualify since then."""
        return bool(self.changes) or self.qualified_on != since


@dataclass(frozen=True, slots=True)
class Period:
    """Days on which a portfolio qualifies, from `since` until, not including, `until`."""

    since: date
    until: date | None


def counted_on(spans: Iterable[Span], on: date) -> dict[Counting, int]:
    """How many rights count on a day."""
    found = dict.fromkeys(Counting, 0)
    for span in spans:
        if span.since <= on and (span.until is None or on < span.until):
            found[span.counting] += span.rights
    return found


def qualifies(counted: Mapping[Counting, int]) -> bool:
    """Whether that many rights make a portfolio qualify (DL-04, BH-06)."""
    return all(counted[counting] >= required for counting, required in REQUIRED.items())


def qualifying(spans: Iterable[Span], today: date) -> list[Period]:
    """The periods in which a portfolio qualifies, as far as they have begun or ended by today."""
    moves: dict[date, Counter[Counting]] = {}
    for span in spans:
        for day, sign in ((span.since, 1), (span.until, -1)):
            if day is not None and day <= today:
                moves.setdefault(day, Counter())[span.counting] += sign * span.rights
    standing = Counter(dict.fromkeys(Counting, 0))
    found: list[Period] = []
    since: date | None = None
    for day in sorted(moves):
        standing.update(moves[day])
        if qualifies(standing):
            since = since or day
        elif since is not None:
            found.append(Period(since, day))
            since = None
    if since is not None:
        found.append(Period(since, None))
    return found


def judge(spans: Iterable[Span], counted: Mapping[date, int], today: date) -> Verdict:
    """What a portfolio's history comes to by today, against what is counted already.

    A missed day is made up for after later days have been counted: the history is then followed as far as
    these, so that what is counted for them stands while nothing new is known of them.
    """
    periods = qualifying(spans, max((today, *counted)))
    return Verdict(corrections(periods, counted), qualified_on(periods))


def corrections(periods: Sequence[Period], counted: Mapping[date, int]) -> dict[date, int]:
    """What is to be added to the count, day by day, so that it says what the periods say.

    A period is +1 on its first day and -1 on the day after its last; `counted` is what stands already.
    """
    wanted: Counter[date] = Counter()
    for period in periods:
        wanted[period.since] += 1
        if period.until is not None:
            wanted[period.until] -= 1
    days = sorted({*wanted, *counted})
    return {day: change for day in days if (change := wanted[day] - counted.get(day, 0)) != 0}


def qualified_on(periods: Sequence[Period]) -> date | None:
    """Since when the portfolio qualifies, if it does now."""
    return periods[-1].since if periods and periods[-1].until is None else None
