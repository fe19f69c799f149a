"""The desired state, in SQLite: models, endpoint configs, endpoints and tags. Instances are observed, so not here."""
