import inspect

import pytest

from firstbyte.aws import errors
from firstbyte.aws.errors import Family, ServiceError, SignatureError, WireError

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, WireError)]
REFUSALS = [kind for kind in CLASSES if issubclass(kind, SignatureError) and kind is not SignatureError]


def test_the_tree_at_the_head_names_every_error() -> None:
    drawn = (
        (inspect.getdoc(errors) or "").replace("│", " ").replace("─", " ").replace("├", " ").replace("└", " ").split()
    )
    assert [kind.__name__ for kind in CLASSES if kind.__name__ not in drawn] == []


@pytest.mark.parametrize("kind", REFUSALS)
@pytest.mark.parametrize("family", list(Family))
def test_every_refusal_has_a_code_that_clients_do_not_retry(kind: type[SignatureError], family: Family) -> None:
    error = kind("words").as_service_error(family)
    assert error.code
    assert error.status in (400, 403)
    assert error.fault == "client"
    assert error.message == (kind.s3_message or "words" if family is Family.S3 else "words")


def test_a_service_error_is_the_clients_fault_unless_said() -> None:
    error = ServiceError("ValidationException", "bad")
    assert (str(error), error.status, error.fault, dict(error.members)) == (
        "ValidationException: bad",
        400,
        "client",
        {},
    )
