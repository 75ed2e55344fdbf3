"""Forgetting messages and masking strings over the API: what would go, and the jobs that do it."""

from dataclasses import asdict
from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from soundalike.frontends.local_page.answers import answer
from soundalike.frontends.studio.job_routes import job_summary
from soundalike.frontends.studio.jobs import Jobs
from soundalike.frontends.studio.studio_folder import StudioFolder
from soundalike.importing import forgetting
from soundalike.importing.selection import BEFORE, CHANNEL, PERSON, pattern_of


class ForgetBody(BaseModel):
    """Keys of people and channels whose messages are forgotten, and the day before which all are."""

    people: list[str] = Field(default_factory=list, max_length=1_000)
    channels: list[str] = Field(default_factory=list, max_length=1_000)
    before: str = Field(default="", max_length=20)
    retrain: bool = False

    @property
    def patterns(self) -> list[str]:
        """KIND:PATTERN of each."""
        named = [pattern_of(PERSON, key) for key in self.people] + [pattern_of(CHANNEL, key) for key in self.channels]
        return [*named, *([f"{BEFORE}:{self.before}"] if self.before else [])]


class MaskBody(BaseModel):
    """Strings that are masked in the messages of a voice."""

    strings: list[Annotated[str, Field(min_length=1, max_length=1_000)]] = Field(min_length=1, max_length=1_000)


def router(folder: StudioFolder, jobs: Jobs) -> APIRouter:
    """The routes under /api/voices/NAME of what is taken out of its messages."""
    routes = APIRouter(prefix="/voices/{name}")

    @routes.get("/people")
    def people(name: str) -> Response:
        """Who wrote how many messages, and in which channels: those that can be forgotten, the most first."""
        clone = folder.clone(name)
        messages = clone.messages(["author", "channel", "me"])
        return answer(
            {
                "people": _counted(messages.filter(~pl.col("me")), "author", clone.authors(["author", "name"])),
                "channels": _counted(messages, "channel", clone.channels(["channel", "title"])),
            }
        )

    @routes.post("/forget/preview")
    def preview(name: str, body: ForgetBody) -> Response:
        """How much would be removed."""
        return answer(asdict(forgetting.preview(folder.clone(name), body.patterns)))

    @routes.post("/forget")
    def forget(name: str, body: ForgetBody) -> Response:
        """Remove it, as a job; with `retrain` a new voice is trained on what is left."""
        named = [f"--{pattern.replace(':', '=', 1)}" for pattern in body.patterns]
        arguments = ["forget", str(folder.clone(name).root), *named, *(["--retrain"] if body.retrain else [])]
        return answer(job_summary(jobs.add("forget", arguments, name)))

    @routes.post("/mask/preview")
    def preview_mask(name: str, body: MaskBody) -> Response:
        """In how many places something would be masked."""
        return answer(asdict(forgetting.preview(folder.clone(name), (), body.strings)))

    @routes.post("/mask")
    def mask(name: str, body: MaskBody) -> Response:
        """Mask it, and train a new voice, as a job."""
        arguments = ["forget", str(folder.clone(name).root), "--mask=-", "--retrain"]
        strings = "".join(f"{' '.join(string.split())}\n" for string in body.strings).encode()
        return answer(job_summary(jobs.add("mask", arguments, name, stdin=strings)))

    return routes


def _counted(messages: pl.DataFrame, key: str, names: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows of key, name or null, and number of messages."""
    counts = messages.group_by(key).len("messages").join(names, on=key, how="left")
    renamed = counts.rename({key: "key", names.columns[1]: "name"}).sort("messages", "key", descending=[True, False])
    return renamed.select("key", "name", "messages").to_dicts()
