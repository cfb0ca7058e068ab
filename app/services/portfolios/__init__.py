"""Portfolios: keeping rights together, and counting those portfolios that qualify (DL-04, BH-06).

Every change of members works out anew, from the whole history, on which days the portfolio should have
begun and ceased to count, and writes the difference to what has been counted: entries may come late and
in any order.
"""

from app.services.portfolios.counting import requalify
from app.services.portfolios.keeping import NewPortfolio, add, close, open_, remove

__all__ = ["NewPortfolio", "add", "close", "open_", "remove", "requalify"]
