import pytest

from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.lmi.options import merge_properties, read_options
from firstbyte.containers.versions import Version

V28, V36 = Version(0, 28, 0), Version(0, 36, 0)


def test_reads_the_reference_workload() -> None:
    options = read_options(
        {"MODEL_LOADING_TIMEOUT": "3600"},
        {
            "engine": "MPI",
            "option.entryPoint": "djl_python.huggingface",
            "option.tensor_parallel_degree": "8",
            "option.rolling_batch": "lmi-dist",
            "option.rolling_batch_type": "LmiDistRollingBatch",
            "option.max_rolling_batch_size": "64",
            "option.model_loading_timeout": "900",
            "option.model_id": "s3://bucket-1/llama2/70b/",
            "option.paged_attention": "true",
            "option.max_rolling_batch_prefill_tokens": "16384",
        },
        V28,
    )
    assert (options.model_id, options.rolling_batch) == ("s3://bucket-1/llama2/70b/", "lmi-dist")
    assert (options.max_rolling_batch_size, options.max_rolling_batch_prefill_tokens) == (64, 16384)
    assert options.tensor_parallel_degree == 8
    assert [note.partition(":")[0] for note in options.notes] == [
        "option.tensor_parallel_degree=8",
        "option.paged_attention=true",
    ]


def test_defaults() -> None:
    options = read_options({}, {}, V28)
    assert (options.model_id, options.rolling_batch, options.max_rolling_batch_size) == (None, "auto", 32)
    assert (options.job_queue_size, options.output_formatter, options.tensor_parallel_degree) == (1000, None, None)


def test_properties_win_over_option_variables_and_those_over_translations() -> None:
    environment = {
        "OPTION_MODEL_ID": "from-option",
        "HF_MODEL_ID": "from-hf",
        "OPTION_ENTRYPOINT": "e",
        "OPTION_ENGINE": "MPI",
    }
    assert merge_properties(environment, {"option.model_id": "from-file"})["option.model_id"] == "from-file"
    merged = merge_properties(environment, {})
    assert (merged["option.model_id"], merged["option.entryPoint"], merged["engine"]) == ("from-option", "e", "MPI")
    assert merge_properties({"HF_MODEL_ID": "from-hf"}, {})["option.model_id"] == "from-hf"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("HF_MODEL_QUANTIZE", "option.quantize"),
        ("SM_NUM_GPUS", "option.tensor_parallel_degree"),
        ("TENSOR_PARALLEL_DEGREE", "option.tensor_parallel_degree"),
        ("MAX_CONCURRENT_REQUESTS", "job_queue_size"),
        ("MAX_BATCH_PREFILL_TOKENS", "option.max_rolling_batch_prefill_tokens"),
        ("MAX_BATCH_SIZE", "option.max_rolling_batch_size"),
        ("CUDA_MEMORY_FRACTION", "option.gpu_memory_utilization"),
        ("HF_REVISION", "option.revision"),
        ("HF_MODEL_TRUST_REMOTE_CODE", "option.trust_remote_code"),
        ("SERVING_MAX_WORKERS", "maxWorkers"),
    ],
)
def test_variables_of_other_containers_are_translated(name: str, key: str) -> None:
    assert merge_properties({name: "7"}, {}) == merge_properties({name: "7"}, {}) | {key: "7"}


def test_weights_are_kept_as_asked() -> None:
    assert read_options({}, {"option.quantize": "int4"}, V28).quantize == "int4"
    assert read_options({"HF_MODEL_QUANTIZE": "int8"}, {}, V28).quantize == "int8"
    assert read_options({}, {}, V28).quantize is None


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"rolling_batch": "lmi-dist", "engine": "Python"}, "Need MPI engine to start lmi-dist RollingBatcher"),
        ({"rolling_batch": "trtllm", "engine": "Python"}, "Need MPI engine to start trtllm RollingBatcher"),
        ({"rolling_batch": "vllm", "engine": "MPI"}, "Need python engine to start vLLM RollingBatcher"),
        (
            {"rolling_batch": "deepspeed"},
            "rolling_batch: value is not a valid enumeration member; "
            "permitted: 'auto', 'disable', 'trtllm', 'lmi-dist', 'vllm', 'scheduler', 'tnx'",
        ),
        ({"engine": "OnnxRuntime"}, "engine=OnnxRuntime is not served here: choose MPI or Python"),
        ({"max_rolling_batch_size": "0"}, "option.max_rolling_batch_size: value is not a valid integer above 0: 0"),
        ({"tensor_parallel_degree": "two"}, "option.tensor_parallel_degree: value is not a valid integer above 0: two"),
    ],
)
def test_start_failures(properties: dict[str, str], message: str) -> None:
    named = {key if key == "engine" else f"option.{key}": value for key, value in properties.items()}
    with pytest.raises(StartupFailed) as failure:
        read_options({}, named, V28)
    assert str(failure.value) == message


def test_lmi_dist_is_vllm_from_0_33() -> None:
    properties = {"engine": "MPI", "option.rolling_batch": "lmi-dist"}
    assert read_options({}, properties, V36).rolling_batch == "vllm"
    with pytest.raises(StartupFailed, match="permitted"):
        read_options({}, {"option.rolling_batch": "scheduler"}, V36)


@pytest.mark.parametrize("rolling_batch", ["auto", "scheduler", "tnx"])
def test_other_rolling_batches_take_any_engine(rolling_batch: str) -> None:
    for engine in ("MPI", "Python"):
        options = read_options({}, {"engine": engine, "option.rolling_batch": rolling_batch}, V28)
        assert options.rolling_batch == rolling_batch


@pytest.mark.parametrize(
    ("properties", "is_static", "is_streaming"),
    [
        ({"option.rolling_batch": "disable"}, True, False),
        ({"option.rolling_batch": "disable", "option.enable_streaming": "true"}, True, True),
        ({"option.rolling_batch": "disable", "option.enable_streaming": "huggingface"}, True, True),
        ({"option.rolling_batch": "disable", "option.enable_streaming": "false"}, True, False),
        ({"option.rolling_batch": "disable", "option.async_mode": "true"}, False, False),
        ({"batch_size": "4"}, True, False),
        ({"batch_size": "4", "option.rolling_batch": "vllm"}, False, False),
        ({"option.enable_streaming": "true"}, False, False),
    ],
)
def test_static_batching(properties: dict[str, str], is_static: bool, is_streaming: bool) -> None:
    options = read_options({}, properties, V28)
    assert (options.is_static, options.is_static_streaming) == (is_static, is_streaming)


def test_limits_of_time_and_size() -> None:
    options = read_options({}, {}, V28)
    assert (options.predict_timeout_s, options.model_loading_timeout_s, options.waits_for_model) == (240, 1200, True)
    environment = {
        "PREDICT_TIMEOUT": "7",
        "MODEL_LOADING_TIMEOUT": "8",
        "SERVING_WAIT_MODEL_LOADING": "false",
        "SERVING_ALLOW_MULTI_STATUS": "true",
        "SERVING_MAX_REQUEST_SIZE": "9",
        "SERVING_MEMORY_CACHE_CAPACITY": "10",
        "SERVING_MIN_WORKERS": "2",
    }
    options = read_options(environment, {"option.predict_timeout": "6", "option.retry_threshold": "3"}, V28)
    assert (options.predict_timeout_s, options.model_loading_timeout_s) == (6, 8)
    assert (options.waits_for_model, options.allows_multi_status) == (False, True)
    assert (options.max_request_bytes, options.num_polled_answers) == (9, 10)
    assert (options.num_workers, options.retry_threshold) == (2, 3)


def test_handlers_are_told_all_properties() -> None:
    options = read_options({"OPTION_DTYPE": "fp16"}, {"engine": "Python", "option.task": "x"}, V28)
    assert options.model_properties == {"engine": "Python", "task": "x", "dtype": "fp16"}
