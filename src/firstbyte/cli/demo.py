"""`firstbyte demo`: a host of its own, both approaches of the reference workload, clean-up, and the figures."""

import dataclasses
import json
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

import firstbyte
from firstbyte.cli import workload
from firstbyte.cli.credentials import host_at
from firstbyte.cli.errors import CommandFailed
from firstbyte.cli.figures import TimedBody, Timing, measure, seconds
from firstbyte.cli.host_thread import HostThread
from firstbyte.cli.presentation import Presenter
from firstbyte.cli.screen import make_console
from firstbyte.cli.target import Target, local_target
from firstbyte.cli.workload import Container, Email
from firstbyte.client import stream_tokens
from firstbyte.settings import load_settings

MODEL_ID = "firstbyte/demo"
DEMO_MODEL_DIR = Path(firstbyte.__file__).parent / "demo_model"
"""The checkpoint that is shipped in the package."""
PREFIX = "hf-large-model-djl/firstbyte/demo"
SEED = 7
"""Makes every showing write the same emails."""

PERSONA = (
    "You are {name}, a marketing assistant at a small agency. You write short, warm emails that people like to read. "
    "Name the product early, keep every fact exactly as it was given, use an emoji or two, and close with a clear "
    "call to action."
)
TGI_EMAIL = Email("Amara Lindqvist", "Harbor Lane Software", "Tidepool Notes", "EARLYB1RD", percent=20, months=3)
LMI_EMAIL = Email("Léon Okafor", "Brightwater Kitchen", "Solstice Kettle", "SUNUP25", percent=15, months=6)


@dataclass(frozen=True, slots=True)
class Shown:
    """What one approach showed."""

    approach: str
    image: str
    in_service_s: float
    first_token_s: float
    """Since the demo began."""
    timing: Timing
    text: str
    carries_code: bool
    """Whether the email holds the coupon code, letter by letter."""


def demo(
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", dir_okay=False, help="Write the figures to this file.")
    ] = None,
    model: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Another checkpoint in the shipped one's place.", show_default=False),
    ] = DEMO_MODEL_DIR,
) -> None:
    """Show both approaches at work, from nothing to cleaned up.

    Starts a host of its own on a free port, with a temporary home; nothing that you run is touched.
    """
    began = time.perf_counter()
    if not (model / "config.json").is_file():
        raise CommandFailed(f"{model} holds no model: config.json is missing")
    signal.signal(signal.SIGTERM, _leave)
    presenter = Presenter(make_console())
    presenter.title("Firstbyte: a model behind the SageMaker API, twice, on this machine and without a network")
    with tempfile.TemporaryDirectory(prefix="firstbyte-demo-") as home:
        model_map = {} if model == DEMO_MODEL_DIR else {MODEL_ID: str(model.absolute())}
        settings = load_settings({"home": home, "port": 0, "host": "127.0.0.1", "model_map": model_map})
        with HostThread(settings) as host:
            up_s = time.perf_counter() - began
            presenter.step(f"host at {host.url}", f"up after {seconds(up_s)}")
            target = local_target(host_at(host.url, settings))
            shown = list(Show(target, presenter, model, began).run())
    if json_file:
        json_file.write_text(render_figures(up_s, shown), encoding="utf-8")
    presenter.verdict("Both approaches streamed; everything is cleaned up and the host is stopped.", good=True)


def _leave(*_: object) -> NoReturn:
    """End by SIGTERM as by Ctrl-C: through every `with`, so that no process and no folder stays behind."""
    raise SystemExit(128 + signal.SIGTERM)


class Show:
    """The programme: two approaches, then the clean-up. Raises CommandFailed for whatever was not seen."""

    def __init__(self, target: Target, presenter: Presenter, model_dir: Path, began: float) -> None:
        self._sagemaker = target.client("sagemaker")
        self._runtime = target.client("sagemaker-runtime")
        self._s3 = target.client("s3")
        self._s3_resource = target.resource("s3")
        self._presenter = presenter
        self._model_dir = model_dir
        self._began = began
        self._bucket = f"sagemaker-{target.session.region_name}-demo"

    def run(self) -> Iterator[Shown]:
        """Give what each approach showed; when this ends, all is cleaned up."""
        self._presenter.heading("1  TGI: the container loads the model by its id")
        yield self._approach("TGI", "demo-tgi", workload.tgi_container(MODEL_ID), TGI_EMAIL)

        self._presenter.heading("2  LMI: the container finds serving.properties and the model's files in S3")
        yield self._approach("LMI", "demo-lmi", self._upload(), LMI_EMAIL)

        self._presenter.heading("3  Clean-up, back to back")
        self._clean_up(["demo-tgi", "demo-lmi"])

    def _upload(self) -> Container:
        """Put the demo model into a bucket, as `upload_data` of the SageMaker SDK would."""
        began = time.perf_counter()
        self._s3.create_bucket(Bucket=self._bucket)
        with tempfile.TemporaryDirectory() as scratch:
            container = workload.lmi_container(self._s3, self._bucket, PREFIX, self._model_dir, Path(scratch))
        self._presenter.step(
            f"model files and model.tar.gz uploaded to s3://{self._bucket}", seconds(time.perf_counter() - began)
        )
        return container

    def _approach(self, approach: str, name: str, container: Container, email: Email) -> Shown:
        began = time.perf_counter()
        workload.deploy_container(self._sagemaker, name, container)
        in_service_s = time.perf_counter() - began
        self._presenter.step("CreateModel, CreateEndpointConfig, CreateEndpoint", f"InService {seconds(in_service_s)}")
        self._presenter.step(container.image.rpartition("/")[2])
        self._presenter.step("")
        self._presenter.quote(email.request())
        self._presenter.step("")

        self._warm_up(name)
        # Each call has a persona of another name, so that neither finds its prompt in the engine's prefix cache.
        prompts = [email.prompt(PERSONA.format(name=persona)) for persona in ("Juno", "Nova")]
        stream = approach == "TGI"  # LMI streams without being asked
        called_at, arrivals, text = self._stream(workload.invocation(name, prompts[0], SEED, stream=stream))
        whole_s = self._whole(workload.invocation(name, prompts[1], SEED))
        timing = measure(called_at, arrivals, whole_s)
        self._presenter.timing(timing)
        first_token_s = arrivals[0] - self._began
        return Shown(
            approach, container.image, in_service_s, first_token_s, timing, text, carries_code=email.code in text
        )

    def _warm_up(self, name: str) -> None:
        """Make one short call, so that what follows measures answers and not first uses, ours or boto3's."""
        self._runtime.invoke_endpoint(**workload.invocation(name, "Hello", SEED, max_new_tokens=1))["Body"].read()

    def _stream(self, invocation: dict[str, Any]) -> tuple[float, list[float], str]:
        """Stream one answer to the screen; give when it was asked for, when its parts came, and its text."""
        called_at = time.perf_counter()
        response = self._runtime.invoke_endpoint_with_response_stream(**invocation)
        body = TimedBody(response["Body"])
        margin = self._presenter.answer()
        text = ""
        for token in stream_tokens({**response, "Body": body}):
            margin.write(token if text else token.lstrip())
            text += token
        margin.close()
        if not text.strip() or len(body.arrivals) < 2:
            raise CommandFailed(f"{invocation['EndpointName']} did not stream: {len(body.arrivals)} parts, {text!r}")
        return called_at, body.arrivals, text

    def _whole(self, invocation: dict[str, Any]) -> float:
        """Ask for such an answer in one piece; give the seconds until it was there."""
        began = time.perf_counter()
        answer = self._runtime.invoke_endpoint(**invocation)["Body"].read()
        elapsed_s = time.perf_counter() - began
        if b"generated_text" not in answer:
            raise CommandFailed(f"{invocation['EndpointName']} answered without a text: {answer[:200]!r}")
        return elapsed_s

    def _clean_up(self, names: list[str]) -> None:
        for name in names:
            workload.clean_up(self._sagemaker, name)
        workload.delete_objects(self._s3_resource, self._bucket, PREFIX)
        self._presenter.step("DeleteEndpoint, DeleteEndpointConfig, DeleteModel, for both; DeleteObjects")
        if left := workload.leftovers(self._sagemaker, self._s3, self._bucket, names):
            raise CommandFailed(f"left behind after the clean-up: {', '.join(left)}")
        self._presenter.step("endpoints, configurations, models, objects", "nothing is left")


def render_figures(up_s: float, shown: list[Shown]) -> str:
    """Write the figures as JSON; durations are in seconds."""
    figures = {
        "version": firstbyte.__version__,
        "host_up_s": up_s,
        "first_token_s": shown[0].first_token_s,
        "approaches": [dataclasses.asdict(each) for each in shown],
    }
    return json.dumps(figures, indent=2, ensure_ascii=False) + "\n"
