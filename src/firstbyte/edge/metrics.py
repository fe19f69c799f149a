"""CloudWatch, as much as is asked of endpoints' metrics: SageMaker's namespaces out of `telemetry.minutes`.

Sources: CloudWatch API reference, GetMetricData, GetMetricStatistics and ListMetrics. As there, a metric is found by
exactly the dimensions that it is kept under, and spans of time begin at StartTime, rounded down to the minute.
"""

import asyncio
import dataclasses
import datetime
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from firstbyte.aws.errors import ServiceError
from firstbyte.aws.gateway import Call
from firstbyte.edge.operations import find_unserved
from firstbyte.telemetry.minutes import UNITS, MinuteStatistics, Series, Statistic

NAMESPACE = "AWS/SageMaker"
INSTANCE_NAMESPACE = "/aws/sagemaker/Endpoints"
"""Of the metrics that tell what instances hold."""
MAX_LISTED = 500
MAX_DATAPOINTS = 1_440
"""Of GetMetricStatistics."""
MAX_DATA = 100_800
"""Datapoints that GetMetricData gives at a time."""
MAX_QUERIES = 500
RECENT_S = 3 * 3600
"""What `RecentlyActive: PT3H` asks for."""

_INSTANCE_METRICS = ("LoadedModelCount",)
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*", re.ASCII)
_PERCENTILE = re.compile(r"p(\d{1,2}(\.\d{1,10})?|100(\.0{1,10})?)", re.ASCII)

Moment = tuple[datetime.datetime, float]


@dataclasses.dataclass(frozen=True, slots=True)
class Metrics:
    """The handlers."""

    minutes: MinuteStatistics

    async def list_metrics(self, call: Call) -> Mapping[str, Any]:
        """ListMetrics: those that have values."""
        wanted = call.params
        latest = self.minutes.series()
        now_s = max(latest.values(), default=0.0)
        is_recent = wanted.get("RecentlyActive") is not None
        found = [
            metric
            for series, at_s in sorted(latest.items(), key=lambda item: dataclasses.astuple(item[0]))
            if _is_listed(metric := _metric(series), wanted) and not (is_recent and at_s < now_s - RECENT_S)
        ]
        start = _read_token(wanted.get("NextToken"), "InvalidParameterValue")
        end = start + MAX_LISTED
        return {"Metrics": found[start:end], **({"NextToken": str(end)} if end < len(found) else {})}

    async def get_metric_statistics(self, call: Call) -> Mapping[str, Any]:
        """GetMetricStatistics: one metric."""
        wanted = call.params
        names, percentiles = wanted.get("Statistics", []), wanted.get("ExtendedStatistics", [])
        if not names and not percentiles:
            message = "At least one of the parameters Statistics and ExtendedStatistics must be specified."
            raise ServiceError("InvalidParameterCombination", message)
        for name in percentiles:
            if not _PERCENTILE.fullmatch(name):
                raise _no_statistic("ExtendedStatistics", name, "InvalidParameterValue")
        start_s, end_s = _read_span(wanted, "InvalidParameterValue")
        period_s = _read_period(wanted["Period"], "InvalidParameterValue")
        if (num := math.ceil((end_s - start_s) / period_s)) > MAX_DATAPOINTS:
            message = (
                f"You have requested up to {num:,} datapoints, which exceeds the limit of {MAX_DATAPOINTS:,}. "
                "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
            )
            raise ServiceError("InvalidParameterCombination", message)
        series = _find_series(wanted, wanted.get("Unit"))
        read = self.minutes.read(series, start_s, end_s, period_s) if series else ()
        points = [_datapoint(at_s, of, wanted, UNITS[series.metric]) for at_s, of in read if series]
        return {"Label": wanted["MetricName"], "Datapoints": points}

    async def get_metric_data(self, call: Call) -> Mapping[str, Any]:
        """GetMetricData: several metrics, the latest values first unless `ScanBy` says otherwise."""
        wanted = call.params
        if unserved := find_unserved(call.operation, wanted):
            raise _invalid(unserved)
        queries = wanted["MetricDataQueries"]
        _check_queries(queries)
        start_s, end_s = _read_span(wanted, "ValidationError")
        results: list[dict[str, Any]] = []
        skipped, room = _read_token(wanted.get("NextToken"), "InvalidNextToken"), _read_room(wanted)
        given = skipped
        is_cut = False
        for query in queries:
            if not query.get("ReturnData", True):
                continue
            await asyncio.sleep(0)  # a long query takes tens of milliseconds, and hundreds of them may come at once
            moments = list(self._read_query(query["MetricStat"], start_s, end_s))
            if wanted.get("ScanBy") != "TimestampAscending":
                moments.reverse()
            own_skipped = min(skipped, len(moments))
            shown = moments[own_skipped : own_skipped + room]
            is_whole = own_skipped + len(shown) == len(moments)
            skipped, room, given = skipped - own_skipped, room - len(shown), given + len(shown)
            is_cut = is_cut or not is_whole
            results.append(_result(query, shown, is_whole=is_whole))
        more = {"NextToken": str(given)} if is_cut else {}
        return {"MetricDataResults": results, "Messages": [], **more}

    def _read_query(self, stat: Mapping[str, Any], start_s: int, end_s: int) -> Iterator[Moment]:
        series = _find_series(stat["Metric"], stat.get("Unit"))
        if series is None:
            return
        for at_s, of in self.minutes.read(series, start_s, end_s, stat["Period"]):
            yield _moment(at_s), _value(of, stat["Stat"])


def _is_listed(metric: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    if wanted.get("Namespace", metric["Namespace"]) != metric["Namespace"]:
        return False
    if wanted.get("MetricName", metric["MetricName"]) != metric["MetricName"]:
        return False
    has = {dimension["Name"]: dimension["Value"] for dimension in metric["Dimensions"]}
    return all(
        asked["Name"] in has and asked.get("Value", has[asked["Name"]]) == has[asked["Name"]]
        for asked in wanted.get("Dimensions", ())
    )


def _metric(series: Series) -> dict[str, Any]:
    """Write a metric as CloudWatch's structure of that name."""
    dimensions = [{"Name": name, "Value": value} for name, value in _dimensions(series).items() if value]
    return {"Namespace": _namespace(series.metric), "MetricName": series.metric, "Dimensions": dimensions}


def _namespace(metric: str) -> str:
    return INSTANCE_NAMESPACE if metric in _INSTANCE_METRICS else NAMESPACE


def _dimensions(series: Series) -> dict[str, str]:
    return {
        "EndpointName": series.endpoint_name,
        "VariantName": series.variant_name,
        "InferenceComponentName": series.component_name,
        "ContainerName": series.container_name,
    }


def _find_series(metric: Mapping[str, Any], unit: str | None) -> Series | None:
    """Return what a metric's name and dimensions stand for; None where there cannot be any values."""
    name = metric.get("MetricName", "")
    dimensions = {one["Name"]: one["Value"] for one in metric.get("Dimensions", ())}
    series = Series(
        name,
        dimensions.get("EndpointName", ""),
        dimensions.get("VariantName", ""),
        dimensions.get("InferenceComponentName", ""),
        dimensions.get("ContainerName", ""),
    )
    is_known = name in UNITS and metric.get("Namespace") == _namespace(name)
    if not is_known or dimensions.keys() - _dimensions(series).keys():
        return None
    return series if unit in (None, UNITS[name]) else None


def _check_queries(queries: Sequence[Mapping[str, Any]]) -> None:
    """Raise for what the service model does not hold queries to."""
    if len(queries) > MAX_QUERIES:
        raise _invalid(f"The collection MetricDataQueries must not have a size greater than {MAX_QUERIES}.")
    for number, query in enumerate(queries, 1):
        at = f"MetricDataQueries.member.{number}"
        if not _ID.fullmatch(query["Id"]):
            pattern = "^[a-z][a-zA-Z0-9_]*$"
            raise _invalid(
                f"The value {query['Id']} for parameter {at}.Id is not matching the expected pattern {pattern}."
            )
        if "MetricStat" not in query:
            raise _invalid(f"The parameter {at}.MetricStat is required.")
        _read_period(query["MetricStat"]["Period"], "ValidationError")
        if not _is_statistic(name := query["MetricStat"]["Stat"]):
            raise _no_statistic(f"{at}.MetricStat.Stat", name, "ValidationError")
    if len({query["Id"] for query in queries}) < len(queries):
        raise _invalid("The values for parameter id in MetricDataQueries are not unique.")


def _read_span(wanted: Mapping[str, Any], code: str) -> tuple[int, int]:
    """Return StartTime and EndTime in seconds, both rounded to what a span of whole minutes has to cover."""
    start, end = wanted["StartTime"], wanted["EndTime"]
    if start >= end:
        raise ServiceError(code, "The parameter StartTime must be less than the parameter EndTime.")
    return math.floor(start.timestamp() / 60) * 60, math.ceil(end.timestamp() / 60) * 60


def _read_period(period_s: int, code: str) -> int:
    if period_s % 60:
        raise ServiceError(code, "The parameter Period must be a multiple of 60: metrics are kept by the minute.")
    return period_s


def _read_room(wanted: Mapping[str, Any]) -> int:
    room: int = wanted.get("MaxDatapoints", MAX_DATA)
    if not 1 <= room <= MAX_DATA:
        raise _invalid(f"The parameter MaxDatapoints must be between 1 and {MAX_DATA}.")
    return room


def _read_token(text: str | None, code: str) -> int:
    """A token is the number of items given before."""
    if text is None:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise ServiceError(code, "The parameter NextToken is invalid.")
    return int(text)


def _datapoint(at_s: int, of: Statistic, wanted: Mapping[str, Any], unit: str) -> dict[str, Any]:
    point = {"Timestamp": _moment(at_s), **{name: _value(of, name) for name in wanted.get("Statistics", ())}}
    if percentiles := wanted.get("ExtendedStatistics"):
        point["ExtendedStatistics"] = {name: _value(of, name) for name in percentiles}
    return {**point, "Unit": unit}


def _result(query: Mapping[str, Any], shown: Sequence[Moment], *, is_whole: bool) -> dict[str, Any]:
    return {
        "Id": query["Id"],
        "Label": query.get("Label") or query["MetricStat"]["Metric"].get("MetricName", ""),
        "Timestamps": [at for at, _ in shown],
        "Values": [value for _, value in shown],
        "StatusCode": "Complete" if is_whole else "PartialData",
    }


def _is_statistic(name: str) -> bool:
    return name in _STATISTICS or _PERCENTILE.fullmatch(name) is not None


def _value(of: Statistic, name: str) -> float:
    return _STATISTICS[name](of) if name in _STATISTICS else of.percentile(float(name[1:]))


_STATISTICS: Mapping[str, Any] = {
    "SampleCount": lambda of: float(of.count),
    "Average": lambda of: of.total / of.count,
    "Sum": lambda of: of.total,
    "Minimum": lambda of: of.minimum,
    "Maximum": lambda of: of.maximum,
}


def _moment(at_s: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at_s, datetime.UTC)


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationError", message)


def _no_statistic(parameter: str, name: str, code: str) -> ServiceError:
    known = ", ".join(_STATISTICS)
    return ServiceError(
        code, f"The value {name} for parameter {parameter} is not supported: {known} and percentiles, as p99.9, are."
    )
