"""`firstbyte invoke`: one prompt, one streamed answer."""

import json
import sys
from typing import Annotated, Any

import typer

from firstbyte.cli.target import TargetOption, find_target
from firstbyte.client import print_response_stream

MaxTokensOption = Annotated[int, typer.Option("--max-new-tokens", min=1, help="Where the answer ends at the latest.")]


def invoke(
    name: Annotated[str, typer.Argument(help="The endpoint's name.")],
    prompt: Annotated[str | None, typer.Argument(help="The prompt.", show_default="standard input")] = None,
    max_new_tokens: MaxTokensOption = 512,
    temperature: Annotated[
        float | None, typer.Option(min=0.01, help="Sample at this temperature.", show_default="the likeliest token")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Print the bytes as the container wrote them.")] = False,
    target: TargetOption = None,
) -> None:
    """Send one prompt to an endpoint and stream the answer."""
    text = sys.stdin.read() if prompt is None else prompt
    parameters: dict[str, Any] = {"max_new_tokens": max_new_tokens, "return_full_text": False}
    if temperature is not None:
        parameters |= {"do_sample": True, "temperature": temperature}
    response = call(find_target(target).client("sagemaker-runtime"), name, text, parameters)
    if raw:
        _write_bytes(response)
    else:
        print_response_stream(response)


def call(runtime: Any, name: str, prompt: str, parameters: dict[str, Any]) -> Any:
    """Invoke endpoint `name` with response streaming."""
    return runtime.invoke_endpoint_with_response_stream(
        EndpointName=name,
        Body=json.dumps({"inputs": prompt, "parameters": parameters, "stream": True}),
        ContentType="application/json",
    )


def _write_bytes(response: Any) -> None:
    out = sys.stdout.buffer
    for event in response["Body"]:
        out.write(event["PayloadPart"]["Bytes"])
        out.flush()
