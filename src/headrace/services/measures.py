"""What /metrics tells of the calls, in Prometheus' terms."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from headrace.model.result import Outcome
from headrace.model.run import Cache

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Measures:
    """Counters of one server. `gauges` is asked at each scrape for figures that are only then of interest."""

    def __init__(self, gauges: Callable[[], dict[str, float]]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(Gauges(gauges))
        calls = Counter("headrace_calls", "Calls answered.", ["outcome", "cache"], registry=self._registry)
        times = Histogram(
            "headrace_call_seconds",
            "Time from a call to its answer.",
            ["cache"],
            buckets=SECONDS,
            registry=self._registry,
        )
        # Looked up once here: `labels()` takes longer than all the rest of an observation.
        self._counts = {(o, c): calls.labels(o.value, c.value) for o in Outcome for c in Cache}
        self._times = {c: times.labels(c.value) for c in Cache}

    def observe(self, outcome: Outcome, cache: Cache, milliseconds: float) -> None:
        """Count one answered call."""
        self._counts[outcome, cache].inc()
        self._times[cache].observe(milliseconds / 1000)

    def exposition(self) -> bytes:
        """The text that a Prometheus server scrapes (exposition format 0.0.4)."""
        return generate_latest(self._registry)


class Gauges:
    """Figures asked for at the moment of a scrape."""

    def __init__(self, read: Callable[[], dict[str, float]]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        """Nothing: what there is depends on the executor, and asking now would need it started."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """One gauge per figure."""
        for name, value in self._read().items():
            yield GaugeMetricFamily(f"headrace_{name}", name.replace("_", " ") + ".", value=value)
