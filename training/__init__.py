"""How the demo model of Firstbyte is made: data, tokenizer, training, export and scoring."""
