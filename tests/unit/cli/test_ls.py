"""One line per endpoint."""

from datetime import UTC, datetime, timedelta

import pytest

from firstbyte.cli.endpoints import Deployment
from firstbyte.cli.ls import HEADER, row_of, short_image
from firstbyte.cli.workload import LMI_IMAGE, TGI_IMAGE


@pytest.mark.parametrize(
    ("image", "short"),
    [
        (TGI_IMAGE, "tgi 2.0.2"),
        (LMI_IMAGE, "lmi 0.28.0"),
        ("firstbyte/tgi:3.0.1", "tgi 3.0.1"),
        ("firstbyte/echo", "echo"),
        ("registry.example:5000/team/image:v1", "image v1"),
    ],
)
def test_images_are_shortened_to_what_tells_them_apart(image: str, short: str) -> None:
    assert short_image(image) == short


def test_a_row_has_a_cell_for_every_column() -> None:
    created = datetime.now(UTC) - timedelta(minutes=5)
    endpoint = {
        "EndpointName": "chat",
        "EndpointStatus": "InService",
        "CreationTime": created,
        "ProductionVariants": [{"CurrentInstanceCount": 1, "DesiredInstanceCount": 1}],
    }
    model = {"PrimaryContainer": {"Image": TGI_IMAGE, "Environment": {"HF_MODEL_ID": "demo"}}}
    row = row_of(Deployment(endpoint, None, (model,)))
    assert dict(zip(HEADER, row, strict=True)) == {
        "NAME": "chat",
        "STATUS": "InService",
        "INSTANCES": "1/1",
        "CONTAINER": "tgi 2.0.2",
        "MODEL": "demo",
        "AGE": "5 min",
    }


def test_what_is_not_known_is_a_dash() -> None:
    endpoint = {"EndpointName": "a", "EndpointStatus": "Creating", "CreationTime": datetime.now(UTC)}
    assert row_of(Deployment(endpoint, None, ()))[2:5] == ("0/0", "-", "-")
