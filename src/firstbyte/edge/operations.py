"""Which parameters of SageMaker and CloudWatch do something here, which are only kept, and which are refused.

`find_unserved` holds a call against the refused ones before it reaches hosting; `render_reference` makes
docs/operations.md of the same tables and botocore's service models. What is in neither table is served. A path goes
down structures and lists: `ProductionVariants.KmsKeyId` is that member of each variant.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.model import ServiceModel

_CONTAINER_REFUSED = {
    "AdditionalModelDataSources": "one source of model data is fetched: ModelDataUrl or ModelDataSource",
    "ModelPackageName": "model packages are not hosted here: give an Image",
    "InferenceSpecificationName": "model packages are not hosted here: give an Image",
    "ModelDataSource.S3DataSource.HubAccessConfig": "SageMaker's private hubs are not hosted here",
    "ModelDataSource.S3DataSource.ManifestS3Uri": "manifests are not read: S3Uri names the data",
}
_CONTAINER_RECORDED = {
    "ImageConfig": "no image is pulled",
    "ContainerMetricsConfig": "the host's own metrics are at /metrics",
    "ModelDataSource.S3DataSource.ModelAccessConfig": "licences are between you and the model's owner",
    "ModelDataSource.S3DataSource.ETag": "the data is taken as it is",
    "ModelDataSource.S3DataSource.ManifestEtag": "manifests are not read",
}
_VARIANT_REFUSED = {
    "AcceleratorPartitionLayouts": "accelerators are not divided here",
    "CoreDumpConfig": "core dumps are not kept",
    "InstancePools": "instances have no types here",
}
_VARIANT_RECORDED = {
    "AcceleratorType": "instances have no types here",
    "CapacityReservationConfig": "there is no capacity to reserve",
    "EnableSSMAccess": "an instance is a process of this machine",
    "InferenceAmiVersion": "an instance is a process of this machine",
    "InstanceType": "an instance runs on what this machine has",
    "ManagedInstanceScaling": "counts change by UpdateEndpointWeightsAndCapacities only",
    "ServerlessConfig": "a serverless variant runs as one instance",
    "VariantInstanceProvisionTimeoutInSeconds": "an instance is there at once",
    "VolumeSizeInGB": "an instance uses this machine's disk",
}
_COMPONENT_REFUSED = {
    "Specifications": "an instance has no type here: give one Specification",
    "Specification.BaseInferenceComponentName": "adapters are not hosted here",
}
_COMPONENT_RECORDED = {
    "Specification.ComputeResourceRequirements": "a copy takes what this machine has",
    "Specification.DataCacheConfig": "every copy gets its model data anew",
    "Specification.InstanceType": "an instance runs on what this machine has",
    "Specification.SchedulingConfig": "there is one machine",
}
_VPC = "instances listen on the loopback interface only"
_ROLLBACK = "a roll-back brings the whole old fleet back at once, which is AWS's default"
_ISOLATION = "instances are processes of this machine, with its network"


def _of_each_variant(table: Mapping[str, str]) -> dict[str, str]:
    """The table of a variant's members, under every name that CreateEndpointConfig has variants under."""
    parents = ("ProductionVariants", "ShadowProductionVariants")
    return {f"{parent}.{path}": reason for parent in parents for path, reason in table.items()}


REFUSED: Mapping[str, Mapping[str, str]] = {
    "CreateModel": {
        f"{parent}.{path}": reason
        for parent in ("PrimaryContainer", "Containers")
        for path, reason in _CONTAINER_REFUSED.items()
    },
    "CreateEndpointConfig": {
        "CrossRegionTrafficConfig": "there is one region",
        "ExplainerConfig": "explainers are not hosted here",
    }
    | _of_each_variant(_VARIANT_REFUSED),
    "CreateEndpoint": {
        "DeploymentConfig.AutoRollbackConfiguration.Alarms": "CloudWatch alarms are not hosted here",
    },
    "UpdateEndpoint": {
        "DeploymentConfig.AutoRollbackConfiguration.Alarms": "CloudWatch alarms are not hosted here",
    },
    "CreateInferenceComponent": _COMPONENT_REFUSED,
    "UpdateInferenceComponent": _COMPONENT_REFUSED
    | {"DeploymentConfig.AutoRollbackConfiguration.Alarms": "CloudWatch alarms are not hosted here"},
    "UpdateEndpointWeightsAndCapacities": {
        "DesiredWeightsAndCapacities.ServerlessUpdateConfig": "variants run on instances, not serverless",
    },
    "GetMetricData": {
        "MetricDataQueries.Expression": "metric math and searches are not computed here",
        "MetricDataQueries.AccountId": "there is one account",
    },
}
"""Operation to path to why. In part hosting refuses them too, in words that need the endpoint."""

RECORDED: Mapping[str, Mapping[str, str]] = {
    "CreateModel": {
        "ExecutionRoleArn": "an instance has the rights of the host",
        "EnableNetworkIsolation": _ISOLATION,
        "VpcConfig": _VPC,
    }
    | {
        f"{parent}.{path}": reason
        for parent in ("PrimaryContainer", "Containers")
        for path, reason in _CONTAINER_RECORDED.items()
    },
    "CreateEndpointConfig": {
        "AsyncInferenceConfig.OutputConfig.KmsKeyId": "nothing is encrypted in the embedded store",
        "AsyncInferenceConfig.OutputConfig.NotificationConfig": "no notifications are sent: results lie in S3",
        "DataCaptureConfig.KmsKeyId": "nothing is encrypted in the embedded store",
        "EnableNetworkIsolation": _ISOLATION,
        "ExecutionRoleArn": "an instance has the rights of the host",
        "KmsKeyId": "nothing is encrypted on this machine's disk",
        "MetricsConfig": "metrics are current at any time",
        "VpcConfig": _VPC,
    }
    | _of_each_variant(_VARIANT_RECORDED),
    "CreateEndpoint": {"DeploymentConfig.RollingUpdatePolicy.RollbackMaximumBatchSize": _ROLLBACK},
    "UpdateEndpoint": {"DeploymentConfig.RollingUpdatePolicy.RollbackMaximumBatchSize": _ROLLBACK},
    "CreateInferenceComponent": _COMPONENT_RECORDED,
    "UpdateInferenceComponent": _COMPONENT_RECORDED
    | {"DeploymentConfig.RollingUpdatePolicy.RollbackMaximumBatchSize": _ROLLBACK},
    "InvokeEndpoint": {
        "EnableExplanations": "passed on to the container",
    },
    "GetMetricData": {"LabelOptions": "labels are given back as they are"},
    "ListMetrics": {
        "IncludeLinkedAccounts": "there is one account",
        "OwningAccount": "there is one account",
    },
}
"""Operation to path to what is to be known."""


def find_unserved(operation: str, params: Mapping[str, Any]) -> str | None:
    """Say in a sentence which parameter of a call is refused and why; None if none is."""
    for path, reason in REFUSED.get(operation, {}).items():
        if _is_given(params, path.split(".")):
            return f"{path} cannot be given: {reason}."
    return None


def _is_given(value: Any, path: Sequence[str]) -> bool:
    """Whether there is anything at the end of `path`; an empty list or structure is nothing."""
    if isinstance(value, list):
        return any(_is_given(item, path) for item in value)
    if not path:
        return value not in (None, {})
    return isinstance(value, Mapping) and path[0] in value and _is_given(value[path[0]], path[1:])


def render_reference(served: Mapping[str, Sequence[str]], models: Mapping[str, ServiceModel]) -> str:
    """Write docs/operations.md; `served` has the operations by service, `models` their botocore models."""
    lines = [_HEAD]
    for service, operations in served.items():
        # How many others there are changes with each of botocore's releases, so it is not said.
        lines.append(f"\n## {service}\n\n{len(operations)} operations are served; all others are unknown here.")
        for operation in sorted(operations):
            lines.append(f"\n### {operation}\n\n| parameter | here | |\n|---|---|---|")
            lines.extend(_rows(models[service], operation))
    return "\n".join([*lines, ""])


def _rows(model: ServiceModel, operation: str) -> Iterator[str]:
    shape = model.operation_model(operation).input_shape
    refused, recorded = REFUSED.get(operation, {}), RECORDED.get(operation, {})
    for name in shape.members if shape is not None else ():
        own = "refused" if name in refused else "recorded only" if name in recorded else "served"
        yield f"| `{name}` | {own} | {refused.get(name) or recorded.get(name, '')} |"
        below = [(path, table) for table in (refused, recorded) for path in table if path.startswith(f"{name}.")]
        for path, table in below:
            yield f"| `{path}` | {'refused' if table is refused else 'recorded only'} | {table[path]} |"


_HEAD = """# Operations and their parameters

Made from the tables of `src/firstbyte/edge/operations.py` and botocore's service models; a test checks that this page
is current. *Served*: does what AWS says. *Recorded only*: taken, and given back by Describe. *Refused*: an error that
says why. A row for a parameter inside another one is an exception to the row above it."""
