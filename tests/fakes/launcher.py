"""A launcher without processes: what an instance does is written in its environment, and may be changed by the test."""

from firstbyte.hosting.errors import UnknownImage
from firstbyte.hosting.ports import InstancePhase, InstanceSpec, InstanceState


class FakeLauncher:
    """Implements hosting's Launcher.

    Of the environment: ON_START is "exit N", "hang" (never healthy) or missing (healthy at once).
    """

    def __init__(self) -> None:
        self.states: dict[str, InstanceState] = {}
        self.specs: dict[str, InstanceSpec] = {}
        self.num_starts = 0

    def check_image(self, image: str) -> None:
        if not image.startswith("firstbyte/"):
            raise UnknownImage(f"The image {image} cannot run on this host. This host can run firstbyte/echo.")

    async def start(self, spec: InstanceSpec) -> str:
        self.check_image(spec.image)
        assert spec.folder.is_dir()
        assert spec.container_id not in self.states, "stopped before it is started again"
        self.num_starts += 1
        self.specs[spec.container_id] = spec
        match spec.environment.get("ON_START", "").split():
            case ["exit", code]:
                self.states[spec.container_id] = InstanceState(InstancePhase.EXITED, int(code))
            case ["hang"]:
                self.states[spec.container_id] = InstanceState(InstancePhase.STARTING)
            case _:
                self.states[spec.container_id] = InstanceState(InstancePhase.HEALTHY)
        return f"http://instance/{spec.container_id}"

    async def observe(self, container_id: str) -> InstanceState:
        return self.states.get(container_id, InstanceState(InstancePhase.EXITED))

    async def stop(self, container_id: str) -> None:
        self.states.pop(container_id, None)

    def tail_log(self, container_id: str, num_lines: int) -> list[str]:
        return ["starting", "said: hello"][-num_lines:] if container_id in self.specs else []
