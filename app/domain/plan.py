"""Plans (实施方案): the government plan that a district answers for, as data."""

from app.domain.errors import ErrorKind, define

NOT_FOUND = define("plan.not_found", ErrorKind.not_found, "未找到该方案", "No such plan.")
