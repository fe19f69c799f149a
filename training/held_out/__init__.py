"""The held-out prompts of the launch e-mail model, and the checker of answers to them."""
