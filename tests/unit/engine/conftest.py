"""Settings for the engine's property tests."""

from hypothesis import settings

# A busy machine is not a failure: examples are bounded in number, not in time.
settings.register_profile("engine", deadline=None)
settings.load_profile("engine")
