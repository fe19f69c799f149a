"""Chat templates: the Jinja program in a checkpoint that turns messages into a prompt, run in a sandbox."""

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Self

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from firstbyte.engine.errors import CheckpointError, TemplateFailed

_GENERATION_TAG = re.compile(r"\{%-?\s*(?:end)?generation\s*-?%\}")
"""Marks what to train on; means nothing here."""
_DEFAULTS = {"add_generation_prompt": True, "tools": None, "documents": None}
"""Variables that templates take for granted."""


class ChatTemplate:
    """A compiled template with the names that Hugging Face's templates expect (`raise_exception`, `strftime_now`)."""

    def __init__(self, source: str) -> None:
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
        environment.filters["tojson"] = _to_json
        environment.globals["raise_exception"] = _raise_exception
        environment.globals["strftime_now"] = _strftime_now
        try:
            self._template = environment.from_string(_GENERATION_TAG.sub("", source))
        except jinja2.TemplateError as error:
            raise CheckpointError(f"the chat template cannot be compiled: {error}") from error

    @classmethod
    def load(cls, model_dir: Path, config: Mapping[str, Any]) -> Self | None:
        """The folder's template: chat_template.jinja, else the one in tokenizer_config.json, else None."""
        path = model_dir / "chat_template.jinja"
        if path.is_file():
            return cls(path.read_text(encoding="utf-8", errors="replace"))
        source = config.get("chat_template")
        if isinstance(source, list):  # several, each with a name
            named = [entry for entry in source if isinstance(entry, dict)]
            source = next((entry.get("template") for entry in named if entry.get("name") == "default"), None)
        return cls(source) if isinstance(source, str) else None

    def render(self, messages: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]) -> str:
        """The prompt. Raises `TemplateFailed` with the template's own words where it has any."""
        try:
            return self._template.render(_DEFAULTS | dict(variables), messages=messages)
        except Exception as error:  # a template is a program: it may fail in any way on what a client sends
            raise TemplateFailed(str(error)) from error


def _to_json(value: Any, indent: int | None = None, ensure_ascii: bool = False, sort_keys: bool = False) -> str:
    """Plain JSON: Jinja's own filter escapes for HTML, which a prompt does not want."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, sort_keys=sort_keys)


def _raise_exception(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _strftime_now(pattern: str) -> str:
    return datetime.datetime.now().astimezone().strftime(pattern)
