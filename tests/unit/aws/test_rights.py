"""Which rights include which actions, and the words for those that they do not."""

import pytest

from firstbyte.aws.errors import AccessDenied, Family
from firstbyte.aws.rights import Principal, Rights, check_access, name_action, name_resource
from oracle import MODELS

ANALYST = Principal("arn:aws:sts::123456789012:assumed-role/role/analyst", Rights.READ_ONLY)

# action, read-only, invoke-only
TABLE = [
    ("sagemaker:CreateModel", False, False),
    ("sagemaker:DeleteEndpoint", False, False),
    ("sagemaker:UpdateEndpoint", False, False),
    ("sagemaker:AddTags", False, False),
    ("sagemaker:DescribeEndpoint", True, False),
    ("sagemaker:ListTags", True, False),
    ("sagemaker:InvokeEndpoint", False, True),
    ("sagemaker:InvokeEndpointAsync", False, True),
    ("sagemaker:InvokeEndpointWithResponseStream", False, True),
    ("s3:GetObject", True, False),
    ("s3:ListBucket", True, False),
    ("s3:PutObject", False, False),
    ("s3:AbortMultipartUpload", False, False),
    ("logs:FilterLogEvents", True, False),
    ("sts:GetCallerIdentity", True, True),
    ("sts:AssumeRole", True, True),
    ("iam:GetRole", True, False),
    ("iam:SimulatePrincipalPolicy", True, False),
]


@pytest.mark.parametrize(("action", "reads", "invokes"), TABLE)
def test_rights_allow_what_their_names_say(action: str, reads: bool, invokes: bool) -> None:
    assert Rights.FULL.allow(action)
    assert Rights.READ_ONLY.allow(action) is reads
    assert Rights.INVOKE_ONLY.allow(action) is invokes


def test_read_only_allows_no_operation_of_sagemaker_that_changes_something() -> None:
    changing = ("Add", "Create", "Delete", "Update", "Stop", "Start", "Put", "Register", "Invoke", "Associate")
    for service in ("sagemaker", "sagemaker-runtime"):
        for operation in MODELS.load(service).operation_names:
            if operation.startswith(changing):
                assert not Rights.READ_ONLY.allow(name_action("sagemaker", operation)), operation


def test_a_refusal_names_who_what_and_where() -> None:
    with pytest.raises(AccessDenied) as caught:
        check_access(ANALYST, "sagemaker:DeleteModel", "arn:aws:sagemaker:us-east-1:123456789012:model/m")

    assert caught.value.message == (
        "User: arn:aws:sts::123456789012:assumed-role/role/analyst is not authorized to perform: sagemaker:DeleteModel "
        "on resource: arn:aws:sagemaker:us-east-1:123456789012:model/m because no identity-based policy allows the "
        "sagemaker:DeleteModel action"
    )


@pytest.mark.parametrize(
    ("family", "code", "status"),
    [
        (Family.JSON, "AccessDeniedException", 400),
        (Family.QUERY, "AccessDenied", 403),
        (Family.S3, "AccessDenied", 403),
    ],
)
def test_each_family_has_its_code(family: Family, code: str, status: int) -> None:
    error = AccessDenied("no").as_service_error(family)
    assert (error.code, error.status, error.message) == (code, status, "no")


def test_a_principal_tells_account_and_session() -> None:
    assert (ANALYST.account_id, ANALYST.session_name) == ("123456789012", "analyst")


def test_cloudwatch_s_actions_are_not_called_as_it_signs() -> None:
    assert name_action("monitoring", "GetMetricData") == "cloudwatch:GetMetricData"


@pytest.mark.parametrize(
    ("params", "resource"),
    [
        ({"EndpointName": "e", "EndpointConfigName": "c"}, "arn:aws:sagemaker:eu-west-1:1:endpoint/e"),
        ({"EndpointConfigName": "c"}, "arn:aws:sagemaker:eu-west-1:1:endpoint-config/c"),
        ({"ModelName": "m"}, "arn:aws:sagemaker:eu-west-1:1:model/m"),
        ({"ResourceArn": "arn:x"}, "arn:x"),
        ({"ModelName": 3}, "*"),
        ({}, "*"),
    ],
)
def test_the_resource_is_what_the_parameters_name(params: dict[str, object], resource: str) -> None:
    assert name_resource("eu-west-1", "1", params) == resource
