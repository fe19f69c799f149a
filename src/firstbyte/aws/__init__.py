"""The AWS wire: bytes become values and values bytes. Knows protocols and signatures, and no endpoint."""
