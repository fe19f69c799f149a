"""Trains the tokenizer: BPE with byte fallback in Llama 2's form, in which codes are read a character at a time.

    python -m training.tokenizer

The merges are learnt with a pre-tokenizer that isolates digits, capitals of a run, punctuation and line breaks, and keeps
the space mark off capitals. The tokenizer that is written has none: such merges never cross those borders anyway, and
engines that know only Llama 2's tokenizer then give the same tokens.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from random import Random

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from training.emails import example_text
from training.lexicon import EMOJIS

VOCAB_SIZE = 1536
MARK = "▁"
SPECIAL = ["<unk>", "<s>", "</s>"]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
SYMBOLS = list("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
PIECES = Regex(rf"{MARK}?\p{{Ll}}+|\p{{Lu}}\p{{Ll}}+|[\s\S]")
"""A lower-case run with the space before it; a capital with the lower-case run after it; else one character."""


def learn(texts: list[str]) -> list[str]:
    """Tokens in the order of their merges; first the single characters that occur often enough."""
    learner = Tokenizer(models.BPE(unk_token="<unk>"))
    learner.normalizer = normalizers.Replace(" ", MARK)
    learner.pre_tokenizer = pre_tokenizers.Split(PIECES, "isolated")
    counts = Counter(char for text in texts for char in text if char not in "".join(EMOJIS))
    letters = sorted(char for char, count in counts.items() if count > 60 and char != " " and ord(char) < 0x2100)
    letters = [MARK, *(char for char in letters if char not in SYMBOLS)]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE - len(SPECIAL) - len(BYTES),
        initial_alphabet=SYMBOLS + letters,
        limit_alphabet=len(SYMBOLS) + len(letters),
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    ranked = sorted(learner.get_vocab().items(), key=lambda item: item[1])
    return SYMBOLS + letters + [token for token, _ in ranked if len(token) > 1]


def all_merges(tokens: list[str]) -> list[tuple[str, str]]:
    """Every pair of tokens that makes a token, by the rank of what it makes, as a SentencePiece model would merge."""
    known = set(tokens)
    return [
        (token[:cut], token[cut:])
        for token in tokens
        for cut in range(1, len(token))
        if token[:cut] in known and token[cut:] in known
    ]


def build(tokens: list[str]) -> Tokenizer:
    """The tokenizer in Llama 2's form."""
    vocab = {token: index for index, token in enumerate(SPECIAL + BYTES + tokens)}
    tokenizer = Tokenizer(models.BPE(vocab, all_merges(tokens), unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(MARK), normalizers.Replace(" ", MARK)])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(MARK, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    tokenizer.add_special_tokens(SPECIAL)
    return tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=12000)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "runs" / "tokenizer.json")
    options = parser.parse_args()
    tokens = learn([example_text(Random(seed)) for seed in range(options.texts)])
    tokenizer = build(tokens)
    options.out.parent.mkdir(exist_ok=True)
    tokenizer.save(str(options.out))
    print(json.dumps({"tokens": tokenizer.get_vocab_size(), "merges": len(all_merges(tokens))}))


if __name__ == "__main__":
    main()
