"""Long work over the API: what there is, how far it is, and pausing, continuing, stopping it."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from soundalike.frontends.local_page.answers import answer
from soundalike.frontends.studio.job_record import Job
from soundalike.frontends.studio.jobs import Jobs

POINTS = 300  # of a curve, which is more than a small picture shows


def router(jobs: Jobs) -> APIRouter:
    """The routes under /api/jobs."""
    routes = APIRouter(prefix="/jobs")

    @routes.get("")
    def every() -> Response:
        """Every job, the oldest first, without its curve."""
        return answer([job_summary(job) for job in jobs.all()])

    @routes.delete("")
    def remove_ended() -> Response:
        """Forget all that have ended."""
        jobs.remove_ended()
        return answer({})

    @routes.get("/{name}")
    def one(name: str) -> Response:
        """One job with its curve: at most POINTS of the lines that it told."""
        return answer(job_summary(jobs.find(name)) | {"curve": jobs.steps(name, POINTS)})

    @routes.get("/{name}/result")
    def result(name: str) -> Response:
        """What its command printed with --json."""
        return answer(jobs.result(name))

    @routes.post("/{name}/pause")
    def pause(name: str) -> Response:
        """Suspend it."""
        return answer(job_summary(jobs.pause(name)))

    @routes.post("/{name}/continue")
    def resume(name: str) -> Response:
        """Continue it after a pause."""
        return answer(job_summary(jobs.resume(name)))

    @routes.post("/{name}/stop")
    def stop(name: str) -> Response:
        """End it; a training writes a checkpoint first."""
        return answer(job_summary(jobs.stop(name)))

    @routes.delete("/{name}")
    def remove(name: str) -> Response:
        """Forget one that has ended."""
        jobs.remove(name)
        return answer({})

    return routes


def job_summary(job: Job) -> dict[str, Any]:
    """A job for the page, with how far it is."""
    return {
        "id": job.id,
        "kind": job.kind,
        "name": job.name,
        "clone": job.clone,
        "subject": job.subject,
        "long_running": job.long_running,
        "printed": job.printed,
        "made_at": job.made_at,
        "state": job.state,
        "progress": job.process and job.process.last_step,
        "error": job.error,
    }
