"""Writes a conversation as the one string that a Llama 2 chat model was trained to continue."""

from collections.abc import Mapping, Sequence

from firstbyte.client.errors import PromptError


def build_llama2_prompt(messages: Sequence[Mapping[str, str]]) -> str:
    """Render messages in the Llama 2 chat template.

    `messages` are `{"role": …, "content": …}`: at most one `system` message, first; then `user` and `assistant` in
    turn, `user` first and last. The prompt opens with a literal `<s>`, as Meta's model card writes it, although TGI and
    LMI add the token again. Raises PromptError for any other order of roles.

    >>> build_llama2_prompt([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello!"}])
    '<s>[INST] <<SYS>>\\nBe brief.\\n<</SYS>>\\n\\nHello! [/INST]'
    """
    turns = [_role_and_content(message) for message in messages]
    system = ""
    if turns and turns[0][0] == "system":
        system = f"<<SYS>>\n{turns.pop(0)[1]}\n<</SYS>>\n\n"
    _require_alternation([role for role, _ in turns])

    contents = [content for _, content in turns]
    contents[0] = system + contents[0]
    questions = [f"<s>[INST] {content.strip()} [/INST]" for content in contents[::2]]
    answers = [f" {content.strip()} </s>" for content in contents[1::2]]
    return "".join(question + answer for question, answer in zip(questions, [*answers, ""], strict=True))


def _role_and_content(message: Mapping[str, str]) -> tuple[str, str]:
    try:
        return message["role"], message["content"]
    except KeyError as missing:
        raise PromptError(f"a message needs 'role' and 'content'; {missing} is missing in {dict(message)!r}") from None


def _require_alternation(roles: list[str]) -> None:
    if not roles:
        raise PromptError("the conversation needs a user message")
    for index, role in enumerate(roles):
        expected = "assistant" if index % 2 else "user"
        if role != expected:
            raise PromptError(
                f"message {index + 1} after the system message should be the {expected}'s, not the {role}'s: "
                "an optional system message comes first, then user and assistant take turns"
            )
    if roles[-1] != "user":
        raise PromptError("the last message must be the user's: it is the one to answer")
