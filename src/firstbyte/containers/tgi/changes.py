"""What changed at which version of TGI: the one table that every file of this dialect asks.

| from | what | change | release |
|---|---|---|---|
| 1.4 | `INDEX_IN_EVENTS` | stream events begin with `index` | stated |
| 2.1 | `SPACE_AFTER_DATA` | axum 0.7: `data: {…}`; before, `data:{…}` | stated |
| 2.1 | `ADAPTERS` | `adapter_id` is a parameter; before, it is ignored as any unknown one | stated |
| 2.1 | `MAX_INPUT_TOKENS_NAME` | /info says `max_input_tokens`; before, `max_input_length` | inferred |
| 2.1 | `PROMPT_BY_SHAPE` | a `prompt` of another type "did not match any variant"; before, types are named | inferred |
| 2.1 | `GREEDY_AT_ZERO` | chat and completions take temperature 0 as greedy; before, it is not positive | inferred |
| 2.3 | `MODELS_ROUTE` | GET /v1/models | stated |
| 2.3 | `STOP_FOR_EOS` | chat's `finish_reason` of an EOS is `stop`; before, `eos_token` | stated |
| 2.3 | `CHAT_TOKENIZE_ROUTE` | POST /chat_tokenize | inferred |
| 2.3 | `INPUT_LENGTH_IN_DETAILS` | the last event's details end with `input_length` | stated |
| 2.3 | `OBJECT_FIRST` | `object` is first, `chat.completion[.chunk]`; before, always `text_completion` | inferred |
| 2.3 | `CHAT_DONE` | chat streams end with `[DONE]`; chunks have `usage`; special tokens have no `content` | stated |
| 2.3 | `CHAT_WITHOUT_BOS` | a templated prompt gets no BOS from the tokenizer; before, it has two | inferred |
| 2.4 | `DISPATCH_BY_SHAPE` | /invocations goes by the body's shape; before, by MESSAGES_API_ENABLED | stated |
| 2.4.1 | `OPENAI_ERRORS_IN_STREAMS` | errors in OpenAI streams: `{"error":{"message","http_status_code"}}` | inferred |
| 3.0 | `LIMITS_FOLLOW_MODEL` | lengths follow the model, no default of 100 tokens; short /info (inferred) | stated |
| 3.0 | `CONTINUES_ANSWER` | a last message of the assistant is continued; before, it is answered | stated |
| 3.1.1 | `USAGE_CHUNK` | the usage has a chunk of its own; tool calls are a list, arguments a text | inferred |

Stated: a published source names the release (release notes, a changelog), or the pull request was merged between two
releases: 2344 (`STOP_FOR_EOS`), 2433 (`MODELS_ROUTE`) and 2533 (usage in chunks) after 2.2 of July and before 2.3 of
September 2024, 2683 before 2.4, 2733 (`CONTINUES_ANSWER`) after 2.4.1 and before 3.0. Inferred:
the sources differ between two releases that were read (2.0.2 and the newest among them, and the snapshots of TGI's
integration tests), and the table has the release of the feature that the change came with.

Sources: the repository's history of router/src/{lib,server,sagemaker,chat}.rs, its release notes, axum's changelog.
"""

from firstbyte.containers.versions import Version

INDEX_IN_EVENTS = Version(1, 4)
SPACE_AFTER_DATA = Version(2, 1)
MAX_INPUT_TOKENS_NAME = Version(2, 1)
ADAPTERS = Version(2, 1)
PROMPT_BY_SHAPE = Version(2, 1)
GREEDY_AT_ZERO = Version(2, 1)
MODELS_ROUTE = Version(2, 3)
CHAT_TOKENIZE_ROUTE = Version(2, 3)
INPUT_LENGTH_IN_DETAILS = Version(2, 3)
OBJECT_FIRST = Version(2, 3)
CHAT_DONE = Version(2, 3)
CHAT_WITHOUT_BOS = Version(2, 3)
STOP_FOR_EOS = Version(2, 3)
DISPATCH_BY_SHAPE = Version(2, 4)
OPENAI_ERRORS_IN_STREAMS = Version(2, 4, 1)
LIMITS_FOLLOW_MODEL = Version(3)
CONTINUES_ANSWER = Version(3)
USAGE_CHUNK = Version(3, 1, 1)
