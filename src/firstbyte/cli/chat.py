"""`firstbyte chat`: a conversation in the Llama 2 template, which the demo model speaks."""

import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from firstbyte.cli.invoke import MaxTokensOption, call
from firstbyte.cli.target import TargetOption, find_target
from firstbyte.client import build_llama2_prompt, stream_tokens


def chat(
    name: Annotated[str, typer.Argument(help="The endpoint's name.")],
    system: Annotated[str | None, typer.Option("--system", "-s", help="Who the model is to be.")] = None,
    max_new_tokens: MaxTokensOption = 512,
    temperature: Annotated[float, typer.Option(min=0.01, help="How freely it words things.")] = 0.7,
    target: TargetOption = None,
) -> None:
    """Talk to an endpoint, turn by turn.

    An empty line, or the end of the input, ends the conversation.
    """
    runtime = find_target(target).client("sagemaker-runtime")
    parameters: dict[str, Any] = {
        "max_new_tokens": max_new_tokens,
        "do_sample": True,
        "temperature": temperature,
        "top_p": 0.9,
        "return_full_text": False,
    }
    messages = [{"role": "system", "content": system}] if system else []
    for question in _questions():
        messages.append({"role": "user", "content": question})
        answer = ""
        for text in stream_tokens(call(runtime, name, build_llama2_prompt(messages), parameters)):
            typer.echo(text, nl=False)
            answer += text
        typer.echo()
        messages.append({"role": "assistant", "content": answer})


def _questions() -> Iterator[str]:
    """Read the user's turns until an empty one."""
    prompt = "> " if sys.stdin.isatty() else ""
    while True:
        typer.echo(prompt, nl=False)
        line = sys.stdin.readline().strip()
        if not line:
            return
        yield line
