"""The `text-generation` package, TGI's own client."""

import sys

from text_generation import Client
from text_generation.errors import ValidationError
from text_generation.types import FinishReason

client = Client(sys.argv[1])
PROMPT = "the quick brown fox 😀"

response = client.generate(PROMPT, max_new_tokens=20, decoder_input_details=True)
assert response.generated_text == PROMPT, response
assert response.details.finish_reason == FinishReason.EndOfSequenceToken, response
assert [token.text for token in response.details.prefill][1:] == ["the", " quick", " brown", " fox", " 😀"], response
assert response.details.tokens[-1].special, response

stopped = client.generate(PROMPT, max_new_tokens=20, stop_sequences=["fox"])
assert stopped.details.finish_reason == FinishReason.StopSequence, stopped
assert stopped.generated_text == "the quick brown fox", stopped

texts = []
for event in client.generate_stream(PROMPT, max_new_tokens=5, top_n_tokens=1):
    texts.append(event.token.text)
    assert event.top_tokens[0].text == event.token.text, event
assert "".join(texts) == PROMPT, texts
assert event.generated_text == PROMPT, event
assert event.details.finish_reason == FinishReason.Length, event

chat = client.chat([{"role": "user", "content": PROMPT}], max_tokens=5)
assert chat.choices[0].message.content == PROMPT, chat
# Its streamed chat asks for members that no version of TGI sends, and cannot read `[DONE]`: left out.

try:
    list(client.generate_stream(PROMPT, max_new_tokens=0))
except ValidationError as error:
    message = str(error)
else:
    message = ""
assert "`max_new_tokens` must be strictly positive" in message, message
