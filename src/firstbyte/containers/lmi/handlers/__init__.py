"""A model's own code, `model.py` and its kind: handlers and formatters, run in a process beside the container's.

| file | which side | what |
|---|---|---|
| `entry_point` | container | which file is to be run, if any |
| `frames` | both | what the two processes say to each other, as bytes |
| `process`, `workers` | container | starts the processes, gives them work, replaces those that died |
| `container` | container | the HTTP side of a model that is a handler |
| `formatting` | container | the HTTP side of a model whose code words requests or answers of the engine |
| `djl_python` | user code | the modules that such code imports |
| `inputs`, `outputs`, `request_io`, `decoding` | user code | what those modules hold |
| `__main__`, `user_code` | user code | the loop of the process |

What `model.py` may rely on follows djl-serving's documentation (modes.md, streaming_config.md, the guides to
formatters) and its public package djl_python.
"""
