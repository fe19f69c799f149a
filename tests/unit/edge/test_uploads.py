"""A list of no uploads is one that botocore reads."""

from botocore.parsers import create_parser

from firstbyte.aws.service_models import ServiceModels
from firstbyte.edge.uploads import render_no_uploads


def test_botocore_reads_a_list_of_none() -> None:
    answer = render_no_uploads("b", {"prefix": "a<&", "max-uploads": "7", "uploads": ""})
    shape = ServiceModels().load("s3").operation_model("ListMultipartUploads").output_shape
    message = {"status_code": answer.status, "headers": dict(answer.headers), "body": answer.body}
    read = create_parser("rest-xml").parse(message, shape)

    assert (read["Bucket"], read["Prefix"], read["MaxUploads"], read["IsTruncated"]) == ("b", "a<&", 7, False)
    assert "Uploads" not in read
