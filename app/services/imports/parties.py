"""Organisations with their 统一社会信用代码 (ID-15 to ID-18), and the parties that names stand for."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from app.domain.district import OUTSIDE_EVERY_PLAN
from app.domain.imports import SOURCE, PartyRow
from app.domain.party import IdentifierScheme, PartyKind
from app.domain.text import name_key
from app.queries.driver import driver
from app.services.imports.work import Change, Entry, Outcome, Record, Work
from app.services.parties.histories import keep_first

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

COUNTRY = "CN"
"""Where organisations with a 统一社会信用代码 are registered."""

_KNOWN = """
SELECT i.value, p.id, p.name, p.address, p.registered_on, p.district_code
FROM parties p JOIN party_identifiers i ON i.party_id = p.id
WHERE i.scheme = 'uscc' AND i.value = ANY($1) ORDER BY p.id FOR NO KEY UPDATE OF p
"""
_DISTRICTS = "SELECT code FROM districts WHERE code = ANY($1)"
_BY_NAME = """
SELECT p.name_key, p.kind, p.id,
       EXISTS (SELECT 1 FROM party_identifiers i WHERE i.party_id = p.id) AS identified
FROM parties p
JOIN (SELECT DISTINCT name_key, kind FROM jsonb_to_recordset($1::jsonb) AS k(name_key text, kind text)) k
  ON k.name_key = p.name_key AND k.kind = p.kind
ORDER BY p.id
"""
_FIELDS = ("name", "address", "registered_on", "district_code")


async def plan(session: AsyncSession, work: Work, entries: Sequence[Entry[PartyRow]]) -> None:
    """Enter organisations that are new, and what the file says otherwise of those that are known.

    A blank cell says nothing; the district of a known party changes only when the row states one that
    exists (ID-18).
    """
    connection = await driver(session)
    found = await connection.fetch(_KNOWN, sorted({entry.row.uscc for entry in entries}))
    codes = sorted({code for entry in entries for code in _codes(entry.row)})
    districts = {row["code"] for row in await connection.fetch(_DISTRICTS, codes)}
    known: dict[str, Record] = {row["value"]: dict(row) for row in found}
    for entry in entries:
        row = entry.row
        stated = {
            "name": row.name,
            "address": row.address,
            "registered_on": row.registered_on,
            "district_code": row.district_code if row.district_code in districts else None,
        }
        record = known.get(row.uscc)
        if record is None:
            stated["district_code"] = next(code for code in _codes(row) if code in districts)
            known[row.uscc] = record = _enter(work, row.uscc, stated)
            change = Change.created
        else:
            change = _revise(work, row.uscc, record, stated)
        work.outcomes.append(Outcome(entry.raws, "party", record["id"], change))
    histories = (*work.inserts["party_names"], *work.inserts["party_districts"])
    if histories:
        await keep_first(session, {row["party_id"] for row in histories}, event_id=work.event_id)


def _codes(row: PartyRow) -> list[str]:
    """The districts a new party may be in, the best first."""
    return [code for code in (row.district_code, *row.first_districts) if code]


def _enter(work: Work, uscc: str, stated: Record) -> Record:
    record = _new(work, PartyKind.organisation, stated["name"], COUNTRY, stated)
    work.insert("party_identifiers", party_id=record["id"], scheme=IdentifierScheme.uscc, value=uscc)
    return record


def _new(work: Work, kind: PartyKind, name: str, country: str | None, stated: Record) -> Record:
    return work.known(
        "parties",
        kind=kind,
        name=name,
        name_key=name_key(name),
        country=country,
        district_code=stated.get("district_code") or OUTSIDE_EVERY_PLAN,
        address=stated.get("address"),
        registered_on=stated.get("registered_on"),
        imported=True,
        version=1,
    )


def _revise(work: Work, uscc: str, record: Record, stated: Record) -> Change:
    """What the file says otherwise of a party; one entered in this batch is changed before it is written."""
    news = {
        name: stated[name] for name in _FIELDS if stated[name] is not None and stated[name] != record[name]
    }
    if not news:
        return Change.confirmed
    for name, value in news.items():
        work.differs("party", uscc, name, record[name], value)
    record.update(news)
    record["name_key"] = name_key(record["name"])
    if "version" not in record:
        _add_history(work, record["id"], news)
        work.update("parties", record["id"], {key: record[key] for key in ("name_key", *_FIELDS)})
    return Change.changed


def _add_history(work: Work, party_id: uuid.UUID, news: Record) -> None:
    """A stored party's new name and district (AST-14, ID-18), from today on: files do not tell since when."""
    row = {"party_id": party_id, "effective_on": work.moment.today, "source": SOURCE}
    if "name" in news:
        work.known("party_names", name=news["name"], name_key=name_key(news["name"]), **row)
    if "district_code" in news:
        work.known("party_districts", district_code=news["district_code"], **row)


class Directory:
    """Parties by name, for files that name parties without identifying them.

    A name stands for the party without identifiers that bears it, else for the only identified one,
    else for a new party without identifiers: two identified parties of one name are never guessed at.
    """

    def __init__(self, work: Work, found: Iterable[tuple[str, str, uuid.UUID, bool]]) -> None:
        self._work = work
        self._parties: dict[tuple[str, str], uuid.UUID] = {}
        identified: dict[tuple[str, str], list[uuid.UUID]] = {}
        for key, kind, party_id, has_identifier in found:
            if has_identifier:
                identified.setdefault((key, kind), []).append(party_id)
            else:
                self._parties.setdefault((key, kind), party_id)
        for name, ids in identified.items():
            if len(ids) == 1:
                self._parties.setdefault(name, ids[0])

    @classmethod
    async def load(
        cls, session: AsyncSession, work: Work, names: Iterable[tuple[str, PartyKind]]
    ) -> Directory:
        """The parties that these names may stand for."""
        connection = await driver(session)
        keys = sorted({(name_key(name), kind.value) for name, kind in names})
        asked = json.dumps([{"name_key": key, "kind": kind} for key, kind in keys], ensure_ascii=False)
        rows = await connection.fetch(_BY_NAME, asked)
        return cls(work, [(row["name_key"], row["kind"], row["id"], row["identified"]) for row in rows])

    def party(
        self, name: str, kind: PartyKind = PartyKind.organisation, country: str | None = None
    ) -> uuid.UUID:
        """The party of that name, entered if there is none."""
        key = (name_key(name), kind.value)
        if key not in self._parties:
            self._parties[key] = _new(self._work, kind, name, country, {})["id"]
        return self._parties[key]

    def find(self, name: str, kind: PartyKind) -> uuid.UUID | None:
        """The party of that name, if there is one."""
        return self._parties.get((name_key(name), kind.value))

    def parties(self, names: Iterable[str]) -> list[uuid.UUID]:
        """The organisations of these names, in order, each once."""
        return list(dict.fromkeys(self.party(name) for name in names))
