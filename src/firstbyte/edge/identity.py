"""STS and IAM, as much as clients of SageMaker ask: who am I, what is the execution role, and what may it do.

The SageMaker SDK takes the role out of an assumed-role ARN and refuses a plain user, so whoever signs is that role.
"""

import datetime
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from firstbyte.aws.errors import ServiceError
from firstbyte.aws.gateway import Call
from firstbyte.aws.rights import Principal, Rights

ROLE_NAME = "sagemaker_execution_role"
ROLE_ID = "AROAFIRSTBYTE00000000"
"""Role ids are 21 characters and begin with AROA."""
ROLE_SESSION_NAME = "firstbyte"
ROLE_CREATED_AT = datetime.datetime(2017, 11, 29, tzinfo=datetime.UTC)
MAX_EVALUATIONS = 100
"""Of a simulated policy in one answer, unless the caller wants fewer or more."""

_TRUST_POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def role_id(role_name: str) -> str:
    """Return the id of a role of any name, always the same."""
    if role_name == ROLE_NAME:
        return ROLE_ID
    return f"AROA{hashlib.sha256(role_name.encode()).hexdigest()[:17].upper()}"


@dataclass(frozen=True, slots=True)
class Identities:
    """The one role of the account that the host plays."""

    account_id: str

    def principal(self, session_name: str = ROLE_SESSION_NAME, rights: Rights = Rights.FULL) -> Principal:
        """Return whom a key stands for: the role, in a session called after the key."""
        return Principal(f"arn:aws:sts::{self.account_id}:assumed-role/{ROLE_NAME}/{session_name}", rights)

    async def get_caller_identity(self, call: Call) -> Mapping[str, Any]:
        """GetCallerIdentity."""
        caller = call.identity.principal if call.identity else self.principal()
        role_name = caller.role_name
        user_id = f"{role_id(role_name)}:{caller.session_name}" if role_name else caller.account_id
        return {"UserId": user_id, "Account": self.account_id, "Arn": caller.arn}

    async def get_role(self, call: Call) -> Mapping[str, Any]:
        """GetRole."""
        _check_role(call.params["RoleName"])
        return {
            "Role": {
                "Path": "/",
                "RoleName": ROLE_NAME,
                "RoleId": ROLE_ID,
                "Arn": f"arn:aws:iam::{self.account_id}:role/{ROLE_NAME}",
                "CreateDate": ROLE_CREATED_AT,
                "AssumeRolePolicyDocument": _TRUST_POLICY,
                "MaxSessionDuration": 43_200,
            }
        }

    async def simulate_principal_policy(self, call: Call) -> Mapping[str, Any]:
        """SimulatePrincipalPolicy: the role may do everything, since rights belong to keys.

        The SageMaker SDK 3 builds no model before it has asked.
        """
        _check_role(call.params["PolicySourceArn"].rpartition("/")[2])
        resources = call.params.get("ResourceArns") or ["*"]
        asked = [(action, resource) for action in call.params["ActionNames"] for resource in resources]
        marker = call.params.get("Marker", "0")
        if not (marker.isascii() and marker.isdigit() and int(marker) <= len(asked)):
            raise ServiceError("InvalidInput", f"Invalid Marker: {marker}")
        end = int(marker) + call.params.get("MaxItems", MAX_EVALUATIONS)
        results = [
            {"EvalActionName": action, "EvalResourceName": resource, "EvalDecision": "allowed"}
            for action, resource in asked[int(marker) : end]
        ]
        more = {"IsTruncated": True, "Marker": str(end)} if end < len(asked) else {"IsTruncated": False}
        return {"EvaluationResults": results, **more}


def _check_role(name: str) -> None:
    if name != ROLE_NAME:
        raise ServiceError("NoSuchEntity", f"The role with name {name} cannot be found.", status=404)
