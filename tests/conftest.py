"""Settings for every property test, and the options of the fuzzers."""

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is not a failure: examples are bounded in number, not in time.
settings.register_profile("firstbyte", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("firstbyte")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of tests/fuzz."""
    parser.addoption("--num-fuzzed", type=int, default=3000, help="how many damaged requests are tried")
    parser.addoption("--fuzz-seed", type=int, default=20261123, help="which ones")
