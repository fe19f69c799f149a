"""Runs a checkpoint with transformers in float32; needs torch and transformers."""

from pathlib import Path
from typing import Any

import torch
import transformers


def run_oracle(model_dir: Path, prompt_ids: list[int], num_new_tokens: int) -> dict[str, Any]:
    """Greedy tokens, and the logits after the prompt and before the last of those tokens."""
    model = transformers.AutoModelForCausalLM.from_pretrained(
        model_dir, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    ids, logits = list(prompt_ids), []
    with torch.inference_mode():
        for _ in range(num_new_tokens):
            logits.append(model(torch.tensor([ids]), use_cache=False).logits[0, -1])
            ids.append(int(logits[-1].argmax()))
    return {
        "token_ids": ids[len(prompt_ids) :],
        "first_logits": [round(float(x), 5) for x in logits[0]],
        "last_logits": [round(float(x), 5) for x in logits[-1]],
    }
