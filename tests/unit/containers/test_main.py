"""The container as a process of its own, started the way a launcher starts it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import firstbyte
from fakes.sockets import RawClient

SOURCE = str(Path(firstbyte.__file__).parent.parent)


async def start(cwd: Path, **environment: str) -> asyncio.subprocess.Process:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "firstbyte.containers",
        cwd=cwd,
        env={**inherited, "PYTHONPATH": SOURCE, "SAGEMAKER_BIND_TO_PORT": "0", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def running(cwd: Path, **environment: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, RawClient]]:
    """A started container and a connection to it; the log says where it listens."""
    process = await start(cwd, **environment)
    assert process.stdout is not None
    line = b""
    while b"listening on" not in line:
        line = await process.stdout.readline()
        assert line, (await process.communicate())[1].decode()
    try:
        client = await RawClient.connect(int(line.rpartition(b":")[2]))
        yield process, client
        await client.close()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_tgi_container_streams_and_ends_by_sigterm(tmp_path: Path) -> None:
    environment = {
        "FIRSTBYTE_DIALECT": "tgi",
        "FIRSTBYTE_ENGINE_BACKEND": "echo",
        "HF_MODEL_ID": "x",
        "SM_NUM_GPUS": "1",
    }
    async with running(tmp_path, **environment) as (process, client):
        await client.get("/ping")
        assert (await client.read_head())[0] == 200
        await client.post("/invocations", {"inputs": "big world", "stream": True})
        await client.read_head()
        chunks = await client.read_chunks()
        assert [b'"text":"big"' in chunks[0], b'"text":" world"' in chunks[1], len(chunks)] == [True, True, 3]
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_lmi_container_reads_its_model_store(tmp_path: Path) -> None:
    folder = tmp_path / "model" / "llama"
    folder.mkdir(parents=True)
    (folder / "serving.properties").write_text(
        "engine=MPI\noption.rolling_batch=lmi-dist\noption.model_id=s3://bucket-1/m/\n"
    )
    environment = {
        "FIRSTBYTE_DIALECT": "lmi",
        "FIRSTBYTE_ENGINE_BACKEND": "echo",
        "FIRSTBYTE_MODEL_DIR": str(tmp_path / "model"),
    }
    async with running(tmp_path, **environment) as (_, client):
        await client.post("/predictions/llama", {"inputs": "big world"})
        await client.read_head()
        assert b"".join(await client.read_chunks()) == b'{"generated_text": "big world"}'


async def test_echo_container_dies_when_told(tmp_path: Path) -> None:
    async with running(tmp_path, FIRSTBYTE_DIALECT="echo") as (process, client):
        await client.post("/invocations", {"chunks": ["a", "b"], "die_after": 1})
        await client.read_head()
        assert await client.read_chunk() == b"a"
        assert await process.wait() == 86


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "error: FIRSTBYTE_DIALECT must be one of tgi, lmi, echo, not ''"),
        ({"FIRSTBYTE_DIALECT": "tgi"}, "error: HF_MODEL_ID must be set"),
        ({"FIRSTBYTE_DIALECT": "tgi", "HF_MODEL_ID": "./missing"}, "error: no folder and no GGUF file at ./missing"),
        ({"FIRSTBYTE_DIALECT": "echo", "ECHO_EXIT_MESSAGE": "told to"}, "error: told to"),
    ],
)
async def test_start_that_cannot_work_is_one_line_and_exit_code_1(
    tmp_path: Path, environment: dict[str, str], message: str
) -> None:
    process = await start(tmp_path, **environment)
    _, errors = await process.communicate()
    assert (process.returncode, errors.decode()) == (1, message + "\n")


async def test_port_in_use_is_told_before_the_model_is_loaded(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await start(tmp_path, FIRSTBYTE_DIALECT="tgi", SAGEMAKER_BIND_TO_PORT=str(port))
        _, errors = await process.communicate()
    assert (process.returncode, errors.decode()) == (
        1,
        f"error: cannot listen on 127.0.0.1:{port}: Address already in use\n",
    )


async def test_damaged_model_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{not json")
    process = await start(tmp_path, FIRSTBYTE_DIALECT="tgi", HF_MODEL_ID=str(tmp_path))
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert errors.decode().startswith("error: ")
    assert errors.decode().count("\n") == 1
