"""A plan's document, as TOML or JSON hold it, read into what it states; all its faults at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from app.domain import plan as rules
from app.domain.errors import DomainError, Reason, Violation, refuse_if
from app.domain.fact import Measure
from app.domain.indicator import (
    PLAIN,
    Category,
    Comparator,
    IndicatorKind,
    NewIndicator,
    NewTarget,
    SourceKind,
    parse_value,
)
from app.domain.plan import NewPlan
from app.domain.request import MALFORMED
from app.domain.task import NewTask

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")
Table = Mapping[str, Any]


def read_plan(document: Table) -> NewPlan:
    """The plan that a document states.

    Raises DomainError with every fault at its place: `request.malformed` for what is not in form, else
    what `app.domain.plan.faults` finds.
    """
    reader = _Reader()
    plan = _plan(reader, document)
    refuse_if(reader.found)
    refuse_if(rules.faults(plan))
    return plan


class _Reader:
    """Reads values out of tables; what is not in form is noted and replaced by something harmless."""

    def __init__(self) -> None:
        self.found: list[Violation] = []

    def fault(self, pointer: str, en: str, zh: str) -> None:
        self.found.append(MALFORMED.violation(pointer, reason=Reason(en, zh)))

    def table(self, value: object, pointer: str, known: Sequence[str]) -> Table:
        """A table without keys that nobody knows."""
        if not isinstance(value, Mapping):
            self.fault(pointer, "a table is needed", "应为对象")
            return {}
        for key in value:
            if key not in known:
                self.fault(f"{pointer}/{key}", "not a known name", "不允许该项")
        return value

    def text(self, source: Table, pointer: str, key: str) -> str:
        value = source.get(key)
        if not isinstance(value, str) or not value.strip():
            self.fault(f"{pointer}/{key}", "text is needed", "应为文本")
            return ""
        return value.strip()

    def listed(
        self, source: Table, pointer: str, key: str, of: Callable[[Any, str], T | None], *, least: int = 0
    ) -> tuple[T, ...]:
        """The items of a list, each made by `of` from its value and place; None is left out."""
        values = source.get(key, [])
        if not isinstance(values, list) or len(values) < least:
            self.fault(
                f"{pointer}/{key}", f"a list of at least {least} is needed", f"应为至少 {least} 项的列表"
            )
            return ()
        made = (of(value, f"{pointer}/{key}/{position}") for position, value in enumerate(values))
        return tuple(one for one in made if one is not None)

    def name(self, value: object, pointer: str) -> str | None:
        if not isinstance(value, str) or not value.strip():
            self.fault(pointer, "text is needed", "应为文本")
            return None
        return value.strip()

    def whole(self, value: object, pointer: str) -> int | None:
        if type(value) is not int or not 1 <= value < 10_000:
            self.fault(pointer, "a whole number is needed", "应为正整数")
            return None
        return value

    def member(self, enum: type[E]) -> Callable[[object, str], E | None]:
        """Reads a member of `enum`."""

        def read(value: object, pointer: str) -> E | None:
            if isinstance(value, str) and value in set(enum):
                return enum(value)
            expected = ", ".join(enum)
            self.fault(pointer, f"one of {expected} is needed", f"应为 {expected} 之一")
            return None

        return read

    def choice(self, source: Table, pointer: str, key: str, enum: type[E]) -> E:
        return self.member(enum)(source.get(key), f"{pointer}/{key}") or next(iter(enum))

    def day(self, source: Table, pointer: str, key: str) -> date:
        """A day, which TOML brings as such and JSON as text."""
        value = source.get(key)
        try:
            return value if type(value) is date else date.fromisoformat(str(value))
        except ValueError:
            self.fault(
                f"{pointer}/{key}", "a date written YYYY-MM-DD is needed", "应为 YYYY-MM-DD 格式的日期"
            )
            return date.min

    def value(self, value: object, pointer: str) -> int:
        """Millionths of a number, which is text or an integer and never a float."""
        text = str(value) if type(value) is int else value
        try:
            return parse_value(text if isinstance(text, str) else f"{value!r} (not text)", pointer=pointer)
        except DomainError as error:
            self.found += error.violations
            return 0


def _plan(reader: _Reader, document: Table) -> NewPlan:
    words = ("code", "name_zh", "name_en", "basis", "district_code")
    lists = ("departments", "tasks", "indicators")
    source = reader.table(document, "", (*words, "starts_on", "ends_on", *lists))
    return NewPlan(
        **{word: reader.text(source, "", word) for word in words},
        starts_on=reader.day(source, "", "starts_on"),
        ends_on=reader.day(source, "", "ends_on"),
        departments=reader.listed(source, "", "departments", reader.name, least=1),
        tasks=reader.listed(source, "", "tasks", lambda value, place: _task(reader, value, place)),
        indicators=reader.listed(
            source, "", "indicators", lambda value, place: _indicator(reader, value, place)
        ),
    )


def _task(reader: _Reader, value: object, pointer: str) -> NewTask:
    words = ("section", "name_zh", "name_en")
    source = reader.table(value, pointer, ("number", *words, "lead", "supporting"))
    return NewTask(
        number=reader.whole(source.get("number"), f"{pointer}/number") or 0,
        **{word: reader.text(source, pointer, word) for word in words},
        lead=reader.listed(source, pointer, "lead", reader.name, least=1),
        supporting=reader.listed(source, pointer, "supporting", reader.name),
    )


_WORDS = ("code", "name_zh", "name_en", "wording", "unit")
_CHOICES = ("category", "kind", "source")
_LISTS = ("measures", "components", "departments", "rules", "tasks")


def _indicator(reader: _Reader, value: object, pointer: str) -> NewIndicator:
    source = reader.table(
        value, pointer, (*_WORDS, *_CHOICES, *_LISTS, "base_year", "definition_version", "target")
    )
    base_year = source.get("base_year")
    version = source.get("definition_version", 1)
    components = reader.listed(
        {"components": [PLAIN]} | dict(source), pointer, "components", reader.name, least=1
    )
    return NewIndicator(
        **{word: reader.text(source, pointer, word) for word in _WORDS},
        category=reader.choice(source, pointer, "category", Category),
        kind=reader.choice(source, pointer, "kind", IndicatorKind),
        source=reader.choice(source, pointer, "source", SourceKind),
        measures=reader.listed(source, pointer, "measures", reader.member(Measure)),
        components=components,
        departments=reader.listed(source, pointer, "departments", reader.name, least=1),
        rules=reader.listed(source, pointer, "rules", reader.name),
        task_numbers=reader.listed(source, pointer, "tasks", reader.whole),
        base_year=None if base_year is None else reader.whole(base_year, f"{pointer}/base_year"),
        definition_version=reader.whole(version, f"{pointer}/definition_version") or 1,
        target=None
        if source.get("target") is None
        else _target(reader, source["target"], f"{pointer}/target"),
    )


def _target(reader: _Reader, value: object, pointer: str) -> NewTarget:
    source = reader.table(value, pointer, ("comparator", "value", "upper", "thresholds"))
    given = source.get("thresholds") or {}
    thresholds = reader.table(given, f"{pointer}/thresholds", list(given))
    upper = source.get("upper")
    return NewTarget(
        comparator=reader.choice(source, pointer, "comparator", Comparator),
        value_micro=reader.value(source.get("value"), f"{pointer}/value"),
        upper_micro=None if upper is None else reader.value(upper, f"{pointer}/upper"),
        thresholds_micro={
            name: reader.value(one, f"{pointer}/thresholds/{name}") for name, one in thresholds.items()
        },
    )
