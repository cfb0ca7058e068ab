"""Plans as data: departments, tasks and their reports, indicators and their targets."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.indicator import Category, Comparator, IndicatorKind, SourceKind
from app.domain.task import TaskProgress
from app.models.base import Base, OperationalMixin, one_of


class Plan(OperationalMixin, Base):
    """A government plan over whole calendar years."""

    __tablename__ = "plans"
    __table_args__ = (CheckConstraint("ends_on > starts_on", name="term"), UniqueConstraint("code"))

    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    basis: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]
    version: Mapped[int]


class PlanDepartment(OperationalMixin, Base):
    """A department a plan names, and the organisation that answers for it once one does."""

    __tablename__ = "plan_departments"
    __table_args__ = (UniqueConstraint("plan_id", "name"),)

    plan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("plans.id"))
    name: Mapped[str]
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisations.id"))


class Task(OperationalMixin, Base):
    """A numbered task of a plan. `lead` (牵头单位) and `supporting` (责任单位) name its departments."""

    __tablename__ = "tasks"
    __table_args__ = (UniqueConstraint("plan_id", "number"),)

    plan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("plans.id"))
    number: Mapped[int] = mapped_column(SmallInteger)
    section: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    lead: Mapped[list[str]]
    supporting: Mapped[list[str]]


class TaskReport(OperationalMixin, Base):
    """What a department reports on a task; the last report is where the task stands. Append-only."""

    __tablename__ = "task_reports"
    __table_args__ = (
        one_of("progress", TaskProgress),
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
        Index("ix_task_reports_task_id", "task_id"),
        Index("ix_task_reports_event_id", "event_id"),
    )

    task_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tasks.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisations.id"))
    progress: Mapped[str]
    percent: Mapped[int] = mapped_column(SmallInteger)
    note: Mapped[str]
    document_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("documents.id"))
    occurred_on: Mapped[date]
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("events.id"))
    recorded_at: Mapped[datetime]


class Indicator(OperationalMixin, Base):
    """What a plan measures. `measures` are summed from facts, `components` are what departments report.

    `base_year` is the year a growth is reckoned from (ST-02); `departments` answer for the figure, and
    `task_numbers` are the tasks whose text asks for it.
    """

    __tablename__ = "indicators"
    __table_args__ = (
        one_of("category", Category),
        one_of("kind", IndicatorKind),
        one_of("source", SourceKind),
        CheckConstraint("kind <> 'growth' OR base_year IS NOT NULL", name="base_year_of_growth"),
        UniqueConstraint("plan_id", "code"),
    )

    plan_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("plans.id"))
    code: Mapped[str]
    ordinal: Mapped[int] = mapped_column(SmallInteger)
    category: Mapped[str]
    kind: Mapped[str]
    source: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    wording: Mapped[str]
    unit: Mapped[str]
    base_year: Mapped[int | None] = mapped_column(SmallInteger)
    measures: Mapped[list[str]]
    components: Mapped[list[str]]
    departments: Mapped[list[str]]
    rules: Mapped[list[str]]
    task_numbers: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    definition_version: Mapped[int] = mapped_column(SmallInteger)


class Target(OperationalMixin, Base):
    """What an indicator is to reach, in millionths of its unit. A growth's is a yearly rate in percent.

    `upper_micro` closes a range such as 3–5; `thresholds` are what each counted object must reach, by
    component, in millionths too.
    """

    __tablename__ = "targets"
    __table_args__ = (
        one_of("comparator", Comparator),
        CheckConstraint("upper_micro >= value_micro", name="range"),
        UniqueConstraint("indicator_id"),
    )

    indicator_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("indicators.id"))
    comparator: Mapped[str]
    value_micro: Mapped[int]
    upper_micro: Mapped[int | None]
    thresholds: Mapped[dict[str, Any]]
