"""AssumeRole: whose session it is, what it may do, how long it lasts, and which are refused."""

import datetime
from typing import Any

import pytest

from firstbyte.aws.claims import Scope
from firstbyte.aws.errors import ServiceError
from firstbyte.aws.gateway import Call
from firstbyte.aws.rights import Principal, Rights
from firstbyte.aws.sigv4 import Identity
from firstbyte.edge import sessions as sessions_module
from firstbyte.edge.sessions import Sessions

START = datetime.datetime(2026, 11, 27, 12, 0, 0, 250_000, tzinfo=datetime.UTC)
CALLER = Principal("arn:aws:sts::000000000042:assumed-role/sagemaker_execution_role/reader", Rights.READ_ONLY)
ROLE = "arn:aws:iam::000000000042:role/service-role/trainer"


class Clock:
    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime.datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions("000000000042", clock.now)


def call(token: str | None = None, **params: Any) -> Call:
    identity = Identity("AKIA", Scope("20261127", "us-east-1", "sts"), token, CALLER)
    return Call("sts", "AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "night-job"} | params, identity, "r")


async def refused(sessions: Sessions, **params: Any) -> tuple[str, int, str]:
    with pytest.raises(ServiceError) as caught:
        await sessions.assume_role(call(**params))
    return caught.value.code, caught.value.status, caught.value.message


async def test_a_session_is_the_roles_and_has_the_rights_of_the_caller(sessions: Sessions) -> None:
    answer = await sessions.assume_role(call(DurationSeconds=900, SourceIdentity="ana"))

    made = answer["Credentials"]
    arn = "arn:aws:sts::000000000042:assumed-role/trainer/night-job"
    assert answer["AssumedRoleUser"]["Arn"] == arn
    assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(":night-job")
    assert len(answer["AssumedRoleUser"]["AssumedRoleId"].split(":")[0]) == 21
    assert answer["SourceIdentity"] == "ana"
    assert made["Expiration"] == START.replace(microsecond=0) + datetime.timedelta(seconds=900)
    assert made["AccessKeyId"].startswith("ASIA")
    assert len(made["AccessKeyId"]) == 20
    kept = sessions.find(made["AccessKeyId"])
    assert kept is not None
    assert (kept.secret_access_key, kept.session_token) == (made["SecretAccessKey"], made["SessionToken"])
    assert kept.principal == Principal(arn, Rights.READ_ONLY)


async def test_a_session_lasts_an_hour_unless_said_otherwise(sessions: Sessions) -> None:
    made = (await sessions.assume_role(call()))["Credentials"]

    assert made["Expiration"] == START.replace(microsecond=0) + datetime.timedelta(hours=1)


async def test_no_two_sessions_are_alike(sessions: Sessions) -> None:
    answers = [(await sessions.assume_role(call()))["Credentials"] for _ in range(3)]

    for member in ("AccessKeyId", "SecretAccessKey", "SessionToken"):
        assert len({answer[member] for answer in answers}) == 3


async def test_a_role_of_another_account_is_not_to_be_assumed(sessions: Sessions) -> None:
    code, status, message = await refused(sessions, RoleArn="arn:aws:iam::000000000043:role/trainer")

    assert (code, status) == ("AccessDenied", 403)
    assert message == (
        f"User: {CALLER.arn} is not authorized to perform: sts:AssumeRole "
        "on resource: arn:aws:iam::000000000043:role/trainer"
    )


@pytest.mark.parametrize("arn", ["arn:aws:iam::000000000042:user/ana", "trainer-of-the-account", ROLE + "\n"])
async def test_what_is_no_role_is_invalid(sessions: Sessions, arn: str) -> None:
    assert await refused(sessions, RoleArn=arn) == ("ValidationError", 400, f"{arn} is invalid")


async def test_a_chained_role_has_an_hour(sessions: Sessions) -> None:
    assert await refused(sessions, token="first", DurationSeconds=3601) == (
        "ValidationError",
        400,
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
    )
    await sessions.assume_role(call(token="first", DurationSeconds=3600))
    await sessions.assume_role(call(DurationSeconds=43_200))


@pytest.mark.parametrize("params", [{"Policy": "{}"}, {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/X"}]}])
async def test_what_would_take_rights_away_is_refused_and_not_ignored(
    sessions: Sessions, params: dict[str, Any]
) -> None:
    name = next(iter(params))
    message = f"{name} cannot be given: a session has the rights of the key that asked for it."
    assert await refused(sessions, **params) == ("ValidationError", 400, message)


@pytest.mark.parametrize(("wanted", "given"), [(0, 160), (100, 160), (4096, 4096)])
async def test_a_token_is_as_long_as_is_asked_for(sessions: Sessions, wanted: int, given: int) -> None:
    answer = await sessions.assume_role(call(MinimumSessionTokenSize=wanted))
    assert len(answer["Credentials"]["SessionToken"]) == given


async def test_expired_sessions_are_forgotten(sessions: Sessions, clock: Clock) -> None:
    old = (await sessions.assume_role(call(DurationSeconds=900)))["Credentials"]["AccessKeyId"]
    clock.time += datetime.timedelta(seconds=901)
    assert sessions.find(old) is not None, "the verifier says that it has expired"
    await sessions.assume_role(call())

    assert sessions.find(old) is None


async def test_of_too_many_sessions_the_first_to_expire_end(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions_module, "MAX_SESSIONS", 2)
    keys = [
        (await sessions.assume_role(call(DurationSeconds=seconds)))["Credentials"]["AccessKeyId"]
        for seconds in (2000, 1000, 3000)
    ]

    assert [sessions.find(key) is not None for key in keys] == [True, False, True]
