"""A checkpoint's tokenizer: when BOS is added, what is special, what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import tokenizers

from fakes.checkpoints import byte_tokenizer
from firstbyte.engine.errors import CheckpointError, TemplateFailed
from firstbyte.engine.tokenizer import CheckpointTokenizer

A = 3 + ord("A") - 32


def load(folder: Path, inner: tokenizers.Tokenizer | None = None, **config: Any) -> CheckpointTokenizer:
    (inner or byte_tokenizer(97)).save(str(folder / "tokenizer.json"))
    config = {"bos_token": "<s>", "eos_token": "</s>"} | config
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return CheckpointTokenizer.load(folder)


def without_bos() -> tokenizers.Tokenizer:
    inner = byte_tokenizer(97)
    inner.post_processor = tokenizers.processors.Sequence([])
    return inner


@pytest.mark.parametrize(
    ("adds_bos", "config", "expected"),
    [
        (True, {}, [1, A]),
        (False, {}, [A]),
        (True, {"add_bos_token": True}, [1, A]),
        (False, {"add_bos_token": True}, [1, A]),
        (True, {"add_bos_token": False}, [A]),
        (False, {"add_bos_token": False}, [A]),
    ],
)
def test_bos_is_added_as_the_files_say(
    tmp_path: Path, adds_bos: bool, config: dict[str, Any], expected: list[int]
) -> None:
    tokenizer = load(tmp_path, byte_tokenizer(97) if adds_bos else without_bos(), **config)

    assert tokenizer.encode("A") == expected
    assert tokenizer.encode("A", add_special_tokens=False) == [A]


def test_a_bos_written_in_the_prompt_is_kept_beside_the_added_one(tmp_path: Path) -> None:
    assert load(tmp_path).encode("<s>A") == [1, 1, A]


def test_special_tokens_are_known_and_can_be_skipped(tmp_path: Path) -> None:
    tokenizer = load(tmp_path, additional_special_tokens=["B"])

    assert [tokenizer.is_special(token_id) for token_id in (0, 1, 2, A, A + 1)] == [True, True, True, False, True]
    assert tokenizer.decode([1, A, 2]) == "<s>A</s>"
    assert tokenizer.decode([1, A, 2], skip_special_tokens=True) == "A"
    assert (tokenizer.decode([2]), tokenizer.decode([2], skip_special_tokens=True)) == ("</s>", "")


def test_tokens_may_be_given_as_objects(tmp_path: Path) -> None:
    tokenizer = load(tmp_path, eos_token={"content": "</s>", "lstrip": False})

    assert (tokenizer.bos_token, tokenizer.eos_token) == ("<s>", "</s>")


def test_settings_for_training_neither_cut_nor_fill_a_prompt(tmp_path: Path) -> None:
    inner = byte_tokenizer(97)
    inner.enable_truncation(4)
    inner.enable_padding(length=64)

    assert len(load(tmp_path, inner).encode("A" * 20)) == 21


def test_the_vocabulary_ends_after_the_highest_id(tmp_path: Path) -> None:
    assert load(tmp_path).vocab_size == 97


def test_a_template_is_rendered_with_the_special_tokens(tmp_path: Path) -> None:
    tokenizer = load(tmp_path, chat_template="{{ bos_token }}{{ messages[0]['content'] }}{{ eos_token }}")

    assert tokenizer.apply_chat_template([{"role": "user", "content": "A"}]) == "<s>A</s>"


def test_without_a_template_messages_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateFailed, match="no chat template"):
        load(tmp_path).apply_chat_template([{"role": "user", "content": "A"}])


def test_a_missing_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"tokenizer\.json is missing"):
        CheckpointTokenizer.load(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", '{"model": 7}'])
def test_a_damaged_tokenizer(tmp_path: Path, text: str) -> None:
    (tmp_path / "tokenizer.json").write_text(text)

    with pytest.raises(CheckpointError, match=r"tokenizer\.json cannot be read"):
        CheckpointTokenizer.load(tmp_path)


def test_a_damaged_config(tmp_path: Path) -> None:
    byte_tokenizer(97).save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "tokenizer_config.json").write_text("{")

    with pytest.raises(CheckpointError, match=r"tokenizer_config\.json is not JSON"):
        CheckpointTokenizer.load(tmp_path)
