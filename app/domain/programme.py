"""Programmes (托管项目): a purchase of trusteeship for small firms under a plan (plan DL task 6, TG-03)."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define


class ProgrammeStatus(StrEnum):
    """A closed programme takes no new enrolments."""

    open = "open"
    closed = "closed"


NOT_FOUND = define("programme.not_found", ErrorKind.not_found, "未找到该托管项目", "No such programme.")
