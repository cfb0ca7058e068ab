"""Enrolments: entering firms, their course under providers, and what counts in the end (TG-04 to TG-07)."""

from app.services.enrolments.course import (
    change_provider,
    end,
    end_due,
    match,
    renew,
    sign,
    terminate,
)
from app.services.enrolments.entry import NewEnrolment, check, confirm, enrol, enrol_many, withdraw_consent
from app.services.enrolments.evaluation import Evaluation, evaluate, merge_coverages

__all__ = [
    "Evaluation",
    "NewEnrolment",
    "change_provider",
    "check",
    "confirm",
    "end",
    "end_due",
    "enrol",
    "enrol_many",
    "evaluate",
    "match",
    "merge_coverages",
    "renew",
    "sign",
    "terminate",
    "withdraw_consent",
]
