"""What changed at which version of LMI (DJL Serving's numbering): the one table that every file of this dialect asks.

| from | what | change |
|---|---|---|
| 0.26 | `TOKENS_IN_LINES` | a line is `{"token": …}`; before, `{"outputs": ["…"]}`. `paged_attention` has no effect |
| 0.28 | `CODE_FIRST` | an unreadable body is answered `{"code":424,"error":"…"}`; before, `{"error":"","code":424}` |
| 0.29 | `REAL_STATUS_CODES` | what is not streamed is one body with a status; before, pieces of one object and 200 |
| 0.32 | `TEMPERATURE_IS_FREE` | sampling follows the parameters; before, without `do_sample` it is greedy |
| 0.33 | `LMI_DIST_IS_GONE` | `lmi-dist` means `vllm`, `scheduler` is unknown |
| 0.35 | `ASYNC_FORMATS` | the asynchronous handler's objects, close to TGI's; chat is vLLM's own |

Sources: djl_python's output_formatter.py, input_parser.py and lmi_vllm/ through the repository's history, the
announcements of breaking changes. SERVING_BACKPORT_FOR_NON_STREAMING_HTTP_ERROR_CODES=true brings `REAL_STATUS_CODES`
to 0.28.
"""

from firstbyte.containers.versions import Version

TOKENS_IN_LINES = Version(0, 26)
CODE_FIRST = Version(0, 28)
REAL_STATUS_CODES = Version(0, 29)
TEMPERATURE_IS_FREE = Version(0, 32)
LMI_DIST_IS_GONE = Version(0, 33)
ASYNC_FORMATS = Version(0, 35)
