import re
from dataclasses import replace

import pytest

from documents import ROOT
from fakes.containers import get, lmi, play, play_on, post
from fakes.engine import FakeEngine
from firstbyte.containers.exchange import Request
from firstbyte.containers.server import ContainerServer
from firstbyte.engine.errors import GenerationFailed, Overloaded

BODY = {"inputs": "hi", "parameters": {}}
NAMES = """
OutputTokens QueueTime RequestLatency Response_2XX_total Response_4XX_total Response_5XX_total RollingBatchSize
ServerError_total TokenLatency TokenThroughput WlmError_total
firstbyte_accepted_tokens_total firstbyte_draft_tokens_total firstbyte_prefix_cache_hits_total
firstbyte_prefix_cache_queries_total firstbyte_prefix_cache_tokens_total
""".split()


def asking(query: str = "") -> Request:
    return replace(get("/metrics"), query=query)


async def scrape(server: ContainerServer, query: str = "") -> str:
    answer = await play_on(server, asking(query))
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return answer.body.decode()


def served(engine: FakeEngine | None = None) -> ContainerServer:
    return ContainerServer(lmi("0.29.0", SERVING_PROMETHEUS="true"), engine or FakeEngine())


async def test_every_name_is_there_once_typed_and_in_order() -> None:
    server = served()
    await play_on(server, post("/invocations", BODY))
    assert re.findall(r"^# TYPE (\S+) ", await scrape(server), re.MULTILINE) == NAMES


async def test_samples_are_written_as_djl_writes_them() -> None:
    server = served()
    await play_on(server, post("/invocations", BODY))
    text = await scrape(server, "name%5B%5D=OutputTokens&name[]=Response_2XX")
    assert re.sub(r'Host="[^"]+"', 'Host="h"', text) == (
        "# HELP OutputTokens : prometheus gauge metric, unit: Count/Item\n"
        "# TYPE OutputTokens gauge\n"
        'OutputTokens{Model="model"} 3.0\n'
        "# HELP Response_2XX_total : prometheus counter metric, unit: Count\n"
        "# TYPE Response_2XX_total counter\n"
        'Response_2XX_total{Host="h"} 1.0\n'
    )


async def test_answers_are_counted_by_the_hundreds_of_their_status() -> None:
    engine = FakeEngine()
    server = served(engine)
    await play_on(server, post("/invocations", BODY))
    await play_on(server, post("/nothing", BODY))
    await play_on(server, post("/invocations", b"{"))
    engine.fail_at = 0
    for failure in (GenerationFailed("broken"), Overloaded("full")):
        engine.failure = failure
        await play_on(server, post("/invocations", BODY))
    await play_on(server, get("/ping"))
    found = dict(re.findall(r"^(\w+)\{Host=.*\} (\S+)$", await scrape(server), re.MULTILINE))
    assert found.pop("QueueTime") == "0.0"
    assert found == {
        "Response_2XX_total": "1.0",
        "Response_4XX_total": "3.0",
        "Response_5XX_total": "1.0",
        "ServerError_total": "1.0",
        "WlmError_total": "1.0",
    }


async def test_nothing_is_told_of_requests_before_the_first_has_ended() -> None:
    names = re.findall(r"^# TYPE (\S+) ", await scrape(served()), re.MULTILINE)
    assert "RollingBatchSize" in names
    assert not {"QueueTime", "RequestLatency", "TokenLatency", "TokenThroughput", "OutputTokens"} & set(names)


async def test_it_is_off_unless_asked_for() -> None:
    answer = await play(lmi(), asking())
    assert answer.status == 400
    assert answer.json["message"] == (
        "Prometheus is not enabled, set SERVING_PROMETHEUS environment var to true to enable prometheus metrics"
    )


@pytest.mark.parametrize("name", [name.removesuffix("_total") for name in NAMES])
def test_every_name_is_in_the_document(name: str) -> None:
    section = (ROOT / "docs/lmi.md").read_text(encoding="utf-8").partition("## Metrics")[2].partition("\n## ")[0]
    assert f"`{name}`" in section
