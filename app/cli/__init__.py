"""The command line of ipops: one process to serve, and what its keeper needs around it.

Every command is a plain function; those that work with the database run a coroutine inside, for a
command that is itself a coroutine would never run.
"""

from __future__ import annotations

import signal
import sys

import typer

from app.cli import clients, database, demo, openapi, organisations, seals, serve, worker
from app.cli.console import Refusal
from app.cli.imports import app as imports_app
from app.cli.ledgers import app as ledgers_app
from app.cli.plans import app as plans_app

commands = typer.Typer(
    help="知识产权运营服务后台 · IP operations backend.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they would print local variables, secrets among them
)
commands.command("serve")(serve.serve)
commands.command("worker")(worker.work)
commands.command("migrate")(database.migrate)
commands.command("export-seals")(seals.export)
commands.command("openapi")(openapi.write)
commands.command("demo")(demo.demo)
commands.add_typer(organisations.app, name="organisation")
commands.add_typer(clients.app, name="client")
commands.add_typer(imports_app, name="import")
commands.add_typer(plans_app, name="plan")
commands.add_typer(ledgers_app, name="ledger")
commands.add_typer(seals.app, name="verify")


def main() -> None:
    """Run the command that the arguments name; a refusal is told in words, not as a traceback."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup has it ignored
            signal.signal(number, _leave)
    try:
        commands(prog_name="ipops")
    except Refusal as refusal:
        typer.echo(f"\nipops: {refusal}\n", err=True)
        sys.exit(1)


def _leave(number: int, _: object) -> None:
    """End what is under way as tidily as Ctrl-C does: the embedded PostgreSQL is left in order."""
    sys.exit(128 + number)
