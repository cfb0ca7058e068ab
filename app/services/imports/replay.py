"""Recorded documents taken one after another: what each does to titles, liens and statistics."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from app.domain.asset import AssetStatus, NumberScheme
from app.domain.asset_number import Numbers, read_numbers
from app.domain.district import OUTSIDE_EVERY_PLAN
from app.domain.fact import FactRole, Measure
from app.domain.imports import SOURCE
from app.domain.party import PartyKind, SuccessionKind
from app.domain.patent_number import PatentType
from app.domain.recordal import RecordalKind, RecordalRole
from app.domain.recordal_row import (
    DUPLICATE,
    TITLE_KINDS,
    NamedRight,
    RecordalRow,
)
from app.queries.driver import driver
from app.services.events import NewFact
from app.services.imports.liens import Liens
from app.services.imports.parties import Directory
from app.services.imports.register import KnownRight, Rights, number_keys
from app.services.imports.titles import pass_title
from app.services.imports.work import Entry, Record, Work

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


_REFERENCES = """
SELECT r.office, r.reference, r.id FROM recordals r
JOIN jsonb_to_recordset($1::jsonb) AS k(office text, reference text)
  ON k.office = r.office AND k.reference = r.reference
"""
_SUCCESSIONS = {
    RecordalKind.rename: SuccessionKind.rename,
    RecordalKind.merger: SuccessionKind.merger,
}


class Replay:
    """The register as one batch of documents changes it, document after document."""

    def __init__(
        self,
        work: Work,
        *,
        rights: Rights,
        directory: Directory,
        liens: Liens,
        references: dict[tuple[str, str], uuid.UUID],
    ) -> None:
        self._work = work
        self._rights = rights
        self._directory = directory
        self._liens = liens
        self._references = references

    @classmethod
    async def load(cls, session: AsyncSession, work: Work, entries: Sequence[Entry[RecordalRow]]) -> Replay:
        """What the register knows of the rights, parties and documents that these name."""
        rows = [entry.row for entry in entries]
        numbers = [
            key
            for row in rows
            for named in row.rights
            for key in number_keys(row.office, named.kind, _numbers(row, named, work.moment.today).numbers)
        ]
        rights = await Rights.load(session, work, numbers)
        names = [(name, PartyKind.organisation) for row in rows for name in (*row.assignors, *row.assignees)]
        directory = await Directory.load(session, work, names)
        pledges = sum(row.kind is RecordalKind.pledge for row in rows)
        liens = await Liens.load(session, work, rights.by_id, pledges)
        connection = await driver(session)
        asked = _references_json(rows)
        found = await connection.fetch(_REFERENCES, asked)
        references = {(row["office"], row["reference"]): row["id"] for row in found}
        return cls(work, rights=rights, directory=directory, liens=liens, references=references)

    def check(self, row: RecordalRow) -> None:
        """Whether the document can be taken; changes nothing."""
        if row.reference is not None and (row.office, row.reference) in self._references:
            raise DUPLICATE.error("/reel_frame", reference=row.reference)
        today = self._work.moment.today
        known = self._rights.find_all(
            row.office, [(named.kind, _numbers(row, named, today).numbers) for named in row.rights]
        )
        if row.kind is RecordalKind.pledge:
            self._liens.check(known)

    def apply(self, row: RecordalRow) -> uuid.UUID:
        """Take the document: itself, its parties and rights, and what it does to them."""
        recordal = self._record(row)
        recordal_id: uuid.UUID = recordal["id"]
        assignors = self._directory.parties(row.assignors)
        assignees = self._directory.parties(row.assignees)
        for role, parties in ((RecordalRole.assignor, assignors), (RecordalRole.assignee, assignees)):
            for ordinal, party_id in enumerate(parties, start=1):
                self._work.insert(
                    "recordal_parties", recordal_id=recordal_id, party_id=party_id, role=role, ordinal=ordinal
                )
        rights = [self._right(row, named) for named in row.rights]
        rights = list({right.id: right for right in rights}.values())
        for right in rights:
            self._work.insert("recordal_assets", recordal_id=recordal_id, asset_id=right.id)
        if row.kind in TITLE_KINDS:
            self._transfer(row, rights, recordal_id, assignors, assignees)
        elif row.kind is RecordalKind.correction:
            self._correct(row, rights, recordal_id, assignees)
        elif row.kind is RecordalKind.pledge:
            self._pledge(row, rights, recordal_id, assignors, assignees)
        elif row.kind in (RecordalKind.pledge_release, RecordalKind.pledge_assignment):
            self._release_or_reassign(row, rights, assignees)
        self._work.counts[f"kind.{row.kind}"] += 1
        return recordal_id

    def _record(self, row: RecordalRow) -> Record:
        recordal = self._work.known(
            "recordals",
            office=row.office,
            kind=row.kind,
            reference=row.reference,
            refers_to=row.refers_to,
            recorded_on=row.recorded_on,
            executed_on=row.executed_on,
            conveyance=row.conveyance,
            stated_rank=row.stated_rank,
            partial=row.partial,
            source=row.source,
        )
        if row.reference is not None:
            self._references[row.office, row.reference] = recordal["id"]
        return recordal

    def _right(self, row: RecordalRow, named: NamedRight) -> KnownRight:
        """The right a document names: found, completed by what it adds, or entered with owner unrecorded."""
        numbers = _numbers(row, named, self._work.moment.today)
        right = self._rights.find(row.office, named.kind, numbers.numbers)
        if right is None:
            right = self._rights.enter(
                office=row.office,
                kind=named.kind,
                numbers=numbers.numbers,
                number=numbers.quoted,
                name=named.name or numbers.quoted,
                patent_type=numbers.patent_type or _patent_type(named),
                status=AssetStatus.unknown,
                status_source=SOURCE,
            )
            if row.kind not in TITLE_KINDS:  # otherwise the document tells the first owners itself
                self._rights.add_title(right, None)
            self._work.counts["rights_created"] += 1
            return right
        news = {}
        if named.name and right.record["name"] == right.record["number"]:
            news["name"] = named.name
        if self._rights.add_numbers(right, numbers.numbers):
            news["number"] = numbers.quoted
        if news:
            right.revise(self._work, news)
        return right

    def _transfer(
        self,
        row: RecordalRow,
        rights: Sequence[KnownRight],
        recordal_id: uuid.UUID,
        assignors: Sequence[uuid.UUID],
        assignees: Sequence[uuid.UUID],
    ) -> None:
        for right in rights:
            passed = pass_title(
                self._rights,
                right,
                recordal_id=recordal_id,
                on=row.effective_on,
                before=[*assignors, *([None] if row.persons_giving else [])],
                after=[*assignees, *([None] if row.persons_receiving else [])],
            )
            self._work.counts[f"titles.{passed}"] += 1
        if row.kind is RecordalKind.transfer:
            self._count(row, Measure.transfer_count, row.asset_kind, "recordal", recordal_id)
        elif row.kind in _SUCCESSIONS and (len(assignors) == 1 or len(assignees) == 1):
            self._succeed(row, assignors, assignees)

    def _succeed(
        self, row: RecordalRow, assignors: Sequence[uuid.UUID], assignees: Sequence[uuid.UUID]
    ) -> None:
        for one in assignors:
            for other in assignees:
                if one != other:
                    self._work.known(
                        "party_successions",
                        predecessor_id=one,
                        successor_id=other,
                        kind=_SUCCESSIONS[row.kind],
                        occurred_on=row.executed_on or row.recorded_on,
                    )

    def _correct(
        self,
        row: RecordalRow,
        rights: Sequence[KnownRight],
        recordal_id: uuid.UUID,
        assignees: Sequence[uuid.UUID],
    ) -> None:
        """A correction moves a title only where the owners of today are the document's that it corrects."""
        corrected = self._references.get((row.office, row.refers_to or ""))
        for right in rights:
            live = {title["recordal_id"] for title in right.titles}
            if corrected is None or live != {corrected} or not assignees or row.persons_receiving:
                self._work.counts["corrections_without_effect"] += 1
                continue
            passed = pass_title(
                self._rights, right, recordal_id=recordal_id, on=row.effective_on, before=[], after=assignees
            )
            self._work.counts[f"corrections.{passed}"] += 1

    def _pledge(
        self,
        row: RecordalRow,
        rights: Sequence[KnownRight],
        recordal_id: uuid.UUID,
        assignors: Sequence[uuid.UUID],
        assignees: Sequence[uuid.UUID],
    ) -> None:
        pledge = self._liens.place(
            row, rights, recordal_id=recordal_id, pledgors=assignors, pledgees=assignees
        )
        self._count(row, Measure.pledge_financing_count, row.asset_kind, "pledge", pledge["id"])
        for right in rights:
            self._count(row, Measure.pledge_registration_count, right.record["kind"], "pledge", pledge["id"])

    def _release_or_reassign(
        self, row: RecordalRow, rights: Sequence[KnownRight], assignees: Sequence[uuid.UUID]
    ) -> None:
        """Only the rights that are listed; one that finds no lien has no effect and is counted."""
        found = [(right, lien) for right in rights if (lien := self._liens.find(row, right)) is not None]
        self._work.counts["liens_unmatched"] += len(rights) - len(found)
        self._work.counts["unmatched"] += not found
        if row.kind is RecordalKind.pledge_release:
            for right, lien in found:
                self._liens.release(right, lien, row.effective_on)
            self._work.counts["liens_released"] += len(found)
            return
        pledges = {lien.pledge.record["id"]: lien.pledge for _, lien in found if lien.pledge is not None}
        for pledge in pledges.values():
            self._liens.reassign(pledge, next(iter(assignees), None), row.assignees)
        self._work.counts["pledges_reassigned"] += len(pledges)

    def _count(
        self, row: RecordalRow, measure: Measure, asset_kind: str, noun: str, source_id: uuid.UUID
    ) -> None:
        basis = "recorded" if row.recorded_on else "executed"
        self._work.facts.append(
            NewFact(
                measure=measure,
                district_code=OUTSIDE_EVERY_PLAN,
                role=FactRole.internal,
                value=1,
                occurred_on=row.effective_on,
                source_noun=noun,
                source_id=source_id,
                dimensions={"office": row.office, "date_basis": basis, "asset_kind": asset_kind},
                imported=True,
            )
        )


def _numbers(row: RecordalRow, named: NamedRight, today: date) -> Numbers:
    given = {NumberScheme.application: named.application, NumberScheme.registration: named.registration}
    return read_numbers(
        named.kind, row.office, {scheme: text for scheme, text in given.items() if text}, today=today
    )


def _patent_type(named: NamedRight) -> PatentType | None:
    """US design patents begin with D; of other foreign numbers the type is not told."""
    return PatentType.design if (named.registration or "").startswith("D") else None


def _references_json(rows: Iterable[RecordalRow]) -> str:
    asked = {
        (row.office, reference) for row in rows for reference in (row.reference, row.refers_to) if reference
    }
    return json.dumps([{"office": office, "reference": reference} for office, reference in sorted(asked)])
