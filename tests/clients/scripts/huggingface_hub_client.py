"""huggingface_hub's InferenceClient, as its documentation shows it."""

import sys

from huggingface_hub import InferenceClient
from huggingface_hub.errors import ValidationError

client = InferenceClient(sys.argv[1])
PROMPT = "the quick brown fox 😀"

assert client.text_generation(PROMPT, max_new_tokens=5, return_full_text=False) == PROMPT
pieces = list(client.text_generation(PROMPT, max_new_tokens=5, stream=True, return_full_text=False))
assert "".join(pieces) == PROMPT, pieces
assert len(pieces) == 5, pieces

detailed = client.text_generation(PROMPT, max_new_tokens=20, details=True, return_full_text=False)
assert detailed.details is not None
assert detailed.details.finish_reason == "eos_token", detailed
assert detailed.details.generated_tokens == 6, detailed
assert detailed.details.tokens[-1].special, detailed
*_, last = client.text_generation(PROMPT, max_new_tokens=20, details=True, stream=True, return_full_text=False)
assert last.generated_text == PROMPT, last
assert last.details is not None
assert last.details.finish_reason == "eos_token", last

try:
    client.text_generation(PROMPT, top_p=1.0)
except ValidationError as error:
    message = str(error)
else:
    message = ""
assert "`top_p` must be > 0.0 and < 1.0" in message, message

MESSAGES = [{"role": "user", "content": PROMPT}]
answer = client.chat_completion(MESSAGES, max_tokens=5)
assert answer.choices[0].message.content == PROMPT, answer
assert answer.choices[0].finish_reason == "length", answer
assert answer.usage.completion_tokens == 5, answer
chunks = list(client.chat_completion(MESSAGES, max_tokens=5, stream=True))
assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == PROMPT, chunks
assert chunks[-1].choices[0].finish_reason == "length", chunks
