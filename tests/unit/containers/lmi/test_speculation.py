import re

import pytest

from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.lmi.options import read_options
from firstbyte.containers.lmi.speculation import NOT_SERVED, read_speculation
from firstbyte.containers.versions import Version

MODEL, LENGTH, CONFIG = (f"option.speculative_{name}" for name in ("draft_model", "length", "config"))


@pytest.mark.parametrize(
    ("keys", "num_tokens"),
    [
        ({}, 0),
        ({LENGTH: "3"}, 0),
        ({MODEL: "[ngram]"}, 5),
        ({MODEL: "[ngram]", LENGTH: "3"}, 3),
        ({CONFIG: '{"method": "ngram", "num_speculative_tokens": 4, "prompt_lookup_max": 4}'}, 4),
        ({CONFIG: '{"model": "[ngram]"}', LENGTH: "2"}, 2),
    ],
)
def test_prompt_lookup_by_either_name(keys: dict[str, str], num_tokens: int) -> None:
    assert read_speculation(keys).num_tokens == num_tokens
    options = read_options({}, keys, Version(0, 28))
    assert options.num_draft_tokens == num_tokens
    assert any("prompt lookup guesses" in note for note in options.notes) is (num_tokens > 0)
    assert options.unknown_notes == ()


@pytest.mark.parametrize("keys", [{MODEL: "org/draft"}, {CONFIG: '{"method": "eagle", "model": "x"}'}, {CONFIG: "{}"}])
def test_a_draft_model_is_not_served_and_the_log_says_so(keys: dict[str, str]) -> None:
    read = read_speculation(keys)
    [(name, value)] = keys.items()
    assert (read.num_tokens, read.notes) == (0, (f"{name}={value}: {NOT_SERVED}",))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({LENGTH: "0"}, "option.speculative_length: value is not a valid integer above 0: 0"),
        ({CONFIG: "{"}, "option.speculative_config: value is not valid JSON: "),
        ({CONFIG: "[]"}, "option.speculative_config: value is not an object: []"),
        (
            {CONFIG: '{"method": "ngram", "num_speculative_tokens": -1}'},
            "option.speculative_config: num_speculative_tokens: value is not a valid integer above 0: -1",
        ),
    ],
)
def test_what_cannot_be_read_fails_the_start(keys: dict[str, str], message: str) -> None:
    with pytest.raises(StartupFailed, match=re.escape(message)):
        read_speculation(keys)
