"""The schema of each AWS service: botocore's own models, loaded when first asked for and once.

Every field, limit and status on the wire comes from here, so a newer botocore brings newer operations with it.
"""

import gzip
from pathlib import Path
from typing import Any, cast

import orjson
from botocore.loaders import Loader
from botocore.model import ServiceModel


class ServiceModels:
    """Botocore's models by service name, as in `ServiceModels().load("sagemaker-runtime")`.

    Shapes and operations are resolved by botocore as they are touched; loading `sagemaker` is one JSON parse of 2.5 MB.
    Only the models that botocore ships are used: a private model in a user's home shall not change what we serve.
    """

    def __init__(self) -> None:
        self._loader = Loader(
            extra_search_paths=[Loader.BUILTIN_DATA_PATH],
            file_loader=cast(Any, _ModelFiles()),
            include_default_search_paths=False,
        )
        self._loaded: dict[str, ServiceModel] = {}

    def load(self, service: str) -> ServiceModel:
        """Return the newest model of `service`. Raises botocore's `UnknownServiceError` if there is none."""
        if service not in self._loaded:
            description = self._loader.load_service_model(service, "service-2")
            self._loaded[service] = ServiceModel(description, service)
        return self._loaded[service]


class _ModelFiles:
    """Reads model files, in the place of botocore's `JSONFileLoader`, whose ordered dictionaries take twice as long."""

    def exists(self, file_path: str) -> bool:
        """Tell whether there is a model, whose path is given without its ending."""
        return Path(f"{file_path}.json.gz").is_file() or Path(f"{file_path}.json").is_file()

    def load_file(self, file_path: str) -> Any:
        """Return a model, or None if there is none."""
        packed, plain = Path(f"{file_path}.json.gz"), Path(f"{file_path}.json")
        if packed.is_file():
            return orjson.loads(gzip.decompress(packed.read_bytes()))
        return orjson.loads(plain.read_bytes()) if plain.is_file() else None
