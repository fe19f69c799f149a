"""`python -m firstbyte.containers`: the composition root of one container, started by a launcher or by a Docker image.

Reads the environment, loads the model, and only then listens: whoever can connect can be served. One line on standard
output for each fact of the start; what makes it impossible is one line on standard error, and exit code 1.
"""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from socket import socket
from typing import Any

import uvloop

from firstbyte.artifacts.errors import ArtifactError
from firstbyte.containers.echo import EchoContainer
from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.listening import BACKLOG, bind, make_server
from firstbyte.containers.lmi.loading import load_lmi
from firstbyte.containers.loading import Loaded, load_tgi
from firstbyte.containers.settings import ContainerSettings, read_settings
from firstbyte.engine.errors import EngineError

logger = logging.getLogger("firstbyte.containers")
LOADERS = {"tgi": load_tgi, "lmi": load_lmi}


def main(environment: Mapping[str, str]) -> int:
    """Run one container and return its exit code."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for noisy in ("uvicorn", "uvicorn.error", "httpx", "huggingface_hub"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        settings = read_settings(environment, Path.home())
        logger.info("dialect %s %s", settings.dialect, settings.version)
        bound = bind(settings.host, settings.port)
        if settings.dialect == "echo":
            return _run(EchoContainer.configured(environment), None, bound)
        loaded = _load(settings, environment)
        return _run(loaded.application, loaded, bound)
    except (StartupFailed, ArtifactError, EngineError) as error:
        sys.stdout.flush()
        sys.stderr.write(f"error: {error}\n")
        return 1


def _load(settings: ContainerSettings, environment: Mapping[str, str]) -> Loaded:
    started_at_s = time.perf_counter()
    loaded = LOADERS[settings.dialect](settings, environment)
    for note in loaded.notes:
        logger.info("%s", note)
    logger.info("loaded in %.2f s: %s", time.perf_counter() - started_at_s, loaded.description)
    return loaded


def _run(application: Any, loaded: Loaded | None, bound: socket) -> int:
    async def run() -> None:
        bound.listen(BACKLOG)
        logger.info("listening on %s:%d", *bound.getsockname()[:2])
        try:
            await make_server(application).serve(sockets=[bound])
        finally:
            if loaded is not None:
                await loaded.close()
        logger.info("finished")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(os.environ))
