"""What a program that reads a streamed answer needs: lines, token texts, prompts, lost connections.

Stands alone: standard library only, nothing of ours; it works against Amazon SageMaker as it does against Firstbyte.
"""

from firstbyte.client.errors import ClientSideError, GenerationFailed, MalformedStream, PromptError, StreamError
from firstbyte.client.line_iterator import LineIterator
from firstbyte.client.prompts import build_llama2_prompt
from firstbyte.client.resumption import invoke_resumably
from firstbyte.client.stream import print_response_stream, stream_tokens

__all__ = [
    "ClientSideError",
    "GenerationFailed",
    "LineIterator",
    "MalformedStream",
    "PromptError",
    "StreamError",
    "build_llama2_prompt",
    "invoke_resumably",
    "print_response_stream",
    "stream_tokens",
]
