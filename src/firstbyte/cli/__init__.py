"""The `firstbyte` command: one file per command; each is a boto3 client and nothing else, but `up` and `demo`."""
