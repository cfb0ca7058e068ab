"""Refusals that any request can meet, whatever it is about."""

import uuid
from collections.abc import Callable, Sequence
from datetime import date

from app.domain.errors import ErrorCode, ErrorKind, Violation, define

ExpectVersion = Callable[[int], None]
"""Refuses when the version a record has now, given to it, is not the one that the caller saw."""

MALFORMED = define(
    "request.malformed",
    ErrorKind.invalid,
    "请求内容不符合要求：{reason}",
    "The request is not well formed: {reason}.",
)
NOT_FOUND = define(
    "request.not_found", ErrorKind.not_found, "没有这个地址", "There is nothing at this address."
)
METHOD_NOT_ALLOWED = define(
    "request.method_not_allowed",
    ErrorKind.method_not_allowed,
    "此地址不支持该方法",
    "This address does not support the method.",
)
TOO_LARGE = define("request.too_large", ErrorKind.too_large, "请求体过大", "The request body is too large.")
UNSUPPORTED_MEDIA_TYPE = define(
    "request.unsupported_media_type",
    ErrorKind.unsupported,
    "请求体应为 application/json",
    "The request body must be application/json.",
)
CURSOR_INVALID = define(
    "request.cursor_invalid", ErrorKind.invalid, "分页游标无效", "The page cursor is not valid."
)
BUSY = define(
    "request.busy",
    ErrorKind.unavailable,
    "数据正被其他操作占用，请稍后用同一幂等键重试",
    "The data is in use by another operation; retry shortly with the same key.",
    retryable=True,
)
INTERNAL = define(
    "request.internal",
    ErrorKind.internal,
    "系统内部错误，请凭请求号联系运维",
    "Internal error; quote the request id to the operators.",
    retryable=True,
)
CONFLICT = define(
    "request.conflict",
    ErrorKind.conflict,
    "与已有数据冲突",
    "Conflicts with existing data.",
)
VERSION_MISMATCH = define(
    "request.version_mismatch",
    ErrorKind.precondition_failed,
    "数据已被他人修改，当前版本为 {current}",
    "The resource has changed; its current version is {current}.",
    basis="RFC 9110 §13.1.1",
)
VERSION_REQUIRED = define(
    "request.version_required",
    ErrorKind.precondition_required,
    "须提供 If-Match",
    "If-Match is required.",
    basis="RFC 6585 §3",
)
KEY_MISSING = define(
    "idempotency.key_missing",
    ErrorKind.malformed,
    "缺少 Idempotency-Key",
    "Idempotency-Key is required.",
)
KEY_INVALID = define(
    "idempotency.key_invalid",
    ErrorKind.malformed,
    "Idempotency-Key 应为 1 至 255 个可见 ASCII 字符",
    "Idempotency-Key must be 1 to 255 visible ASCII characters.",
)
KEY_REUSED = define(
    "idempotency.key_reused",
    ErrorKind.invalid,
    "该幂等键已用于内容不同的请求",
    "The key was used for a different request.",
)
IN_FLIGHT = define(
    "idempotency.in_flight",
    ErrorKind.conflict,
    "使用同一幂等键的请求正在处理",
    "A request with the same key is being processed.",
    retryable=True,
)
SANDBOX_ONLY = define(
    "clock.sandbox_only",
    ErrorKind.not_found,
    "仅沙箱环境提供测试时钟",
    "The test clock exists in a sandbox only.",
)
CLOCK_BACKWARD = define(
    "clock.backward",
    ErrorKind.conflict,
    "业务日期不能早于当前业务日期 {today}",
    "The business date cannot move back from {today}.",
)
DATE_IN_FUTURE = define(
    "request.date_in_future",
    ErrorKind.invalid,
    "日期 {day} 晚于今日 {today}",
    "The date {day} is after today, {today}.",
)
DATE_TOO_EARLY = define(
    "request.date_too_early",
    ErrorKind.invalid,
    "日期 {day} 早于 {first}",
    "The date {day} is before {first}.",
)


def date_faults(pointer: str, day: date, *, today: date, first: date | None = None) -> list[Violation]:
    """Objections to the day something is said to have happened: not after today, nor before `first`."""
    found: list[Violation] = []
    if day > today:
        found.append(DATE_IN_FUTURE.violation(pointer, day=day, today=today))
    if first is not None and day < first:
        found.append(DATE_TOO_EARLY.violation(pointer, day=day, first=first))
    return found


def asset_twice_faults(code: ErrorCode, asset_ids: Sequence[uuid.UUID]) -> list[Violation]:
    """The objection `code` to a right that is named twice in `asset_ids`."""
    return [code.violation("/asset_ids")] if len(set(asset_ids)) < len(asset_ids) else []


NOT_READY = define(
    "request.not_ready",
    ErrorKind.unavailable,
    "示例数据正在录入，尚未就绪",
    "The sample data are being entered; the service is not ready yet.",
)
