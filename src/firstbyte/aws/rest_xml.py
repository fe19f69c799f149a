"""S3's errors. Its objects are served by the store behind the edge; only refusals are worded here."""

from xml.etree.ElementTree import Element, SubElement, tostring

from firstbyte.aws.errors import Family, ServiceError, SignatureError
from firstbyte.aws.http import HttpRequest, HttpResponse
from firstbyte.aws.query import xml_safe


def serialise_error(error: ServiceError | SignatureError, request: HttpRequest, request_id: str) -> HttpResponse:
    """Return an error as S3 words it. The answer to HEAD has no body: its code is then lost, as with S3 itself."""
    refusal = error.as_service_error(Family.S3) if isinstance(error, SignatureError) else error
    root = Element("Error")
    fields = {"Code": refusal.code, "Message": refusal.message, "Resource": request.path, "RequestId": request_id}
    for name, value in {**fields, **refusal.members}.items():
        SubElement(root, name).text = xml_safe(str(value))
    headers = (("x-amz-request-id", request_id), ("Content-Type", "application/xml"))
    body = b"" if request.method == "HEAD" else b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root)
    return HttpResponse(refusal.status, headers, body)
