"""Every refusal the system can give, as data: a stable code, its kind, its words and its legal basis.

A noun's module in `app.domain` defines its codes with `define()`; services raise them with
`CODE.error(...)` or collect them with `CODE.violation(...)` so that a caller sees all objections
at once. How a kind becomes an HTTP status is decided at the web edge, not here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class ErrorKind(StrEnum):
    """What sort of refusal this is, independent of any protocol."""

    unauthenticated = "unauthenticated"
    denied = "denied"
    not_found = "not_found"
    conflict = "conflict"
    invalid = "invalid"
    malformed = "malformed"
    precondition_failed = "precondition_failed"
    precondition_required = "precondition_required"
    too_large = "too_large"
    unsupported = "unsupported"
    method_not_allowed = "method_not_allowed"
    unavailable = "unavailable"
    internal = "internal"


class Severity(StrEnum):
    """`block` refuses the action; `acknowledge` lets it pass once the parties, being told, agree.

    `warn` is told and refuses nothing.
    """

    block = "block"
    acknowledge = "acknowledge"
    warn = "warn"


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One entry of the code catalogue. `zh` and `en` may name facts in braces, e.g. `{number}`."""

    code: str
    kind: ErrorKind
    zh: str
    en: str
    basis: str | None = None
    retryable: bool = False
    severity: Severity = Severity.block

    def violation(self, pointer: str | None = None, **facts: Any) -> Violation:
        """This code as one objection, at `pointer` (a JSON pointer into the request body)."""
        return Violation(self, pointer, facts)

    def error(self, pointer: str | None = None, **facts: Any) -> DomainError:
        """This code as an exception carrying itself as its only violation."""
        return DomainError([self.violation(pointer, **facts)])


@dataclass(frozen=True, slots=True)
class Ruling:
    """How the rules in force on a day take an objection: how severely, on what basis, and what helps."""

    severity: Severity
    basis: str
    remedy_zh: str
    remedy_en: str


@dataclass(frozen=True, slots=True)
class Violation:
    """One objection: a code, where in the request it arose, and the facts that show it.

    `ruling`: what the rules of the day make of it, where they change with time; else the code's own.
    """

    code: ErrorCode
    pointer: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    ruling: Ruling | None = None

    @property
    def severity(self) -> Severity:
        """How severe it is under the rules in force."""
        return self.code.severity if self.ruling is None else self.ruling.severity

    @property
    def basis(self) -> str | None:
        """The law, rule or standard behind it."""
        return self.code.basis if self.ruling is None else self.ruling.basis

    @property
    def blocks(self) -> bool:
        """Whether this objection alone refuses the action."""
        return self.severity is Severity.block

    @property
    def zh(self) -> str:
        """The objection in Chinese, its facts filled in; one that is missing shows as `?`."""
        return fill_in(self.code.zh, {name: getattr(fact, "zh", fact) for name, fact in self.facts.items()})

    @property
    def en(self) -> str:
        """The objection in English, its facts filled in; one that is missing shows as `?`."""
        return fill_in(self.code.en, self.facts)

    @property
    def plain_facts(self) -> dict[str, object]:
        """The facts as JSON tells and keeps them."""
        return {name: _plain(fact) for name, fact in self.facts.items()}


def _plain(fact: object) -> object:
    if isinstance(fact, list | tuple | set | frozenset):
        return [_plain(one) for one in fact]
    return fact if fact is None or isinstance(fact, bool | int) else str(fact)


class Reason(str):
    """English words that bring their Chinese along, as a fact of a violation."""

    __slots__ = ("zh",)
    zh: str

    def __new__(cls, en: str, zh: str) -> Self:
        """The same words twice."""
        made = super().__new__(cls, en)
        made.zh = zh
        return made


def fill_in(text: str, facts: Mapping[str, Any]) -> str:
    """The text with its facts in place of their names; a fact that is missing shows as `?`."""
    return text.format_map(_Facts(facts))


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


class DomainError(Exception):
    """A refusal with all its violations; the first one gives the answer its code and kind."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        if not violations:
            raise ValueError("a refusal needs at least one violation")
        self.violations = tuple(violations)
        super().__init__(", ".join(v.code.code for v in self.violations))

    @property
    def code(self) -> ErrorCode:
        """The leading code."""
        return self.violations[0].code

    @property
    def zh(self) -> str:
        """Every objection in Chinese."""
        return "；".join(violation.zh for violation in self.violations)

    @property
    def en(self) -> str:
        """Every objection in English."""
        return " ".join(violation.en for violation in self.violations)


_CATALOGUE: dict[str, ErrorCode] = {}


def define(
    code: str,
    kind: ErrorKind,
    zh: str,
    en: str,
    *,
    basis: str | None = None,
    retryable: bool = False,
    severity: Severity = Severity.block,
) -> ErrorCode:
    """Add a code to the catalogue. A code is defined once and never changes its meaning."""
    if code in _CATALOGUE:
        raise ValueError(f"code defined twice: {code}")
    entry = ErrorCode(code, kind, zh, en, basis, retryable, severity)
    _CATALOGUE[code] = entry
    return entry


def catalogue() -> Mapping[str, ErrorCode]:
    """All codes defined by the modules imported so far."""
    return dict(_CATALOGUE)


def refuse_if(violations: Sequence[Violation]) -> None:
    """Raise one `DomainError` with all violations, or return when there are none."""
    if violations:
        raise DomainError(violations)
