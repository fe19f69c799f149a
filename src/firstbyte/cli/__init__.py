"""The `firstbyte` command: one file per command, each a boto3 client and nothing else (`up` and `demo` start the host)."""
