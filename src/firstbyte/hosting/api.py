"""The operations of the control plane, one method each, under AWS's names; `edge.control` calls these.

A method takes the operation's members, already validated against the service model (types, lengths, patterns, enums),
and returns the members of its answer, times as aware datetimes. Everything it refuses is a `ClientError`.
"""

from typing import Any

from firstbyte.hosting.records import Members


class ControlPlane:
    """Models, endpoint configs, endpoints and their tags."""

    def create_model(self, members: Members) -> dict[str, Any]:
        """CreateModel."""
        raise NotImplementedError

    def describe_model(self, members: Members) -> dict[str, Any]:
        """DescribeModel."""
        raise NotImplementedError

    def list_models(self, members: Members) -> dict[str, Any]:
        """ListModels."""
        raise NotImplementedError

    def delete_model(self, members: Members) -> dict[str, Any]:
        """DeleteModel; also while endpoints use it."""
        raise NotImplementedError

    def create_endpoint_config(self, members: Members) -> dict[str, Any]:
        """CreateEndpointConfig."""
        raise NotImplementedError

    def describe_endpoint_config(self, members: Members) -> dict[str, Any]:
        """DescribeEndpointConfig."""
        raise NotImplementedError

    def list_endpoint_configs(self, members: Members) -> dict[str, Any]:
        """ListEndpointConfigs."""
        raise NotImplementedError

    def delete_endpoint_config(self, members: Members) -> dict[str, Any]:
        """DeleteEndpointConfig; also while endpoints use it."""
        raise NotImplementedError

    def create_endpoint(self, members: Members) -> dict[str, Any]:
        """CreateEndpoint."""
        raise NotImplementedError

    def describe_endpoint(self, members: Members) -> dict[str, Any]:
        """DescribeEndpoint."""
        raise NotImplementedError

    def list_endpoints(self, members: Members) -> dict[str, Any]:
        """ListEndpoints."""
        raise NotImplementedError

    def delete_endpoint(self, members: Members) -> dict[str, Any]:
        """DeleteEndpoint; also while it is Creating."""
        raise NotImplementedError

    def add_tags(self, members: Members) -> dict[str, Any]:
        """AddTags."""
        raise NotImplementedError

    def list_tags(self, members: Members) -> dict[str, Any]:
        """ListTags."""
        raise NotImplementedError

    def delete_tags(self, members: Members) -> dict[str, Any]:
        """DeleteTags."""
        raise NotImplementedError
