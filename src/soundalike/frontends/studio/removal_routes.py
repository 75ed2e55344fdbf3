"""Earlier voices, forgetting, masking and deleting over the API."""

import asyncio
from dataclasses import asdict
from glob import escape
from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from soundalike.clone import Clone
from soundalike.frontends.local_page.answers import answer
from soundalike.frontends.studio.clone_routes import clone_summary
from soundalike.frontends.studio.job_routes import job_summary
from soundalike.frontends.studio.jobs import Jobs
from soundalike.frontends.studio.loaded_voices import LoadedVoices
from soundalike.frontends.studio.removal import Removal
from soundalike.frontends.studio.studio_folder import StudioFolder
from soundalike.importing import forgetting
from soundalike.training.versions import roll_back


class ForgetBody(BaseModel):
    """Keys of people and channels whose messages are forgotten, and the day before which all are."""

    people: list[str] = Field(default_factory=list, max_length=1_000)
    channels: list[str] = Field(default_factory=list, max_length=1_000)
    before: str = Field(default="", max_length=20)
    retrain: bool = False

    @property
    def named(self) -> list[tuple[str, str]]:
        """(kind, pattern) of each."""
        people, channels = ([escape(key) for key in keys] for keys in (self.people, self.channels))
        before = [("before", self.before)] if self.before else []
        return [*(("person", one) for one in people), *(("channel", one) for one in channels), *before]


class MaskBody(BaseModel):
    """Strings that are masked in the messages of a voice."""

    strings: list[Annotated[str, Field(min_length=1, max_length=1_000)]] = Field(min_length=1, max_length=1_000)


def router(folder: StudioFolder, jobs: Jobs, voices: LoadedVoices, removal: Removal) -> APIRouter:
    """The routes of keeping and deleting under /api."""
    routes = APIRouter()

    @routes.get("/voices/{name}/versions")
    def versions(name: str) -> Response:
        """The earlier voices that are kept, the newest first."""
        paths = [path for path in folder.clone(name).versions_path.glob("*") if path.name.isdecimal()]
        newest = sorted(paths, key=lambda path: -int(path.name))
        return answer([{"number": path.name, "voice": clone_summary(Clone.open(path))["voice"]} for path in newest])

    @routes.post("/voices/{name}/rollback")
    def go_back(name: str) -> Response:
        """Take the voice before this one."""
        return answer({"kept": str(roll_back(folder.clone(name)))})

    @routes.get("/voices/{name}/people")
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

    @routes.post("/voices/{name}/forget/preview")
    def preview(name: str, body: ForgetBody) -> Response:
        """How much would be removed."""
        patterns = [f"{kind}:{pattern}" for kind, pattern in body.named]
        return answer(asdict(forgetting.preview(folder.clone(name), patterns)))

    @routes.post("/voices/{name}/forget")
    def forget(name: str, body: ForgetBody) -> Response:
        """Remove it, as a job; with `retrain` a new voice is trained on what is left."""
        named = [f"--{kind}={pattern}" for kind, pattern in body.named]
        arguments = ["forget", str(folder.clone(name).root), *named, *(["--retrain"] if body.retrain else [])]
        return answer(job_summary(jobs.add("forget", arguments, name)))

    @routes.post("/voices/{name}/mask/preview")
    def preview_mask(name: str, body: MaskBody) -> Response:
        """In how many places something would be masked."""
        return answer(asdict(forgetting.preview(folder.clone(name), (), body.strings)))

    @routes.post("/voices/{name}/mask")
    def mask(name: str, body: MaskBody) -> Response:
        """Mask it, and train a new voice, as a job."""
        arguments = ["forget", str(folder.clone(name).root), "--mask=-", "--retrain"]
        strings = "".join(f"{' '.join(string.split())}\n" for string in body.strings).encode()
        return answer(job_summary(jobs.add("mask", arguments, name, stdin=strings)))

    @routes.delete("/voices/{name}")
    async def delete(name: str, confirm: str = "") -> Response:
        """Delete the voice; `confirm` is its name."""
        await voices.unload(name)
        await asyncio.to_thread(removal.voice, name, confirm)
        return answer({})

    @routes.get("/everything")
    def contents() -> Response:
        """What there is to delete."""
        return answer(removal.contents())

    @routes.delete("/everything")
    async def delete_everything(confirm: str = "") -> Response:
        """Delete every voice, upload and piece of work; `confirm` is the name of the folder."""
        for name in voices.names:
            await voices.unload(name)
        await asyncio.to_thread(removal.everything, confirm)
        return answer({})

    return routes


def _counted(messages: pl.DataFrame, key: str, names: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows of key, name or null, and number of messages."""
    counts = messages.group_by(key).len("messages").join(names, on=key, how="left")
    renamed = counts.rename({key: "key", names.columns[1]: "name"}).sort("messages", "key", descending=[True, False])
    return renamed.select("key", "name", "messages").to_dicts()
