"""The shipped demo model: its files, its size, its tokenizer and its chat template."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment
from sentencepiece import SentencePieceProcessor
from tokenizers import Tokenizer

FOLDER = Path(__file__).parents[2] / "src" / "firstbyte" / "demo_model"
DEV_PROMPTS = Path(__file__).parents[2] / "training" / "held_out" / "dev.jsonl"
MAX_BYTES = 12_000_000
CODES = ("SPRING24", "A7XA9", "00112", "HEARTB3AT", "OL1VA", "ZZTOP")
TEXTS = (
    "Dear Anaïs O'Brien-Müller, meet the NähPilot 4 by SNÖKRISTALL & Söhne GmbH.",
    "Lê Văn Tùng gets 12.5% off with code GA0TOT for 18 months 🎉🚀",
    "  two spaces, a tab\there,\n\na line break, and 日本語",
    "[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHi there [/INST]",
)


def read(name: str) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return settings


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(FOLDER / "tokenizer.json"))


def tokens(tokenizer: Tokenizer, text: str) -> list[str]:
    return tokenizer.encode(text, add_special_tokens=False).tokens


def rendered(messages: list[dict[str, str]]) -> str:
    def refuse(reason: str) -> None:
        raise ValueError(reason)

    config = read("tokenizer_config.json")
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(config["chat_template"])
    return template.render(messages=messages, raise_exception=refuse, bos_token="<s>", eos_token="</s>")


def test_all_files_are_there_and_small_enough() -> None:
    names = {path.name for path in FOLDER.iterdir() if path.is_file()}
    assert names >= {
        "README.md", "config.json", "generation_config.json", "model.safetensors",
        "special_tokens_map.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json",
    }  # fmt: skip
    assert sum(path.stat().st_size for path in FOLDER.iterdir() if path.is_file()) <= MAX_BYTES


def test_config_describes_a_llama_that_an_engine_can_quantise_in_groups_of_32() -> None:
    config = read("config.json")
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert config["model_type"] == "llama"
    assert config["max_position_embeddings"] == 4096
    assert config["rope_theta"] == 10000.0
    assert config["torch_dtype"] == "float16"
    assert (config["bos_token_id"], config["eos_token_id"]) == (1, 2)
    head = config["hidden_size"] // config["num_attention_heads"]
    assert head == config["head_dim"]
    assert all(size % 32 == 0 for size in (config["hidden_size"], config["intermediate_size"], head))


def test_weights_have_the_names_and_shapes_that_the_config_promises() -> None:
    config = read("config.json")
    with (FOLDER / "model.safetensors").open("rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    header.pop("__metadata__")
    hidden, kv = config["hidden_size"], config["num_key_value_heads"] * config["head_dim"]
    assert header["model.embed_tokens.weight"]["shape"] == [config["vocab_size"], hidden]
    assert header["model.layers.0.self_attn.k_proj.weight"]["shape"] == [kv, hidden]
    assert len(header) == 2 + 9 * config["num_hidden_layers"]
    assert {entry["dtype"] for entry in header.values()} == {"F16"}


def test_special_tokens_have_llama_2s_numbers(tokenizer: Tokenizer) -> None:
    assert [tokenizer.token_to_id(token) for token in ("<unk>", "<s>", "</s>")] == [0, 1, 2]
    assert [tokenizer.token_to_id(f"<0x{byte:02X}>") for byte in range(256)] == list(range(3, 259))
    assert tokenizer.get_vocab_size() == read("config.json")["vocab_size"]
    assert tokenizer.encode("Hi").ids[0] == 1


def test_a_literal_bos_is_kept_beside_the_one_that_is_added(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("<s>[INST] Hi [/INST]").ids[:2] == [1, 1]


@pytest.mark.parametrize("text", TEXTS)
def test_text_survives_the_round_trip(tokenizer: Tokenizer, text: str) -> None:
    encoding = tokenizer.encode(text)
    assert 0 not in encoding.ids
    assert tokenizer.decode(encoding.ids) == text


@pytest.mark.parametrize("emoji", "🎉🚀✨🎁😊💡🔥👋⭐🛒")
def test_emojis_are_bytes(tokenizer: Tokenizer, emoji: str) -> None:
    assert tokens(tokenizer, emoji)[1:] == [f"<0x{byte:02X}>" for byte in emoji.encode()]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("before", ["Use code ", 'code "', "code:\n", "(", "**"])
def test_a_code_is_read_a_character_at_a_time_wherever_it_stands(tokenizer: Tokenizer, before: str, code: str) -> None:
    assert tokens(tokenizer, before + code)[-len(code) :] == list(code)
    assert tokens(tokenizer, before + code + " now.")[-len(code) - 2 : -2] == list(code)


@pytest.mark.parametrize("name", ["Bartholomew", "Quigley", "Zoltan"])
def test_a_name_has_the_same_tokens_after_a_space_a_quote_and_a_line_break(tokenizer: Tokenizer, name: str) -> None:
    alone = tokens(tokenizer, "\n" + name)[2:]
    assert all(tokens(tokenizer, before + name)[-len(alone) :] == alone for before in ("Hi ", '"', "<", "a\n"))


def test_chat_template_renders_llama_2s_form() -> None:
    user = {"role": "user", "content": "Hi there"}
    assert rendered([user]) == "<s>[INST] Hi there [/INST]"
    system = {"role": "system", "content": "Be kind."}
    assert rendered([system, user]) == "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHi there [/INST]"
    answer = {"role": "assistant", "content": "Hello!"}
    assert rendered([user, answer, user]) == "<s>[INST] Hi there [/INST] Hello! </s><s>[INST] Hi there [/INST]"


def test_chat_template_refuses_two_users_in_a_row() -> None:
    user = {"role": "user", "content": "Hi there"}
    with pytest.raises(ValueError, match="take turns"):
        rendered([user, user])


def test_the_sentencepiece_model_splits_every_prompt_as_the_tokenizer_does(tokenizer: Tokenizer) -> None:
    pieces = SentencePieceProcessor(model_file=str(FOLDER / "tokenizer.model"))
    prompts = [json.loads(line)["prompt"].removeprefix("<s>") for line in DEV_PROMPTS.read_text("utf-8").splitlines()]
    texts = [*TEXTS, *CODES, *prompts]
    assert [text for text in texts if pieces.encode(text) != tokenizer.encode(text, add_special_tokens=False).ids] == []


def test_the_sentencepiece_model_knows_the_special_tokens_and_the_bytes() -> None:
    pieces = SentencePieceProcessor(model_file=str(FOLDER / "tokenizer.model"))
    assert (pieces.unk_id(), pieces.bos_id(), pieces.eos_id(), pieces.pad_id()) == (0, 1, 2, -1)
    assert [index for index in range(len(pieces)) if pieces.is_byte(index)] == list(range(3, 259))
