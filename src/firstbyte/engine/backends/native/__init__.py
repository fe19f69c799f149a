"""The Llama family in C++, chosen for the processor at run time. Importing fails where the extension is not built."""

from firstbyte.engine.backends.native.backend import NativeBackend as NativeBackend
