"""`firstbyte exec`: a program in the environment of the local host, Amazon's own addresses included.

Beside what `env` prints, the program gets a proxy for `*.amazonaws.com`, since the SageMaker SDK makes some of its
clients with Amazon's address whatever the variables say; and the host in the place of the Hugging Face hub.
"""

import signal
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import botocore
import typer

from firstbyte.app import intercept
from firstbyte.cli.credentials import LocalHost, PortOption, find_local_host
from firstbyte.cli.errors import CommandFailed
from firstbyte.settings import load_settings, read_environment

BUNDLE_VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""Where programs look for the certificates to trust."""
HUB_PATH = "/hub"
"""Where the host serves the Hugging Face hub's API."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def exec(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="The program and its arguments.")],
    port: PortOption = None,
) -> None:
    """Run a program in the environment that `env` prints.

    Amazon's own addresses lead to the host too, and the Hugging Face hub is seen through it.
    Example: firstbyte exec -- python notebook.py
    """
    host, environment = find_local_host(port), read_environment()
    upstream_url = find_proxy(environment)
    with intercept(
        load_settings({"port": port}), host.url, trusted=read_trusted(environment), upstream_url=upstream_url
    ) as (proxy_url, bundle):
        variables = {**environment, **program_variables(host, environment, proxy_url, bundle)}
        code = run(command, variables)
    raise typer.Exit(code)


def run(command: list[str], environment: Mapping[str, str]) -> int:
    """Run a program to its end and return its exit code, as a shell would (128 + N for signal N)."""
    # Handlers, unlike SIG_IGN, are not inherited: Ctrl-C, which the terminal sends to both, ends the program only.
    before = {number: signal.signal(number, _leave_it) for number in (signal.SIGINT, signal.SIGQUIT)}
    started: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def pass_on(number: int, _frame: object) -> None:
        if started:
            started[0].send_signal(number)
        else:
            early.append(number)

    try:
        # Sent to this process alone. Set before the start: a signal in between would end this process and no other.
        before |= {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGHUP)}
        started.append(subprocess.Popen(command, env=environment))  # noqa: S603 - the user's own, without a shell
        for number in early:
            started[0].send_signal(number)
        code = started[0].wait()
    except OSError as error:
        raise CommandFailed(f"{command[0]} cannot be run: {error.strerror}") from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code


def _leave_it(_number: int, _frame: object) -> None:
    """The program will do what is to be done about the signal."""


def program_variables(host: LocalHost, environment: Mapping[str, str], proxy_url: str, bundle: Path) -> dict[str, str]:
    """The variables that a program is given beside its own."""
    direct = ",".join(direct_names(environment))
    return {
        **host.environment(),
        "HF_ENDPOINT": f"{host.url}{HUB_PATH}",
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy"), proxy_url),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), direct),
        **{name: str(bundle) for name in BUNDLE_VARIABLES},
    }


def direct_names(environment: Mapping[str, str]) -> list[str]:
    """The names that are reached without a proxy: this machine, and the user's own but for Amazon's."""
    own = environment.get("no_proxy", environment.get("NO_PROXY", "")).split(",")
    kept = [name.strip() for name in own if name.strip() and name.strip() != "*" and "amazonaws" not in name]
    return list(dict.fromkeys([*LOOPBACK, *kept]))


def find_proxy(environment: Mapping[str, str]) -> str | None:
    """The proxy that the user goes by for https so far."""
    url = environment.get("https_proxy") or environment.get("HTTPS_PROXY")
    return (url if "://" in url else f"http://{url}") if url else None


def read_trusted(environment: Mapping[str, str]) -> str:
    """The certificates (PEM) that the user's programs trust so far: those of the variables, else the system's."""
    files = [environment[name] for name in BUNDLE_VARIABLES if environment.get(name)]
    shipped = Path(botocore.__file__).parent / "cacert.pem"
    usual = ssl.get_default_verify_paths().cafile or str(shipped)
    found = [Path(file) for file in dict.fromkeys(files or [usual]) if Path(file).is_file()]
    return "".join(f"\n{file.read_text(encoding='utf-8', errors='replace')}" for file in found or [shipped])
