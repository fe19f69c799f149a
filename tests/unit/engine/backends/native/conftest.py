"""Everything here needs the extension; `make test` builds it."""

import importlib.util
from typing import Any

import pytest

KERNELS = "firstbyte.engine.backends.native._kernels"
IS_BUILT = importlib.util.find_spec(KERNELS) is not None

if not IS_BUILT:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(params=["portable", "avx2", "avx512vnni", "neondot"])
def isa(request: pytest.FixtureRequest) -> Any:
    """Every instruction set that this processor has."""
    from firstbyte.engine.backends.native._kernels import is_available

    if not is_available(request.param):
        pytest.skip(f"this processor does not have {request.param}")
    return request.param
