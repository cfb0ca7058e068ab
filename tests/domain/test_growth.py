"""年均增幅: the vectors of ST-05, and exactness against brute force in fractions."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from app.domain import growth
from app.domain.growth import Rate


@pytest.mark.parametrize(
    ("base", "current", "years", "target", "micro", "cents", "passes"),
    [
        ("100", "285.61", 4, 30, 30_000_000, 3000, True),
        ("100", "285.60", 4, 30, 29_998_862, 3000, False),
        ("100", "219.7", 3, 30, 30_000_000, 3000, True),
        ("100", "172.8", 3, 20, 20_000_000, 2000, True),
        ("100", "174.900625", 4, 15, 15_000_000, 1500, True),
        ("1234.5", "2999.9", 3, 30, 34_443_113, 3444, True),
        ("50", "49", 3, 0, -671_161, -67, False),
        ("100", "0", 4, 30, -100_000_000, -10000, False),
    ],
)
def test_the_vectors_of_the_rule(
    *, base: str, current: str, years: int, target: int, micro: int, cents: int, passes: bool
) -> None:
    """ST-05, ST-04: 285.60 shows as 30.00 % and fails; what comes to nothing fell by 100 %."""
    asked, start, end = Fraction(target, 100), Fraction(base), Fraction(current)
    assert growth.average(end, start, years) == Rate(micro, cents)
    assert (growth.compare(end, start, asked, years) >= 0) is passes
    assert (end >= growth.path(start, asked, years)) is passes


@pytest.mark.parametrize(("base", "current", "years"), [(0, 5, 3), (-1, 5, 3), (5, -1, 3), (5, 5, 0)])
def test_growth_from_nothing_is_undefined(base: int, current: int, years: int) -> None:
    """ST-04: neither zero nor endless."""
    with pytest.raises(ValueError, match="positive"):
        growth.average(current, base, years)
    with pytest.raises(ValueError, match="positive"):
        growth.compare(current, base, Fraction(1, 10), years)


def test_a_rate_is_the_step_that_multiplied_out_first_reaches_the_figure() -> None:
    """ST-01, STA-06: every shown digit against plain multiplication, no root taken, around exact powers too."""
    dice = random.Random(1)
    for _ in range(400):
        years, base = dice.randrange(1, 8), dice.randrange(1, 10**12)
        current = dice.choice(
            [dice.randrange(4 * base), base + dice.randrange(-3, 4), base * 13**years // 10**years]
        )
        current = max(0, current)
        shown = growth.average(current, base, years)
        ratio = Fraction(current, base)

        def grown(micro: int, years: int = years) -> Fraction:
            return (1 + Fraction(micro, 10**8)) ** years

        if shown.micro >= 0 and ratio >= 1:
            assert grown(shown.micro) <= ratio < grown(shown.micro + 1)
        else:
            assert ratio <= 1
            assert grown(shown.micro) >= ratio > (grown(shown.micro - 1) if shown.micro > -(10**8) else -1)
        # Hundredths: the true rate is within half of one, the half itself going away from zero.
        low, high = 100 * shown.cents - 50, 100 * shown.cents + 50
        half = [(1 + Fraction(edge, 10**6)) for edge in (low, high)]
        powers = [max(edge, Fraction(0)) ** years for edge in half]
        assert powers[0] <= ratio <= powers[1]
        asked = Fraction(dice.randrange(0, 60), 100)
        product = Fraction(base)
        for _ in range(years):
            product *= 1 + asked
        assert growth.compare(current, base, asked, years) == (current > product) - (current < product)
        if current < product:
            assert shown.micro < asked * 10**8 or (asked == 0 and shown.micro == 0)
