"""Chinese patent application and patent numbers, and the publication numbers of their documents.

The two are different numbers of one right: the application number (with `ZL` before it once
granted, the patent number) has a check digit, the publication number does not (ID-01..10).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from operator import mul

from app.domain.errors import ErrorKind, define, refuse_if
from app.domain.text import compact


class PatentType(StrEnum):
    """发明, 实用新型, 外观设计: the three types of patent (专利法第2条)."""

    invention = "invention"
    utility_model = "utility_model"
    design = "design"


_ZC_0006 = "ZC 0006-2003"
_ZC_0007 = "ZC 0007-2012, ZC 0008-2012"

CHARACTERS = define(
    "patent_number.characters",
    ErrorKind.invalid,
    "专利（申请）号“{given}”含有不允许的字符：只能由数字组成，最后一位校验位可以是数字或 X，其前可加小数点",
    "Patent number “{given}” has characters it cannot have: digits only, then a check character "
    "(a digit or X), with or without a dot before it.",
    basis=_ZC_0006,
)
LENGTH = define(
    "patent_number.length",
    ErrorKind.invalid,
    "专利（申请）号“{given}”长度不对：2003年10月1日起为12位数字加1位校验位，此前为8位数字加1位校验位",
    "Patent number “{given}” has the wrong length: 12 digits and a check character, or 8 digits and "
    "a check character for applications filed before 1 October 2003.",
    basis=_ZC_0006,
)
YEAR = define(
    "patent_number.year",
    ErrorKind.invalid,
    "专利（申请）号 {number} 中的年份 {year} 不可能：这种长度的号码年份应在 {first} 至 {last} 之间",
    "The year {year} in patent number {number} is impossible: numbers of this length run from {first} "
    "to {last}.",
    basis=_ZC_0006,
)
KIND_DIGIT = define(
    "patent_number.kind_digit",
    ErrorKind.invalid,
    "专利（申请）号 {number} 的种类号 {given} 不存在：应为 1（发明）、2（实用新型）、3（外观设计）、"
    "8（PCT发明）或 9（PCT实用新型）",
    "The kind digit {given} in patent number {number} does not exist: it is 1 (invention), 2 (utility "
    "model), 3 (design), 8 (PCT invention) or 9 (PCT utility model).",
    basis=_ZC_0006,
)
CHECK_DIGIT = define(
    "patent_number.check_digit",
    ErrorKind.invalid,
    "专利（申请）号 {number} 的校验位不符：按前面的数字应为 {expected}，填写的是 {given}；请核对整个号码",
    "The check digit of patent number {number} does not match: its digits require {expected}, given is "
    "{given}. Please compare the whole number.",
    basis=_ZC_0006,
)
PUBLICATION_FORMAT = define(
    "publication_number.format",
    ErrorKind.invalid,
    "公布公告号“{given}”格式不对：应为 CN 加 7 位或 9 位数字（首位为 1、2 或 3）"
    "加文献种类代码，例如 CN112330675B",
    "Publication number “{given}” is not in form: CN, 7 or 9 digits of which the first is 1, 2 or 3, and a "
    "kind code, e.g. CN112330675B.",
    basis=_ZC_0007,
)
PUBLICATION_KIND_MISMATCH = define(
    "publication_number.kind_mismatch",
    ErrorKind.invalid,
    "公布公告号 {number} 前后矛盾：首位数字 {digit} 只能配文献种类代码 {allowed_text}，填写的是 {given}",
    "Publication number {number} contradicts itself: the first digit {digit} goes with kind codes "
    "{allowed_text} only, given is {given}.",
    basis=_ZC_0007,
)

_KIND_DIGITS = {
    "1": PatentType.invention,
    "2": PatentType.utility_model,
    "3": PatentType.design,
    "8": PatentType.invention,
    "9": PatentType.utility_model,
}
_PCT_DIGITS = frozenset("89")
_APPLICATION = re.compile(r"(?:CN)?(?:ZL)?(?:([0-9]{12}|[0-9]{8})\.?([0-9X])|[0-9]*\.?[0-9X]?)")
"""In form, or else of the right characters only."""

_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_LONG_FORM_SINCE = 2003
_SHORT_FORM_YEARS = (1985, 2003)


@dataclass(frozen=True, slots=True)
class PatentNumber:
    """A patent application number known to be possible; `canonical` is how it is stored.

    `key` (the digits without the check character) is what makes two spellings one number (ID-07).
    `year` is the number's own year; a filing date of another year is no contradiction (ID-06).
    """

    canonical: str
    key: str
    year: int
    patent_type: PatentType
    is_pct: bool

    def display(self, *, granted: bool) -> str:
        """For people: `ZL 2014 1 0026192.3` once granted, without `ZL` before (ID-05).

        Marking an application as a granted patent is passing off (专利法实施细则第101条).
        """
        year_digits = len(self.key) - (8 if len(self.key) == 12 else 6)
        text = f"{self.canonical[:year_digits]} {self.key[year_digits]} {self.canonical[year_digits + 1 :]}"
        return f"ZL {text}" if granted else text


def patent_check_character(digits: str) -> str:
    """The check character of 8 or 12 digits: weighted sum mod 11, 10 written `X` (ID-02)."""
    remainder = sum(map(mul, map(int, digits), _WEIGHTS)) % 11
    return "X" if remainder == 10 else str(remainder)


def parse_patent_number(text: str, *, today: date, pointer: str | None = None) -> PatentNumber:
    """Read a CN patent (application) number as typed: any width, blanks, `ZL`/`CN`, dot or none.

    `today` bounds the year. Raises DomainError `patent_number.characters` or `.length`; or, the shape
    being right, `.year`, `.kind_digit` and `.check_digit`, all that apply (ID-01..05).
    """
    digits, check = _split(text, pointer)
    number = f"{digits}.{check}"
    year, first, last = _year_bounds(digits, today)
    kind_digit = digits[-8] if len(digits) == 12 else digits[-6]
    expected = patent_check_character(digits)
    violations = []
    if not first <= year <= last:
        violations.append(YEAR.violation(pointer, number=number, year=year, first=first, last=last))
    if kind_digit not in _KIND_DIGITS:
        violations.append(KIND_DIGIT.violation(pointer, number=number, given=kind_digit))
    if check != expected:
        violations.append(CHECK_DIGIT.violation(pointer, number=number, expected=expected, given=check))
    refuse_if(violations)
    return PatentNumber(number, digits, year, _KIND_DIGITS[kind_digit], kind_digit in _PCT_DIGITS)


def _split(text: str, pointer: str | None) -> tuple[str, str]:
    """The 8 or 12 digits and the check character, or a refusal."""
    match = _APPLICATION.fullmatch(compact(text))
    if match is None:
        raise CHARACTERS.error(pointer, given=text)
    if match[1] is None:
        raise LENGTH.error(pointer, given=text)
    return match[1], match[2]


def _year_bounds(digits: str, today: date) -> tuple[int, int, int]:
    """The number's year and the first and last year possible for its length (ID-04)."""
    if len(digits) == 12:
        return int(digits[:4]), _LONG_FORM_SINCE, today.year
    two = int(digits[:2])
    return (1900 if two > _SHORT_FORM_YEARS[1] % 100 else 2000) + two, *_SHORT_FORM_YEARS


@dataclass(frozen=True, slots=True)
class PublicationNumber:
    """The number of a published patent document: `canonical` = `CN` + `digits` + `kind_code`."""

    canonical: str
    digits: str
    kind_code: str
    patent_type: PatentType


_PUBLICATION = re.compile(
    r"CN([123](?:[0-9]{8}|[0-9]{6}))(A[89]?|B[89]?|C[1-7]?|U[89]?|Y[1-7]?|S[1-9]?|D)",
)
_PUBLICATION_KINDS = {
    "1": (PatentType.invention, "ABC"),
    "2": (PatentType.utility_model, "UY"),
    "3": (PatentType.design, "SD"),
}


def parse_publication_number(text: str, *, pointer: str | None = None) -> PublicationNumber:
    """Read a CN publication number; it has no check digit (ID-08..10).

    Raises DomainError `publication_number.format`, or `.kind_mismatch` when the first digit and the
    kind code name different kinds of patent.
    """
    body = compact(text)
    match = _PUBLICATION.fullmatch(body)
    if match is None:
        raise PUBLICATION_FORMAT.error(pointer, given=text)
    digits, kind_code = match[1], match[2]
    kind, letters = _PUBLICATION_KINDS[digits[0]]
    if kind_code[0] not in letters:
        raise PUBLICATION_KIND_MISMATCH.error(
            pointer,
            number=body,
            digit=digits[0],
            given=kind_code,
            allowed=list(letters),
            allowed_text="/".join(letters),
        )
    return PublicationNumber(body, digits, kind_code, kind)
