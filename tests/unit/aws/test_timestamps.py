import datetime
from typing import Any

import pytest
from botocore.utils import parse_timestamp
from hypothesis import given
from hypothesis import strategies as st

from firstbyte.aws.timestamps import TimestampFormat, read_timestamp, write_timestamp

MOMENT = datetime.datetime(2026, 11, 22, 12, 52, 51, 250000, tzinfo=datetime.UTC)
WHOLE = MOMENT.replace(microsecond=0)


@pytest.mark.parametrize(
    ("moment", "form", "written"),
    [
        (MOMENT, "unixtimestamp", 1795351971.25),
        (WHOLE, "unixtimestamp", 1795351971.0),
        (MOMENT, "iso8601", "2026-11-22T12:52:51.250Z"),
        (WHOLE, "iso8601", "2026-11-22T12:52:51Z"),
        (WHOLE, "rfc822", "Sun, 22 Nov 2026 12:52:51 GMT"),
    ],
)
def test_each_format_is_written_and_read(
    moment: datetime.datetime, form: TimestampFormat, written: str | float
) -> None:
    assert write_timestamp(moment, form) == written
    assert read_timestamp(written) == moment


def test_other_zones_become_utc() -> None:
    there = MOMENT.astimezone(datetime.timezone(datetime.timedelta(hours=2)))
    assert write_timestamp(there, "iso8601") == "2026-11-22T12:52:51.250Z"
    assert read_timestamp("2026-11-22T14:52:51.250+02:00") == MOMENT


def test_numbers_may_come_as_text() -> None:
    assert read_timestamp("1795351971.25") == MOMENT


@given(
    st.datetimes(datetime.datetime(1971, 1, 1), datetime.datetime(2200, 1, 1), timezones=st.just(datetime.UTC)),
    st.sampled_from(["unixtimestamp", "iso8601"]),
)
def test_botocore_reads_the_same(moment: datetime.datetime, form: TimestampFormat) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    botocore_reads: Any = parse_timestamp
    read = botocore_reads(write_timestamp(moment, form))
    assert abs(read - moment) < datetime.timedelta(milliseconds=1)


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", 1e300, float("nan"), "2026-13-01", "Mon, 99 Foo"])
def test_what_is_no_time_is_refused(text: str | float) -> None:
    with pytest.raises(ValueError, match="is no time"):
        read_timestamp(text)
