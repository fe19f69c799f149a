"""CreateModel, DescribeModel, ListModels, DeleteModel."""

from collections.abc import Sequence
from typing import Any

from firstbyte.hosting.definitions import MULTI_MODEL, ExecutionMode, Members, Model
from firstbyte.hosting.errors import AlreadyExists, NotFound, ValidationFailed
from firstbyte.hosting.listing import Item, list_page
from firstbyte.hosting.messages import Wording
from firstbyte.hosting.ports import Clock
from firstbyte.hosting.store.database import Store
from firstbyte.hosting.tags import read_tags, without_tags


class Models:
    """The model operations."""

    def __init__(self, store: Store, wording: Wording, clock: Clock) -> None:
        self._store = store
        self._wording = wording
        self._clock = clock

    def create(self, members: Members) -> dict[str, Any]:
        """Make a model. Its image is not looked at: an endpoint that cannot run it fails, as on AWS."""
        check_containers(members)
        name = members["ModelName"]
        model = Model(name, self._wording.arn("model", name), self._clock.now(), without_tags(members))
        if not self._store.models.add(model, read_tags(members)):
            raise AlreadyExists(self._wording.already_exists("model", name))
        return {"ModelArn": model.arn}

    def describe(self, members: Members) -> dict[str, Any]:
        """Give a model's members back, with what AWS fills in."""
        model = self._get(members["ModelName"])
        shown = dict(model.spec) | {"ModelArn": model.arn, "CreationTime": model.created_at}
        shown.setdefault("EnableNetworkIsolation", False)
        if "PrimaryContainer" in shown:
            shown["PrimaryContainer"] = _shown_container(shown["PrimaryContainer"])
        if "Containers" in shown:
            shown["Containers"] = [_shown_container(container) for container in shown["Containers"]]
        return shown

    def list(self, members: Members) -> dict[str, Any]:
        """A page of models."""
        items = (
            Item(
                model.name,
                model.created_at,
                {"ModelName": model.name, "ModelArn": model.arn, "CreationTime": model.created_at},
            )
            for model in self._store.models.all()
        )
        return list_page(items, members).members("Models")

    def delete(self, members: Members) -> dict[str, Any]:
        """Forget a model; endpoints that run it keep running."""
        name = members["ModelName"]
        if not self._store.models.delete(name):
            raise NotFound(self._wording.not_found("model", name))
        return {}

    def _get(self, name: str) -> Model:
        model = self._store.models.get(name)
        if model is None:
            raise NotFound(self._wording.not_found("model", name))
        return model


def _shown_container(spec: Members) -> dict[str, Any]:
    return {"Mode": "SingleModel", "Environment": {}} | dict(spec)


def check_containers(members: Members) -> None:
    """Refuse what this host cannot run, now and in words, rather than later in a container."""
    primary, containers = members.get("PrimaryContainer"), members.get("Containers", [])
    if bool(primary) == bool(containers):
        raise ValidationFailed("Exactly one of PrimaryContainer and Containers must be given.")
    for container in [primary] if primary else containers:
        _check_container(container)
    is_direct = members.get("InferenceExecutionConfig", {}).get("Mode") == ExecutionMode.DIRECT
    num_multi_model = sum(container.get("Mode") == MULTI_MODEL for container in containers)
    if num_multi_model > 1:
        raise ValidationFailed("More than one container in MultiModel mode is not supported with inference pipeline.")
    if num_multi_model and is_direct:
        raise ValidationFailed("A container in MultiModel mode is not supported with direct invocation.")
    if is_direct and primary:
        raise ValidationFailed("InferenceExecutionConfig.Mode Direct is for Containers: PrimaryContainer has no other.")
    _check_hostnames([container.get("ContainerHostname") for container in containers], is_direct=is_direct)


def _check_container(container: Members) -> None:
    if not container.get("Image"):
        raise ValidationFailed("An Image must be given: model packages are not hosted here.")
    if container.get("Mode") == MULTI_MODEL:
        _check_multi_model(container)
    elif container.get("MultiModelConfig"):
        raise ValidationFailed("MultiModelConfig is for containers whose Mode is MultiModel.")
    if container.get("ModelDataUrl") and container.get("ModelDataSource"):
        raise ValidationFailed("At most one of ModelDataUrl and ModelDataSource may be given.")
    check_environment(container.get("Environment", {}))


def _check_multi_model(container: Members) -> None:
    if container.get("ModelDataSource"):
        raise ValidationFailed("ModelDataSource is not supported with a container in MultiModel mode.")
    url = container.get("ModelDataUrl", "")
    if not url:
        raise ValidationFailed("ModelDataUrl must be given for a container in MultiModel mode.")
    if url.endswith((".tar.gz", ".tgz")):
        raise ValidationFailed(
            f"ModelDataUrl {url} of a container in MultiModel mode must be the prefix that its models lie below."
        )


def _check_hostnames(hostnames: Sequence[str | None], *, is_direct: bool) -> None:
    """Refuse containers that could not be told apart (API reference, ContainerDefinition, ContainerHostname)."""
    given = [hostname for hostname in hostnames if hostname]
    if is_direct and len(given) < len(hostnames):
        raise ValidationFailed("With InferenceExecutionConfig.Mode Direct every container needs a ContainerHostname.")
    if given and len(given) < len(hostnames):
        raise ValidationFailed("If any of the Containers has a ContainerHostname, every one of them must have one.")
    if len(set(given)) < len(given):
        raise ValidationFailed("The ContainerHostnames of the Containers must differ.")


def check_environment(environment: Members) -> None:
    """Refuse more than 100 variables, one longer than 1024 bytes, or more than 32 KB together."""
    sizes = [len(text.encode()) for pair in environment.items() for text in pair]
    if len(environment) > 100 or max(sizes, default=0) > 1024 or sum(sizes) > 32 * 1024:
        raise ValidationFailed(
            "The Environment may have 100 entries of at most 1024 bytes for each key and value, 32 KB together."
        )
