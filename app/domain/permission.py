"""Who may do what: roles of the system's users, and the permissions each role carries (domain §9.1)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum

from app.domain.district import OUTSIDE_EVERY_PLAN
from app.domain.errors import ErrorKind, define


class Role(StrEnum):
    """What an organisation is to the system."""

    agency = "agency"
    sme = "sme"
    bank = "bank"
    guarantor = "guarantor"
    insurer = "insurer"
    appraiser = "appraiser"
    trustee = "trustee"
    operator = "operator"
    pool_manager = "pool_manager"
    ip_office = "ip_office"
    finance_office = "finance_office"
    treasury = "treasury"
    department = "department"
    auditor = "auditor"


REGULATORS = frozenset(
    {
        Role.operator,
        Role.pool_manager,
        Role.ip_office,
        Role.finance_office,
        Role.treasury,
        Role.auditor,
    }
)
"""Roles that see every operation of their own district (RB-01); the others see their own cases."""


class Permission(StrEnum):
    """One thing a client may be allowed to do; also its OAuth2 scope."""

    party_read = "party:read"
    party_write = "party:write"
    asset_read = "asset:read"
    asset_write = "asset:write"
    asset_status = "asset:status"
    party_merge = "party:merge"
    certificate_write = "certificate:write"
    certificate_revoke = "certificate:revoke"
    fee_write = "fee:write"
    reconciliation_read = "reconciliation:read"
    reconciliation_write = "reconciliation:write"
    reconciliation_decide = "reconciliation:decide"
    import_read = "import:read"
    listing_read = "listing:read"
    listing_write = "listing:write"
    listing_approve = "listing:approve"
    deal_read = "deal:read"
    deal_write = "deal:write"
    deal_record = "deal:record"
    pledge_read = "pledge:read"
    pledge_file = "pledge:file"
    pledge_check = "pledge:check"
    pledge_register = "pledge:register"
    pledge_amend = "pledge:amend"
    pledge_reserve = "pledge:reserve"
    loan_write = "loan:write"
    enforcement_write = "enforcement:write"
    demand_write = "demand:write"
    delegation_write = "delegation:write"
    decision_replay = "decision:replay"
    pool_read = "pool:read"
    pool_write = "pool:write"
    ledger_read = "ledger:read"
    ledger_post = "ledger:post"
    period_write = "period:write"
    bank_statement_write = "bank_statement:write"
    commitment_write = "commitment:write"
    claim_clawback = "claim:clawback"
    stress_test_write = "stress_test:write"
    statistic_read = "statistic:read"
    event_read = "event:read"
    mandate_read = "mandate:read"
    mandate_write = "mandate:write"
    offer_read = "offer:read"
    offer_write = "offer:write"
    consent_read = "consent:read"
    consent_write = "consent:write"
    portfolio_read = "portfolio:read"
    portfolio_write = "portfolio:write"
    application_read = "application:read"
    application_write = "application:write"
    application_decide = "application:decide"
    valuation_read = "valuation:read"
    valuation_write = "valuation:write"
    pledge_classify = "pledge:classify"
    claim_read = "claim:read"
    claim_write = "claim:write"
    claim_check = "claim:check"
    claim_approve = "claim:approve"
    claim_release = "claim:release"
    pool_release = "pool:release"
    policy_read = "policy:read"
    policy_write = "policy:write"
    programme_read = "programme:read"
    programme_write = "programme:write"
    provider_write = "provider:write"
    enrolment_read = "enrolment:read"
    enrolment_write = "enrolment:write"
    enrolment_check = "enrolment:check"
    enrolment_count = "enrolment:count"
    service_record_write = "service_record:write"
    plan_read = "plan:read"
    plan_write = "plan:write"
    task_report = "task:report"
    observation_read = "observation:read"
    observation_write = "observation:write"
    observation_check = "observation:check"
    document_read = "document:read"
    document_write = "document:write"
    notice_read = "notice:read"
    clock_write = "clock:write"


_P = Permission

EVERYONE = frozenset(
    {
        _P.party_read,
        _P.asset_read,
        _P.certificate_write,
        _P.reconciliation_read,
        _P.reconciliation_decide,
        _P.listing_read,
        _P.deal_read,
        _P.pledge_read,
        _P.statistic_read,
        _P.event_read,
        _P.mandate_read,
        _P.offer_read,
        _P.consent_read,
        _P.portfolio_read,
        _P.application_read,
        _P.valuation_read,
        _P.claim_read,
        _P.policy_read,
        _P.programme_read,
        _P.enrolment_read,
        _P.plan_read,
        _P.observation_read,
        _P.document_read,
        _P.document_write,
        _P.notice_read,
        _P.clock_write,
    }
)
"""Reads show each caller what it may see; moving the clock is possible in a sandbox only."""

_REPORTS = frozenset({_P.task_report, _P.observation_write})
"""What every office that a plan names may do for its own indicators and tasks."""

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.agency: EVERYONE
    | {
        _P.party_write,
        _P.asset_write,
        _P.listing_write,
        _P.deal_write,
        _P.mandate_write,
        _P.offer_write,
        _P.consent_write,
        _P.portfolio_write,
    },
    Role.sme: EVERYONE
    | {
        _P.fee_write,
        _P.listing_write,
        _P.deal_write,
        _P.mandate_write,
        _P.offer_write,
        _P.consent_write,
        _P.portfolio_write,
        _P.application_write,
        _P.pledge_check,
        _P.valuation_write,
        _P.enrolment_write,
        _P.demand_write,
    },
    Role.bank: EVERYONE
    | {
        _P.pledge_file,
        _P.pledge_check,
        _P.pledge_register,
        _P.pledge_classify,
        _P.pledge_amend,
        _P.pledge_reserve,
        _P.loan_write,
        _P.enforcement_write,
        _P.listing_write,
        _P.offer_write,
        _P.deal_write,
        _P.delegation_write,
        _P.pool_read,
        _P.consent_write,
        _P.application_decide,
        _P.valuation_write,
        _P.claim_write,
    },
    Role.guarantor: EVERYONE | {_P.pool_read},
    Role.insurer: EVERYONE | {_P.pool_read, _P.policy_write},
    Role.appraiser: EVERYONE | {_P.valuation_write},
    Role.trustee: EVERYONE | {_P.provider_write, _P.enrolment_write, _P.service_record_write, _P.fee_write},
    Role.operator: EVERYONE
    | {
        _P.party_write,
        _P.asset_write,
        _P.asset_status,
        _P.party_merge,
        _P.certificate_revoke,
        _P.fee_write,
        _P.reconciliation_write,
        _P.import_read,
        _P.listing_write,
        _P.listing_approve,
        _P.deal_write,
        _P.deal_record,
        _P.pledge_register,
        _P.pledge_amend,
        _P.demand_write,
        _P.decision_replay,
        _P.mandate_write,
        _P.offer_write,
        _P.consent_write,
        _P.portfolio_write,
        _P.enrolment_check,
    },
    Role.pool_manager: EVERYONE
    | {
        _P.pool_read,
        _P.pool_write,
        _P.ledger_read,
        _P.ledger_post,
        _P.period_write,
        _P.bank_statement_write,
        _P.commitment_write,
        _P.claim_check,
        _P.stress_test_write,
    },
    Role.ip_office: EVERYONE
    | _REPORTS
    | {
        _P.party_write,
        _P.asset_write,
        _P.asset_status,
        _P.party_merge,
        _P.certificate_revoke,
        _P.reconciliation_write,
        _P.import_read,
        _P.deal_record,
        _P.pool_read,
        _P.portfolio_write,
        _P.claim_approve,
        _P.programme_write,
        _P.enrolment_count,
        _P.plan_write,
        _P.observation_check,
        _P.decision_replay,
    },
    Role.finance_office: EVERYONE
    | _REPORTS
    | {
        _P.pool_read,
        _P.ledger_read,
        _P.claim_approve,
        _P.claim_clawback,
        _P.pool_release,
        _P.stress_test_write,
    },
    Role.treasury: EVERYONE
    | _REPORTS
    | {
        _P.pool_read,
        _P.ledger_read,
        _P.ledger_post,
        _P.period_write,
        _P.bank_statement_write,
        _P.claim_release,
    },
    Role.department: EVERYONE | _REPORTS,
    Role.auditor: (
        EVERYONE - {_P.clock_write, _P.document_write, _P.certificate_write, _P.reconciliation_decide}
    )
    | {_P.pool_read, _P.ledger_read, _P.import_read},
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is calling: a client of an organisation, with what its token grants.

    `delegation_id`: the client is another organisation's, that of the agent which acts for this one (PLG-16).
    """

    client_id: uuid.UUID
    organisation_id: uuid.UUID
    party_id: uuid.UUID
    district_code: str
    roles: frozenset[Role]
    permissions: frozenset[Permission]
    request_id: str
    delegation_id: uuid.UUID | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the token grants `permission`."""
        return permission in self.permissions

    @property
    def regulates(self) -> str | None:
        """District whose operations this caller may all see, or None. `000000` means all districts."""
        return self.district_code if self.roles & REGULATORS else None

    def oversees(self, district_code: str) -> bool:
        """Whether this caller is an authority of the district, or of all."""
        return self.regulates in {district_code, OUTSIDE_EVERY_PLAN}


def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    """All permissions that `roles` carry together."""
    return frozenset().union(*(ROLE_PERMISSIONS[role] for role in roles))


UNAUTHENTICATED = define(
    "auth.unauthenticated",
    ErrorKind.unauthenticated,
    "缺少有效的访问令牌",
    "A valid access token is required.",
)
CLIENT_REVOKED = define(
    "auth.client_revoked", ErrorKind.unauthenticated, "该客户端已停用", "This client has been revoked."
)
DENIED = define(
    "auth.denied",
    ErrorKind.denied,
    "该客户端没有 {permission} 权限",
    "This client does not hold the permission {permission}.",
)
BAD_CREDENTIALS = define(
    "auth.bad_credentials",
    ErrorKind.unauthenticated,
    "客户端标识或密钥不正确",
    "The client id or secret is wrong.",
    basis="RFC 6749 §5.2",
)
ROLE_NOT_HELD = define(
    "auth.role_not_held",
    ErrorKind.conflict,
    "该机构不具备 {role} 角色",
    "The organisation does not hold the role {role}.",
)
SCOPE_INVALID = define(
    "auth.scope_invalid",
    ErrorKind.invalid,
    "申请的权限范围超出客户端权限：{scope}",
    "The requested scope exceeds what the client holds: {scope}.",
    basis="RFC 6749 §5.2",
)
FORM_REQUIRED = define(
    "auth.form_required",
    ErrorKind.unsupported,
    "令牌请求体应为 application/x-www-form-urlencoded",
    "The body of a token request must be application/x-www-form-urlencoded.",
    basis="RFC 6749 §4.4.2",
)
GRANT_UNSUPPORTED = define(
    "auth.grant_unsupported",
    ErrorKind.invalid,
    "仅支持 client_credentials 授权方式",
    "Only the client_credentials grant is supported.",
    basis="RFC 6749 §5.2",
)

SYSTEM_ID = uuid.UUID(int=0)


def system_actor(request_id: str) -> Actor:
    """The system itself, as it acts in imports, jobs and the sandbox's sample data."""
    return Actor(
        client_id=SYSTEM_ID,
        organisation_id=SYSTEM_ID,
        party_id=SYSTEM_ID,
        district_code="000000",
        roles=frozenset({Role.operator}),
        permissions=frozenset(Permission),
        request_id=request_id,
    )
