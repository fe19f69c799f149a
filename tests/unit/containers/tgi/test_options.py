import re

import pytest

from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.tgi.options import Limits, read_options, settle_limits
from firstbyte.containers.versions import Version
from firstbyte.engine.watermark import Watermark

V2, V3 = Version(2, 0, 2), Version(3, 3, 0)


def limits(version: Version, longest: int | None, environment: dict[str, str]) -> Limits:
    return settle_limits(read_options({"HF_MODEL_ID": "m", **environment}, version), longest)


@pytest.mark.parametrize("environment", [{}, {"HF_MODEL_ID": ""}, {"MODEL_ID": "m"}])
def test_start_script_wants_a_model_id(environment: dict[str, str]) -> None:
    with pytest.raises(StartupFailed) as failure:
        read_options(environment, V2)
    assert str(failure.value) == "HF_MODEL_ID must be set"


def test_reads_the_reference_workload() -> None:
    options = read_options(
        {
            "HF_MODEL_ID": "meta-llama/Llama-2-70b-chat-hf",
            "SM_NUM_GPUS": "8",
            "MAX_INPUT_LENGTH": "2048",
            "MAX_TOTAL_TOKENS": "4096",
            "MAX_BATCH_TOTAL_TOKENS": "32768",
            "HUGGING_FACE_HUB_TOKEN": "hf_x",
        },
        V2,
    )
    assert (options.model_id, options.num_shard, options.hub_token) == ("meta-llama/Llama-2-70b-chat-hf", 8, "hf_x")
    assert settle_limits(options, 4096) == Limits(2048, 4096, 2098, 32768)
    assert options.notes == ("NUM_SHARD=8: recorded; one CPU runs the whole model here",)


def test_defaults_are_the_launchers() -> None:
    options = read_options({"HF_MODEL_ID": "m"}, V2)
    assert (options.max_concurrent_requests, options.max_best_of, options.max_stop_sequences) == (128, 2, 4)
    assert (options.max_top_n_tokens, options.max_client_batch_size, options.validation_workers) == (5, 4, 2)
    assert (options.payload_limit_bytes, options.graceful_termination_timeout_s) == (2_000_000, 90)


def test_speculation_is_by_n_grams_and_off_unless_asked_for() -> None:
    assert read_options({"HF_MODEL_ID": "m"}, V2).speculate == 0
    assert read_options({"HF_MODEL_ID": "m", "SPECULATE": "3"}, V2).speculate == 3


def test_a_watermark_is_the_papers_unless_the_variables_say_otherwise() -> None:
    assert read_options({"HF_MODEL_ID": "m"}, V2).watermark == Watermark(0.5, 2.0)
    environment = {"HF_MODEL_ID": "m", "WATERMARK_GAMMA": "0.25", "WATERMARK_DELTA": "4"}
    assert read_options(environment, V2).watermark == Watermark(0.25, 4.0)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("WATERMARK_GAMMA", "half", "invalid value 'half' for '--watermark-gamma <WATERMARK_GAMMA>': invalid float"),
        ("WATERMARK_GAMMA", "1.5", "`watermark_gamma` must be >= 0.0 and <= 1.0. Given: 1.5"),
        ("WATERMARK_GAMMA", "nan", "`watermark_gamma` must be >= 0.0 and <= 1.0. Given: nan"),
        ("WATERMARK_DELTA", "inf", "`watermark_delta` must be finite. Given: inf"),
    ],
)
def test_a_watermark_that_cannot_be_made_fails_the_start(name: str, value: str, message: str) -> None:
    with pytest.raises(StartupFailed, match=re.escape(message)):
        read_options({"HF_MODEL_ID": "m", name: value}, V2)


@pytest.mark.parametrize("name", ["QUANTIZE", "HF_MODEL_QUANTIZE"])
@pytest.mark.parametrize("value", ["int8", "int4", "none", "bitsandbytes-nf4"])
def test_weights_are_kept_as_asked(name: str, value: str) -> None:
    assert read_options({"HF_MODEL_ID": "m", name: value}, V2).quantize == value


@pytest.mark.parametrize(
    ("version", "longest", "environment", "expected"),
    [
        (V2, 32768, {}, Limits(4095, 4096, 4145, None)),
        (V2, 2048, {}, Limits(2047, 2048, 2097, None)),
        (V2, None, {}, Limits(4095, 4096, 4145, None)),
        (V2, 2048, {"MAX_BATCH_SIZE": "3"}, Limits(2047, 2048, 6141, None)),
        (V2, 2048, {"MAX_INPUT_TOKENS": "100"}, Limits(100, 2048, 150, None)),
        (V3, 32768, {}, Limits(32767, 32768, 4096, None)),
        (V3, 32768, {"MAX_TOTAL_TOKENS": "100"}, Limits(99, 100, 4096, None)),
    ],
)
def test_limits_follow_from_the_model(
    version: Version, longest: int | None, environment: dict[str, str], expected: Limits
) -> None:
    assert limits(version, longest, environment) == expected


@pytest.mark.parametrize(
    ("version", "environment", "message"),
    [
        (
            V2,
            {"MAX_INPUT_LENGTH": "8", "MAX_TOTAL_TOKENS": "8"},
            "`max_input_tokens must be < `max_total_tokens`",
        ),
        (
            V3,
            {"MAX_INPUT_TOKENS": "9", "MAX_TOTAL_TOKENS": "8"},
            "`max_input_tokens`(9) must be < `max_total_tokens`(8)",
        ),
        (
            V2,
            {"MAX_INPUT_TOKENS": "20", "MAX_TOTAL_TOKENS": "30", "MAX_BATCH_PREFILL_TOKENS": "10"},
            "`max_batch_prefill_tokens` must be >= `max_input_tokens`. Given: 10 and 20",
        ),
        (V2, {"VALIDATION_WORKERS": "0"}, "`validation_workers` must be > 0"),
        (
            V2,
            {"MAX_INPUT_TOKENS": "20", "MAX_TOTAL_TOKENS": "30", "MAX_BATCH_TOTAL_TOKENS": "40"},
            "`max_batch_prefill_tokens` must be <= `max_batch_total_tokens`. Given: 70 and 40",
        ),
        (
            V2,
            {"MAX_INPUT_TOKENS": "2", "MAX_TOTAL_TOKENS": "90", "MAX_BATCH_TOTAL_TOKENS": "80"},
            "`max_total_tokens` must be <= `max_batch_total_tokens`. Given: 90 and 80",
        ),
        (
            V2,
            {"MAX_INPUT_TOKENS": "1", "MAX_INPUT_LENGTH": "2"},
            "Both `max_input_tokens` (1) and `max_input_length` (2) are set. Please define only `max_input_tokens` as "
            "`max_input_length is deprecated for naming consistency.",
        ),
        (
            V2,
            {"MAX_TOTAL_TOKENS": "many"},
            "invalid value 'many' for '--max-total-tokens <MAX_TOTAL_TOKENS>': invalid digit found in string",
        ),
        (
            V2,
            {"DTYPE": "int1"},
            "invalid value 'int1' for '--dtype <DTYPE>' [possible values: float16, bfloat16]",
        ),
        (
            V2,
            {"WAITING_SERVED_RATIO": "x"},
            "invalid value 'x' for '--waiting-served-ratio <WAITING_SERVED_RATIO>': invalid float literal",
        ),
    ],
)
def test_start_failures_are_worded_as_the_launcher_words_them(
    version: Version, environment: dict[str, str], message: str
) -> None:
    with pytest.raises(StartupFailed) as failure:
        limits(version, 32768, environment)
    assert str(failure.value) == message
