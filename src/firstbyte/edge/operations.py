"""Which parameters of the operations served do something here, which are only kept, and which are refused.

`find_unserved` holds a call against the refused ones before it reaches hosting; `render_reference` makes
docs/operations.md of the same tables and of members.json (see `edge.members`). What is in neither table is served. A
path goes down structures and lists: `ProductionVariants.KmsKeyId` is that member of each variant, and
`RoutingConfig.RoutingStrategy=KV_AWARE` one value of a member.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

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
_NO_PREFIXES = "requests are not routed by their prompts here"
_VARIANT_REFUSED = {
    "AcceleratorPartitionLayouts": "accelerators are not divided here",
    "CoreDumpConfig": "core dumps are not kept",
    "InstancePools": "instances have no types here",
    "RoutingConfig.PrefixAwareRoutingConfig": _NO_PREFIXES,
    "RoutingConfig.RoutingStrategy=KV_AWARE": _NO_PREFIXES,
    "RoutingConfig.RoutingStrategy=PREFIX_AWARE": _NO_PREFIXES,
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
_RIGHTS = "a session has the rights of the key that asked for it"
_ALLOWED = "the execution role may do everything"
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
    "AssumeRole": {
        "Policy": _RIGHTS,
        "PolicyArns": _RIGHTS,
        "SerialNumber": "there are no MFA devices here",
        "TokenCode": "there are no MFA devices here",
    },
    "FilterLogEvents": {"filterPattern": "events are not searched here"},
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
    "InvokeEndpoint": {"EnableExplanations": "passed on to the container", "PrefixAwareId": _NO_PREFIXES},
    "InvokeEndpointWithResponseStream": {"PrefixAwareId": _NO_PREFIXES},
    "AssumeRole": {
        "ExternalId": "no role of this account asks for one",
        "ProvidedContexts": "no policy asks for them",
        "Tags": "no policy asks for them",
        "TransitiveTagKeys": "no policy asks for them",
    },
    "SimulatePrincipalPolicy": {
        "CallerArn": _ALLOWED,
        "ContextEntries": _ALLOWED,
        "PermissionsBoundaryPolicyInputList": _ALLOWED,
        "PolicyExclusionList": _ALLOWED,
        "PolicyInputList": _ALLOWED,
        "ResourceHandlingOption": _ALLOWED,
        "ResourceOwner": _ALLOWED,
        "ResourcePolicy": _ALLOWED,
    },
    "FilterLogEvents": {
        "interleaved": "AWS ignores it too: streams are always interleaved",
        "unmask": "nothing is masked",
    },
    "GetLogEvents": {"unmask": "nothing is masked"},
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
    name, _, only = path[0].partition("=")
    if not isinstance(value, Mapping) or name not in value:
        return False
    return value[name] == only if only else _is_given(value[name], path[1:])


def render_reference(members: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Write docs/operations.md; `members` has the parameters by service and operation."""
    lines = [_HEAD]
    for service, operations in members.items():
        # How many others there are changes with each of botocore's releases, so it is not said.
        lines.append(f"\n## {service}\n\n{len(operations)} operations are served; all others are unknown here.")
        for operation in sorted(operations):
            lines.append(f"\n### {operation}\n\n| parameter | here | |\n|---|---|---|")
            lines.extend(_rows(operation, operations[operation]))
    return "\n".join([*lines, ""])


def _rows(operation: str, names: Iterable[str]) -> Iterator[str]:
    refused, recorded = REFUSED.get(operation, {}), RECORDED.get(operation, {})
    for name in names:
        own = "refused" if name in refused else "recorded only" if name in recorded else "served"
        yield f"| `{name}` | {own} | {refused.get(name) or recorded.get(name, '')} |"
        below = [(path, table) for table in (refused, recorded) for path in table if path.startswith(f"{name}.")]
        for path, table in below:
            yield f"| `{path}` | {'refused' if table is refused else 'recorded only'} | {table[path]} |"


_HEAD = """# Operations and their parameters

Made from the tables of `src/firstbyte/edge/operations.py` and the list of known parameters beside it, `members.json`; a
test checks that this page is current. A parameter or value that a newer botocore sends and that list does not have is
refused. *Served*: does what AWS says. *Recorded only*: taken, and given back by Describe. *Refused*: an error that
says why. A row for a parameter inside another one is an exception to the row above it."""
