"""Detokenising token by token, and the rules for stopping."""

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from firstbyte.engine.requests import FinishReason, GenerateRequest
from firstbyte.engine.text import StopRule, TextStream
from firstbyte.engine.tokenizer import CheckpointTokenizer

WORDS = ["▁the", "▁launch", "▁of", "é", "▁naïve", "th", "e", "▁", "l", "a", "u", "n", "c", "h", "o", "f", "\n"]
EOS = 2


def llama_like() -> CheckpointTokenizer:
    """As Llama 2's: words with ▁ for the space, bytes for what is not in the vocabulary, the first space stripped."""
    vocab = {"<unk>": 0, "<s>": 1, "</s>": 2} | {f"<0x{byte:02X}>": 3 + byte for byte in range(256)}
    vocab |= {word: 259 + index for index, word in enumerate(WORDS)}
    inner = tokenizers.Tokenizer(tokenizers.models.BPE(vocab, [], unk_token="<unk>", byte_fallback=True))
    inner.add_special_tokens(["<unk>", "<s>", "</s>"])
    inner.decoder = tokenizers.decoders.Sequence(
        [
            tokenizers.decoders.Replace("▁", " "),
            tokenizers.decoders.ByteFallback(),
            tokenizers.decoders.Fuse(),
            tokenizers.decoders.Strip(" ", 1, 0),
        ]
    )
    return CheckpointTokenizer(inner, {"bos_token": "<s>", "eos_token": "</s>"}, None)


TOKENIZER = llama_like()


def byte_ids(text: str) -> list[int]:
    return [3 + byte for byte in text.encode()]


def word(text: str) -> int:
    return 259 + WORDS.index(text)


pieces = st.lists(
    st.one_of(
        st.sampled_from([[259 + index] for index in range(len(WORDS))]),
        st.sampled_from("éßñ日本語😀👍🏽\u200d").map(byte_ids),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd"), max_size=3).map(byte_ids),
    ),
    max_size=12,
)


@given(pieces=pieces, num_prompt=st.integers(2, 8))
def test_the_pieces_make_the_whole(pieces: list[list[int]], num_prompt: int) -> None:
    prompt = [1, *[word("▁the")] * (num_prompt - 1)]
    ids = [token_id for piece in pieces for token_id in piece]
    stream = TextStream(TOKENIZER, prompt)

    streamed = "".join(stream.push(token_id) for token_id in ids)

    assert streamed == TOKENIZER.decode([word("e"), *ids])[1:]
    assert stream.generated_text() == streamed


def test_a_character_of_several_tokens_comes_with_its_last_one() -> None:
    stream = TextStream(TOKENIZER, [1, word("▁the")])

    assert [stream.push(token_id) for token_id in byte_ids("😀")] == ["", "", "", "😀"]


def test_a_broken_character_is_held_back_to_the_end() -> None:
    stream = TextStream(TOKENIZER, [1, word("▁the")])

    assert [stream.push(token_id) for token_id in [word("▁of"), *byte_ids("😀")[:2]]] == [" of", "", ""]
    assert stream.generated_text() == " of"


def test_a_broken_character_is_given_once_something_follows_it() -> None:
    stream = TextStream(TOKENIZER, [1, word("▁the")])

    pieces = [stream.push(token_id) for token_id in [byte_ids("😀")[0], word("th")]]

    assert pieces == ["", "\ufffdth"]


def test_after_a_special_token_the_whole_text_loses_its_first_space_as_in_tgi() -> None:
    stream = TextStream(TOKENIZER, [1])

    assert stream.push(word("▁of")) == " of"
    assert stream.generated_text() == "of"


def test_special_tokens_are_streamed_but_not_in_the_whole_text() -> None:
    stream = TextStream(TOKENIZER, [1, word("▁the")])

    assert [stream.push(token_id) for token_id in [word("▁of"), EOS]] == [" of", "</s>"]
    assert stream.generated_text() == " of"


def judge(pushes: list[tuple[int, str]], max_new_tokens: int = 100, **request: object) -> list[FinishReason | None]:
    rule = StopRule(GenerateRequest((1,), max_new_tokens, **request), frozenset({EOS}))  # type: ignore[arg-type]
    return [rule.judge(token_id, text) for token_id, text in pushes]


def texts(*given_texts: str) -> list[tuple[int, str]]:
    return [(9, text) for text in given_texts]


def test_the_length_is_asked_before_eos() -> None:
    assert judge([(9, "a"), (EOS, "</s>")], max_new_tokens=2) == [None, FinishReason.LENGTH]


def test_eos_is_asked_before_stop_strings() -> None:
    assert judge([(EOS, "</s>")], stop=("</s>",)) == [FinishReason.EOS_TOKEN]


def test_eos_can_be_ignored() -> None:
    assert judge([(EOS, "</s>"), (9, "a")], ignore_eos=True) == [None, None]


@pytest.mark.parametrize(
    ("stop", "pushed", "is_stopped"),
    [
        (("END",), ["the EN", "D"], True),
        (("END",), ["the END."], False),  # only at the end of a whole token
        (("END",), ["the END", " more"], True),
        (("END",), ["END\n"], True),  # `$` also stands before a last newline
        (("END",), ["END\n\n"], False),
        (("a.c",), ["abc"], False),  # not a pattern
        (("x", "y"), ["..y"], True),
        ((), ["END"], False),
    ],
)
def test_stop_strings(stop: tuple[str, ...], pushed: list[str], is_stopped: bool) -> None:
    assert (FinishReason.STOP_SEQUENCE in judge(texts(*pushed), stop=stop)) is is_stopped


def test_text_beyond_300_characters_is_forgotten_but_for_the_last_200() -> None:
    stop = "s" * 210
    kept = judge(texts("x" * 300, "s" * 200), stop=("s" * 190,))
    cut = judge(texts("x" * 100, "s" * 201, "s" * 9), stop=(stop,))

    assert kept[-1] is FinishReason.STOP_SEQUENCE
    assert cut == [None, None, None]


def test_a_stop_string_stays_in_the_text() -> None:
    stream = TextStream(TOKENIZER, [1, word("▁the")])
    for token_id in [word("▁the"), word("▁launch")]:
        stream.push(token_id)

    assert stream.generated_text() == " the launch"


def test_stop_strings_across_tokens_are_found_where_that_is_wanted() -> None:
    def reasons(stop_anywhere: bool) -> list[FinishReason | None]:
        request = GenerateRequest((1,), 9, stop=("stop",), stop_anywhere=stop_anywhere)
        rule = StopRule(request, frozenset({EOS}))
        return [rule.judge(9, text) for text in ("a st", "op!")]

    assert reasons(stop_anywhere=True) == [None, FinishReason.STOP_SEQUENCE]
    assert reasons(stop_anywhere=False) == [None, None]
