"""Money in whole fen (1/100 yuan), its wire form, and splits that lose nothing (RP-11)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.errors import ErrorKind, define

BASE_CURRENCY = "CNY"
"""The currency figures are counted in; other currencies wait for imported exchange rates (ST-10)."""

MAX_FEN = 9_007_199_254_740_991
"""The largest amount taken in: 2^53 - 1 fen, exact in every caller's number type."""

FORMAT = define(
    "money.format",
    ErrorKind.invalid,
    "金额“{given}”格式不对：应为不带正负号和千分位、恰有两位小数的文本，例如 1250000.00",
    "Amount “{given}” is not in form: text with exactly two decimals, no sign and no separators, "
    "e.g. 1250000.00.",
)
RANGE = define(
    "money.range",
    ErrorKind.invalid,
    "金额“{given}”过大：最多 {maximum}",
    "Amount “{given}” is too large: at most {maximum}.",
)
CURRENCY = define(
    "money.currency",
    ErrorKind.invalid,
    "币种“{given}”不对：应为三个大写字母的代码，例如 CNY",
    "Currency “{given}” is not in form: a code of three capitals, e.g. CNY.",
    basis="ISO 4217",
)

_AMOUNT = re.compile(r"(0|[1-9][0-9]*)\.([0-9]{2})")
_CURRENCY = re.compile(r"[A-Z]{3}")


def parse_amount(text: str, *, pointer: str | None = None) -> int:
    """The fen of an amount as callers write it, `"1250000.00"`.

    Raises DomainError `money.format` for anything but plain digits with exactly two decimals (no
    sign, exponent, blank or leading zero), `money.range` above `MAX_FEN`.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise FORMAT.error(pointer, given=text)
    # Length first: turning a very long digit string into an integer is itself refused by Python.
    if len(match[1]) > len(str(MAX_FEN)) or (fen := int(match[1] + match[2])) > MAX_FEN:
        raise RANGE.error(pointer, given=text, maximum=format_amount(MAX_FEN))
    return fen


def format_amount(fen: int) -> str:
    """The wire form of `fen`, `"1250000.00"`. It has no sign: ValueError for a negative amount."""
    if fen < 0:
        raise ValueError(f"the wire form has no sign: {fen}")
    return f"{fen // 100}.{fen % 100:02d}"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of a currency: `fen` hundredths of its unit, never negative."""

    fen: int
    currency: str = "CNY"

    def __post_init__(self) -> None:
        if type(self.fen) is not int or self.fen < 0:
            raise ValueError(f"not an amount in fen: {self.fen!r}")
        if not _CURRENCY.fullmatch(self.currency):
            raise CURRENCY.error(given=self.currency)

    @classmethod
    def parse(cls, amount: str, currency: str = "CNY") -> Money:
        """Read the wire form. Raises DomainError as `parse_amount`, and `money.currency`."""
        return cls(parse_amount(amount), currency)

    def __str__(self) -> str:
        return f"{format_amount(self.fen)} {self.currency}"


def allocate(total: int, shares: Sequence[tuple[str, int]], order: Sequence[str]) -> dict[str, int]:
    """Split `total` fen by integer weights; the parts always sum to `total` (RP-11).

    Each part is its exact share rounded down; the fen left over go one each to the largest
    remainders, ties in the given `order`, which is also the order of the result.
    Raises ValueError for a negative total or weight, weights that are all zero, a name given twice or
    one that `order` lacks.
    """
    weights = dict(shares)
    whole = sum(weights.values())
    if total < 0 or whole <= 0 or min(weights.values()) < 0:
        raise ValueError("a split needs a total and weights that are not negative, nor all zero")
    if len(weights) != len(shares) or not weights.keys() <= set(order):
        raise ValueError(f"each name once, from {list(order)}: {[name for name, _ in shares]}")
    names = [name for name in order if name in weights]
    parts = {name: total * weights[name] // whole for name in names}
    # The sort is stable: equal remainders stay in the given order.
    by_remainder = sorted(names, key=lambda name: -(total * weights[name] % whole))
    for name in by_remainder[: total - sum(parts.values())]:
        parts[name] += 1
    return parts


_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")


def capitals(fen: int) -> str:
    """An amount in capital Chinese numerals (大写), as contracts and forms write it: 人民币壹佰万元整.

    《支付结算办法》附件一: 零 stands for what is skipped between digits, 整 ends an amount without fen.
    Raises ValueError for a negative amount.
    """
    if fen < 0:
        raise ValueError(f"no amount in capitals: {fen}")
    yuan, jiao, rest = fen // 100, fen // 10 % 10, fen % 10
    whole = f"{_integer(yuan)}元" if yuan else ""
    if jiao == rest == 0:
        return f"人民币{whole or '零元'}整"
    if jiao == 0:
        return f"人民币{whole}{'零' if whole else ''}{_DIGITS[rest]}分"
    # A yuan that ends in zero is followed by 零 before the jiao, so that none can be written in between.
    gap = "零" if whole and yuan % 10 == 0 else ""
    return f"人民币{whole}{gap}{_DIGITS[jiao]}角{_DIGITS[rest] + '分' if rest else '整'}"


def _integer(number: int) -> str:
    """A positive number below 10^16 in groups of four digits."""
    written = ""
    low = 0
    for group in range(len(_GROUPS)):
        part = number // 10 ** (4 * group) % 10_000
        if part:
            unit = "万" if group == 3 and number // 10**8 % 10_000 else _GROUPS[group]
            gap = "零" if written and low < 1_000 else ""
            written = f"{_four(part)}{unit}{gap}{written}"
        low = part
    return written


def _four(part: int) -> str:
    """A number of up to four digits."""
    written = ""
    skipped = False
    for place in (3, 2, 1, 0):
        digit = part // 10**place % 10
        if digit:
            written += ("零" if skipped and written else "") + _DIGITS[digit] + _PLACES[place]
        skipped = digit == 0
    return written
