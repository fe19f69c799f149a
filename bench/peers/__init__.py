"""One file for each engine that is measured: how it is installed, started and asked."""
