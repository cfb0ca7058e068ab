"""Documents (文件): bytes kept by their hash, in versions, never deleted (SE-07)."""

from __future__ import annotations

import base64
import binascii

from app.domain.errors import ErrorKind, define

MAX_BYTES = 600_000
"""What one document may hold: a request body of a megabyte less what base64 adds."""

MAX_BASE64 = (MAX_BYTES + 2) // 3 * 4
"""Characters of the longest content as it is sent."""

MAX_SHARED = 50
"""Organisations one document may be shared with."""

OCTETS = "application/octet-stream"
SERVED_AS_GIVEN = frozenset(
    {
        "application/json",
        "application/msword",
        "application/ofd",
        "application/pdf",
        "application/vnd.ms-excel",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/zip",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "text/csv",
        "text/plain",
    }
)
"""Media types that no browser runs as a page or a script; `application/ofd` is GB/T 33190."""

NOT_FOUND = define("document.not_found", ErrorKind.not_found, "未找到该文件", "No such document.")
CONTENT_INVALID = define(
    "document.content_invalid",
    ErrorKind.invalid,
    "文件内容应为非空的标准 base64 编码（RFC 4648 第4节）",
    "The content is base64 as RFC 4648 §4 has it, and not empty.",
    basis="RFC 4648 §4",
)
CONTENT_TOO_LARGE = define(
    "document.content_too_large",
    ErrorKind.too_large,
    "文件最大 {maximum} 字节",
    "A document holds at most {maximum} bytes.",
)
NOT_YOURS = define(
    "document.not_yours",
    ErrorKind.denied,
    "只有上传该文件的机构可以增加新版本",
    "Only the organisation of a document adds versions to it.",
)
VERSION_TAKEN = define(
    "document.version_taken",
    ErrorKind.conflict,
    "该文件的新版本正由其他请求写入，请重试",
    "Another request has just added this version of the document; try again.",
    retryable=True,
)
RECIPIENT_UNKNOWN = define(
    "document.recipient_unknown",
    ErrorKind.invalid,
    "共享对象 {organisation_id} 不是本系统的机构",
    "{organisation_id}, to share the document with, is no organisation of the system.",
)


def decode(content_base64: str, *, pointer: str = "/content_base64") -> bytes:
    """The bytes of a document. Raises: `document.content_invalid`, `document.content_too_large`."""
    if len(content_base64) > MAX_BASE64:
        raise CONTENT_TOO_LARGE.error(pointer, maximum=MAX_BYTES)
    try:
        content = base64.b64decode(content_base64, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CONTENT_INVALID.error(pointer) from error
    if not content:
        raise CONTENT_INVALID.error(pointer)
    if len(content) > MAX_BYTES:
        raise CONTENT_TOO_LARGE.error(pointer, maximum=MAX_BYTES)
    return content


def served_as(media_type: str) -> str:
    """The media type under which bytes go out: as given if it is harmless, else plain octets.

    What an organisation uploads is never served as a page of this service.
    """
    return media_type if media_type in SERVED_AS_GIVEN else OCTETS
