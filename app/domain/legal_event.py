"""What an office announces of a right (法律状态公告), by its INPADOC code, and what it does to its status.

Codes and words are those of the EPO's list of INPADOC legal events of the authority CN. A code of the
list that changes no status here (a licence, a pledge, a change of address) is recorded and has no effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.domain.asset import CN, AssetKind, AssetStatus, NumberScheme
from app.domain.asset_number import Number, attempt
from app.domain.errors import ErrorKind, Violation, define, refuse_if
from app.domain.imports import REGISTER_UNKNOWN, VALUE_MISSING, Row, check_length, day_of, text_of
from app.domain.patent_number import parse_patent_number, parse_publication_number
from app.domain.request import date_faults
from app.domain.text import compact

CODE_UNKNOWN = define(
    "legal_event.code_unknown",
    ErrorKind.invalid,
    "法律事件代码“{given}”不在国家知识产权局的 INPADOC 代码表中",
    "Code “{given}” is not in the INPADOC list of legal events of the Chinese office.",
    basis="EPO INPADOC",
)
RIGHT_UNKNOWN = define(
    "legal_event.right_unknown",
    ErrorKind.invalid,
    "登记簿中没有号码为 {number} 的专利",
    "The register has no patent with the number {number}.",
)

CODES: Mapping[str, str] = {
    "AD01": "Patent right deemed abandoned",
    "AR01": "Abandonment of patent right to avoid double patenting",
    "ASS": "Succession or assignment of patent right",
    "AV01": "Patent right actively abandoned",
    "AV02": "Patent right partially abandoned",
    "BB1A": "Publication of application",
    "C01": "Deemed withdrawal of patent application (patent law 1993)",
    "C02": "Deemed withdrawal of patent application after publication (patent law 2001)",
    "C03": "Withdrawal of patent application (patent law 1993)",
    "C04": "Withdrawal of patent application after publication (patent law 2001)",
    "C05": "Deemed withdrawal (patent law before 1993)",
    "C06": "Publication",
    "C10": "Entry into substantive examination",
    "C12": "Rejection of a patent application after its publication",
    "C13": "Decision",
    "C14": "Grant of patent or utility model",
    "C15": (
        "Extension of patent right duration from 15 to 20 years for appl. with date before "
        "31.12.1992 and still valid on 11.12.2001 (patent law change 1993)"
    ),
    "C17": "Cessation of patent right",
    "C19": "Lapse of patent right due to non-payment of the annual fee",
    "C20": "Patent right or utility model deemed to be abandoned or is abandoned",
    "C25": "Abandonment of patent right or utility model to avoid double patenting",
    "C26": "Partial revocation of patent right or utility model",
    "C28": "Revocation of patent right or utility model",
    "C32": "Full or partial invalidation of patent right",
    "C35": "Partial or whole invalidation of patent or utility model",
    "C41": "Transfer of patent application or patent right or utility model",
    "C44": "Succession or assignment of patent right",
    "C45": "Assignment of patent right",
    "C47": "Succession or assignment of patent right (succession of patent right)",
    "C49": "Reinstatement of patent right or utility model",
    "C52": ("Restoration of the patent application or patent right (restoration of the patent application)"),
    "C53": "Correction of patent of invention or patent application",
    "C56": "Change in the name or address of the patentee",
    "C57": "Notification of unclear or unknown address",
    "C59": "Notification",
    "C60": "Other related matters",
    "C61": (
        "Other related matters missed announcement to grant the patent right of following patent "
        "application on september 13, 1989"
    ),
    "C62": "Other related matters (request for resuming procedure)",
    "CB01": "Change of bibliographic data",
    "CB02": "Change of applicant information",
    "CB03": "Change of inventor or designer information",
    "CB04": "Change of attorney information",
    "CE01": "Termination of patent right",
    "CF01": "Termination of patent right due to non-payment of annual fee",
    "CGPU": "Change to patent or to utility model",
    "CI01": "Publication of corrected invention patent application",
    "CI02": "Correction of invention patent application",
    "CI03": "Correction of invention patent",
    "COR": "Change of bibliographic data",
    "CP01": "Change in the name or title of a patent holder",
    "CP02": "Change in the address of a patent holder",
    "CP03": "Change of name, title or address",
    "CU01": "Correction of utility model",
    "CU02": "Correction of gazette and description of patent for utility model",
    "CU03": "Publication of corrected utility model",
    "CX01": "Expiry of patent term",
    "DC01": "Secret patent status has been lifted",
    "DCSP": "Declassification of secret patent",
    "DD01": "Delivery of document by public notice",
    "DE01": "Office's decision on substantive examination of patent application",
    "EC01": "Cancellation of recordation of patent licensing contract",
    "EE01": "Entry into force of recordation of patent licensing contract",
    "EM01": "Change of recordation of patent licensing contract",
    "ERR": "Gazette correction",
    "EXPY": "Termination of patent right or utility model",
    "EXSB": "Decision made by sipo to initiate substantive examination",
    "FG1K": "Grant of utility model",
    "FG4A": "Grant of patent",
    "GR01": "Patent grant",
    "GR02": "Examined patent application",
    "GR03": "Grant of secret patent right",
    "GRSP": "Grant of secret patent right",
    "IP01": "Partial invalidation of patent right",
    "IW01": "Full invalidation of patent right",
    "LIC": "Patent licence contract for exploitation submitted for record",
    "LICC": (
        "Enforcement, change and cancellation of record of contracts on the licence for "
        "exploitation of a patent or utility model"
    ),
    "MA1K": "Deemed as abandoned",
    "MK1K": "Expiration of utility model",
    "MK4A": "Expiration of patent",
    "MM1K": "Cease caused by non payment of annual fee",
    "MM4A": "Cease of patent right caused by unpayment of annual fee",
    "OL01": "Intention to license declared",
    "OL02": "Intention to license withdrawn",
    "OR01": "Other related matters",
    "PB01": "Publication",
    "PC01": "Cancellation of the registration of the contract for pledge of patent right",
    "PD01": "Discharge of preservation of patent",
    "PE01": "Entry into force of the registration of the contract for pledge of patent right",
    "PLDC": ("Enforcement, change and cancellation of contracts on pledge of patent right or utility model"),
    "PM01": "Change of the registration of the contract for pledge of patent right",
    "PP01": "Preservation of patent right",
    "RA01": "Restoration of patent right",
    "RECT": "Rectification",
    "REG": "Reference to a national code",
    "REIN": "Reinstatement of patent application or patent right",
    "REPR": "New representative",
    "RGAV": "Abandon patent right to avoid regrant",
    "RINS": "Preservation of patent right or utility model and its discharge",
    "RJ01": "Rejection of invention patent application after publication",
    "RN01": "Renewal of patent term",
    "RP01": "Partial revocation of patent right",
    "RR01": "Reinstatement of patent right",
    "RW01": "Full revocation of patent right",
    "SE01": "Entry into force of request for substantive examination",
    "TA01": "Transfer of patent application right",
    "TG01": "Patent term adjustment",
    "TP01": "Patent term extension [pharmaceutical product patent]",
    "TR01": "Transfer of patent right",
    "WD01": "Invention patent application deemed withdrawn after publication",
    "WW01": "Invention patent application withdrawn after publication",
}
"""Every code with what it says."""

GRANTS = ("C14", "FG1K", "FG4A", "GR01", "GR03", "GRSP")
"""The right was granted; the others that leave a right granted restore it."""

_S = AssetStatus
_EFFECTS: Mapping[AssetStatus, tuple[str, ...]] = {
    _S.granted: (*GRANTS, "C49", "RA01", "RR01"),
    _S.terminated_fee: ("C19", "CF01", "MM1K", "MM4A"),
    _S.expired: ("CX01", "MK1K", "MK4A"),
    _S.abandoned: (
        *("AD01", "AR01", "AV01", "C20", "C25", "MA1K", "RGAV"),
        *("C01", "C02", "C03", "C04", "C05", "WD01", "WW01"),
    ),
    _S.refused: ("C12", "RJ01"),
    _S.invalid_full: ("C28", "IW01", "RW01"),
    _S.invalid_part: ("C26", "IP01", "RP01"),
}
"""专利法第44条 (fees, abandonment), 第42条 (term), 第47条 (invalidation), 实施细则第6条 (restoration).

An application that is withdrawn, or deemed so, is abandoned. AV02, a right abandoned in part, stands.
"""
_STATUS = {code: status for status, codes in _EFFECTS.items() for code in codes}

ENDED_SOMEHOW = frozenset({"C17", "CE01", "EXPY"})
"""The right ended; the code does not say whether its term was over or its fees were not paid."""
REVIVED = frozenset({"C52", "REIN"})
"""An application or a right was restored."""
INVALIDATED_SOMEHOW = frozenset({"C32", "C35"})
"""Invalidated, in full or in part: the code does not say which."""


@dataclass(frozen=True, slots=True)
class LegalEventRow:
    """An announcement of a file. `effective_on` is the day it took effect, the announcement's unless told."""

    number: Number
    code: str
    announced_on: date
    effective_on: date | None
    text: str | None

    @property
    def since(self) -> date:
        """The day from which its status holds."""
        return self.effective_on or self.announced_on


def legal_event_row(row: Row, *, today: date) -> LegalEventRow:
    """Read an announcement of the Chinese office about a patent.

    Raises, all that apply: `import.register_unknown` (another office), the objections to the number,
    `legal_event.code_unknown`, `import.value_missing`, `import.date_format`, `import.text_too_long`,
    `request.date_in_future`.
    """
    violations: list[Violation] = []
    office = text_of(row, "office").upper()
    if office != CN:
        violations.append(REGISTER_UNKNOWN.violation("/office", given=row["office"]))
    number = attempt(violations, read_number, row["number"], today=today)
    code = compact(row["code"])
    if code not in CODES:
        violations.append(CODE_UNKNOWN.violation("/code", given=row["code"]))
    announced_on = day_of(row, "announced_on", violations)
    effective_on = day_of(row, "effective_on", violations)
    for column, day in (("announced_on", announced_on), ("effective_on", effective_on)):
        if day is not None:
            violations += date_faults(f"/{column}", day, today=today)
    check_length(text_of(row, "text"), "text", violations)
    if announced_on is None and not text_of(row, "announced_on"):
        violations.append(VALUE_MISSING.violation("/announced_on", column="announced_on"))
    refuse_if(violations)
    assert number is not None and announced_on is not None  # noqa: S101, PT018 - objected to above
    return LegalEventRow(number, code, announced_on, effective_on, text_of(row, "text") or None)


def read_number(text: str, *, today: date) -> Number:
    """A patent's application or publication number, whichever it is (ID-01 to ID-10).

    One that is neither is refused as an application number, which has a check digit to tell by.
    """
    publication = attempt([], parse_publication_number, text)
    if publication is not None:
        return Number(NumberScheme.publication, publication.canonical, publication.canonical)
    number = parse_patent_number(text, today=today, pointer="/number")
    return Number(NumberScheme.application, number.canonical, number.key)


def status_after(
    event: LegalEventRow, *, granted_on: date | None, last_day_in_force: date | None
) -> AssetStatus | None:
    """The status a right has once the announcement has taken effect; None: it stays as it is.

    `granted_on`: when it was granted, if it was. Where the code leaves open what happened: a right that
    ended after its term is expired, one that ended before lost it by its fees (the other ways have codes of
    their own); an invalidation whose text does not say how far it goes leaves the status unknown.
    """
    if event.code in REVIVED:
        granted = granted_on is not None and granted_on <= event.since
        return AssetStatus.granted if granted else AssetStatus.application
    if event.code in ENDED_SOMEHOW:
        over = last_day_in_force is not None and event.since > last_day_in_force
        return AssetStatus.expired if over else AssetStatus.terminated_fee
    if event.code in INVALIDATED_SOMEHOW:
        told = (event.text or "").casefold()
        if "部分" in told or "part" in told:
            return AssetStatus.invalid_part
        return AssetStatus.invalid_full if "全部" in told or "full" in told else AssetStatus.unknown
    return _STATUS.get(event.code)


KIND = AssetKind.patent
"""Announcements are about patents: the list has no codes for trademarks."""
