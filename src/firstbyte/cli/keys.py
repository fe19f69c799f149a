"""`firstbyte keys`: named access keys of the local host, each with rights of its own."""

from typing import Annotated

import typer

from firstbyte.cli.errors import CommandFailed
from firstbyte.cli.screen import age, make_console, print_table
from firstbyte.settings import KeyRing, Rights, load_settings

HEADER = ("NAME", "ACCESS KEY", "RIGHTS", "AGE")

keys = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Make, list and take away access keys of the local host.",
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What the key is called.")]


@keys.command()
def add(
    name: NameArgument,
    rights: Annotated[Rights, typer.Option(help="What the key may do.", show_default="full")] = Rights.FULL,
) -> None:
    """Make a key and print it; its secret is not shown again."""
    made = open_ring().add(name, rights)
    typer.echo(f"export AWS_ACCESS_KEY_ID='{made.access_key_id}'")
    typer.echo(f"export AWS_SECRET_ACCESS_KEY='{made.secret_access_key}'")
    typer.echo(f"firstbyte: {name} has {rights} rights; this is the only time that its secret is shown", err=True)


@keys.command("ls")
def list_keys() -> None:
    """List the keys, without their secrets."""
    rows = [
        (key.name, key.access_key_id, key.rights.value, age(key.created_at) if key.created_at else "-")
        for key in open_ring().all()
    ]
    print_table(make_console(), HEADER, rows)


@keys.command("rm")
def remove(name: NameArgument) -> None:
    """Take a key away; a running host refuses it from the next request on."""
    gone = open_ring().remove(name)
    typer.echo(f"{name} ({gone.access_key_id}) is gone")


def open_ring() -> KeyRing:
    """Open the keys of the local host's home. Raises CommandFailed when no host ever ran there."""
    settings = load_settings()
    if not settings.credentials_file.exists():
        raise CommandFailed(f"no host has run with the home {settings.server.home} yet; `firstbyte up` starts one")
    return KeyRing(settings)
