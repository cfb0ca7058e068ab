"""What migrations say about tables beside their columns: functions, append-only tables, sequences, grants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alembic import op

WRITERS = ("ipops_app", "ipops_worker")


def append_only(tables: Iterable[str]) -> None:
    """Tables whose rows are never changed or deleted; the application's roles may insert."""
    for table in tables:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        insertable([table])


def insertable(tables: Iterable[str]) -> None:
    """Tables the application's roles may add to."""
    for table in tables:
        for writer in WRITERS:
            op.execute(f"GRANT INSERT ON {table} TO {writer}")


def updatable(columns: Mapping[str, str]) -> None:
    """Columns of tables that the application's roles may add to and change; no columns named: all of them."""
    insertable(columns)
    for table, names in columns.items():
        for writer in WRITERS:
            op.execute(f"GRANT UPDATE {f'({names}) ' if names else ''}ON {table} TO {writer}")


def sequences(names: Iterable[str]) -> None:
    """Sequences that number rows for people."""
    for name in names:
        op.execute(f"CREATE SEQUENCE {name}")
        for writer in WRITERS:
            op.execute(f"GRANT USAGE ON SEQUENCE {name} TO {writer}")


def functions(definitions: Mapping[str, str]) -> None:
    """Trigger functions by name; nobody calls them directly."""
    for name, definition in definitions.items():
        op.execute(definition)
        op.execute(f"REVOKE EXECUTE ON FUNCTION {name} FROM PUBLIC")


def drop(
    *, append_only: Iterable[str] = (), functions: Iterable[str] = (), sequences: Iterable[str] = ()
) -> None:
    """Undo: triggers of append-only tables, functions with their triggers, sequences. Grants are harmless."""
    for table in append_only:
        op.execute(f"DROP TRIGGER append_only ON {table}")
        op.execute(f"DROP TRIGGER append_only_truncate ON {table}")
    for name in functions:
        op.execute(f"DROP FUNCTION {name} CASCADE")
    for name in sequences:
        op.execute(f"DROP SEQUENCE {name}")
