"""GGUF, llama.cpp's single-file format: the container, its stored formats, and what its names mean here."""
