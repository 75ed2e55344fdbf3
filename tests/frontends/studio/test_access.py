"""Who may use the studio: the page of its link and nobody else's."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from soundalike.errors import UsageError
from soundalike.frontends.studio.studio_app import create
from soundalike.frontends.studio.studio_folder import StudioFolder

TOKEN = "open-sesame"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def client(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    folder = StudioFolder.make(tmp_path_factory.mktemp("studio"))
    return TestClient(create(folder, TOKEN), base_url="http://127.0.0.1:8000")


def test_the_token_of_the_link_opens_the_api(client: TestClient) -> None:
    """With it the voices are listed; without it, with another one or with a cookie, nothing is told."""
    assert client.get("/api/voices", headers=BEARER).json()["voices"] == []
    refused = [{}, {"Authorization": "Bearer open-sesam"}, {"Authorization": TOKEN}, {"Cookie": f"token={TOKEN}"}]
    for headers in refused:
        answer = client.get("/api/voices", headers=headers)
        assert answer.status_code == 401 and TOKEN not in answer.text
        assert answer.json()["error"]["do"] == "Open the link that `soundalike studio` has printed."


@pytest.mark.parametrize("path", ["/", "/main.js", "/studio.css", "/base.css", "/colours.css"])
def test_the_files_of_the_page_need_no_token_and_hold_none(client: TestClient, path: str) -> None:
    """The page reads the token out of its own address, where only its tab sees it."""
    answer = client.get(path)
    assert answer.status_code == 200 and TOKEN not in answer.text and "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "192.168.0.7:8000", ""]
)
def test_a_name_that_was_pointed_here_is_refused(client: TestClient, host: str) -> None:
    """DNS rebinding: neither the page nor the API answers to another host name, whatever token comes with it."""
    for path in ("/", "/api/voices"):
        assert client.get(path, headers=BEARER | {"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8000", "[::1]:8000", "127.0.0.1:8000"])
def test_every_name_of_this_machine_is_answered(client: TestClient, host: str) -> None:
    """By its own origin."""
    headers = BEARER | {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert client.get("/api/voices", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:9000"},  # a page of another program of this machine
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_origin_is_refused_even_with_the_token(client: TestClient, headers: dict[str, str]) -> None:
    """Reading, writing, and the question before it; no answer has a header that would let it read one."""
    for method, path in (("GET", "/api/voices"), ("POST", "/api/jobs/any/stop"), ("OPTIONS", "/api/voices")):
        answer = client.request(method, path, headers=BEARER | headers)
        assert answer.status_code == 403
        assert not any(name.startswith("access-control") for name in answer.headers)


def test_the_page_may_load_nothing_from_elsewhere_and_be_framed_by_nobody(client: TestClient) -> None:
    """The rules are on every answer, those of errors too."""
    for path in ("/", "/api/voices", "/nothing"):
        rules = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in rules and "frame-ancestors 'none'" in rules and "http" not in rules


def test_an_error_that_nobody_expected_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The page gets two sentences; the server gets the error, and logs it, so that nothing else does."""
    app = create(StudioFolder.make(tmp_path), TOKEN)

    @app.get("/api/fault")
    def fault() -> None:
        raise ZeroDivisionError

    app.router.routes.insert(0, app.router.routes.pop())  # before the files of the page
    with pytest.raises(ZeroDivisionError):
        TestClient(app, base_url="http://127.0.0.1:8000").get("/api/fault", headers=BEARER)
    quiet = TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)
    told = quiet.get("/api/fault", headers=BEARER)
    assert told.status_code == 500 and "ZeroDivisionError" in told.json()["error"]["what"] and not caplog.messages


@pytest.mark.parametrize("path", ["/..%2f..%2f__init__.py", "/../studio_app.py", "/sections/..%2f..%2faccess.py"])
def test_only_the_files_of_the_page_are_served(client: TestClient, path: str) -> None:
    """However the path is written."""
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("name", ["..", "%2e%2e%2fother", ".soundalike-studio", "a%2fb", "-rf", "x" * 61, "none"])
def test_no_name_of_a_voice_leads_out_of_the_folder(client: TestClient, name: str) -> None:
    """What is no plain name, and what is no voice, is refused in two sentences or is no route at all."""
    answer = client.get(f"/api/voices/{name}", headers=BEARER)
    assert answer.status_code in (400, 404) and answer.json()["error"]["do"]


def test_a_voice_without_a_name_is_told_so(tmp_path: Path) -> None:
    """And not that nothing between two quotes is no name of a folder."""
    with pytest.raises(UsageError, match="The voice has no name"):
        StudioFolder.make(tmp_path).clone_path(" ")
