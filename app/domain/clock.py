"""The two times of one request: the real instant and the business date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The offices' time zone. China has kept +08:00 without summer time since 1991."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a service is told of time.

    `now` is the real clock in UTC: ids, tokens, signatures and `recorded_at` follow it. `today` is
    the business date in Shanghai that `occurred_on` and all rules about days follow; a sandbox may
    move it away from `now`. Raises ValueError when `now` is not in UTC.
    """

    now: datetime
    today: date

    def __post_init__(self) -> None:
        if self.now.utcoffset() != timedelta(0):
            raise ValueError("a moment's instant is aware and in UTC")

    @classmethod
    def at(cls, now: datetime) -> Moment:
        """The moment `now`, its business date not moved."""
        return cls(now, business_date(now))


def business_date(instant: datetime) -> date:
    """The date in Shanghai at an aware `instant`. Raises ValueError for a naive one."""
    if instant.utcoffset() is None:
        raise ValueError("a naive time has no date in Shanghai")
    return instant.astimezone(SHANGHAI).date()
