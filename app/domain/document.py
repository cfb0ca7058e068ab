"""Documents (文件): bytes kept by their hash, in versions, never deleted (SE-07)."""

from app.domain.errors import ErrorKind, define

MAX_BYTES = 600_000
"""What one document may hold: a request body of a megabyte less what base64 adds."""

NOT_FOUND = define("document.not_found", ErrorKind.not_found, "未找到该文件", "No such document.")
