"""Technical classes of rights: IPC and CPC of inventions and utility models, Locarno of designs (ID-14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.domain.errors import ErrorCode, ErrorKind, define
from app.domain.text import compact

IPC_FORMAT = define(
    "ipc.format",
    ErrorKind.invalid,
    "国际专利分类号“{given}”格式不对：应写到小组，例如 H01M 10/0525",
    "IPC symbol “{given}” is not in form: it names a subgroup, e.g. H01M 10/0525.",
    basis="国际专利分类(IPC)",
)
CPC_FORMAT = define(
    "cpc.format",
    ErrorKind.invalid,
    "联合专利分类号“{given}”格式不对：应写到小组，例如 Y02E 60/10",
    "CPC symbol “{given}” is not in form: it names a subgroup, e.g. Y02E 60/10.",
    basis="联合专利分类(CPC)",
)
LOCARNO_FORMAT = define(
    "locarno.format",
    ErrorKind.invalid,
    "洛迦诺分类号“{given}”格式不对：应为 01 至 32 的大类加小类，例如 14-02",
    "Locarno class “{given}” is not in form: a class from 01 to 32 and a subclass, e.g. 14-02.",
    basis="工业品外观设计国际分类(洛迦诺分类)",
)

_BELOW = r"([0-9]{2})([A-Z])(?:([0-9]{1,4})/([0-9]{2,6}))?"
_IPC = re.compile(r"([A-H])" + _BELOW)
_CPC = re.compile(r"([A-HY])" + _BELOW)
_LOCARNO = re.compile(r"(0[1-9]|[12][0-9]|3[0-2])-([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Ipc:
    """An IPC symbol in its parts: `H01M 10/0525` is H, 01, M, 10, 0525.

    `group` and `subgroup` are None for a bare subclass, which serves for filters but not as the
    main class of a right. `subclass` is the letter; `subclass_symbol` the usual `H01M`.
    """

    section: str
    class_: str
    subclass: str
    group: str | None = None
    subgroup: str | None = None

    @property
    def subclass_symbol(self) -> str:
        """Section, class and subclass together, e.g. `H01M`."""
        return f"{self.section}{self.class_}{self.subclass}"

    @property
    def canonical(self) -> str:
        """How the symbol is stored: `H01M 10/0525`, or `H01M`."""
        if self.group is None:
            return self.subclass_symbol
        return f"{self.subclass_symbol} {self.group}/{self.subgroup}"


@dataclass(frozen=True, slots=True)
class Locarno:
    """A Locarno class and subclass, e.g. 14 and 02."""

    class_: str
    subclass: str

    @property
    def canonical(self) -> str:
        """How the symbol is stored: `14-02`."""
        return f"{self.class_}-{self.subclass}"


def parse_ipc(text: str, *, allow_subclass: bool = False, pointer: str | None = None) -> Ipc:
    """Read `H01M 10/0525` or `H01M10/0525`; `H01M` only with `allow_subclass`.

    Padding zeros of the group (`H01M 0010/0525`) are dropped. Raises DomainError `ipc.format`.
    """
    return _symbol(_IPC, IPC_FORMAT, text, allow_subclass=allow_subclass, pointer=pointer)


def parse_cpc(text: str, *, allow_subclass: bool = False, pointer: str | None = None) -> Ipc:
    """Read a CPC symbol: the form of IPC, with a section Y besides. Raises DomainError `cpc.format`."""
    return _symbol(_CPC, CPC_FORMAT, text, allow_subclass=allow_subclass, pointer=pointer)


def _symbol(
    form: re.Pattern[str], refusal: ErrorCode, text: str, *, allow_subclass: bool, pointer: str | None
) -> Ipc:
    match = form.fullmatch(compact(text))
    if match is None or (match[4] is None and not allow_subclass):
        raise refusal.error(pointer, given=text)
    group = None if match[4] is None else str(int(match[4]))
    return Ipc(match[1], match[2], match[3], group, match[5])


def parse_locarno(text: str, *, pointer: str | None = None) -> Locarno:
    """Read a Locarno symbol such as `14-02`. Raises DomainError `locarno.format`."""
    match = _LOCARNO.fullmatch(compact(text))
    if match is None:
        raise LOCARNO_FORMAT.error(pointer, given=text)
    return Locarno(match[1], match[2])
