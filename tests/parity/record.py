"""Records what transformers gives for every case: `python -m parity.record` (from tests/) in the parity environment."""

import json
import tempfile
from pathlib import Path

import transformers

from fakes.checkpoints import write_checkpoint
from parity.cases import CASES, NUM_NEW_TOKENS, prompt_of, seed_of
from parity.oracle import run_oracle

RECORDED = Path(__file__).with_name("recorded.json")


def main() -> None:
    """Write recorded.json."""
    cases = {}
    for case, config in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            model_dir = write_checkpoint(Path(folder), config, seed_of(case))
            cases[case] = run_oracle(model_dir, prompt_of(case), NUM_NEW_TOKENS)
    lines = ",\n".join(f"{json.dumps(case)}: {json.dumps(result)}" for case, result in cases.items())
    RECORDED.write_text(f'{{"transformers": {json.dumps(transformers.__version__)}, "cases": {{\n{lines}\n}}}}\n')


if __name__ == "__main__":
    main()
