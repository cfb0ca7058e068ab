"""Trademark registration numbers and Nice classes (ID-11..13)."""

from __future__ import annotations

import re

from app.domain.errors import ErrorKind, define
from app.domain.text import compact

FORMAT = define(
    "trademark_number.format",
    ErrorKind.invalid,
    "商标注册号“{given}”格式不对：国内注册号为 1 至 8 位数字（首位不为 0），后可加 1 至 2 个字母；"
    "国际注册号为 G 加 6 至 7 位数字，后可加 1 个字母",
    "Trademark number “{given}” is not in form: 1 to 8 digits not starting with 0, then up to two letters; "
    "or, for an international registration, G, 6 or 7 digits and up to one letter.",
)
NICE_CLASS_RANGE = define(
    "nice_class.range",
    ErrorKind.invalid,
    "商品服务类别“{given}”不存在：尼斯分类为 1 至 45 类",
    "There is no class “{given}”: the Nice Classification has classes 1 to 45.",
    basis="商标注册用商品和服务国际分类(尼斯分类)",
)
SIMILAR_GROUP_FORMAT = define(
    "similar_group.format",
    ErrorKind.invalid,
    "类似群“{given}”格式不对：应为 4 位数字，前两位是尼斯分类的类别，例如 0901",
    "Similar group “{given}” is not in form: 4 digits of which the first two are the Nice class, e.g. 0901.",
    basis="类似商品和服务区分表",
)

_NUMBER = re.compile(r"[1-9][0-9]{0,7}[A-Z]{0,2}|G[0-9]{6,7}[A-Z]?")
_CLASS = re.compile(r"0?[1-9]|[1-3][0-9]|4[0-5]")
_GROUP = re.compile(r"[0-9]{4}")


def parse_trademark_number(text: str, *, pointer: str | None = None) -> str:
    """The canonical trademark number: no blanks, capitals. It has no check digit (ID-11).

    Application and registration carry the same number; with the Nice class it is unique (ID-12).
    Raises DomainError `trademark_number.format`.
    """
    body = compact(text)
    if not _NUMBER.fullmatch(body):
        raise FORMAT.error(pointer, given=text)
    return body


def parse_nice_class(value: int | str, *, pointer: str | None = None) -> int:
    """A Nice class: 1 to 34 goods, 35 to 45 services; `9`, `"9"` and `"09"` are the same (ID-13).

    Raises DomainError `nice_class.range`, also for booleans.
    """
    body = compact(value) if isinstance(value, str) else "" if isinstance(value, bool) else str(value)
    if not _CLASS.fullmatch(body):
        raise NICE_CLASS_RANGE.error(pointer, given=value)
    return int(body)


def parse_similar_group(text: str, *, pointer: str | None = None) -> str:
    """A similar group (类似群) of goods or services, e.g. `0901` in class 9 (ID-13).

    Raises DomainError `similar_group.format`.
    """
    body = compact(text)
    if not _GROUP.fullmatch(body) or not _CLASS.fullmatch(body[:2]):
        raise SIMILAR_GROUP_FORMAT.error(pointer, given=text)
    return body
