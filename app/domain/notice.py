"""Notices (提醒): something a recipient has to know or do, with the event that caused it."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define


class NoticeKind(StrEnum):
    """What a notice is about; its words are in `TEXTS`."""

    mandate_proposed = "mandate_proposed"
    offer_received = "offer_received"
    offer_answered = "offer_answered"
    consent_requested = "consent_requested"
    consent_decided = "consent_decided"
    application_received = "application_received"
    application_decided = "application_decided"
    valuation_requested = "valuation_requested"
    claim_to_check = "claim_to_check"
    claim_to_approve = "claim_to_approve"
    claim_to_release = "claim_to_release"
    claim_decided = "claim_decided"
    breaker_changed = "breaker_changed"
    enrolment_to_confirm = "enrolment_to_confirm"
    enrolment_matched = "enrolment_matched"
    observation_to_check = "observation_to_check"
    observation_decided = "observation_decided"


NOT_FOUND = define("notice.not_found", ErrorKind.not_found, "未找到该提醒", "No such notice.")
