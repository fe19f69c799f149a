"""Settings for every property test."""

from hypothesis import HealthCheck, settings

# A busy machine is not a failure: examples are bounded in number, not in time.
settings.register_profile("firstbyte", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("firstbyte")
