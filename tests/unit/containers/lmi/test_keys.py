import re

from documents import ROOT
from firstbyte.containers.lmi.keys import EFFECTIVE, KNOWN, WITHOUT_EFFECT, notes_of, unknown_notes
from firstbyte.containers.lmi.options import read_options
from firstbyte.containers.versions import Version


def test_no_key_is_in_both_tables() -> None:
    assert not EFFECTIVE & WITHOUT_EFFECT.keys()
    assert len(KNOWN) == len(EFFECTIVE) + len(WITHOUT_EFFECT)


def test_unknown_keys_name_the_nearest_known_one() -> None:
    assert unknown_notes({"option.max_rolling_batch_sise": "1", "option.colour": "x", "option.dtype": "fp16"}) == (
        "option.max_rolling_batch_sise is not known and ignored; did you mean option.max_rolling_batch_size?",
        "option.colour is not known and ignored",
    )


def test_keys_without_an_effect_say_why() -> None:
    assert notes_of({"option.enable_lora": "true", "engine": "MPI"}) == (
        "option.enable_lora=true: has no effect: there are no adapters here",
    )


def test_the_options_carry_both() -> None:
    options = read_options({}, {"option.rolling_batch_type": "LmiDistRollingBatch"}, Version(0, 28))
    assert options.notes == ()
    assert options.unknown_notes == (
        "option.rolling_batch_type is not known and ignored; did you mean option.rolling_batch?",
    )


def test_the_document_lists_every_key_and_no_other() -> None:
    text = (ROOT / "docs/lmi.md").read_text(encoding="utf-8")
    table = text.partition("### Keys")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `([\w.]+)` \| (.+) \|$", table, re.MULTILINE)
    assert sorted(key for key, _ in listed) == sorted(KNOWN)
    assert {key: meaning for key, meaning in listed if key in WITHOUT_EFFECT} == dict(WITHOUT_EFFECT)
