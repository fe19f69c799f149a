"""Refusals of TGI's `infer`: their words are TGI's, their status and `error_type` are given in `rendering`."""

from firstbyte.containers.errors import RequestRejected


class ValidationFailed(RequestRejected):
    """A parameter out of its range."""


class TemplateRefused(RequestRejected):
    """The model has no chat template, or it refused the messages."""


class ToolRefused(RequestRejected):
    """The tools of a request do not go together, or what was generated is no call."""
