"""Papers of a transfer: for leaving the country, and for how its price was paid (TR-04, TR-06)."""

from dataclasses import dataclass
from enum import StrEnum


class ExportEvidenceType(StrEnum):
    """技术出口合同登记证书 for free, 技术出口许可证 for restricted technology (技术进出口管理条例)."""

    export_contract_registration = "export_contract_registration"
    export_licence = "export_licence"


@dataclass(frozen=True, slots=True)
class ExportEvidence:
    """The paper that shows that a right may leave the country (TR-04)."""

    type: ExportEvidenceType
    number: str

    def as_row(self) -> dict[str, str]:
        """As it is kept with the deal."""
        return {"type": self.type.value, "number": self.number}


class SettlementKind(StrEnum):
    """How the price is paid: to the owner, to the pledgee (提前清偿), or deposited (提存)."""

    direct = "direct"
    early_repayment = "early_repayment"
    escrow = "escrow"


@dataclass(frozen=True, slots=True)
class Settlement:
    """How the price was paid and the receipt that shows it (TR-06)."""

    kind: SettlementKind
    receipt_no: str | None = None

    def as_row(self) -> dict[str, str | None]:
        """As it is kept with the deal."""
        return {"kind": self.kind.value, "receipt_no": self.receipt_no}
