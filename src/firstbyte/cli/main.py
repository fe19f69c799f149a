"""The command group: names, one-line helps, and the border where errors become sentences.

A command's module is imported only when the command runs, so that `firstbyte --help` needs neither boto3 nor the host.
"""

import importlib
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from firstbyte import __version__
from firstbyte.cli.errors import EXPECTED, exit_code, sentence


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: its line in `firstbyte --help`; module and function carry its name."""

    summary: str
    passes_options_on: bool = False
    """Whether options after the command's own belong to somebody else (`exec`)."""


COMMANDS = {
    "up": Entry("Start the host and keep it running."),
    "demo": Entry("Show both approaches at work, from nothing to cleaned up."),
    "env": Entry("Print the variables that point boto3 at the local host."),
    "exec": Entry("Run a program in the environment that `env` prints.", passes_options_on=True),
    "deploy": Entry("Create model, configuration and endpoint in one step."),
    "ls": Entry("List the endpoints."),
    "describe": Entry("Show an endpoint, its configuration and its model, as JSON."),
    "invoke": Entry("Send one prompt to an endpoint and stream the answer."),
    "chat": Entry("Talk to an endpoint, turn by turn."),
    "logs": Entry("Show what an endpoint's instances write."),
    "rm": Entry("Delete endpoints, configurations and models, and wait."),
    "keys": Entry("Make, list and take away access keys of the local host."),
    "doctor": Entry("Check that this machine can run the host."),
}


class Commands(TyperGroup):
    """A group whose commands are loaded when they are called, and whose errors end in a sentence."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command as ever, then put the real one in the place of its line of help."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if name else command, rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; report an expected error in one sentence on standard error."""
        try:
            return super().invoke(ctx)
        except EXPECTED as error:
            typer.echo(f"firstbyte: {sentence(error)}", err=True)
            raise typer.Exit(exit_code(error)) from error


def load_command(name: str) -> Any:
    """Import the module of one command and build the command, or the group of them (`keys`)."""
    function = getattr(importlib.import_module(f"firstbyte.cli.{name}"), name)
    if isinstance(function, typer.Typer):
        return typer.main.get_command(function)
    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    passing = {"ignore_unknown_options": True, "allow_interspersed_args": False}
    single.command(name, context_settings=passing if COMMANDS[name].passes_options_on else {})(function)
    return typer.main.get_command(single)


def _not_loaded() -> NoReturn:
    raise AssertionError("Commands.resolve_command puts the real command in place of this one")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"firstbyte {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _entry in COMMANDS.items():
    app.command(_name, help=_entry.summary)(_not_loaded)


@app.callback()
def firstbyte(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Language models behind the Amazon SageMaker real-time API, with response streaming, on any machine."""
