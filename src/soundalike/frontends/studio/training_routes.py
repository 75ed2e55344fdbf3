"""Training over the API: what each base would take for a voice; beginning one, and going on after it was cut off."""

import time
from functools import lru_cache
from typing import Annotated, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field
from starlette.responses import Response

from soundalike.frontends.local_page.answers import answer
from soundalike.frontends.studio.job_routes import job_summary
from soundalike.frontends.studio.jobs import Jobs
from soundalike.frontends.studio.studio_folder import StudioFolder
from soundalike.training import estimate
from soundalike.training.base_choices import TOKENS, base_choices
from soundalike.training.estimate import TrainingEstimate
from soundalike.training.measured_speed import with_measured

MEASURED = 600.0  # seconds after which this machine's speed is measured anew


Minutes = Annotated[float | None, Field(gt=0, le=100_000)]


class TrainingOrder(BaseModel):
    """A new training; `succession` says what becomes of a voice that is there."""

    base: str = Field(min_length=1)
    minutes: Minutes = None
    succession: Literal["first", "fresh", "keep-better"] = "first"

    def arguments(self, voice: str) -> list[str]:
        """The arguments of the command."""
        budget = [] if self.minutes is None else [f"--minutes={self.minutes}"]
        existing = [] if self.succession == "first" else [f"--{self.succession}"]
        return ["train", voice, f"--base={self.base}", *budget, *existing, "--evaluate"]


def router(folder: StudioFolder, jobs: Jobs) -> APIRouter:
    """The routes under /api/training and /api/bases."""
    routes = APIRouter()

    @routes.get("/training/{name}")
    def choices(name: str, minutes: Minutes = None) -> Response:
        """What each base reads of this voice's text in so many minutes, or in the default time."""
        clone = folder.clone(name)
        size = clone.documents_path("train").stat().st_size
        rows = with_measured(_estimates(int(time.monotonic() / MEASURED)), TOKENS, clone)
        return answer(base_choices(rows, size, minutes))

    @routes.post("/training/{name}")
    def begin(name: str, order: TrainingOrder) -> Response:
        """Train, and evaluate briefly."""
        voice = folder.clone(name).root
        return answer(job_summary(jobs.add("train", order.arguments(str(voice)), name)))

    @routes.post("/training/{name}/resume")
    def resume(name: str) -> Response:
        """Go on with a training from its last checkpoint."""
        voice = folder.clone(name).root
        return answer(job_summary(jobs.add("train", ["train", str(voice), "--resume", "--evaluate"], name)))

    @routes.post("/training/{name}/corrections")
    def learn_corrections(name: str) -> Response:
        """Learn from what was said of replies."""
        voice = folder.clone(name).root
        return answer(job_summary(jobs.add("correct", ["train", str(voice), "--corrections"], name)))

    @routes.post("/bases")
    def fetch(base: Annotated[str, Body(embed=True, pattern="^[^-]")]) -> Response:
        """Fetch a base model; the one step of the studio that needs the internet."""
        return answer(job_summary(jobs.add("fetch", ["base", "add", base])))

    return routes


@lru_cache(maxsize=1)
def _estimates(_period: int) -> list[TrainingEstimate]:
    """What each base takes for TOKENS tokens, as measured in this period."""
    return estimate.estimates(TOKENS, estimate.training_device())
