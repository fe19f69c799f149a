from firstbyte.containers.lmi.handlers.request_io import Sequence, TextGenerationOutput, TextInput, Token


def test_tokens_as_lmi_and_as_tgi_write_them() -> None:
    token = Token(2, "", -0.5, special_token=True)
    assert token.as_dict() == {"id": 2, "text": "", "log_prob": -0.5, "special_token": True}
    assert token.as_tgi_dict() == {"id": 2, "text": "", "logprob": -0.5, "special": True}
    assert Token(-1, "", -1.0, True, "broken").as_dict()["error_msg"] == "broken"
    assert Token(1, "a", None).as_dict() == {"id": 1, "text": "a", "log_prob": None}


def test_a_sequence_is_read_token_by_token() -> None:
    sequence = Sequence()
    first, last = Token(1, "a", -0.25), Token(2, "b", -0.5)
    sequence.set_next_token(first)
    assert sequence.get_next_token() == (first, True, False)
    assert sequence.get_next_token() == (None, False, False)
    sequence.set_next_token(last, is_last_token=True)
    assert sequence.has_next_token()
    assert sequence.get_next_token() == (last, False, True)
    assert sequence.cumulative_log_prob == -0.75


def test_alternatives_are_read_beside() -> None:
    sequence = Sequence()
    sequence.set_next_top_tokens([Token(1, "a", -0.25)])
    assert sequence.has_next_top_tokens()
    assert [token.text for token in sequence.get_next_top_tokens() or []] == ["a"]
    assert sequence.get_next_top_tokens() is None


def test_an_output_lists_its_tokens() -> None:
    output = TextGenerationOutput(0, TextInput(tgi_compat=True, input_ids=[1, 2]))
    output.sequences[0].set_next_token(Token(1, "a", -0.25))
    output.sequences[0].set_next_top_tokens([Token(3, "c", -0.5)])
    output.prompt_tokens_details.append(Token(9, "p", None))
    assert output.get_tokens_as_dict() == [{"id": 1, "text": "a", "logprob": -0.25}]
    assert output.get_top_tokens_as_dict() == [[{"id": 3, "text": "c", "logprob": -0.5}]]
    assert output.get_prompt_tokens_as_dict() == [{"id": 9, "text": "p", "logprob": None}]
    assert isinstance(output.input, TextInput)
    assert output.input.prompt_tokens_length() == 2
