"""Programmes (托管项目): a purchase of trusteeship for small firms under a plan (plan DL task 6, TG-03)."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define

MIN_SERVICE_MONTHS = 6
"""Full months of service before it counts, unless the programme says otherwise (TG-05)."""
PASS_SCORE = 60
"""Score from which a service passes, unless the programme says otherwise (TG-07)."""


class ProgrammeStatus(StrEnum):
    """A closed programme takes no new enrolments, providers or renewals; services under way go on.

    So it is with one that is over, whether or not anybody closed it.
    """

    open = "open"
    closed = "closed"


NOT_FOUND = define("programme.not_found", ErrorKind.not_found, "未找到该托管项目", "No such programme.")
CLOSED = define(
    "programme.closed",
    ErrorKind.conflict,
    "托管项目已关闭，不再受理",
    "The programme is closed and takes nothing new.",
)
OVER = define(
    "programme.over",
    ErrorKind.conflict,
    "托管项目已于 {ends_on} 期满，不再受理",
    "The programme ended on {ends_on} and takes nothing new.",
)
PERIOD_INVALID = define(
    "programme.period_invalid",
    ErrorKind.invalid,
    "项目截止日早于起始日",
    "The programme ends before it starts.",
)
BEFORE_PLAN = define(
    "programme.before_plan",
    ErrorKind.invalid,
    "项目起始日早于方案起始日 {plan_starts_on}",
    "The programme starts before its plan does, on {plan_starts_on}.",
    basis="TG-06",
)
PLAN_ELSEWHERE = define(
    "programme.plan_elsewhere",
    ErrorKind.conflict,
    "该方案属于其他区，不能在其下设立项目",
    "The plan is another district's; a programme belongs to a plan of its own.",
)
NOT_HOLDER = define(
    "programme.not_holder",
    ErrorKind.denied,
    "仅设立该托管项目的部门可以办理",
    "Only the office that set up the programme may do this.",
)
