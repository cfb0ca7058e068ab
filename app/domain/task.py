"""Tasks (任务): what a plan asks of its departments, and the progress they report."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define


class TaskProgress(StrEnum):
    """Where a task stands, by its last report."""

    not_started = "not_started"
    under_way = "under_way"
    delayed = "delayed"
    done = "done"


NOT_FOUND = define("task.not_found", ErrorKind.not_found, "未找到该任务", "No such task.")
