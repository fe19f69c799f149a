"""Models' own code for tests: files that a process runs, and the plan to run them."""

import os
from pathlib import Path
from typing import Any

from firstbyte.containers.lmi.handlers.entry_point import EntryPoint
from firstbyte.containers.lmi.handlers.process import WorkerPlan

MANY_WAYS = """
import os, time
from djl_python import Input, Output

started_with = None

def handle(inputs: Input):
    global started_with
    if inputs.is_empty():
        started_with = inputs.get_property("dtype")
        return None
    asked = inputs.get_as_json()
    match asked.get("do"):
        case "crash":
            os._exit(3)
        case "raise":
            raise ValueError("broken")
        case "hang":
            time.sleep(60)
        case "pid":
            return Output().add_as_json({"pid": os.getpid(), "dtype": started_with})
        case "stream":
            return Output().add_property("Content-Type", "text/plain").add_stream_content(count(asked), None)
        case "lines":
            return Output().add_stream_content([["a"], ["b"]])
        case "properties":
            return Output().add_as_json(inputs.get_properties())
    return Output().add("plain").add_property("X-Mine", "1\\n2").add_property("content-length", "9")

def count(asked):
    try:
        for index in range(asked.get("n", 3)):
            if index == asked.get("crash_at"):
                os._exit(3)
            if index == asked.get("raise_at"):
                raise ValueError("broken")
            yield f"{index} "
    finally:
        if "left" in asked:
            open(asked["left"], "w").close()
"""
"""A handler that does what it is told by the request."""


def plan(folder: Path, source: str = MANY_WAYS, **changes: Any) -> WorkerPlan:
    file = folder / "model.py"
    file.write_text(source)
    settled: dict[str, Any] = {"properties": {"dtype": "fp16"}, "loading_timeout_s": 60, "predict_timeout_s": 60}
    return WorkerPlan(
        EntryPoint(file, output_formatter=changes.pop("output_formatter", None)), dict(os.environ), **settled | changes
    )
