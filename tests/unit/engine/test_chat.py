"""Chat templates: the names they expect, what they may not do, and how they fail."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from firstbyte.engine.chat import ChatTemplate
from firstbyte.engine.errors import CheckpointError, TemplateFailed

LLAMA2 = (
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + ' ' + eos_token }}"
    "{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}"
    "{% endfor %}"
)
USER = {"role": "user", "content": "hello"}


def render(source: str, *messages: dict[str, Any], **variables: Any) -> str:
    return ChatTemplate(source).render(messages, variables)


def test_a_conversation() -> None:
    text = render(LLAMA2, USER, {"role": "assistant", "content": "hi"}, USER, bos_token="<s>", eos_token="</s>")

    assert text == "<s>[INST] hello [/INST] hi </s><s>[INST] hello [/INST]"


def test_a_template_refuses_in_its_own_words() -> None:
    with pytest.raises(TemplateFailed, match=r"^Only user and assistant roles are supported!$"):
        render(LLAMA2, {"role": "robot", "content": "hello"}, bos_token="", eos_token="")


def test_a_generation_prompt_is_asked_for_unless_told_otherwise() -> None:
    source = "{% if add_generation_prompt %}go{% endif %}"

    assert (render(source), render(source, add_generation_prompt=False)) == ("go", "")


def test_templates_may_take_tools_for_granted() -> None:
    assert render("{% if tools is not none %}tools{% else %}none{% endif %}") == "none"


def test_json_is_not_escaped_for_html() -> None:
    assert render("{{ tools | tojson }}", tools=[{"name": "a<b>é"}]) == '[{"name": "a<b>é"}]'


def test_the_date_can_be_asked_for() -> None:
    year = datetime.datetime.now().astimezone().year

    assert int(render("{{ strftime_now('%Y') }}")) in (year, year - 1)


def test_training_marks_and_loop_controls_are_understood() -> None:
    source = "{% generation %}{% for m in messages %}{{ m.content }}{% break %}{% endfor %}{%- endgeneration -%}"

    assert render(source, USER, USER) == "hello"


def test_blocks_leave_no_lines_behind() -> None:
    assert render("{% for m in messages %}\n  {{ m.content }}\n{% endfor %}\n", USER) == "  hello\n"


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.append(1) }}",
        "{{ cycler.__init__.__globals__.os.system('true') }}",
        "{{ 1 // 0 }}",
        "{{ messages[3].content + 1 }}",
    ],
)
def test_what_a_template_may_not_do_fails_the_request(source: str) -> None:
    with pytest.raises(TemplateFailed):
        render(source, USER)


def test_a_template_that_is_no_template_is_the_checkpoints_fault() -> None:
    with pytest.raises(CheckpointError, match="cannot be compiled"):
        ChatTemplate("{% for %}")


def test_where_the_template_lies(tmp_path: Path) -> None:
    named = [{"name": "tool_use", "template": "tools"}, {"name": "default", "template": "plain"}]
    found = [ChatTemplate.load(tmp_path, {"chat_template": given}) for given in (None, "one", named)]
    (tmp_path / "chat_template.jinja").write_text("from the file")
    found.append(ChatTemplate.load(tmp_path, {"chat_template": "one"}))

    assert [each and each.render([], {}) for each in found] == [None, "one", "plain", "from the file"]
