import re

from fakes.containers import get, play_on, post, tgi
from fakes.engine import FakeEngine
from firstbyte.containers.server import ContainerServer

NAMES = """
firstbyte_accepted_tokens_total firstbyte_draft_tokens_total firstbyte_prefix_cache_hits_total
firstbyte_prefix_cache_queries_total firstbyte_prefix_cache_tokens_total
tgi_batch_concat tgi_batch_current_max_tokens tgi_batch_current_size tgi_batch_inference_count
tgi_batch_inference_duration tgi_batch_inference_failure tgi_batch_inference_success tgi_batch_max_total_tokens
tgi_batch_next_size tgi_batch_total_tokens tgi_queue_size tgi_request_count tgi_request_duration tgi_request_failure
tgi_request_generated_tokens tgi_request_inference_duration tgi_request_input_length tgi_request_max_new_tokens
tgi_request_mean_time_per_token_duration tgi_request_queue_duration tgi_request_skipped_tokens tgi_request_success
tgi_request_validation_duration
""".split()
"""Ours, and all of TGI's but the parts of a step and the time that joining a batch takes."""


async def scrape() -> str:
    server = ContainerServer(tgi(MAX_BATCH_TOTAL_TOKENS="8192"), FakeEngine())
    await play_on(server, post("/invocations", {"inputs": "hi", "stream": True}))
    return (await play_on(server, get("/metrics"))).body.decode()


async def test_every_name_is_there_once_and_typed() -> None:
    text = await scrape()
    assert sorted(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE)) == sorted(NAMES)


async def test_steps_have_the_label_of_their_method() -> None:
    text = await scrape()
    for name in ("count", "success"):
        assert f'tgi_batch_inference_{name}{{method="decode"}} 1\n' in text
    assert 'tgi_batch_inference_failure{method="prefill"} 0\n' in text
    assert 'tgi_batch_inference_duration_bucket{method="decode",le="+Inf"} 1\n' in text
    assert 'tgi_batch_inference_duration_count{method="prefill"} 0\n' in text


async def test_what_has_ended_weighs_on_the_batch_no_more() -> None:
    text = await scrape()
    assert "tgi_batch_current_max_tokens 0\n" in text
    assert 'tgi_batch_concat{reason="backpressure"} 0\n' in text
    assert "tgi_batch_next_size_sum 1" in text
    assert "tgi_request_skipped_tokens_count 1\n" in text


async def test_every_line_is_a_sample_of_the_text_format() -> None:
    sample = re.compile(r'[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [-+.e\d]+')
    lines = [line for line in (await scrape()).splitlines() if not line.startswith("# TYPE ")]
    assert [line for line in lines if not sample.fullmatch(line)] == []
