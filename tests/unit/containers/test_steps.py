from firstbyte.containers.steps import StepWatch
from firstbyte.engine.requests import GenerateRequest
from firstbyte.engine.stats import EngineStats

REQUEST = GenerateRequest((1, 2, 3), max_new_tokens=7)


class Script:
    """An engine's sums, told step by step, and a clock that the script moves."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.stats = EngineStats()
        self.watch = StepWatch(lambda: self.now_s)

    def step(self, seconds: float, *, computed: int, firsts: int = 0, later: int = 0, num_steps: int = 1) -> None:
        """Run steps that end now, and hand over their tokens."""
        self.now_s += seconds
        old = self.stats
        self.stats = EngineStats(
            num_steps=old.num_steps + num_steps,
            num_running=firsts + later,
            num_computed_tokens=old.num_computed_tokens + computed,
            num_generated_tokens=old.num_generated_tokens + firsts + later,
        )
        for index in range(firsts + later):
            self.watch.note(self.stats, is_first=index < firsts)


def test_a_step_that_reads_a_prompt_is_a_prefill_and_one_that_only_generates_a_decode() -> None:
    script = Script()
    script.watch.begin(REQUEST)
    script.step(0.5, computed=3, firsts=1)
    script.step(0.1, computed=1, later=1)
    script.step(0.1, computed=1, later=1)
    durations = script.watch.durations_s
    assert [sum(durations[method].counts) for method in ("prefill", "decode")] == [1, 2]
    assert abs(durations["prefill"].total - 0.5) < 1e-9
    assert abs(durations["decode"].total - 0.2) < 1e-9


def test_time_without_requests_belongs_to_no_step() -> None:
    script = Script()
    script.now_s += 60
    script.watch.begin(REQUEST)
    script.step(0.5, computed=3, firsts=1)
    script.watch.end(REQUEST)
    script.now_s += 60
    script.watch.begin(REQUEST)
    script.step(0.5, computed=3, firsts=1)
    assert abs(script.watch.durations_s["prefill"].total - 1.0) < 1e-9


def test_steps_that_bring_no_token_share_the_time_of_the_one_that_does() -> None:
    script = Script()
    script.watch.begin(REQUEST)
    script.step(0.9, computed=300, firsts=1, num_steps=3)
    prefill = script.watch.durations_s["prefill"]
    assert (sum(prefill.counts), round(prefill.total, 9)) == (3, 0.9)


def test_sequences_that_join_in_one_step_are_one_batch() -> None:
    script = Script()
    script.step(0.1, computed=6, firsts=2)
    script.step(0.1, computed=5, firsts=1, later=2)
    script.step(0.1, computed=3, later=3)
    script.watch.flush()
    assert (sum(script.watch.joining.counts), script.watch.joining.total) == (2, 3)
    assert script.watch.num_joined_others == 1, "the first two joined nobody"


def test_what_the_batch_may_come_to_follows_the_requests_under_way() -> None:
    watch = StepWatch()
    watch.begin(REQUEST)
    watch.begin(GenerateRequest((1,), max_new_tokens=1))
    assert watch.max_tokens == 12
    watch.end(REQUEST)
    assert watch.max_tokens == 2


def test_requests_that_fail_in_one_step_are_one_failure() -> None:
    watch = StepWatch()
    broken = EngineStats(num_steps=1, num_failures=3)
    for _ in range(3):
        watch.fail(broken)
    assert watch.failures == {"decode": 1}
