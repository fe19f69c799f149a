"""`djl_python.Input`: what a handler is called with. Used by user code only."""

import csv
import io
import json
from typing import Any


class PairList:
    """Keys and values in their order; a key may be None and may come twice."""

    def __init__(self) -> None:
        self._pairs: list[tuple[str | None, bytes]] = []

    def add(self, key: str | None = None, value: bytes = b"") -> None:
        """Put a pair at the end."""
        self._pairs.append((key, value))

    def get(self, key: str) -> bytes | None:
        """The first value of `key`; None where there is none."""
        return next((value for name, value in self._pairs if name == key), None)

    def contains(self, key: str) -> bool:
        """Whether there is a value of `key`."""
        return self.get(key) is not None

    def key_at(self, index: int) -> str | None:
        """The key of pair number `index`."""
        return self._pairs[index][0]

    def value_at(self, index: int) -> bytes:
        """The value of pair number `index`."""
        return self._pairs[index][1]

    def get_keys(self) -> list[str | None]:
        """All keys."""
        return [key for key, _ in self._pairs]

    def get_values(self) -> list[bytes]:
        """All values."""
        return [value for _, value in self._pairs]

    def size(self) -> int:
        """How many pairs there are."""
        return len(self._pairs)

    def is_empty(self) -> bool:
        """True when there is none."""
        return not self._pairs


class Input:
    """One request: properties (the model's options and the request's headers) and content."""

    def __init__(self) -> None:
        self.function_name: str | None = None
        self.properties: dict[str, Any] = {}
        self.content = PairList()

    def __str__(self) -> str:
        return f"properties: {self.properties}, content: {self.content.get_keys()}"

    def is_empty(self) -> bool:
        """True for the call that initialises the handler, before the first request."""
        return self.content.is_empty()

    def get_function_name(self) -> str | None:
        """The name of the function that is being called."""
        return self.function_name

    def get_properties(self) -> dict[str, Any]:
        """All properties."""
        return self.properties

    def get_property(self, key: str) -> Any:
        """One property, whatever the case of its name; None where it is missing."""
        return next((value for name, value in self.properties.items() if name.lower() == key.lower()), None)

    def get_content(self) -> PairList:
        """All content."""
        return self.content

    def contains_key(self, key: str) -> bool:
        """Whether there is content of that name."""
        return self.content.contains(key)

    def is_batch(self) -> bool:
        """Never here: each request is its own call."""
        return False

    def get_batch_size(self) -> int:
        """1; see `is_batch`."""
        return 1

    def get_batches(self) -> list["Input"]:
        """The requests of this call: itself."""
        return [self]

    def get_as_bytes(self, key: str | None = None) -> bytes | None:
        """Content as bytes: of `key`, or `data`, or whatever comes first; None when there is no content.

        Raises:
            KeyError: there is content, but none of that name.
        """
        if self.content.is_empty():
            return None
        if not key:
            data = self.content.get("data")
            return self.content.value_at(0) if data is None else data
        value = self.content.get(key)
        if value is None:
            raise KeyError(f"there is no content of the name {key}")
        return value

    def get_as_string(self, key: str | None = None) -> str:
        """Content as text, which has to be UTF-8."""
        return (self.get_as_bytes(key) or b"").decode()

    def get_as_json(self, key: str | None = None) -> Any:
        """Content as the value that its JSON stands for."""
        return json.loads(self.get_as_string(key))

    def get_as_csv(self, key: str | None = None) -> list[dict[str, str]]:
        """Content as the rows of a table whose first line names its columns."""
        return list(csv.DictReader(io.StringIO(self.get_as_string(key))))

    def get_as_npz(self, key: str | None = None) -> list[Any]:
        """Content as the arrays of an .npz file."""
        import numpy  # only handlers that deal in arrays pay for it

        archive = numpy.load(io.BytesIO(self.get_as_bytes(key) or b""))
        return [archive[name] for name in archive.files]

    def get_as_image(self, key: str | None = None) -> Any:
        """Content as a Pillow image; needs Pillow in this environment."""
        from PIL import Image  # type: ignore[import-not-found, unused-ignore]

        return Image.open(io.BytesIO(self.get_as_bytes(key) or b""))

    def get_as_numpy(self, key: str | None = None) -> Any:  # noqa: ARG002 - the signature is djl_python's
        """Raise: DJL's own format of arrays is not read here."""
        raise ValueError("tensor/ndlist is not read here; send tensor/npz and use get_as_npz")

    def get_data(self, key: str | None = None) -> Any:
        """Content as its content type has it: JSON, text, arrays, an image; otherwise bytes."""
        media_type = str(self.get_property("content-type") or "")
        for prefix, read in (
            ("tensor/ndlist", self.get_as_numpy),
            ("tensor/npz", self.get_as_npz),
            ("application/json", self.get_as_json),
            ("text/", self.get_as_string),
            ("image/", self.get_as_image),
        ):
            if media_type.startswith(prefix):
                return read(key)
        return self.get_as_bytes(key)
