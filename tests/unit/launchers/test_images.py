"""Image URIs and what stands for them."""

import pytest

from firstbyte.hosting.errors import UnknownImage
from firstbyte.launchers.images import RUNNABLE, Dialect, StandIn, read_image

REGISTRY = "763104351884.dkr.ecr.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (
            f"{REGISTRY}/huggingface-pytorch-tgi-inference:2.3.0-tgi2.0.2-gpu-py310-cu121-ubuntu22.04",
            StandIn(Dialect.TGI, "2.0.2"),
        ),
        (
            f"{REGISTRY}/huggingface-pytorch-tgi-inference:2.0.1-tgi1.1.0-gpu-py39-cu118-ubuntu20.04-v1.0",
            StandIn(Dialect.TGI, "1.1.0"),
        ),
        (f"{REGISTRY}/djl-inference:0.28.0-lmi10.0.0-cu124", StandIn(Dialect.LMI, "0.28.0")),
        (f"{REGISTRY}/djl-inference:0.23.0-deepspeed0.9.5-cu118", StandIn(Dialect.LMI, "0.23.0")),
        ("firstbyte/tgi", StandIn(Dialect.TGI, "2.0.2")),
        ("firstbyte/tgi:3.0.1", StandIn(Dialect.TGI, "3.0.1")),
        ("firstbyte/lmi", StandIn(Dialect.LMI, "0.28.0")),
        ("firstbyte/lmi:0.25.0", StandIn(Dialect.LMI, "0.25.0")),
        ("firstbyte/echo", StandIn(Dialect.ECHO, "0.0.0")),
    ],
)
def test_images_that_can_run(uri: str, expected: StandIn) -> None:
    assert read_image(uri) == expected


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "nginx",
        f"{REGISTRY}/huggingface-pytorch-inference:2.1.0-transformers4.37.0-cpu-py310-ubuntu22.04",
        f"{REGISTRY}/huggingface-pytorch-tgi-inference:latest",
        f"{REGISTRY}/djl-inference@sha256:0123",
        f"{REGISTRY}/not-djl-inference:0.28.0-lmi10.0.0-cu124",
        "firstbyte/tgi:latest",
        "elsewhere/firstbyte/tgi",
        "firstbyte/echo\nfirstbyte/echo",
    ],
)
def test_images_that_cannot(uri: str) -> None:
    with pytest.raises(UnknownImage) as refusal:
        read_image(uri)
    assert refusal.value.message == f"The image {uri} cannot run on this host. {RUNNABLE}"
