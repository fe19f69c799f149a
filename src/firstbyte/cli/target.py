"""The service that a command speaks to: the local host, another one by its URL, or Amazon SageMaker itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import boto3
import typer
from botocore.config import Config

from firstbyte.cli.credentials import LocalHost, find_local_host
from firstbyte.cli.errors import CommandFailed, UsageMistake
from firstbyte.settings import load_settings

AWS = "aws"

TargetOption = Annotated[
    str | None,
    typer.Option(
        "--target",
        envvar="AWS_ENDPOINT_URL",
        metavar="URL|aws",
        help="A host's URL, or `aws` for Amazon SageMaker.",
        show_default="the local host",
    ),
]


@dataclass(frozen=True, slots=True)
class Target:
    """Makes boto3 clients for one service endpoint."""

    session: Any
    """A boto3.Session with the credentials and region to use."""
    url: str | None
    """None is Amazon's own endpoints."""
    config: Config

    def client(self, service: str) -> Any:
        """Make a client of `service`."""
        return self.session.client(service, endpoint_url=self.url, config=self.config)

    def resource(self, service: str) -> Any:
        """Make a resource of `service`."""
        return self.session.resource(service, endpoint_url=self.url, config=self.config)

    @property
    def is_aws(self) -> bool:
        """Whether calls go to Amazon and cost money."""
        return self.url is None


def find_target(target: str | None) -> Target:
    """Resolve the `--target` option. Raises UsageMistake for a word that is neither a URL nor `aws`."""
    if target == AWS:
        return Target(boto3.Session(), None, _config(ignore_configured_endpoint_urls=True))
    if target is None:
        return local_target(find_local_host())
    if not target.startswith(("http://", "https://")):
        raise UsageMistake(f"--target is a URL that begins with http:// or https://, or {AWS}, not {target!r}")
    return Target(_session_for_url(), target, _config())


def local_target(host: LocalHost) -> Target:
    """Speak to the local host with its own keys, whatever the environment says."""
    session = boto3.Session(host.access_key_id, host.secret_access_key, region_name=host.region)
    return Target(session, host.url, _config())


def _session_for_url() -> Any:
    """Sign with the environment's keys; without any, with the local host's, else with whatever boto3 finds."""
    session = boto3.Session()
    if session.region_name is None:
        session = boto3.Session(region_name=load_settings().hosting.region)
    credentials = session.get_credentials()
    if credentials is not None and credentials.method == "env":
        return session
    try:
        return local_target(find_local_host()).session
    except CommandFailed:
        return session


def _config(**options: Any) -> Config:
    make: Callable[..., Config] = Config  # its signature is made at run time
    return make(read_timeout=600, retries={"mode": "standard", "total_max_attempts": 2}, **options)
