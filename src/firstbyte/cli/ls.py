"""`firstbyte ls`: the endpoints, one per line."""

import re

from botocore.exceptions import ClientError

from firstbyte.cli.endpoints import Deployment, gather, is_missing, list_names
from firstbyte.cli.screen import age, make_console, print_table
from firstbyte.cli.target import TargetOption, find_target

HEADER = ("NAME", "STATUS", "INSTANCES", "CONTAINER", "MODEL", "AGE")

_DIALECTS = (
    (re.compile(r"huggingface-pytorch-tgi-inference:.*tgi(?P<version>[\d.]+)"), "tgi"),
    (re.compile(r"djl-inference:(?P<version>[\d.]+)"), "lmi"),
)


def ls(target: TargetOption = None) -> None:
    """List the endpoints."""
    sagemaker = find_target(target).client("sagemaker")
    console = make_console()
    rows = []
    for name in list_names(sagemaker):
        try:
            rows.append(row_of(gather(sagemaker, name)))
        except ClientError as error:
            if not is_missing(error):  # one that went away since it was listed is left out
                raise
    if rows:
        print_table(console, HEADER, rows, status=1)
    else:
        console.print("no endpoints; `firstbyte deploy demo` makes one")


def row_of(deployment: Deployment) -> tuple[str, ...]:
    """Render one endpoint as the cells of its line."""
    running, desired = deployment.num_instances()
    return (
        deployment.endpoint["EndpointName"],
        deployment.endpoint["EndpointStatus"],
        f"{running}/{desired}",
        ", ".join(map(short_image, deployment.images())) or "-",
        ", ".join(deployment.model_ids()) or "-",
        age(deployment.endpoint["CreationTime"]),
    )


def short_image(image: str) -> str:
    """Shorten an image's URI to its dialect and version, or to its last part: `tgi 2.0.2`, `lmi 0.28.0`, `echo`."""
    for pattern, dialect in _DIALECTS:
        if match := pattern.search(image):
            return f"{dialect} {match['version']}"
    return image.rpartition("/")[2].replace(":", " ")
