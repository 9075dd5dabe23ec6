"""What the service measures of itself, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from strategigraf.board import ACTIVE, BUCKETS, OUTCOMES, PAGES, RETIRED, STARTING, Board
from strategigraf.web import site
from strategigraf.web.routes import both

blueprint = Blueprint("metrics", __name__)


@both(blueprint, "/metrics")
def metrics() -> ResponseReturnValue:
    """Counters and gauges over all workers, in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Board(site.application().board, site.service().release.name))
    response = Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    response.headers["Cache-Control"] = "no-store"
    return response


class _Board:
    """A collector over the board."""

    def __init__(self, board: Board, release: str) -> None:
        self._board, self._release = board, release

    def collect(self) -> Iterator[Metric]:
        """Every family of metrics."""
        total = self._board.total
        queries = CounterMetricFamily("strategigraf_queries", "SPARQL queries by how they ended", labels=["outcome"])
        for name in OUTCOMES:
            queries.add_metric([name], total(f"query_{name}"))
        yield queries
        pages = CounterMetricFamily(
            "strategigraf_pages", "Pages and files by the class of their status, or kept", labels=["status"]
        )
        for name in PAGES:
            pages.add_metric([name], total(f"page_{name}"))
        yield pages
        yield self._latency()
        for name, text in (("rows", "Rows of the answers to queries"), ("bytes", "Bytes of the answers to queries")):
            yield CounterMetricFamily(f"strategigraf_query_{name}", text, value=total(f"query_{name}"))
        restarts = CounterMetricFamily("strategigraf_worker_restarts", "Workers replaced, by reason", labels=["reason"])
        for reason in ("retired", "crashed"):
            restarts.add_metric([reason], total(reason))
        yield restarts
        workers = GaugeMetricFamily("strategigraf_workers", "Worker processes by state", labels=["state"])
        for name, state in (("starting", STARTING), ("active", ACTIVE), ("retired", RETIRED)):
            workers.add_metric([name], len(self._board.in_state(state)))
        yield workers
        yield GaugeMetricFamily("strategigraf_connections", "Open connections", value=total("connections"))
        yield GaugeMetricFamily("strategigraf_kept_bytes", "Bytes of answers that are kept", value=total("kept_bytes"))
        yield GaugeMetricFamily("strategigraf_kept_answers", "Answers that are kept", value=total("kept_entries"))
        release = GaugeMetricFamily("strategigraf_release", "The release that is served", labels=["release"])
        release.add_metric([self._release], 1)
        yield release

    def _latency(self) -> HistogramMetricFamily:
        buckets, count = [], 0
        for number, end in enumerate((*map(str, BUCKETS), "+Inf")):
            count += self._board.total(f"bucket_{number}")
            buckets.append((end, count))
        return HistogramMetricFamily(
            "strategigraf_query_seconds",
            "Seconds of execution of queries, those answered from what is kept left out",
            buckets=buckets,
            sum_value=self._board.total("query_microseconds") / 1e6,
        )
