"""`firstbyte up`: the host, in the foreground, until it is told to end."""

from typing import Annotated

import typer
import uvloop

from firstbyte.app import Host, serve
from firstbyte.settings import load_settings


def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option("--port", "-p", min=0, max=65535, help="0 takes a free one.", show_default="8770")
    ] = None,
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Check no signatures; on loopback only.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse what AWS refuses where this host is kind; see docs/settings.md.")
    ] = False,
    model_map: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN=MODEL", help="Serve MODEL wherever a model's id matches PATTERN; repeatable."),
    ] = None,
    log_format: Annotated[str | None, typer.Option(help="text or json.", show_default="text")] = None,
) -> None:
    """Start the host and keep it running.

    Everything else that can be set is in docs/settings.md.
    """
    settings = load_settings(
        {
            "host": host,
            "port": port,
            "auth": False if no_auth else None,
            "strict": True if strict else None,
            "model_map": model_map,
            "log_format": log_format,
        }
    )
    uvloop.run(serve(settings, on_start=announce))


def announce(host: Host) -> None:
    """Say where the host listens and what to type next."""
    server = host.settings.server
    port = host.url.rpartition(":")[2]
    beside = "" if port == "8770" else f" --port {port}"
    typer.echo(f"Firstbyte listens on {host.url}; its home is {server.home}; Ctrl-C ends it.")
    if not server.auth:
        typer.echo("Signatures are not checked (--no-auth).")
    typer.echo("In another shell:")
    typer.echo(f'  eval "$(firstbyte env{beside})"')
    typer.echo("  firstbyte deploy demo --name hello")
    typer.echo("  firstbyte chat hello")
