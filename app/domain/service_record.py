"""Service records (服务记录): what a provider did for an enterprise, with evidence (TG-02, TRU-05)."""

from enum import StrEnum

from app.domain.errors import ErrorKind, define


class ServiceKind(StrEnum):
    """What was delivered (TG-02)."""

    inventory = "inventory"
    fee_watch = "fee_watch"
    policy_push = "policy_push"
    training = "training"
    visit = "visit"
    consultation = "consultation"
    search_report = "search_report"
    report = "report"
    contract_review = "contract_review"
    infringement_watch = "infringement_watch"
    management_standard = "management_standard"
    valuation_support = "valuation_support"
    dispute = "dispute"


DEFAULT_DELIVERABLES = (ServiceKind.inventory, ServiceKind.visit, ServiceKind.report)
"""What must be accepted before a service counts, unless the programme says otherwise (TG-05)."""

NOT_FOUND = define(
    "service_record.not_found", ErrorKind.not_found, "未找到该服务记录", "No such service record."
)
