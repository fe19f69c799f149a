"""Tokenizers made of a file's own vocabulary cut and join as SentencePiece and byte-level pairs do."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.gguf import encode
from firstbyte.engine.errors import CheckpointError
from firstbyte.engine.gguf.metadata import Metadata
from firstbyte.engine.gguf.vocabulary import read_tokenizer, read_tokenizer_config
from firstbyte.engine.tokenizer import CheckpointTokenizer

BYTES = [f"<0x{i:02X}>" for i in range(256)]
PIECES = ["▁", "h", "e", "l", "o", "lo", "▁h", "el", "▁hel", "▁hello", "[INST]"]
SPM: dict[str, Any] = {
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": ["<unk>", "<s>", "</s>", *BYTES, *PIECES],
    "tokenizer.ggml.scores": [0.0] * 259 + [float(-i) for i in (20, 21, 22, 23, 24, 1, 2, 3, 4, 5)] + [0.0],
    "tokenizer.ggml.token_type": [2, 3, 3] + [6] * 256 + [1] * 10 + [4],
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.eos_token_id": 2,
    "tokenizer.ggml.unknown_token_id": 0,
    "tokenizer.chat_template": "{{ bos_token }}{% for m in messages %}[INST]{{ m.content }}{% endfor %}",
}
LETTERS = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
GPT2: dict[str, Any] = {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "llama-bpe",
    "tokenizer.ggml.tokens": [*LETTERS, "he", "ll", "hell", "hello", "Ġhello", "12", "<|begin|>", "<|end|>"],
    "tokenizer.ggml.merges": ["h e", "l l", "he ll", "hell o", "Ġ hello", "1 2"],
    "tokenizer.ggml.token_type": [1] * 262 + [3, 3],
    "tokenizer.ggml.bos_token_id": 262,
    "tokenizer.ggml.eos_token_id": 263,
}


def load(entries: dict[str, Any], tmp_path: Path, **changes: Any) -> CheckpointTokenizer:
    """Through a file, as a model would be loaded."""
    path = tmp_path / "m.gguf"
    path.write_bytes(encode(entries | {f"tokenizer.{key}": item for key, item in changes.items()}, {}))
    return CheckpointTokenizer.load(path)


def pieces(tokenizer: CheckpointTokenizer, entries: dict[str, Any], text: str) -> list[str]:
    return [entries["tokenizer.ggml.tokens"][i] for i in tokenizer.encode(text)]


def test_sentencepiece_joins_the_best_piece_first(tmp_path: Path) -> None:
    tokenizer = load(SPM, tmp_path)

    # "lo" has the best score, so "hello" is joined as hel + lo and "▁hello", of hell + o or hel + lo, comes last.
    assert pieces(tokenizer, SPM, "hello hel") == ["<s>", "▁hello", "▁hel"]
    assert pieces(tokenizer, SPM, "lolé") == ["<s>", "▁", "lo", "l", "<0xC3>", "<0xA9>"]
    assert pieces(tokenizer, SPM, "[INST]hel</s>") == ["<s>", "[INST]", "▁hel", "</s>"]


def test_sentencepiece_reads_its_own_words_back(tmp_path: Path) -> None:
    tokenizer = load(SPM, tmp_path)
    ids = tokenizer.encode("hello  é", add_special_tokens=False)

    assert tokenizer.decode(ids) == "hello  é"
    assert tokenizer.is_special(1)
    assert not tokenizer.is_special(269)
    assert tokenizer.decode([1, *ids], skip_special_tokens=True) == "hello  é"
    assert (tokenizer.bos_token, tokenizer.eos_token, tokenizer.vocab_size) == ("<s>", "</s>", 270)


def test_the_file_says_what_surrounds_a_prompt(tmp_path: Path) -> None:
    tokenizer = load(SPM, tmp_path, **{"ggml.add_bos_token": False, "ggml.add_eos_token": True})
    unprefixed = load(SPM, tmp_path, **{"ggml.add_space_prefix": False})

    assert pieces(tokenizer, SPM, "hel") == ["▁hel", "</s>"]
    assert pieces(unprefixed, SPM, "hel") == ["<s>", "h", "el"]


def test_the_chat_template_comes_along(tmp_path: Path) -> None:
    assert load(SPM, tmp_path).apply_chat_template([{"content": "hi"}]) == "<s>[INST]hi"


def test_byte_level_pairs_are_joined_in_order(tmp_path: Path) -> None:
    tokenizer = load(GPT2, tmp_path)

    assert pieces(tokenizer, GPT2, "hello hello") == ["<|begin|>", "hello", "Ġhello"]
    assert pieces(tokenizer, GPT2, "1212<|end|>") == ["<|begin|>", "12", "1", "2", "<|end|>"]  # three digits a word
    assert tokenizer.decode(tokenizer.encode("hello é!", add_special_tokens=False)) == "hello é!"


@pytest.mark.parametrize(
    ("cut", "digits", "has_bos"),
    [("qwen2", ["1", "2"], False), ("smollm", ["1", "2"], False), ("gpt-2", ["12"], False), ("llama3", ["12"], True)],
)
def test_models_cut_texts_in_their_own_way(tmp_path: Path, cut: str, digits: list[str], has_bos: bool) -> None:
    tokenizer = load(GPT2, tmp_path, **{"ggml.pre": cut})

    assert pieces(tokenizer, GPT2, "12") == ["<|begin|>"] * has_bos + digits


def test_a_tokenizer_beside_the_file_wins(tmp_path: Path) -> None:
    inner = tokenizers.Tokenizer(tokenizers.models.WordLevel({"hello": 0}, unk_token="hello"))
    inner.save(str(tmp_path / "tokenizer.json"))

    assert load(SPM, tmp_path).encode("hello") == [0]


@pytest.mark.parametrize(
    ("entries", "changes", "words"),
    [
        (SPM, {"ggml.model": "t5"}, "of kind 't5', and 'llama' or 'gpt2' can be read; put the model's tokenizer.json"),
        (SPM, {"ggml.scores": [0.0]}, "scores must be a list of 270 numbers, not a list of 1"),
        (SPM, {"ggml.token_type": [1]}, "token_type must be a list of 270 numbers"),
        (SPM, {"ggml.bos_token_id": 270}, "bos_token_id must be a whole number from 0 to 269, not 270"),
        (SPM, {"ggml.tokens": ["a", "a"]}, "empty or holds a token twice"),
        (SPM, {"ggml.tokens": 3}, "must be a list of strings, not 3"),
        (GPT2, {"ggml.pre": "tekken"}, "how 'tekken' cuts texts is not known here"),
        (GPT2, {"ggml.merges": ["h  e"]}, "merge 'h  e' is not of its vocabulary"),
        (GPT2, {"ggml.merges": ["z q"]}, "merge 'z q' is not of its vocabulary"),
    ],
)
def test_vocabularies_that_cannot_be_used(
    tmp_path: Path, entries: dict[str, Any], changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(CheckpointError, match=words):
        load(entries, tmp_path, **changes)


ITEMS = st.one_of(st.integers(-2, 300), st.booleans(), st.text(max_size=5), st.lists(st.text(max_size=3), max_size=4))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([SPM, GPT2]), st.data())
def test_any_vocabulary_is_a_sentence_or_works(entries: dict[str, Any], data: st.DataObject) -> None:
    changes = data.draw(st.dictionaries(st.sampled_from([key for key in entries if ".ggml." in key]), ITEMS))
    arrays = {
        key: np.array(item) for key, item in entries.items() if isinstance(item, list) and item[0] != str(item[0])
    }
    metadata = Metadata("m.gguf", entries | arrays | changes)
    with suppress(CheckpointError):  # and nothing else
        tokenizer = CheckpointTokenizer(read_tokenizer(metadata), read_tokenizer_config(metadata), None)
        tokenizer.decode(tokenizer.encode("hello 12 é"))
