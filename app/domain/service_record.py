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
NOT_IN_SERVICE = define(
    "service_record.not_in_service",
    ErrorKind.conflict,
    "托管处于“{status}”状态，服务期内或期满后方可登记服务",
    "The enrolment is in state “{status}”; services are recorded while it is active or has ended.",
)
OUTSIDE_SERVICE = define(
    "service_record.outside_service",
    ErrorKind.conflict,
    "{day} 不在本机构为该企业服务的期间内",
    "On {day} this provider did not serve the firm.",
    basis="TG-05",
)
ALREADY_ACCEPTED = define(
    "service_record.already_accepted",
    ErrorKind.conflict,
    "该服务记录已于 {accepted_on} 验收",
    "The service was accepted on {accepted_on}.",
)
EVALUATED = define(
    "service_record.evaluated",
    ErrorKind.conflict,
    "该托管已完成评价，服务记录不再变更",
    "The trusteeship has been evaluated; its service records no longer change.",
)
EVIDENCE_MISSING = define(
    "service_record.evidence_missing",
    ErrorKind.conflict,
    "代企业验收须以服务记录所附文件为凭",
    "A service is accepted for a firm on the document of its record only, and it has none.",
    basis="RB-05",
)
