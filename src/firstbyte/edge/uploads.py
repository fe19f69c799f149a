"""What S3 says of multipart uploads where there are none: an empty list, of which the store makes an error.

Used by `edge.objects`. Source: S3 API reference, ListMultipartUploads.
"""

from collections.abc import Mapping
from xml.sax.saxutils import escape

from firstbyte.aws.http import HttpResponse

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def render_no_uploads(bucket: str, query: Mapping[str, str]) -> HttpResponse:
    """Write a ListMultipartUploadsResult without uploads."""
    shown = {
        "Bucket": bucket,
        "KeyMarker": query.get("key-marker", ""),
        "UploadIdMarker": query.get("upload-id-marker", ""),
        "Prefix": query.get("prefix", ""),
        "MaxUploads": query.get("max-uploads", "1000"),
        "IsTruncated": "false",
    }
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in shown.items() if value)
    root = "ListMultipartUploadsResult"
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">{inside}</{root}>'
    return HttpResponse(200, (("content-type", "application/xml"),), body.encode(errors="replace"))
