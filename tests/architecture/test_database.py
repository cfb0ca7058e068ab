"""What the schema promises, asked of the database itself."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import CheckConstraint

from app.models import Base
from app.models.base import OperationalMixin
from tests.support.server import plain

Connection = asyncpg.Connection

ROLES = ("ipops_app", "ipops_read", "ipops_worker")
SEATED = {"organisations", "parties"}
"""Register tables whose `district_code` says where somebody sits, not who administers an operation."""

OPERATIONAL = {table.name for table in Base.metadata.tables.values() if "district_code" in table.c} - SEATED


@pytest.fixture
async def owner(worker_database: str) -> AsyncIterator[Connection]:
    """The schema's owner, in a transaction that is never committed."""
    connection = await asyncpg.connect(plain(worker_database))
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


async def refused(connection: Connection, statement: str) -> str | None:
    """SQLSTATE with which the statement is refused, or None when it went through."""
    savepoint = connection.transaction()
    await savepoint.start()
    try:
        await connection.execute(statement)
    except asyncpg.PostgresError as error:
        return error.sqlstate
    finally:
        await savepoint.rollback()
    return None


async def append_only(owner: Connection) -> list[str]:
    rows = await owner.fetch(
        "SELECT DISTINCT tgrelid::regclass::text AS name FROM pg_trigger"
        " WHERE tgfoid = 'refuse_change'::regproc AND tgqual IS NULL ORDER BY 1"
    )
    return [row["name"] for row in rows]


async def insert_anything(owner: Connection, table: str) -> None:
    """A row of made-up values, its own rules being suspended until the test rolls back."""
    for constraint in await owner.fetch(
        "SELECT conname FROM pg_constraint WHERE conrelid = $1::text::regclass AND contype IN ('c', 'f')",
        table,
    ):
        await owner.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{constraint["conname"]}"')
    columns = await owner.fetch(
        "SELECT column_name, data_type, udt_name FROM information_schema.columns"
        " WHERE table_name = $1 AND is_nullable = 'NO' AND is_identity = 'NO' AND is_generated = 'NEVER'",
        table,
    )
    values = {"uuid": "gen_random_uuid()", "timestamptz": "now()", "date": "current_date", "bool": "false"}
    values |= {"jsonb": "'{}'", "int8": "1", "int4": "1", "int2": "1", "bytea": "''"}
    made = [
        "'{}'" if column["data_type"] == "ARRAY" else values.get(column["udt_name"], "'x'")
        for column in columns
    ]
    names = ", ".join(f'"{column["column_name"]}"' for column in columns)
    await owner.execute("SET LOCAL session_replication_role = replica")
    await owner.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join(made)})")
    await owner.execute("SET LOCAL session_replication_role = origin")


async def test_append_only_tables_refuse_change_even_from_their_owner(owner: Connection) -> None:
    """Decision 8: UPDATE, DELETE and TRUNCATE fail by trigger for the owner, by grant for everyone else."""
    tables = await append_only(owner)
    assert {"events", "seals", "audit", "facts", "ledger_transfers", "ledger_entries"} <= set(tables)
    wrong = []
    for table in tables:
        await insert_anything(owner, table)
        column = await owner.fetchval(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0"
            " AND attidentity = '' AND attgenerated = '' ORDER BY attnum LIMIT 1",
            table,
        )
        for statement in (
            f'UPDATE {table} SET "{column}" = "{column}"',
            f"DELETE FROM {table}",
            f"TRUNCATE {table} CASCADE",
        ):
            if await refused(owner, statement) != "23001":
                wrong.append(f"owner: {statement}")
            for role in ROLES:
                await owner.execute(f"SET LOCAL ROLE {role}")
                if await refused(owner, statement) != "42501":
                    wrong.append(f"{role}: {statement}")
                await owner.execute("RESET ROLE")
    assert wrong == []


async def test_application_roles_own_nothing_and_hold_no_power(owner: Connection) -> None:
    """Decision 8: they cannot lift the rules they live under."""
    for role in ROLES:
        owned = await owner.fetchval(
            "SELECT count(*) FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid"
            " WHERE r.rolname = $1 AND d.deptype = 'o'",
            role,
        )
        power = await owner.fetchrow(
            "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication AS any_power,"
            " (SELECT count(*) FROM pg_auth_members m WHERE m.member = r.oid) AS memberships,"
            " has_schema_privilege(r.oid, 'public', 'CREATE') AS creates,"
            " (SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
            "  AND has_table_privilege(r.oid, c.oid, 'TRUNCATE, TRIGGER, REFERENCES')) AS tables"
            " FROM pg_roles r WHERE rolname = $1",
            role,
        )
        assert power is not None
        assert (owned, *power) == (0, False, 0, False, 0), role


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "DROP TRIGGER append_only ON events",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "SET session_replication_role = replica",
        "ALTER TABLE holds DROP CONSTRAINT ex_holds_licence",
        "DROP INDEX uq_holds_live_lien",
    ],
)
@pytest.mark.parametrize("role", ROLES)
async def test_application_roles_cannot_lift_a_rule(owner: Connection, role: str, statement: str) -> None:
    await owner.execute(f"SET LOCAL ROLE {role}")
    assert await refused(owner, statement) == "42501"


async def test_the_reader_reads_only(owner: Connection) -> None:
    rights = await owner.fetchval(
        "SELECT count(*) FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        " AND has_any_column_privilege('ipops_read', c.oid, 'INSERT, UPDATE')"
    )
    assert rights == 0


async def test_every_enumeration_agrees_with_its_check(owner: Connection) -> None:
    """A member added in Python and forgotten in a migration would be refused by the table."""
    rows = await owner.fetch(
        "SELECT conname, pg_get_constraintdef(oid) AS rule FROM pg_constraint WHERE contype = 'c'"
    )
    stored = {row["conname"]: set(re.findall(r"'([^']*)'::text", row["rule"])) for row in rows}
    checked, wrong = 0, {}
    for table in Base.metadata.tables.values():
        for constraint in table.constraints:
            if not isinstance(constraint, CheckConstraint) or not re.fullmatch(
                r"\w+ IN \(.*\)", str(constraint.sqltext), re.DOTALL
            ):
                continue
            checked += 1
            members = set(re.findall(r"'([^']*)'", str(constraint.sqltext)))
            name = str(constraint.name)
            if stored.get(name) != members:
                wrong[name] = (stored.get(name), members)
    assert checked > 10
    assert wrong == {}


async def test_every_operational_row_has_a_district(owner: Connection) -> None:
    """Decision 6: the district that administers the operation, in every operational table, never NULL."""
    mixed_in = {
        str(mapper.local_table)
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, OperationalMixin)
    }
    assert {"listings", "deals", "pledges"} <= mixed_in <= OPERATIONAL
    rows = await owner.fetch(
        "SELECT table_name FROM information_schema.columns"
        " WHERE column_name = 'district_code' AND is_nullable = 'NO' AND table_schema = 'public'"
    )
    assert {row["table_name"] for row in rows} >= OPERATIONAL


async def test_the_register_refers_to_no_operation(owner: Connection) -> None:
    """Decision 6: foreign keys run from operations to the register or to operations, never back."""
    rows = await owner.fetch(
        "SELECT conrelid::regclass::text AS from_table, confrelid::regclass::text AS to_table"
        " FROM pg_constraint WHERE contype = 'f'"
    )
    back = {
        f"{row['from_table']} -> {row['to_table']}"
        for row in rows
        if row["from_table"] not in OPERATIONAL and row["to_table"] in OPERATIONAL
    }
    assert back == set()


async def test_no_column_is_a_binary_fraction(owner: Connection) -> None:
    rows = await owner.fetch(
        "SELECT table_name || '.' || column_name AS name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type IN ('real', 'double precision', 'numeric', 'money')"
    )
    assert [row["name"] for row in rows] == []
