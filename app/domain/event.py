"""Events: what happened, readable in the order of their seals by those it concerns."""

from app.domain.errors import ErrorKind, define

NOT_FOUND = define(
    "event.not_found",
    ErrorKind.not_found,
    "未找到该事件，或该事件尚未编号",
    "No such event, or it has not been sealed yet.",
)
