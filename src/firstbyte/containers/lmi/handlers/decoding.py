"""`djl_python.encode_decode`: content read and written as its content type has it. Used by user code only."""

import csv
import io
from typing import Any

from firstbyte.containers.lmi.handlers.inputs import Input
from firstbyte.containers.lmi.handlers.outputs import Output


def decode(inputs: Input, content_type: str | None, key: str | None = None) -> Any:
    """What a request says: the value of its JSON, or `{"inputs": …}` of anything else."""
    media_type = content_type or ""
    if not media_type or "application/json" in media_type:
        return inputs.get_as_json(key) if inputs.get_as_bytes(key) else {"inputs": ""}
    if "text/csv" in media_type:
        rows = inputs.get_as_csv(key)
        is_texts = bool(rows) and "inputs" in rows[0]
        return {"inputs": [row["inputs"] for row in rows] if is_texts else rows}
    if "text/plain" in media_type:
        return {"inputs": [inputs.get_as_string(key)]}
    for prefix, read in (
        ("image/", inputs.get_as_image),
        ("tensor/npz", inputs.get_as_npz),
        ("tensor/ndlist", inputs.get_as_numpy),
        ("application/x-www-form-urlencoded", inputs.get_as_string),
    ):
        if media_type.startswith(prefix):
            return {"inputs": read(key)}
    return {"inputs": inputs.get_as_bytes(key)}


def encode(outputs: Output, prediction: Any, content_type: str | None, key: str | None = None) -> None:
    """Add a prediction to an answer, and the header that says what it is.

    Raises:
        ValueError: the content type is none that is written here.
    """
    media_type = content_type or ""
    if not media_type or "application/json" in media_type or media_type == "*/*":
        outputs.add_as_json(prediction, key).add_property("Content-Type", "application/json")
    elif "text/csv" in media_type:
        outputs.add_as_string(_as_csv(prediction), key).add_property("Content-Type", "text/csv")
    elif "tensor/npz" in media_type:
        outputs.add_as_npz(prediction, key).add_property("Content-Type", "tensor/npz")
    else:
        raise ValueError(f"a prediction is not written as {media_type} here")


def _as_csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
