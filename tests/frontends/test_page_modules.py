"""Modules of the studio's page, run by Node without a browser."""

import json
import shutil
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from tests.frontends.test_scripts import FRONTENDS, NODE


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """A folder with the modules of the page, as one address serves them."""
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    for script in (*FRONTENDS.glob("studio/page/*.js"), *FRONTENDS.glob("local_page/page/*.js")):
        shutil.copy(script, tmp_path)
    return tmp_path


def told_by(modules: Path, code: str) -> Any:
    """What `code`, a module beside them, has put into `told` when nothing is left to do."""
    end = 'process.on("exit", () => console.log(JSON.stringify(told)));'
    (modules / "test.js").write_text(f"const told = [];\n{end}\n{code}", encoding="utf-8")
    return json.loads(run([NODE, modules / "test.js"], capture_output=True, text=True, check=True).stdout)


def test_a_section_that_was_left_while_it_waited_does_nothing_any_more(modules: Path) -> None:
    """It neither polls nor takes anybody elsewhere, and ends at once what it begins; the next section polls on."""
    assert told_by(
        modules,
        """
        import { SectionContext } from "./section_context.js";
        const context = (name) => new SectionContext(name, (...place) => told.push(`go ${place}`), () => null);
        const old = context("old");
        const waiting = Promise.resolve().then(async () => {
          await old.every(0, () => told.push("polled the old one"));
          old.go("voices");
          old.onLeave(() => told.push("ended"));
        });
        old.leave();
        await waiting;
        const next = context("next");
        let polls = 0;
        next.every(0.001, () => { if (++polls === 3) next.leave(); told.push("poll"); });
        next.go("work");
        """,
    ) == ["ended", "poll", "go work", "poll", "poll"]


def test_an_upload_that_fails_is_removed(modules: Path) -> None:
    """Whatever the reason; the error is the one of the file, also where nothing answers any more."""
    assert told_by(
        modules,
        """
        import { send } from "./upload.js";
        globalThis.sessionStorage = { getItem: () => "token" };
        globalThis.fetch = async (path, { method }) => {
          told.push(`${method} ${path}`);
          if (method === "DELETE") throw new TypeError("gone");
          return { ok: true, json: async () => ({ id: "u1" }) };
        };
        globalThis.XMLHttpRequest = class {
          upload = {};
          open() {}
          setRequestHeader() {}
          send() {
            this.status = 507;
            this.responseText = JSON.stringify({ error: { what: "The disk is full.", do: "Make room." } });
            this.onload();
          }
        };
        const file = { path: "a.txt", file: { name: "a.txt", size: 3 } };
        await send({ files: [file] }, () => null, new AbortController().signal).catch((error) => told.push(error.what));
        """,
    ) == ["POST /api/uploads", "DELETE /api/uploads/u1", "The disk is full."]
