"""`firstbyte exec`: a program in the environment of the local host."""

import os
from typing import Annotated

import typer

from firstbyte.cli.credentials import PortOption, find_local_host
from firstbyte.cli.errors import CommandFailed


def exec(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="The program and its arguments.")],
    port: PortOption = None,
) -> None:
    """Run a program in the environment that `env` prints.

    Example: firstbyte exec -- python notebook.py
    """
    for name, value in find_local_host(port).environment().items():
        os.putenv(name, value)
    try:
        os.execvp(command[0], command)  # noqa: S606 - the user's own command, without a shell
    except OSError as error:
        raise CommandFailed(f"{command[0]} cannot be run: {error.strerror}") from None
