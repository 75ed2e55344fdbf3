"""What the server counts, in Prometheus' text format."""

from time import monotonic

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from soundalike.generation.scheduler import Scheduler
from soundalike.generation.ticket import Ticket

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Counters of one server; a registry of its own, so that two servers in one process count apart."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._registry = kept = CollectorRegistry()
        self._answers = Counter("soundalike_requests", "Requests, by answer", ["path", "status"], registry=kept)
        self._tokens = Counter(
            "soundalike_tokens", "Tokens read, drawn and thrown away", ["model", "kind"], registry=kept
        )
        self._guards = Counter("soundalike_interventions", "What guards did", ["model", "guard"], registry=kept)
        self._lost = Counter("soundalike_disconnected", "Requests whose client left before the end", registry=kept)
        first, whole = "Seconds until the first words left", "Seconds until the last line left"
        self._first = Histogram("soundalike_first_words_seconds", first, ["model"], buckets=SECONDS, registry=kept)
        self._whole = Histogram("soundalike_reply_seconds", whole, ["model"], buckets=SECONDS, registry=kept)
        running = Gauge("soundalike_streams_running", "Replies being drawn", registry=kept)
        running.set_function(lambda: scheduler.running)
        waiting = Gauge("soundalike_requests_waiting", "Requests in the queue", registry=kept)
        waiting.set_function(lambda: scheduler.waiting)

    def answered(self, path: str, status: int) -> None:
        """One request has its status."""
        self._answers.labels(path, str(status)).inc()

    def told(self, model: str, ticket: Ticket) -> None:
        """A ticket is done, or given up."""
        for utterance in ticket.requests:
            counted = {
                "prompt": utterance.prompt_tokens,
                "kept": utterance.completion_tokens,
                "discarded": utterance.rejected_tokens,
            }
            for kind, count in counted.items():
                self._tokens.labels(model, kind).inc(count)
            for guard, count in utterance.interventions.as_dict().items():
                self._guards.labels(model, guard).inc(count)
        if ticket.first_output:
            self._first.labels(model).observe(ticket.first_output - ticket.submitted)
        if ticket.unfinished and not ticket.failed:
            self._lost.inc()
        if not ticket.unfinished:
            self._whole.labels(model).observe(monotonic() - ticket.submitted)

    def text(self) -> bytes:
        """All of it."""
        return generate_latest(self._registry)
