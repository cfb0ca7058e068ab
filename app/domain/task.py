"""Tasks (任务): what a plan asks of its departments, and the progress they report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain.errors import ErrorKind, Violation, define


class TaskProgress(StrEnum):
    """Where a task stands, by its last report."""

    not_started = "not_started"
    under_way = "under_way"
    delayed = "delayed"
    done = "done"


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task as a plan's document states it: `lead` (牵头单位) and `supporting` (责任单位) departments."""

    number: int
    section: str
    name_zh: str
    name_en: str
    lead: Sequence[str]
    supporting: Sequence[str]


NOT_FOUND = define("task.not_found", ErrorKind.not_found, "未找到该任务", "No such task.")
NOT_RESPONSIBLE = define(
    "task.not_responsible",
    ErrorKind.denied,
    "仅承担该任务的部门（{departments}）可以填报进展",
    "Only a department that answers for the task ({departments}) may report on it.",
)
PERCENT_MISMATCH = define(
    "task.percent_mismatch",
    ErrorKind.invalid,
    "进度 {percent}% 与状态“{progress}”不符：完成为 100%，未启动为 0%，其余为 0% 至 99%",
    "{percent} % does not go with “{progress}”: done is 100 %, not started 0 %, the others 0 to 99 %.",
)


def progress_faults(progress: TaskProgress, percent: int) -> list[Violation]:
    """Objections to a report: it is done exactly at 100 %, and not started only at 0 %."""
    done = percent == 100
    begun = percent > 0
    sound = done == (progress is TaskProgress.done) and not (begun and progress is TaskProgress.not_started)
    if sound:
        return []
    return [PERCENT_MISMATCH.violation("/percent", percent=percent, progress=progress.value)]
