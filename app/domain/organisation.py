"""Organisations: parties that use the system, each in its roles."""

from app.domain.errors import ErrorKind, define

NOT_FOUND = define(
    "organisation.not_found",
    ErrorKind.not_found,
    "没有机构 {organisation_id}",
    "There is no organisation {organisation_id}.",
)
ENROLLED = define(
    "organisation.already_enrolled",
    ErrorKind.conflict,
    "该主体已是本系统的机构",
    "This party is an organisation of the system already.",
)
