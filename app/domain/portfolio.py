"""Portfolios (高价值专利组合): rights kept together, and when they qualify (plan DL 二(三), BH 二(二))."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define


class PortfolioStatus(StrEnum):
    """A closed portfolio keeps its history and no longer qualifies."""

    active = "active"
    closed = "closed"


INVENTIONS_REQUIRED = 50
PCT_APPLICATIONS_REQUIRED = 10

NOT_FOUND = define("portfolio.not_found", ErrorKind.not_found, "未找到该专利组合", "No such portfolio.")
