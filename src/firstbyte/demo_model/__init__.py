"""The demo model: a tiny Llama checkpoint in Hugging Face form; data alone, no code."""
