"""Pledges by stage of life: filing, the office's registrations, what ends them; and how their loans go."""

from app.services.pledges.batch import Item, Line, file_all
from app.services.pledges.checking import check
from app.services.pledges.classification import NewClassification, classify
from app.services.pledges.coverage import (
    limits_on,
    review as review_coverage,
    review_all as review_coverages,
    review_right as review_coverage_of_right,
    stand,
)
from app.services.pledges.covering import pool_objections
from app.services.pledges.ending import deregister, lapse, revoke
from app.services.pledges.expiring import lapse_due, remind
from app.services.pledges.filed import FiledItem, FiledPledge
from app.services.pledges.filing import file
from app.services.pledges.judging import judge, objections, unknown
from app.services.pledges.registration import Registration, refuse, register, withdraw, withdraw_filing

__all__ = [
    "FiledItem",
    "FiledPledge",
    "Item",
    "Line",
    "NewClassification",
    "Registration",
    "check",
    "classify",
    "deregister",
    "file",
    "file_all",
    "judge",
    "lapse",
    "lapse_due",
    "limits_on",
    "objections",
    "pool_objections",
    "refuse",
    "register",
    "remind",
    "review_coverage",
    "review_coverage_of_right",
    "review_coverages",
    "revoke",
    "stand",
    "unknown",
    "withdraw",
    "withdraw_filing",
]
