"""OpenAI's own client."""

import sys

import openai

client = openai.OpenAI(base_url=f"{sys.argv[1]}/v1", api_key="-", max_retries=0)
PROMPT = "the quick brown fox 😀"
MESSAGES = [{"role": "user", "content": PROMPT}]

answer = client.chat.completions.create(model="tgi", messages=MESSAGES, max_tokens=5)
assert answer.choices[0].message.content == PROMPT, answer
assert answer.choices[0].finish_reason == "length", answer
assert answer.usage.total_tokens == answer.usage.prompt_tokens + 5, answer

stream = client.chat.completions.create(
    model="tgi", messages=MESSAGES, max_tokens=5, stream=True, stream_options={"include_usage": True}, logprobs=True
)
chunks = list(stream)
assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == PROMPT, chunks
assert chunks[0].choices[0].logprobs.content[0].logprob == 0.0, chunks
assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "length", chunks
if chunks[-1].usage is not None:
    assert chunks[-1].usage.completion_tokens == 5, chunks

completion = client.completions.create(model="tgi", prompt=["one two", "three"], max_tokens=9, temperature=0.5)
assert [choice.text for choice in completion.choices] == ["one two", "three"], completion
texts = {0: "", 1: ""}
for chunk in client.completions.create(model="tgi", prompt=["one two", "three"], max_tokens=2, stream=True):
    texts[chunk.choices[0].index] += chunk.choices[0].text
assert texts == {0: "one two", 1: "three</s>"}, texts

try:
    client.chat.completions.create(model="tgi", messages=MESSAGES, top_p=1.0)
except openai.UnprocessableEntityError as error:
    message = error.response.text
else:
    message = ""
assert "`top_p` must be > 0.0 and < 1.0" in message, message
