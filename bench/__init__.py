"""Measures the engine beside its peers: `make bench`. What is measured, and how: run.py; the figures: results.md."""
