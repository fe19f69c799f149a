"""`firstbyte env`: variables for a shell, to be read with `eval "$(firstbyte env)"`."""

import shlex

import typer

from firstbyte.cli.credentials import PortOption, find_local_host


def env(port: PortOption = None) -> None:
    """Print the variables that point boto3 at the local host.

    Use it as: eval "$(firstbyte env)"
    """
    for name, value in find_local_host(port).environment().items():
        typer.echo(f"export {name}={_quoted(value)}")


def _quoted(value: str) -> str:
    """Quote for a POSIX shell, always with quotation marks."""
    quoted = shlex.quote(value)
    return quoted if quoted.startswith("'") else f"'{quoted}'"
