from hypothesis import HealthCheck, settings

# Random shapes are slow to draw on a busy machine, and how long that takes says nothing about us.
settings.register_profile("wire", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("wire")
