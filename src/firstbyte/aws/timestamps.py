"""Points in time as the protocols write them: seconds since 1970, ISO 8601, or HTTP's date. Called by `shapes`."""

import datetime
import email.utils
from typing import Literal

TimestampFormat = Literal["unixtimestamp", "iso8601", "rfc822"]

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def read_timestamp(text: str | float) -> datetime.datetime:
    """Return the UTC time that `text` names in any of the three formats. Raises `ValueError` if it names none."""
    try:
        return _read(text)
    except (ValueError, OverflowError) as no_time:
        raise ValueError(f"{text!r} is no time") from no_time


def _read(text: str | float) -> datetime.datetime:
    if isinstance(text, int | float):
        return _EPOCH + datetime.timedelta(seconds=text)
    try:
        return _EPOCH + datetime.timedelta(seconds=float(text))
    except ValueError:
        pass
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        moment = email.utils.parsedate_to_datetime(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).astimezone(datetime.UTC)


def write_timestamp(moment: datetime.datetime, form: TimestampFormat) -> str | float:
    """Return `moment` in one format, to the millisecond where the format has fractions."""
    moment = moment.astimezone(datetime.UTC)
    if form == "unixtimestamp":
        return round((moment - _EPOCH) / datetime.timedelta(seconds=1), 3)
    if form == "rfc822":
        return email.utils.format_datetime(moment, usegmt=True)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds").replace("+00:00", "Z")
