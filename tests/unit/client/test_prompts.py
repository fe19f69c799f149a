"""The Llama 2 template, against the template that the model's own tokenizer ships."""

import re

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstbyte.client.errors import PromptError
from firstbyte.client.prompts import build_llama2_prompt

Messages = list[dict[str, str]]


def user(content: str) -> dict[str, str]:
    return {"role": "user", "content": content}


def assistant(content: str) -> dict[str, str]:
    return {"role": "assistant", "content": content}


def system(content: str) -> dict[str, str]:
    return {"role": "system", "content": content}


@pytest.mark.parametrize(
    ("messages", "prompt"),
    [
        ([user("Hi")], "<s>[INST] Hi [/INST]"),
        ([user("  Hi\n")], "<s>[INST] Hi [/INST]"),
        ([system("Be kind."), user("Hi")], "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHi [/INST]"),
        (
            [user("One?"), assistant(" Two. "), user("Three?")],
            "<s>[INST] One? [/INST] Two. </s><s>[INST] Three? [/INST]",
        ),
        (
            [system("S"), user("a"), assistant("b"), user("c"), assistant("d"), user("e")],
            "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\na [/INST] b </s><s>[INST] c [/INST] d </s><s>[INST] e [/INST]",
        ),
    ],
)
def test_the_template_is_exact(messages: Messages, prompt: str) -> None:
    assert build_llama2_prompt(messages) == prompt


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([], "needs a user message"),
        ([system("S")], "needs a user message"),
        ([assistant("a")], "should be the user's, not the assistant's"),
        ([user("a"), user("b")], "message 2 after the system message should be the assistant's"),
        ([user("a"), system("S")], "not the system's"),
        ([user("a"), assistant("b")], "the last message must be the user's"),
        ([{"role": "user"}], "'content' is missing"),
        ([{"content": "a"}], "'role' is missing"),
    ],
)
def test_a_wrong_order_of_roles_is_refused(messages: Messages, words: str) -> None:
    with pytest.raises(PromptError, match=re.escape(words)):
        build_llama2_prompt(messages)


def test_a_prompt_error_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="needs a user message"):
        build_llama2_prompt([])


# An independent statement of the same template, in the language that tokenizer_config.json uses.
TEMPLATE = jinja2.Template(
    "{% set turns = messages[1:] if messages[0].role == 'system' else messages %}"
    "{% set persona = '<<SYS>>\n' ~ messages[0].content ~ '\n<</SYS>>\n\n' if messages[0].role == 'system' else '' %}"
    "{% for turn in turns %}"
    "{% if turn.role == 'user' %}<s>[INST] {{ ((persona if loop.first else '') ~ turn.content).strip() }} [/INST]"
    "{% else %} {{ turn.content.strip() }} </s>{% endif %}"
    "{% endfor %}",
    keep_trailing_newline=True,
)


@settings(deadline=None)  # the machine may be busy
@given(st.none() | st.text(), st.lists(st.tuples(st.text(), st.text())), st.text())
def test_any_conversation_equals_the_jinja_template(
    persona: str | None, exchanges: list[tuple[str, str]], last: str
) -> None:
    messages = [] if persona is None else [system(persona)]
    for question, answer in exchanges:
        messages += [user(question), assistant(answer)]
    messages.append(user(last))
    assert build_llama2_prompt(messages) == TEMPLATE.render(messages=messages)
