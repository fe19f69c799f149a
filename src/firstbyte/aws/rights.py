"""What a key may do: the three sets of rights, and the refusal of everything else in IAM's words.

Actions are IAM's, `sagemaker:CreateModel`. Source of the refusal: IAM user guide, "Troubleshoot access denied error
messages". Called by the gateway for the services it answers, and by the edge for S3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from firstbyte.aws.errors import AccessDenied

_READING = ("Describe", "Filter", "Get", "Head", "List", "Simulate")
_INVOKING = "sagemaker:InvokeEndpoint"
_FREE = frozenset({"sts:AssumeRole", "sts:GetCallerIdentity"})
"""What everybody may ask: who they are, as on AWS, and for a session, which has no more rights than they have."""
_IAM_PREFIXES: Mapping[str, str] = {"monitoring": "cloudwatch"}
"""Services whose actions are called otherwise than their signatures' scope."""
_RESOURCES: Mapping[str, str] = {
    "EndpointName": "endpoint",
    "EndpointConfigName": "endpoint-config",
    "ModelName": "model",
}
"""Members that name a resource of SageMaker, and its kind in an ARN; the first that a call has counts."""


class Rights(StrEnum):
    """A set of rights that a key may have."""

    FULL = "full"
    READ_ONLY = "read-only"
    """Whatever only looks: Describe, List, Get, Head, Simulate; no invocations."""
    INVOKE_ONLY = "invoke-only"
    """The three ways to invoke an endpoint, and nothing else."""

    def allow(self, action: str) -> bool:
        """Whether they include an action."""
        match self:
            case Rights.READ_ONLY:
                return action in _FREE or action.partition(":")[2].startswith(_READING)
            case Rights.INVOKE_ONLY:
                return action in _FREE or action.startswith(_INVOKING)
        return True


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a key stands for."""

    arn: str
    rights: Rights = Rights.FULL

    @property
    def account_id(self) -> str:
        """The account in the ARN."""
        return self.arn.split(":")[4]

    @property
    def role_name(self) -> str:
        """The role in the ARN of an assumed role; empty for the account itself."""
        _, _, assumed = self.arn.partition(":assumed-role/")
        return assumed.partition("/")[0]

    @property
    def session_name(self) -> str:
        """The last part of the ARN of an assumed role."""
        return self.arn.rpartition("/")[2]


ROOT = Principal("arn:aws:iam::123456789012:root")
"""Whom credentials stand for that say nothing else."""


def check_access(principal: Principal, action: str, resource: str) -> None:
    """Raise AccessDenied unless `principal` may do `action`; `resource` is an ARN or `*`."""
    if not principal.rights.allow(action):
        raise AccessDenied(
            f"User: {principal.arn} is not authorized to perform: {action} on resource: {resource} "
            f"because no identity-based policy allows the {action} action"
        )


def name_action(signing_name: str, operation: str) -> str:
    """Return IAM's name of an operation of the service that signs as `signing_name`."""
    return f"{_IAM_PREFIXES.get(signing_name, signing_name)}:{operation}"


def name_resource(region: str, account_id: str, params: Mapping[str, Any]) -> str:
    """Return the ARN of what a call is about, as far as its parameters tell; `*` where they do not."""
    if isinstance(arn := params.get("ResourceArn"), str):
        return arn
    for member, kind in _RESOURCES.items():
        if isinstance(name := params.get(member), str):
            return f"arn:aws:sagemaker:{region}:{account_id}:{kind}/{name}"
    return "*"
