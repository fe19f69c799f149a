"""Who everybody is here: an assumed role, which is what the SageMaker SDK makes an execution role of."""

import json
from typing import Any

import pytest

from firstbyte.aws.claims import Scope
from firstbyte.aws.errors import ServiceError
from firstbyte.aws.gateway import Call
from firstbyte.aws.sigv4 import Identity
from firstbyte.edge.identity import Identities

ROLE_ARN = "arn:aws:iam::000000000042:role/sagemaker_execution_role"


def call(operation: str, **params: Any) -> Any:
    return Call("sts", operation, params, None, "r")


async def test_the_caller_is_an_assumed_role_of_the_account() -> None:
    identity = await Identities("000000000042").get_caller_identity(call("GetCallerIdentity"))

    assert identity["Account"] == "000000000042"
    assert identity["Arn"] == "arn:aws:sts::000000000042:assumed-role/sagemaker_execution_role/firstbyte"
    assert identity["UserId"].endswith(":firstbyte")


async def test_the_role_of_that_arn_is_there() -> None:
    role = (await Identities("000000000042").get_role(call("GetRole", RoleName="sagemaker_execution_role")))["Role"]

    assert role["Arn"] == "arn:aws:iam::000000000042:role/sagemaker_execution_role"
    assert len(role["RoleId"]) == 21
    trusted = json.loads(role["AssumeRolePolicyDocument"])["Statement"][0]["Principal"]
    assert trusted == {"Service": "sagemaker.amazonaws.com"}


async def test_another_role_is_not() -> None:
    with pytest.raises(ServiceError) as caught:
        await Identities("000000000042").get_role(call("GetRole", RoleName="admin"))

    assert (caught.value.code, caught.value.status) == ("NoSuchEntity", 404)
    assert caught.value.message == "The role with name admin cannot be found."


async def test_the_role_may_do_everything() -> None:
    asked = {"PolicySourceArn": ROLE_ARN, "ActionNames": ["s3:GetObject", "logs:PutLogEvents"]}
    told = await Identities("000000000042").simulate_principal_policy(call("SimulatePrincipalPolicy", **asked))

    assert told["IsTruncated"] is False
    assert [
        (result["EvalActionName"], result["EvalResourceName"], result["EvalDecision"])
        for result in told["EvaluationResults"]
    ] == [("s3:GetObject", "*", "allowed"), ("logs:PutLogEvents", "*", "allowed")]


async def test_what_the_role_may_do_is_told_in_pages() -> None:
    asked = {
        "PolicySourceArn": ROLE_ARN,
        "ActionNames": ["s3:GetObject"],
        "ResourceArns": ["a", "b", "c"],
        "MaxItems": 2,
    }
    identities = Identities("000000000042")
    first = await identities.simulate_principal_policy(call("SimulatePrincipalPolicy", **asked))
    second = await identities.simulate_principal_policy(
        call("SimulatePrincipalPolicy", Marker=first["Marker"], **asked)
    )

    assert (first["IsTruncated"], second["IsTruncated"]) == (True, False)
    results = [*first["EvaluationResults"], *second["EvaluationResults"]]
    assert [result["EvalResourceName"] for result in results] == ["a", "b", "c"]
    with pytest.raises(ServiceError, match="Invalid Marker: next"):
        await identities.simulate_principal_policy(call("SimulatePrincipalPolicy", Marker="next", **asked))


async def test_a_role_that_is_not_there_may_do_nothing() -> None:
    asked = {"PolicySourceArn": "arn:aws:iam::000000000042:role/admin", "ActionNames": ["s3:GetObject"]}
    with pytest.raises(ServiceError, match=r"The role with name admin cannot be found\."):
        await Identities("000000000042").simulate_principal_policy(call("SimulatePrincipalPolicy", **asked))


async def test_a_named_key_is_a_session_of_its_own() -> None:
    identities = Identities("000000000042")
    identity = Identity("AKIA", Scope("20261123", "us-east-1", "sts"), principal=identities.principal("analyst"))

    told = await identities.get_caller_identity(Call("sts", "GetCallerIdentity", {}, identity, "r"))

    assert told["Arn"].endswith(":assumed-role/sagemaker_execution_role/analyst")
    assert told["UserId"].endswith(":analyst")


async def test_the_account_itself_has_its_number_for_an_id() -> None:
    identity = Identity("AKIA", Scope("20261123", "us-east-1", "sts"))

    told = await Identities("123456789012").get_caller_identity(Call("sts", "GetCallerIdentity", {}, identity, "r"))

    assert (told["UserId"], told["Arn"]) == ("123456789012", "arn:aws:iam::123456789012:root")
