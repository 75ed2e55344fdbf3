"""All tests of sources run in a zone that is not UTC, so that a time read in the wrong one of the two is noticed."""

from collections.abc import Iterator

import pytest

from tests.sources.zones import zone


@pytest.fixture(autouse=True, scope="package")
def _far_from_utc() -> Iterator[None]:
    with zone("NPT-5:45"):
        yield
