"""Backups of text messages as SMS Backup & Restore writes them."""

from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from tests.sources.examples import Builder
from tests.sources.packages import write_zip

NOON = 1_700_000_000_000  # ms
MIA, ROLF = "+49 170 1234567", "+491709999999"


def element(name: str, inner: str = "", **values: Any) -> str:
    """An element with these attributes."""
    shown = " ".join(f"{key}={quoteattr(str(value))}" for key, value in values.items())
    return f"<{name} {shown}>{inner}</{name}>\n" if inner else f"<{name} {shown} />\n"


def sms(number: int, body: str, type_: int = 1, address: str = MIA, name: str = "Mia", **more: Any) -> str:
    """A text message, `number` milliseconds after NOON."""
    values = {
        "protocol": 0,
        "address": address,
        "date": NOON + number,
        "type": type_,
        "body": body,
        "contact_name": name,
    }
    return element("sms", "", **(values | more))


def mms(
    number: int, text: str, box: int = 1, address: str = f"{MIA}~{ROLF}", sender: str = ROLF, names: str = "Mia, Rolf"
) -> str:
    """A message to a group with a picture, and SMIL that describes its layout."""
    parts = element("part", seq=-1, ct="application/smil", text="<smil/>")
    parts += element("part", seq=0, ct="image/jpeg", text="null", data="QUJD" * 2000)
    parts += element("part", seq=1, ct="text/plain", text=text)
    addresses = element("addr", address=sender, type=137) + element("addr", address=MIA, type=151)
    inner = element("parts", parts, x=1) + element("addrs", addresses, x=1)
    return element("mms", inner, date=NOON + number, msg_box=box, address=address, contact_name=names, m_type=132)


def backup(*rows: str, count: int | None = None) -> bytes:
    """A whole file."""
    head = "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<!--File Created By SMS Backup & Restore-->\n"
    return f'{head}<smses count="{len(rows) if count is None else count}">\n{"".join(rows)}</smses>'.encode()


ROWS = [sms(1, "morning"), sms(2, "hi", 2), mms(3, "all")]


def _file(folder: Path) -> Path:
    (folder / "sms-2023.xml").write_bytes(backup(*ROWS))
    return folder / "sms-2023.xml"


EXAMPLES: dict[str, Builder] = {
    "xml": _file,
    "zip": lambda folder: write_zip(folder / "s.zip", {"a/sms-1.xml": backup(*ROWS), "a/calls-1.xml": b"<calls/>"}),
}
