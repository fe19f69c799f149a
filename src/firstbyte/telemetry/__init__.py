"""What happened, as values: rooms emit frozen facts, and hooks turn them into log lines and metrics."""
