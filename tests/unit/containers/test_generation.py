import pytest

from fakes.engine import FakeEngine
from firstbyte.containers.errors import ContainerError, GenerationBroke, Overloaded, RequestRejected
from firstbyte.containers.generation import Admission, Generator, translate_error
from firstbyte.engine import errors as engine_errors
from firstbyte.engine.requests import GenerateRequest

REQUEST = GenerateRequest((1, 2), max_new_tokens=2)


@pytest.mark.parametrize(
    ("raised", "translated"),
    [
        (engine_errors.PromptTooLong(5, 6, 10), RequestRejected),
        (engine_errors.InvalidRequest("x"), RequestRejected),
        (engine_errors.Overloaded("x"), Overloaded),
        (engine_errors.GenerationFailed("x"), GenerationBroke),
        (engine_errors.EngineError("x"), GenerationBroke),
    ],
)
def test_engines_errors_are_renamed(raised: engine_errors.EngineError, translated: type[ContainerError]) -> None:
    error = translate_error(raised)
    assert type(error) is translated
    assert str(error) == str(raised)


async def test_slots_are_refused_when_too_few_are_free_and_given_back() -> None:
    admission = Admission(2)
    async with admission.admit(1):
        with pytest.raises(Overloaded):
            async with admission.admit(2):
                pass
        async with admission.admit(1):
            pass
    async with admission.admit(2):
        pass


async def test_slots_are_given_back_after_an_error() -> None:
    admission = Admission(1)
    with pytest.raises(GenerationBroke):
        async with admission.admit(1):
            raise GenerationBroke
    async with admission.admit(1):
        pass


async def test_health_is_not_doubted_because_of_the_client_or_a_full_queue() -> None:
    engine = FakeEngine(fail_at=0)
    generator = Generator(engine)
    for failure in (engine_errors.InvalidRequest("x"), engine_errors.Overloaded("x")):
        engine.failure = failure
        with pytest.raises(ContainerError):
            await generator.collect(REQUEST)
        assert await generator.is_healthy()
    assert len(engine.requests) == 2


async def test_engine_too_busy_to_be_tried_is_healthy() -> None:
    engine = FakeEngine(fail_at=0)
    generator = Generator(engine)
    with pytest.raises(GenerationBroke):
        await generator.collect(REQUEST)
    assert not await generator.is_healthy()
    engine.failure = engine_errors.Overloaded("full")
    assert await generator.is_healthy()
    assert engine.requests[-1].max_new_tokens == 1
