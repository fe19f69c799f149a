"""What TGI's two OpenAI routes have in common: the object around the choices, usage, errors, `[DONE]`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from firstbyte.containers.dialect import Generation
from firstbyte.containers.errors import ContainerError
from firstbyte.containers.exchange import Headers
from firstbyte.containers.metering import Timings
from firstbyte.containers.tgi.changes import CHAT_DONE, OBJECT_FIRST, OPENAI_ERRORS_IN_STREAMS, STOP_FOR_EOS
from firstbyte.containers.tgi.rendering import dump, error_event, error_status, event_line, timing_headers
from firstbyte.containers.versions import Version
from firstbyte.engine.requests import Finish, FinishReason

OLD_KIND = "text_completion"
"""The only name of an object before `OBJECT_FIRST`."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every object of one answer has in common."""

    version: Version
    model_id: str
    created: int
    """Seconds since 1970."""

    def wrap(self, kind: str, choices: Sequence[dict[str, Any]], *, are_choices_early: bool = False) -> dict[str, Any]:
        """The object around `choices`; a completion's chunks have them before the model."""
        model = {"model": self.model_id, "system_fingerprint": f"{self.version}-native"}
        listed = {"choices": list(choices)}
        body = listed | model if are_choices_early else model | listed
        if self.version >= OBJECT_FIRST:
            return {"object": kind, "id": "", "created": self.created, **body}
        return {"id": "", "object": OLD_KIND, "created": self.created, **body}

    def event(self, message: Any) -> bytes:
        """A message as a server-sent event."""
        return event_line(self.version, dump(message))

    def error_events(self, error: ContainerError) -> tuple[bytes, ...]:
        """The error and the end of a stream.

        TGI 2.3 and 2.4.0 drop the error of a chat and say `[DONE]` only; here it is told.
        """
        if self.version >= OPENAI_ERRORS_IN_STREAMS:
            status, _, text = error_status(error)
            return self.event({"error": {"message": text, "http_status_code": status}}), *self.end_events()
        return error_event(error, self.version), *self.end_events()

    def end_events(self) -> tuple[bytes, ...]:
        """`[DONE]`, in the versions that say it."""
        return (event_line(self.version, b"[DONE]"),) if self.version >= CHAT_DONE else ()

    def finish_reason(self, finish: Finish) -> str:
        """Why it ended, in the version's words."""
        if finish.reason == FinishReason.EOS_TOKEN and self.version >= STOP_FOR_EOS:
            return "stop"
        return finish.reason


def usage(*finishes: Finish) -> dict[str, int]:
    """Token counts of one answer, made of one generation or several."""
    num_prompt = sum(finish.num_prompt for finish in finishes)
    num_generated = sum(finish.num_generated for finish in finishes)
    return {
        "prompt_tokens": num_prompt,
        "completion_tokens": num_generated,
        "total_tokens": num_prompt + num_generated,
    }


def summed_headers(generations: Sequence[Generation], timings: Timings) -> Headers:
    """The timing headers of an answer made of several generations: every figure is their sum, without compute time."""
    rows = [timing_headers(generation, timings)[1:] for generation in generations]
    return tuple((column[0][0], str(sum(int(value) for _, value in column))) for column in zip(*rows, strict=True))
