"""The control plane: what is deployed, where it runs, and the relay of invocations to it. No HTTP, no subprocess."""
