"""The numbers of a right, read as its office writes them: how they are shown and how they are compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import ParamSpec, TypeVar

from app.domain.asset import (
    CN,
    NOT_OF_KIND,
    ZH,
    AssetKind,
    NumberScheme,
)
from app.domain.errors import DomainError, ErrorKind, Violation, define, refuse_if
from app.domain.patent_number import PatentNumber, PatentType, parse_patent_number, parse_publication_number
from app.domain.text import compact, normalise
from app.domain.trademark_number import parse_trademark_number

NUMBER_MISSING = define(
    "asset.number_missing",
    ErrorKind.invalid,
    "缺少号码：中国专利应有申请号，中国商标应有申请号或注册号，其他局的权利至少一个号码",
    "A number is missing: a CN patent has its application number, a CN trademark its application or "
    "registration number, a right of another office at least one number.",
)
NUMBER_FORMAT = define(
    "asset.number_format",
    ErrorKind.invalid,
    "号码“{given}”中没有字母或数字",
    "Number “{given}” has no letter or digit.",
)
NUMBERS_DIFFER = define(
    "asset.numbers_differ",
    ErrorKind.invalid,
    "申请号 {application} 与 {registration} 不一致：中国专利的专利号、中国商标的注册号与其申请号相同",
    "Application number {application} and {registration} differ: the patent number of a CN patent and the "
    "registration number of a CN trademark are the application number.",
    basis="ZC 0006-2003",
)
PUBLICATION_OF_OTHER_TYPE = define(
    "asset.publication_of_other_type",
    ErrorKind.invalid,
    "公布公告号 {publication} 属于{publication_type_zh}，与申请号 {application}（{application_type_zh}）不符",
    "Publication number {publication} is of type {publication_type}, application number {application} of "
    "type {application_type}.",
    basis="ZC 0006-2003, ZC 0007-2012",
)

P = ParamSpec("P")
T = TypeVar("T")
Given = Mapping[NumberScheme, str]


@dataclass(frozen=True, slots=True)
class Number:
    """One number: `value` is how it is shown, `key` what makes two spellings the same number."""

    scheme: NumberScheme
    value: str
    key: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """A right's numbers, the one people quote, and what a CN patent number tells of the right."""

    numbers: tuple[Number, ...]
    quoted: str
    patent_type: PatentType | None = None
    year: int | None = None


def pointer(scheme: NumberScheme) -> str:
    """Where a number stands in a request."""
    return f"/numbers/{scheme}"


def attempt(violations: list[Violation], read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """What `read` returns; if it refuses, None, and its objections join `violations`."""
    try:
        return read(*args, **kwargs)
    except DomainError as refused:
        violations.extend(refused.violations)
        return None


def read_numbers(kind: AssetKind, office: str, given: Given, *, today: date) -> Numbers:
    """Read the numbers of a right of `office` (ID-01 to ID-12).

    Raises DomainError with every objection: those of the numbers themselves, `asset.number_missing`,
    and what makes them numbers of different rights (`asset.numbers_differ`, `…publication_of_other_type`).
    """
    if office != CN:
        return _other_office(given)
    return _cn_patent(given, today) if kind is AssetKind.patent else _cn_trademark(given)


def search_keys(text: str, *, today: date) -> frozenset[str]:
    """The keys under which a number, written in any form, may be stored."""
    key = _letters_and_digits(text)
    patent = attempt([], parse_patent_number, text, today=today)
    return frozenset({key} if patent is None else {key, patent.key})


def _cn_patent(given: Given, today: date) -> Numbers:
    violations: list[Violation] = []
    read: dict[NumberScheme, PatentNumber] = {}
    for scheme in (NumberScheme.application, NumberScheme.registration):
        if scheme in given:
            number = attempt(
                violations, parse_patent_number, given[scheme], today=today, pointer=pointer(scheme)
            )
            if number is not None:
                read[scheme] = number
    application, registration = read.get(NumberScheme.application), read.get(NumberScheme.registration)
    if application and registration and application.key != registration.key:
        violations.append(_differ(application.canonical, registration.canonical))
    main = application or registration
    if not given.keys() & {NumberScheme.application, NumberScheme.registration}:
        violations.append(NUMBER_MISSING.violation("/numbers"))
    publication = attempt(violations, _publication, given, main)
    if main is None or violations:
        raise DomainError(violations)
    found = [Number(NumberScheme.application, main.canonical, main.key)]
    if publication is not None:
        found.append(publication)
    if registration is not None:
        found.append(Number(NumberScheme.registration, registration.canonical, registration.key))
    return Numbers(tuple(found), main.canonical, main.patent_type, main.year)


def _publication(given: Given, main: PatentNumber | None) -> Number | None:
    """The publication number; its first digit names the same type of patent as the application number."""
    at = NumberScheme.publication
    if at not in given:
        return None
    publication = parse_publication_number(given[at], pointer=pointer(at))
    if main is not None and publication.patent_type is not main.patent_type:
        raise PUBLICATION_OF_OTHER_TYPE.error(
            pointer(at),
            publication=publication.canonical,
            publication_type=publication.patent_type,
            publication_type_zh=ZH[publication.patent_type],
            application=main.canonical,
            application_type=main.patent_type,
            application_type_zh=ZH[main.patent_type],
        )
    return Number(at, publication.canonical, publication.canonical)


def _cn_trademark(given: Given) -> Numbers:
    """Application and registration of a CN mark carry one number, so it is stored as both (ID-11)."""
    violations: list[Violation] = []
    read: dict[NumberScheme, str] = {}
    for scheme in (NumberScheme.application, NumberScheme.registration):
        if scheme in given:
            number = attempt(violations, parse_trademark_number, given[scheme], pointer=pointer(scheme))
            if number is not None:
                read[scheme] = number
    if NumberScheme.publication in given:
        field = NumberScheme.publication
        kind = AssetKind.trademark
        violations.append(NOT_OF_KIND.violation(pointer(field), kind=kind, kind_zh=ZH[kind], field=field))
    if len(set(read.values())) > 1:
        violations.append(_differ(*read.values()))
    if not given.keys() & {NumberScheme.application, NumberScheme.registration}:
        violations.append(NUMBER_MISSING.violation("/numbers"))
    refuse_if(violations)
    value = next(iter(read.values()))
    schemes = dict.fromkeys((NumberScheme.application, *read))
    return Numbers(tuple(Number(scheme, value, value) for scheme in schemes), value)


def _differ(application: str, registration: str) -> Violation:
    at = pointer(NumberScheme.registration)
    return NUMBERS_DIFFER.violation(at, application=application, registration=registration)


def _other_office(given: Given) -> Numbers:
    """Numbers of other offices are not judged: trimmed, capitals, and compared by letters and digits."""
    if not given:
        raise NUMBER_MISSING.error("/numbers")
    found = []
    violations = []
    for scheme in NumberScheme:
        if scheme in given:
            key = _letters_and_digits(given[scheme])
            found.append(Number(scheme, normalise(given[scheme]).upper(), key))
            if not key:
                violations.append(NUMBER_FORMAT.violation(pointer(scheme), given=given[scheme]))
    refuse_if(violations)
    by_scheme = {number.scheme: number for number in found}
    quoted = by_scheme.get(NumberScheme.registration, found[0])
    return Numbers(tuple(found), quoted.value)


def _letters_and_digits(text: str) -> str:
    return "".join(char for char in compact(text) if char.isalnum())
