"""Where the arithmetic is done: each backend is one file behind the four members of `backend.Backend`."""
