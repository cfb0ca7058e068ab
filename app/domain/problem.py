"""The catalogue of refusals as something one can look up."""

from app.domain.errors import ErrorKind, define

NOT_FOUND = define(
    "problem.not_found",
    ErrorKind.not_found,
    "没有代码为 {code} 的问题类型",
    "There is no problem with the code {code}.",
)
