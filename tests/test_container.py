"""The Dockerfile, .dockerignore and constraints.txt agree with the source tree and with what docs/install.md tells."""

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
RUNS = [line for line in (ROOT / "docs" / "install.md").read_text("utf-8").splitlines() if "docker run " in line]


def test_what_the_image_is_built_from_exists_and_reaches_the_builder() -> None:
    """What is copied or mounted from the source tree, and that alone, is let through by .dockerignore."""
    copied = [
        word for words in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for word in words.split()
    ]
    mounts = re.findall(r"--mount=(type=bind\S+)", DOCKERFILE)
    mounted = [mount.split("source=")[1].split(",")[0] for mount in mounts if "from=" not in mount]
    rules = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == {*copied, *mounted}
    assert [name for name in (*copied, *mounted) if not (ROOT / name).exists()] == []


def test_every_library_of_the_image_has_its_version_in_constraints() -> None:
    """The requirements in pyproject.toml and theirs, as installed here. pip and setuptools come with the base image."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = [canonicalize_name(line.split("==")[0]) for line in lines if not line.startswith("#")]
    assert len(pinned) == len(set(pinned))
    with (ROOT / "pyproject.toml").open("rb") as file:
        needed = tomllib.load(file)["project"]["dependencies"]
    assert with_theirs(needed, set()) - set(pinned) <= {"pip", "setuptools"}


def with_theirs(requirements: list[str], found: set[str]) -> set[str]:
    """Adds to `found` the names of `requirements` and of all that those need on this machine, extras aside."""
    for requirement in map(Requirement, requirements):
        name = canonicalize_name(requirement.name)
        if name not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            found.add(name)
            with_theirs(requires(name) or [], found)
    return found


def test_the_commands_of_the_docs_fit_the_image() -> None:
    """They mount the folder that the image keeps clones in, and publish the port that the server listens at."""
    volumes = re.findall(r"^VOLUME (\S+)", DOCKERFILE, re.MULTILINE)
    ports = re.findall(r"^EXPOSE (\S+)", DOCKERFILE, re.MULTILINE)
    assert RUNS
    for run in RUNS:
        assert re.findall(r'-v "\$PWD/clones:([^"]+)"', run) == volumes, run
        assert set(re.findall(r"-p 127\.0\.0\.1:\d+:(\d+)", run)) <= set(ports), run
