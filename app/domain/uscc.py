"""统一社会信用代码, the unified social credit code of Chinese organisations (ID-15..18).

Its district digits name the authority of the first registration and do not follow a move, so where
an organisation is registered is kept as data of its own and never read from the code.
"""

from __future__ import annotations

import re

from app.domain.errors import ErrorKind, define, refuse_if
from app.domain.text import compact

_GB_32100 = "GB 32100-2015"

LENGTH = define(
    "uscc.length",
    ErrorKind.invalid,
    "统一社会信用代码“{given}”应为 18 位，填写了 {length} 位",
    "Unified social credit code “{given}” must have 18 characters, given are {length}.",
    basis=_GB_32100,
)
CHARACTERS = define(
    "uscc.characters",
    ErrorKind.invalid,
    "统一社会信用代码“{given}”第 {position} 位“{character}”不允许："
    "只用数字和大写字母（不含 I、O、S、V、Z），第 3 至 8 位为数字",
    "Unified social credit code “{given}” cannot have “{character}” at position {position}: digits and "
    "letters other than I, O, S, V and Z, and digits only at positions 3 to 8.",
    basis=_GB_32100,
)
PREFIX = define(
    "uscc.prefix",
    ErrorKind.invalid,
    "统一社会信用代码 {number} 的前两位 {given} 不存在：第 1 位是登记管理部门，"
    "第 2 位是机构类别（企业为 91）",
    "No unified social credit code starts with {given} as {number} does: the first character is the "
    "registering authority, the second the type of organisation (91 for a company).",
    basis=_GB_32100,
)
CHECK_DIGIT = define(
    "uscc.check_digit",
    ErrorKind.invalid,
    "统一社会信用代码 {number} 的校验码不符：按前 17 位应为 {expected}，填写的是 {given}；请核对整个代码",
    "The check character of unified social credit code {number} does not match: its first 17 characters "
    "require {expected}, given is {given}. Please compare the whole code.",
    basis=_GB_32100,
)

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_SHAPE = ("[" + _ALPHABET + "]",) * 2 + ("[0-9]",) * 6 + ("[" + _ALPHABET + "]",) * 10
# Registering authority, then type of organisation; 9 is "other". Authorities that seldom occur are
# not tied to types here: the standard lets them number their own.
_PREFIX = re.compile(r"[159][1239]|[2-8ANY][1-9]")
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def uscc_check_character(body: str) -> str:
    """The 18th character for the first 17: weights 3^i mod 31 (ID-16)."""
    total = sum(_ALPHABET.index(char) * pow(3, i, 31) for i, char in enumerate(body))
    return _ALPHABET[-total % 31]


def parse_uscc(text: str, *, pointer: str | None = None) -> str:
    """The code in its 18 capitals, read from any width, case and with blanks.

    Raises DomainError `uscc.length`, `uscc.characters`, or, the shape being right, `uscc.prefix` and
    `uscc.check_digit`, all that apply.
    """
    body = compact(text)
    if len(body) != len(_SHAPE):
        raise LENGTH.error(pointer, given=text, length=len(body))
    for position, (char, shape) in enumerate(zip(body, _SHAPE, strict=True), start=1):
        if not re.fullmatch(shape, char):
            raise CHARACTERS.error(pointer, given=text, position=position, character=char)
    expected = uscc_check_character(body[:17])
    violations = []
    if not _PREFIX.fullmatch(body[:2]):
        violations.append(PREFIX.violation(pointer, number=body, given=body[:2]))
    if body[17] != expected:
        violations.append(CHECK_DIGIT.violation(pointer, number=body, expected=expected, given=body[17]))
    refuse_if(violations)
    return body


def organisation_check_character(code: str) -> str:
    """The 9th character of an organisation code for its first 8 (GB 11714-1997)."""
    total = sum(int(char, 36) * weight for char, weight in zip(code, _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def organisation_code_warning(uscc: str) -> bool:
    """Whether the organisation code inside a valid `uscc` (places 9 to 17) fails its own check.

    A reason to look twice, not to refuse (ID-17).
    """
    return uscc[16] != organisation_check_character(uscc[8:16])
