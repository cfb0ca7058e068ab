"""年均增幅, the geometric mean rate of growth, in whole numbers (ST-01 to ST-05).

`g = (V_t / V_base)^(1/n) - 1` with `n = t - base year`. A rate is compared by powers,
`V_t / V_base >= (1 + r)^n`, never by roots, and never after rounding: a rate may show as 30.00 % and
yet fall short of 30 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from app.domain.indicator import MICRO

_PERCENT = 100
Number = Fraction | int


@dataclass(frozen=True, slots=True)
class Rate:
    """A yearly rate in percent as it is shown; rates are compared by `compare`, not by these.

    `micro`: millionths of a percent, cut off towards zero. `cents`: hundredths, halves away from zero.
    """

    micro: int
    cents: int


def average(current: Number, base: Number, years: int) -> Rate:
    """The average yearly rate from `base` to `current` over `years` years, in percent.

    Raises ValueError where it is undefined: a base of zero, a negative figure, no year between (ST-04).
    """
    ratio = _ratio(current, base, years)
    unit = _PERCENT * MICRO
    below, above = _root(ratio, years, unit)
    micro = (below if below >= unit else above) - unit
    # Half a hundredth of a percent is a whole step of 1/20000: the true rate is at or past it, or not.
    step = 2 * _PERCENT * 100
    below, above = _root(ratio, years, step)
    cents = (below - step + 1) // 2 if below >= step else -((step - above + 1) // 2)
    return Rate(micro, cents)


def compare(current: Number, base: Number, rate: Fraction, years: int) -> int:
    """1, 0 or -1: the average yearly growth is above, at or below `rate` (3/10 for 30 %), exactly.

    Raises ValueError like `average`.
    """
    reached, asked = _ratio(current, base, years), Fraction((1 + rate) ** years)
    return (reached > asked) - (reached < asked)


def path(base: Number, rate: Fraction, years: int) -> Fraction:
    """What `base` must have grown to after `years` years: `V_base x (1 + rate)^n` (ST-03)."""
    return base * Fraction((1 + rate) ** years)


def _ratio(current: Number, base: Number, years: int) -> Fraction:
    if base <= 0 or current < 0 or years < 1:
        raise ValueError("growth is from a positive figure to one that is not negative, over whole years")
    return Fraction(current, base)


def _root(ratio: Fraction, degree: int, scale: int) -> tuple[int, int]:
    """The whole numbers at or next below, and at or next above, `scale` times the root of `ratio`."""
    power = ratio * scale**degree
    below = _floor_root(power.numerator // power.denominator, degree)
    return below, below if below**degree == power else below + 1


def _floor_root(number: int, degree: int) -> int:
    """The greatest whole number whose `degree`-th power is at most `number`."""
    low, high = 0, 1 << (number.bit_length() // degree + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= number else (low, middle)
    return low
