"""One good request for every operation that the host serves, and for what it serves of S3: the fuzzers' seeds."""

import datetime
from typing import Any

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest

from firstbyte.aws.http import HttpRequest
from oracle import ENDPOINT, request_of, sign

_ARN = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"
_VARIANT = {"VariantName": "v", "ModelName": "e", "InitialInstanceCount": 1, "InitialVariantWeight": 1.0}
_ASYNC = {"OutputConfig": {"S3OutputPath": "s3://bucket/o"}}
_CAPTURE = {
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://bucket/c",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}
_ROLLING = {
    "RollingUpdatePolicy": {"MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1}, "WaitIntervalInSeconds": 0}
}
_LISTING = {"MaxResults": 5, "SortBy": "Name", "SortOrder": "Ascending", "NameContains": "e"}
_INVOKING = {
    "EndpointName": "e",
    "Body": b'{"inputs": "x"}',
    "ContentType": "application/json",
    "CustomAttributes": "accept_eula=true",
    "TargetVariant": "AllTraffic",
    "InferenceId": "i-1",
}
_METRIC = {
    "Namespace": "AWS/SageMaker",
    "MetricName": "ModelLatency",
    "Dimensions": [{"Name": "EndpointName", "Value": "e"}, {"Name": "VariantName", "Value": "AllTraffic"}],
}
_NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
_SPAN = {"StartTime": _NOON, "EndTime": _NOON + datetime.timedelta(hours=1)}

PARAMS: dict[tuple[str, str], dict[str, Any]] = {
    ("sagemaker", "AddTags"): {"ResourceArn": _ARN, "Tags": [{"Key": "k", "Value": "v"}]},
    ("sagemaker", "CreateEndpoint"): {"EndpointName": "f", "EndpointConfigName": "e", "DeploymentConfig": _ROLLING},
    ("sagemaker", "CreateEndpointConfig"): {
        "EndpointConfigName": "f",
        "ProductionVariants": [_VARIANT],
        "AsyncInferenceConfig": _ASYNC,
        "DataCaptureConfig": _CAPTURE,
    },
    ("sagemaker", "CreateModel"): {
        "ModelName": "f",
        "PrimaryContainer": {"Image": "firstbyte/echo", "Environment": {"A": "b"}, "ModelDataUrl": "s3://b/m.tar.gz"},
    },
    ("sagemaker", "DeleteEndpoint"): {"EndpointName": "f"},
    ("sagemaker", "DeleteEndpointConfig"): {"EndpointConfigName": "f"},
    ("sagemaker", "DeleteModel"): {"ModelName": "f"},
    ("sagemaker", "DeleteTags"): {"ResourceArn": _ARN, "TagKeys": ["k"]},
    ("sagemaker", "DescribeEndpoint"): {"EndpointName": "e"},
    ("sagemaker", "DescribeEndpointConfig"): {"EndpointConfigName": "e"},
    ("sagemaker", "DescribeModel"): {"ModelName": "e"},
    ("sagemaker", "ListEndpointConfigs"): _LISTING,
    ("sagemaker", "ListEndpoints"): {**_LISTING, "StatusEquals": "InService"},
    ("sagemaker", "ListModels"): {**_LISTING, "NextToken": "abc"},
    ("sagemaker", "ListTags"): {"ResourceArn": _ARN, "MaxResults": 50},
    ("sagemaker", "UpdateEndpoint"): {"EndpointName": "e", "EndpointConfigName": "e", "DeploymentConfig": _ROLLING},
    ("sagemaker", "CreateInferenceComponent"): {
        "InferenceComponentName": "c",
        "EndpointName": "s",
        "VariantName": "AllTraffic",
        "Specification": {"ModelName": "e", "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 128}},
        "RuntimeConfig": {"CopyCount": 1},
        "Tags": [{"Key": "k", "Value": "v"}],
    },
    ("sagemaker", "DescribeInferenceComponent"): {"InferenceComponentName": "c"},
    ("sagemaker", "ListInferenceComponents"): {**_LISTING, "EndpointNameEquals": "s"},
    ("sagemaker", "UpdateInferenceComponent"): {
        "InferenceComponentName": "c",
        "Specification": {"Container": {"Image": "firstbyte/echo", "ArtifactUrl": "s3://b/k"}},
    },
    ("sagemaker", "UpdateInferenceComponentRuntimeConfig"): {
        "InferenceComponentName": "c",
        "DesiredRuntimeConfig": {"CopyCount": 0},
    },
    ("sagemaker", "DeleteInferenceComponent"): {"InferenceComponentName": "c"},
    ("sagemaker", "UpdateEndpointWeightsAndCapacities"): {
        "EndpointName": "e",
        "DesiredWeightsAndCapacities": [{"VariantName": "AllTraffic", "DesiredWeight": 1.0}],
    },
    ("sagemaker-runtime", "InvokeEndpoint"): {**_INVOKING, "SessionId": "NEW_SESSION"},
    ("sagemaker-runtime", "InvokeEndpointAsync"): {
        "EndpointName": "a",
        "InputLocation": "s3://bucket/k",
        "RequestTTLSeconds": 60,
        "Filename": "f.txt",
    },
    ("sagemaker-runtime", "InvokeEndpointWithResponseStream"): _INVOKING,
    ("sts", "AssumeRole"): {"RoleArn": "arn:aws:iam::123456789012:role/trainer", "RoleSessionName": "nightly"},
    ("sts", "GetCallerIdentity"): {},
    ("iam", "GetRole"): {"RoleName": "sagemaker_execution_role"},
    ("iam", "SimulatePrincipalPolicy"): {
        "PolicySourceArn": "arn:aws:iam::123456789012:role/sagemaker_execution_role",
        "ActionNames": ["s3:GetObject", "logs:PutLogEvents"],
        "MaxItems": 1,
        "Marker": "1",
    },
    ("cloudwatch", "GetMetricData"): {
        "MetricDataQueries": [{"Id": "m", "MetricStat": {"Metric": _METRIC, "Period": 60, "Stat": "p99"}}],
        **_SPAN,
    },
    ("cloudwatch", "GetMetricStatistics"): {**_METRIC, **_SPAN, "Period": 60, "Statistics": ["Average"]},
    ("cloudwatch", "ListMetrics"): {"Namespace": "AWS/SageMaker", "Dimensions": [{"Name": "EndpointName"}]},
    ("logs", "GetLogEvents"): {
        "logGroupName": "/aws/sagemaker/Endpoints/e",
        "logStreamName": "AllTraffic/i",
        "nextToken": "f/0",
    },
    ("logs", "FilterLogEvents"): {"logGroupName": "/aws/sagemaker/Endpoints/e", "startTime": 1, "limit": 5},
}

_CANARY = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "WaitIntervalInSeconds": 0,
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 30},
        },
        "TerminationWaitInSeconds": 0,
        "MaximumExecutionTimeoutInSeconds": 600,
    },
    "AutoRollbackConfiguration": {"Alarms": []},
}
_SOURCE = {"S3Uri": "s3://b/k/", "S3DataType": "S3Prefix", "CompressionType": "None"}
MORE_PARAMS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "sagemaker",
        "CreateEndpointConfig",
        {
            "EndpointConfigName": "g",
            "ExecutionRoleArn": "arn:aws:iam::123456789012:role/r",
            "ProductionVariants": [
                {
                    **_VARIANT,
                    "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
                    "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 2},
                }
            ],
            "ShadowProductionVariants": [{**_VARIANT, "VariantName": "w", "InitialVariantWeight": 0.5}],
            "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        },
    ),
    (
        "sagemaker",
        "CreateModel",
        {
            "ModelName": "g",
            "Containers": [{"Image": "firstbyte/echo", "ModelDataSource": {"S3DataSource": _SOURCE}}],
            "ExecutionRoleArn": "arn:aws:iam::123456789012:role/r",
            "Tags": [{"Key": "k", "Value": "v"}],
        },
    ),
    (
        "sagemaker",
        "UpdateEndpoint",
        {
            "EndpointName": "e",
            "EndpointConfigName": "e",
            "RetainAllVariantProperties": True,
            "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
            "DeploymentConfig": _CANARY,
        },
    ),
    (
        "sagemaker",
        "UpdateInferenceComponent",
        {
            "InferenceComponentName": "living",
            "RuntimeConfig": {"CopyCount": 2},
            "Specification": {"ModelName": "e"},
            "DeploymentConfig": _ROLLING,
        },
    ),
    (
        "sagemaker-runtime",
        "InvokeEndpoint",
        {"EndpointName": "s", "Body": b"x", "InferenceComponentName": "living", "PrefixAwareId": "p"},
    ),
    (
        "sagemaker-runtime",
        "InvokeEndpointWithResponseStream",
        {"EndpointName": "s", "Body": b"x", "InferenceComponentName": "sleeping"},
    ),
    ("sagemaker-runtime", "InvokeEndpointAsync", {"EndpointName": "a", "Body": b"{}", "S3OutputPathExtension": "x"}),
    (
        "sts",
        "AssumeRole",
        {
            "RoleArn": "arn:aws:iam::123456789012:role/a/trainer",
            "RoleSessionName": "nightly",
            "DurationSeconds": 900,
            "Tags": [{"Key": "k", "Value": "v"}],
            "MinimumSessionTokenSize": 300,
        },
    ),
    (
        "logs",
        "FilterLogEvents",
        {
            "logGroupIdentifier": "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/e:*",
            "logStreamNames": ["AllTraffic/i"],
            "startFromHead": False,
            "startTime": 1_767_268_800_000,
            "nextToken": "b/1",
        },
    ),
)
"""More of the same operations, for the members that the first do not have."""

_UPLOAD_FRAMED = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
_DELETION = b'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>k</Key></Object></Delete>'
_OBJECTS: tuple[tuple[str, str, dict[str, str], bytes], ...] = (
    ("GET", "/", {}, b""),
    ("PUT", "/bucket", {}, b""),
    ("HEAD", "/bucket", {}, b""),
    ("GET", "/bucket?list-type=2&prefix=k&max-keys=2", {}, b""),
    ("PUT", "/bucket/k", {}, b"hello"),
    ("PUT", "/bucket/a/b%20c", {"Content-Type": "text/plain", "x-amz-meta-a": "1"}, b"hello"),
    ("GET", "/bucket/k", {"Range": "bytes=0-2"}, b""),
    ("HEAD", "/bucket/k", {}, b""),
    ("POST", "/bucket/big?uploads", {}, b""),
    ("PUT", "/bucket/copy", {"x-amz-copy-source": "/bucket/k"}, b""),
    (
        "PUT",
        "/bucket/framed",
        {
            "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "x-amz-decoded-content-length": "5",
            "x-amz-trailer": "x-amz-checksum-crc32",
            "content-encoding": "aws-chunked",
        },
        _UPLOAD_FRAMED,
    ),
    ("POST", "/bucket?delete", {"x-amz-checksum-crc32": "AAAAAA=="}, _DELETION),
    ("DELETE", "/bucket/k", {}, b""),
)


def good_requests() -> list[HttpRequest]:
    """Return the seeds, signed."""
    calls = [request_of(service, operation, params) for (service, operation), params in PARAMS.items()]
    calls += [request_of(*more) for more in MORE_PARAMS]
    calls += [
        request_of(service, operation, params, protocol="query")
        for (service, operation), params in PARAMS.items()
        if service == "cloudwatch"
    ]
    objects = [
        sign(AWSRequest(method, ENDPOINT + path, headers=headers, data=body), "s3", S3SigV4Auth)
        for method, path, headers, body in _OBJECTS
    ]
    return [*calls, *objects]
