"""Keys of rows (UUIDv7) and the business numbers people quote."""

from __future__ import annotations

import os
import re
import threading
import time
import uuid

_COUNTER_BITS = 74
_COUNTER_LIMIT = 1 << _COUNTER_BITS
_STEPS = 1_024


class _Uuid7:
    """UUIDv7 source of one process: 48 bits of Unix milliseconds, then a 74-bit counter.

    The counter starts at a random value with its top bit clear and grows by a random step within a
    millisecond (RFC 9562, 6.2, method 2), so ids ascend strictly and stay hard to guess. A clock
    set back does not bring ids back: the last millisecond is kept until the clock has passed it.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew, as a forked child must: it holds its parent's counter and perhaps a held lock."""
        self._lock = threading.Lock()
        self._millisecond = 0
        self._counter = 0
        self._steps: list[int] = []

    def next(self) -> uuid.UUID:
        with self._lock:
            now = time.time_ns() // 1_000_000
            if now > self._millisecond:
                self._restart(now)
            else:
                self._counter += 1 + self._step()
                if self._counter >= _COUNTER_LIMIT:
                    self._restart(self._millisecond + 1)
            millisecond, counter = self._millisecond, self._counter
        high, low = counter >> 62, counter & ((1 << 62) - 1)
        return uuid.UUID(int=millisecond << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)

    def several(self, count: int) -> list[uuid.UUID]:
        with self._lock:
            now = time.time_ns() // 1_000_000
            if now > self._millisecond or self._counter + (count << 32) >= _COUNTER_LIMIT:
                self._restart(max(now, self._millisecond + 1))
            millisecond, counter = self._millisecond, self._counter
            counters = []
            for step in memoryview(os.urandom(4 * count)).cast("I").tolist():
                counter += 1 + step
                counters.append(counter)
            self._counter = counter
        start, low = millisecond << 80 | 0x7 << 76 | 0b10 << 62, (1 << 62) - 1
        return [uuid.UUID(int=start | counter >> 62 << 64 | counter & low) for counter in counters]

    def _step(self) -> int:
        """32 random bits, of which the system is asked for many at once."""
        if not self._steps:
            self._steps = memoryview(os.urandom(4 * _STEPS)).cast("I").tolist()
        return self._steps.pop()

    def _restart(self, millisecond: int) -> None:
        self._millisecond = millisecond
        self._counter = int.from_bytes(os.urandom(10)) >> (80 - _COUNTER_BITS + 1)


_source = _Uuid7()
os.register_at_fork(after_in_child=_source.reset)


def new_id() -> uuid.UUID:
    """A new UUIDv7 (RFC 9562), greater than every one this process made before; thread-safe.

    It uses the real clock, also where the business date is moved: ids say when a row was made.
    """
    return _source.next()


def new_ids(count: int) -> list[uuid.UUID]:
    """So many new UUIDv7, ascending, as `new_id` makes them one by one."""
    return _source.several(count)


_PREFIX = re.compile(r"[A-Z]{2,4}")
_DISTRICT = re.compile(r"[0-9]{6}")


def business_number(prefix: str, district_code: str, year: int, serial: int) -> str:
    """The number people quote, e.g. `PL-120110-2026-000123`.

    `prefix` names the noun (two to four capitals), `district_code` is GB/T 2260 (`000000` outside
    every plan), `serial` comes from a sequence; past 999999 the number simply grows longer.
    Raises ValueError for parts that cannot come from a person: they are made by the program.
    """
    if not _PREFIX.fullmatch(prefix) or not _DISTRICT.fullmatch(district_code):
        raise ValueError(f"not a business number prefix and district: {prefix!r}, {district_code!r}")
    if not 1000 <= year <= 9999 or serial < 1:
        raise ValueError(f"not a business number year and serial: {year}, {serial}")
    return f"{prefix}-{district_code}-{year}-{serial:06d}"
