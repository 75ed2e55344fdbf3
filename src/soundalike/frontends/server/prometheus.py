"""The server's counters, in Prometheus' text format."""

from time import monotonic

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from soundalike.generation.scheduler import Scheduler
from soundalike.generation.ticket import Ticket

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counters of one server, in a registry of its own, so that two servers in one process count separately."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._registry = registry = CollectorRegistry()
        self._answers = Counter("soundalike_requests", "Requests, by answer", ["path", "status"], registry=registry)
        self._tokens = Counter(
            "soundalike_tokens", "Tokens read, drawn and thrown away", ["model", "kind"], registry=registry
        )
        self._guards = Counter("soundalike_interventions", "What guards did", ["model", "guard"], registry=registry)
        self._disconnected = Counter(
            "soundalike_disconnected", "Requests whose client left before the end", registry=registry
        )
        first, whole = "Seconds until the first words left", "Seconds until the last line left"
        self._first = Histogram("soundalike_first_words_seconds", first, ["model"], buckets=SECONDS, registry=registry)
        self._whole = Histogram("soundalike_reply_seconds", whole, ["model"], buckets=SECONDS, registry=registry)
        running = Gauge("soundalike_streams_running", "Replies being drawn", registry=registry)
        running.set_function(lambda: scheduler.running)
        waiting = Gauge("soundalike_requests_waiting", "Requests in the queue", registry=registry)
        waiting.set_function(lambda: scheduler.waiting)

    def count_answer(self, path: str, status: int) -> None:
        """Count an HTTP response."""
        self._answers.labels(path, str(status)).inc()

    def count_ticket(self, model: str, ticket: Ticket) -> None:
        """Count a ticket that is done or given up."""
        for request in ticket.requests:
            kept, discarded = request.completion_tokens, request.rejected_tokens
            for kind, count in (("prompt", request.prompt_tokens), ("kept", kept), ("discarded", discarded)):
                self._tokens.labels(model, kind).inc(count)
            for guard, count in request.interventions.as_dict().items():
                self._guards.labels(model, guard).inc(count)
        if ticket.first_output:
            self._first.labels(model).observe(ticket.first_output - ticket.submitted)
        if ticket.unfinished and not ticket.failed:
            self._disconnected.inc()
        if not ticket.unfinished:
            self._whole.labels(model).observe(monotonic() - ticket.submitted)

    def text(self) -> bytes:
        """All counters."""
        return generate_latest(self._registry)
