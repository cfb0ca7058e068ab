"""Enrolments: entering firms, their course under providers, and what counts in the end (TG-04 to TG-07)."""

from app.services.enrolments.agreeing import renew, sign
from app.services.enrolments.consenting import confirm, withdraw_consent
from app.services.enrolments.covering import merge_coverages, settle_coverages
from app.services.enrolments.ending import end, end_due, terminate, terminate_unconfirmed
from app.services.enrolments.entry import NewEnrolment, check, enrol, enrol_many
from app.services.enrolments.evaluation import Evaluation, evaluate
from app.services.enrolments.placing import change_provider, match

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
    "settle_coverages",
    "sign",
    "terminate",
    "terminate_unconfirmed",
    "withdraw_consent",
]
