"""The model-free backend and its tokenizer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.steps import decode_greedily
from firstbyte.engine.backends import echo
from firstbyte.engine.backends.echo import EchoBackend, WordTokenizer
from firstbyte.engine.errors import TemplateFailed

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(text=texts)
def test_text_comes_back_exactly(text: str) -> None:
    tokenizer = WordTokenizer()

    assert tokenizer.decode(tokenizer.encode(text), skip_special_tokens=True) == text


def test_a_word_has_one_id_with_the_space_before_it() -> None:
    tokenizer = WordTokenizer()
    ids = tokenizer.encode("one two one two ")

    assert [tokenizer.decode([token_id]) for token_id in ids] == ["<s>", "one", " two", " one", " two", " "]
    assert ids[2] == ids[4]
    assert ids[1] != ids[3]


def test_words_beyond_the_vocabulary_are_spelled_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo, "_VOCAB_SIZE", 260)
    tokenizer = WordTokenizer()

    ids = tokenizer.encode("one né", add_special_tokens=False)

    assert len(ids) == 1 + 4
    assert tokenizer.decode(ids) == "one né"
    assert max(ids) < 260


def test_the_prompt_comes_back_and_then_eos() -> None:
    tokenizer, backend = WordTokenizer(), EchoBackend()
    backend.allocate(num_blocks=64, block_len=4)
    ids = tokenizer.encode("one two three")

    assert decode_greedily(backend, ids, 4) == [*ids[1:], 2]


def test_without_bos_the_first_token_comes_back_too() -> None:
    tokenizer, backend = WordTokenizer(), EchoBackend()
    backend.allocate(num_blocks=64, block_len=4)
    ids = tokenizer.encode("one two", add_special_tokens=False)

    assert decode_greedily(backend, ids, 3) == [*ids, 2]


def test_the_last_message_is_the_prompt() -> None:
    messages = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello there"}]

    assert WordTokenizer().apply_chat_template(messages) == "hello there"
    with pytest.raises(TemplateFailed):
        WordTokenizer().apply_chat_template([])
