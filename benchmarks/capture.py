"""What the application sends to PostgreSQL, taken down while it works, so that pgbench can send the same."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from app.domain.identifiers import new_id

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncEngine

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_PARAMETER = re.compile(r"\$(\d+)")


class Recorder:
    """Takes down every statement of an engine's connections in the order of their execution.

    SQLAlchemy tells its own; asyncpg tells BEGIN, COMMIT and what services send on the raw connection.
    Attach it before the engine connects.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._sent: list[tuple[str, Sequence[Any]]] = []
        event.listen(engine.sync_engine, "connect", self._connected)
        # After, not before: the transaction begins during the first statement.
        event.listen(engine.sync_engine, "after_cursor_execute", self._executed)

    def _connected(self, connection: Any, _: Any) -> None:
        connection.driver_connection.add_query_logger(
            lambda record: self._sent.append((record.query, record.args))
        )

    def _executed(self, _: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        self._sent.append((statement, tuple(parameters or ())))

    async def taken(self) -> list[tuple[str, Sequence[Any]]]:
        """What was sent since the last call."""
        await asyncio.sleep(0)  # asyncpg tells on the next turn of the loop
        sent, self._sent = self._sent, []
        return sent


@dataclass(frozen=True, slots=True)
class Column:
    """A parameter that differs from one execution to the next: literal pieces and tokens in turn."""

    pieces: tuple[str, ...]
    binary: bool

    def value(self, tokens: Mapping[str, str]) -> str:
        """The parameter with the tokens' values put in."""
        text = "".join(piece if place % 2 == 0 else tokens[piece] for place, piece in enumerate(self.pieces))
        return "\\x" + text.encode().hex() if self.binary else text


@dataclass(slots=True)
class Script:
    """One captured transaction as pgbench reads it, with the parameters that stay and those that differ."""

    statements: list[str] = field(default_factory=list)
    constants: dict[str, str] = field(default_factory=dict)
    columns: dict[Column, str] = field(default_factory=dict)
    minted: frozenset[str] = frozenset()

    def row(self, tokens: Mapping[str, str]) -> list[str]:
        """The parameters of one execution; ids that the application made are made anew."""
        values = {**tokens, **{old: str(new_id()) for old in sorted(self.minted)}}
        return [column.value(values) for column in self.columns]


async def script(
    sent: Sequence[tuple[str, Sequence[Any]]],
    *,
    owner: asyncpg.Connection[Any],
    since: uuid.UUID,
    tokens: Collection[str],
) -> Script:
    """Make the transaction repeatable: `tokens` are to differ, and so are ids made after `since`."""
    made = Script()
    names: dict[str, str] = {}
    minted: set[str] = set()
    known = "|".join(re.escape(token) for token in sorted(tokens, key=len, reverse=True))
    pattern = re.compile(f"({known}|{_UUID})" if known else f"({_UUID})")
    for sql, arguments in sent:
        types = await _types(owner, sql) if arguments else []
        rendered = []
        for argument, kind in zip(arguments, types, strict=True):
            if argument is None:
                rendered.append(f"NULL::{kind}")
                continue
            text, binary = _text(argument)
            pieces = _split(pattern, text, tokens, str(since))
            if len(pieces) > 1:
                column = Column(pieces, binary)
                minted |= {piece for piece in pieces[1::2] if piece not in tokens}
                name = made.columns.setdefault(column, f"p{len(made.columns)}")
            else:
                value = "\\x" + text.encode().hex() if binary else text
                name = names.setdefault(value, f"c{len(names)}")
                made.constants[name] = value
            rendered.append(f":{name}::{kind}")
        made.statements.append(_bound(sql, rendered))
    made.minted = frozenset(minted)
    return made


async def _types(owner: asyncpg.Connection[Any], sql: str) -> list[str]:
    """PostgreSQL's types of a statement's parameters."""
    prepared = await owner.prepare(sql)
    return [kind.name for kind in prepared.get_parameters()]


def _bound(sql: str, rendered: Sequence[str]) -> str:
    bound = _PARAMETER.sub(lambda match: rendered[int(match[1]) - 1], sql)
    return bound.strip().rstrip(";") + ";"


def _split(pattern: re.Pattern[str], text: str, tokens: Collection[str], since: str) -> tuple[str, ...]:
    """Literal, token, literal, ...: ids that are neither tokens nor new belong to the literals."""
    pieces = [""]
    for place, part in enumerate(pattern.split(text)):
        if place % 2 and (part in tokens or _is_new(part, since)):
            pieces += [part, ""]
        else:
            pieces[-1] += part
    return tuple(pieces)


def _is_new(part: str, since: str) -> bool:
    # UUIDv7 of one process ascend.
    return since < part < str(new_id())


def _text(value: Any) -> tuple[str, bool]:
    """A parameter as PostgreSQL reads it, and whether it is text in a bytea."""
    if isinstance(value, bytes):
        try:
            return value.decode(), True
        except UnicodeDecodeError:
            return "\\x" + value.hex(), False
    if isinstance(value, bool):
        return str(value).lower(), False
    if isinstance(value, list | tuple):
        inside = ",".join(json.dumps(_text(one)[0], ensure_ascii=False) for one in value)
        return f"{{{inside}}}", False
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False), False
    if isinstance(value, str | int | date | datetime | uuid.UUID):
        return str(value), False
    raise TypeError(f"no text form for a parameter of type {type(value).__name__}")
