"""Writes the tokenizer once more, as a SentencePiece model: the file that llama.cpp's converter and older readers look for.

Called by `checkpoint.py`. The pieces and their order are those of tokenizer.json; a piece's score is minus its rank, so that
SentencePiece merges in the order of the ranks. Format: `sentencepiece_model.proto` of the SentencePiece project.
"""

from pathlib import Path

from sentencepiece import sentencepiece_model_pb2 as proto
from tokenizers import Tokenizer

NUM_SPECIAL = 3
NUM_BYTES = 256
Kind = proto.ModelProto.SentencePiece.Type


def kind_of(index: int) -> int:
    """`<unk>`, then `<s>` and `</s>`, then the bytes, then the text."""
    if index == 0:
        return Kind.Value("UNKNOWN")
    if index < NUM_SPECIAL:
        return Kind.Value("CONTROL")
    return Kind.Value("BYTE") if index < NUM_SPECIAL + NUM_BYTES else Kind.Value("NORMAL")


def sentencepiece_model(tokenizer: Tokenizer) -> proto.ModelProto:
    """The vocabulary with the settings of Llama 2: BPE, byte fallback, a space before the text, spaces kept as they are."""
    model = proto.ModelProto()
    for index in range(tokenizer.get_vocab_size()):
        rank = max(0, index - NUM_SPECIAL - NUM_BYTES)
        model.pieces.add(piece=tokenizer.id_to_token(index), score=-float(rank), type=kind_of(index))
    trainer = model.trainer_spec
    trainer.model_type = proto.TrainerSpec.BPE
    trainer.vocab_size = len(model.pieces)
    trainer.byte_fallback = True
    trainer.unk_id, trainer.bos_id, trainer.eos_id, trainer.pad_id = 0, 1, 2, -1
    normaliser = model.normalizer_spec
    normaliser.name = "identity"
    normaliser.add_dummy_prefix, normaliser.remove_extra_whitespaces = True, False
    normaliser.escape_whitespaces = True
    return model


def write(tokenizer: Tokenizer, path: Path) -> None:
    path.write_bytes(sentencepiece_model(tokenizer).SerializeToString())
