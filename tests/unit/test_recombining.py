"""Recombining prompts loses no fact and no word on emojis, whatever else it takes out or puts in."""

import sys
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from training import scenes  # noqa: E402
from training.expand import FIELD, expand  # noqa: E402
from training.recombining import KEPT, is_loose, pieces, recombined, worn  # noqa: E402


def facts(text: str) -> list[str]:
    return [slot for slot in FIELD.findall(text) if slot in KEPT]


def test_pieces_make_the_text_again() -> None:
    text = '1. First rule. Second?\n\n- "Quoted." And on\nEnd'
    assert [sentence for sentence, _ in pieces(text)] == ["1. First rule.", "Second?", '- "Quoted."', "And on", "End"]
    assert "".join(sentence + gap for sentence, gap in pieces(text)) == text


def test_loose_is_what_says_neither_fact_nor_emoji() -> None:
    assert is_loose("Ask {person} in {city}.")
    assert not is_loose("Tell {name}.")
    assert not is_loose("Unlike {othercompany} we answer.")
    assert not is_loose("Emojis are welcome.")


def test_every_fact_stays_in_its_order() -> None:
    rng = Random(1)
    for template in scenes.REQUESTS[:1500]:
        text = expand(rng, template)
        mixed = recombined(rng, text, scenes.REQUESTS)
        assert facts(mixed) == facts(text)
        assert facts(worn(rng, mixed)) == facts(text)


def test_a_wish_for_emojis_stays() -> None:
    rng = Random(2)
    for template in scenes.EMOJI_PROMPTS * 5:
        assert "emoji" in worn(rng, recombined(rng, expand(rng, template), scenes.SYSTEM_PROMPTS)).lower()


def test_other_prompts_sentences_come_in_and_own_ones_go() -> None:
    rng = Random(3)
    text = "Be brief. Be kind. Write to {name}."
    results = {recombined(rng, text, ["We sell {noun}s. Ask nothing."]) for _ in range(200)}
    assert any("Ask nothing." in result for result in results)
    assert any("Be brief." not in result for result in results)
    assert text in results
