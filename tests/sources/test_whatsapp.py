"""WhatsApp chats in every spelling: headers, the order of dates, what is text, and who is who."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soundalike import sources
from soundalike.errors import ExportError
from soundalike.messages import (
    BOTS,
    BY_THE_APP,
    DELETED,
    IMPOSSIBLE_TIME,
    STICKER,
    VOICE_MESSAGE,
    WITHOUT_TEXT,
    Corpus,
)
from soundalike.sources._whatsapp_body import said
from soundalike.sources._whatsapp_chat import chat_title
from soundalike.sources._whatsapp_dates import DAY_FIRST, MONTH_FIRST, YEAR_FIRST, decide
from soundalike.sources._whatsapp_lines import find_headers, parse_header
from tests.sources.examples.whatsapp import ANDROID, GROUP, IOS
from tests.sources.packages import checked, texts, write_folder, write_zip
from tests.sources.reading import read_alone


def local(*when: int) -> datetime:
    """A local time of this machine as UTC."""
    return datetime(*when).astimezone(UTC)  # type: ignore[arg-type]


def read(tmp_path: Path, text: str, name: str = "WhatsApp Chat with Laura.txt") -> Corpus:
    """The corpus of one text."""
    path = tmp_path / name
    path.write_bytes(text.encode())
    return read_alone(path)


def names(corpus: Corpus) -> list[str]:
    """Author keys of all messages, oldest first."""
    return corpus.messages["author"].to_list()


HEADERS = {  # of 13 June 2023, 21:25, in the languages and apps of many phones
    "[13/06/2023, 9:25:15 PM] ": 15,
    "[13/06/2023, 9:25:15\u202fPM] ": 15,
    "\u200e[13.06.23, 21:25:15] ": 15,
    "[13.06.23, 9:25:15 PM] ": 15,
    "13.6.2023 klo 21.25.15 - ": 15,
    "13.06.23 21.25.15: ": 15,
    "[2023/06/13 9:25:15 p. m.] ": 15,
    "[13.06.2023 kl. 21.25.15] ": 15,
    "6/13/23, 9:25 PM - ": 0,
    "6/13/23, 9:25\u202fpm - ": 0,
    "13/6/23 9:25 p. m. - ": 0,
    "13/06/2023, 21:25 – ": 0,
    "13/06/2023, 21:25 — ": 0,
    "13.06.23, 21:25 - ": 0,
    "13-06-23 21:25 - ": 0,
    "13. 6. 2023 21:25 - ": 0,
    "13/06/2023 à 21:25 - ": 0,
    "2023-06-13 21 h 25 - ": 0,
    "2023/6/13 下午9:25 - ": 0,
    "2023. 6. 13. 오후 9:25 - ": 0,
    "2023. 06. 13. 21:25 - ": 0,
    "21:25, 13/06/2023 - ": 0,
    "\ufeff13/06/2023, 21:25 - ": 0,
    "\u200f١٣\u200f/٦\u200f/٢٠٢٣، ٩:٢٥ م - ": 0,
    "13/06/23, 9:25 μ.μ. - ": 0,
    "13/6/2566 21:25 - ": 0,
    "13/06/23 21.25 - ": 0,
    "13.06.23 г., 21:25 - ": 0,
    "13. 6. 2023. u 21:25 - ": 0,
    "21:25 13/06/2023 - ": 0,
    "9:25 CH, 13/06/2023 - ": 0,
    "১৩/৬/২৩, ৯:২৫ PM - ": 0,
    "13/6/23, பிற்பகல் 9:25 - ": 0,
    "13/6/2023, 9:25 ಅಪರಾಹ್ನ - ": 0,
    "13.06.23 во 9:25 попл. - ": 0,
    "13.06.23, 9:25 пп - ": 0,
    "13.06.23 9:25 e pasdites - ": 0,
    "13/6/23 9:25 หลังเที่ยง - ": 0,
    "2023-06-13 9:25 nm. - ": 0,
    "2023-06-13 9:25 popiet - ": 0,
    "[2023-06-13 9:25:15 em] ": 15,
    "[2023. 6. 13. 오후 9:25:15] ": 15,
    "[13/6/2023 下午9:25:15] ": 15,
}


@pytest.mark.parametrize("header", HEADERS)
def test_headers(tmp_path: Path, header: str) -> None:
    """One message in each spelling of its header has the right author, time and text."""
    corpus = read(tmp_path, f"{header}Laura: hi: there\n{header.lstrip(chr(0xFEFF))}Bo: yo\n")
    assert texts(corpus) == ["hi: there", "yo"]
    assert names(corpus) == ["whatsapp:Laura", "whatsapp:Bo"]
    assert corpus.messages["sent_at"][0] == local(2023, 6, 13, 21, 25, HEADERS[header])
    assert corpus.owner == "Bo"


@pytest.mark.parametrize(
    "line", ["hello", "12:30 works", "1/2/23 - no time", "see 13.06.23, 21:25 - there", "[ok] yes"]
)
def test_no_headers(line: str) -> None:
    """Lines that only mention dates are none."""
    assert parse_header(line) is None


def test_an_iphones_chat(tmp_path: Path) -> None:
    """Lines of several lines, captions, edits, deletions; the owner is who deleted a message."""
    path = write_zip(tmp_path / "WhatsApp Chat - Laura.zip", {"_chat.txt": IOS.encode(), "1-PHOTO.jpg": b"\xff"})
    corpus = read_alone(path)
    assert texts(corpus) == ["morning", "two\nlines", "look", "ok"]
    assert corpus.messages["sent_at"].to_list() == [
        local(2023, 6, 13, 21, 25, 16),
        local(2023, 6, 13, 21, 25, 17),
        local(2023, 6, 14, 9, 5),
        local(2023, 6, 14, 9, 7),
    ]
    assert sorted(corpus.authors.rows()) == [("whatsapp:Bo", "Bo", True), ("whatsapp:Laura", "Laura", False)]
    assert corpus.messages["me"].to_list() == [False, True, False, False]
    assert corpus.channels.rows() == [("whatsapp:Laura", "Laura", "dm")]
    assert corpus.read["messages"] == 6
    assert corpus.skipped == {
        BY_THE_APP: 1,
        DELETED: 1,
        "photos, voice messages and other files beside the chat": 1,
    }
    assert corpus.notes == [
        "These chats tell local times without a zone, so they were read in the time zone of this machine."
    ]


def test_an_android_chat(tmp_path: Path) -> None:
    """Messages of one minute stay in order; media is no text, a caption is; the file's name tells the owner."""
    corpus = read(tmp_path, ANDROID)
    assert texts(corpus) == ["morning", "two\nlines", "my soup"]
    assert corpus.messages["sent_at"][1] == local(2023, 6, 13, 21, 25) + timedelta(milliseconds=1)
    assert corpus.skipped == {BY_THE_APP: 1, WITHOUT_TEXT: 1, DELETED: 1}
    assert corpus.owner == "Bo"
    assert corpus.notes[1].startswith("Dates such as 6/13/23 in a WhatsApp chat were read as month/day/year: ")


def test_a_word_for_half_of_the_day_that_is_not_known_is_told(tmp_path: Path) -> None:
    """Its times may be twelve hours early; a word behind times up to 23 o'clock is none of that kind."""
    chat = "[13.06.23, {}] Bo: hi\n[14.06.23, {}] Laura: hello\n"
    told = [note for note in read(tmp_path, chat.format("9:25:15 zz", "11:05:00 yy")).notes if "12 hours" in note]
    assert told == ["What “zz” behind a time means is not known here: in the afternoon, times may be 12 hours early."]
    assert not any("12 hours" in note for note in read(tmp_path, chat.format("9:25:15 zz", "21:05:00 zz")).notes)
    assert not any("12 hours" in note for note in read(tmp_path, chat.format("9:25:15 am", "9:05:00 pm")).notes)


def test_a_folder_of_chats(tmp_path: Path) -> None:
    """A group and a chat of two; people who are known by number have no number anywhere."""
    files = {"WhatsApp Chat with Laura.txt": ANDROID.encode(), "WhatsApp Chat with Soup.txt": GROUP.encode()}
    corpus = read_alone(write_folder(tmp_path / "chats", files))
    assert sorted(corpus.channels.rows()) == [("whatsapp:Laura", "Laura", "dm"), ("whatsapp:Soup", "Soup", "group")]
    assert sorted(corpus.authors["name"]) == ["Bo", "Laura", "Mia", "Rolf", "someone"]
    assert "@Mia hi" in texts(corpus)
    assert "1234567" not in str(corpus.messages.rows()) + str(corpus.authors.rows())
    assert corpus.owner == "Bo"
    assert corpus.skipped[BY_THE_APP] == 2


def test_overlapping_exports_merge(tmp_path: Path) -> None:
    """The same chat, exported again later, adds only what is new."""
    first = tmp_path / "WhatsApp Chat with Laura.txt"
    again = tmp_path / "WhatsApp Chat with Laura (1).txt"
    first.write_text(ANDROID, encoding="utf-8")
    again.write_text(ANDROID + "6/15/23, 10:01 AM - Laura: new\n", encoding="utf-8")
    corpus = checked(sources.read([first, again]))
    assert texts(corpus) == ["morning", "two\nlines", "my soup", "new"]
    assert corpus.channels.height == 1


def decided(*dates: str) -> tuple[str, bool]:
    """The order of these dates, and whether they tell it."""
    order = decide(find_headers([f"{date}, 21:25 - Bo: x" for date in dates]))
    return order.order, order.sure


def test_the_order_of_dates() -> None:
    """Values above 12, the direction of time, and how far days lie apart decide, over the whole file."""
    assert decided("3/4/23", "13/4/23") == (DAY_FIRST, True)
    assert decided("3/4/23", "4/13/23") == (MONTH_FIRST, True)
    assert decided("5/4/23", "4/5/23") == (DAY_FIRST, True)
    assert decided("4/5/23", "5/4/23") == (MONTH_FIRST, True)
    assert decided("1/3/23", "2/3/23", "3/3/23", "4/3/23", "5/3/23") == (DAY_FIRST, True)
    assert decided("3/1/23", "3/2/23", "3/3/23", "3/4/23", "3/5/23") == (MONTH_FIRST, True)
    assert decided("3/4/23", "3/4/23") == (DAY_FIRST, False)
    assert decided("03.04.23", "05.06.23") == (DAY_FIRST, True)
    assert decided("24/1/1", "24/1/2") == (YEAR_FIRST, True)
    assert decided("2024/1/1", "2024/2/1") == (YEAR_FIRST, True)
    assert decided("23/6/13", "23/6/30") == (YEAR_FIRST, True)


def test_an_order_that_nothing_tells(tmp_path: Path) -> None:
    """What was assumed is told; another chat beside it may decide."""
    unsure = "3/4/23, 9:25 PM - Laura: hi\n3/4/23, 9:26 PM - Bo: yo\n"
    corpus = read(tmp_path, unsure)
    assert corpus.messages["sent_at"][0] == local(2023, 3, 4, 21, 25)
    assert corpus.notes[1] == (
        "Dates such as 3/4/23 in a WhatsApp chat were read as month/day/year: nothing in the chat tells, and with AM "
        "and PM that is the custom."
    )
    beside = unsure + "13/4/23, 9:25 PM - Bo: later\n"
    folder = write_folder(tmp_path / "f", {"WhatsApp Chat with A.txt": unsure.encode(), "b.txt": beside.encode()})
    corpus = read_alone(folder)
    assert corpus.messages["sent_at"][0] == local(2023, 4, 3, 21, 25)
    assert any("other chats beside it tell" in note for note in corpus.notes)


def test_a_pasted_chat_is_text(tmp_path: Path) -> None:
    """Header lines of an older time, of the future or in another spelling inside a message are part of it."""
    text = (
        "13/06/2023, 21:25 - Bo: look\n"
        "01/05/2021, 10:00 - Mia: old\n"
        "02/05/2021, 10:00 - Mia: older\n"
        "13/06/2023, 21:26 - Laura: so?\n"
        "13/06/2093, 21:26 - Mia: never\n"
        "13/06/2023, 21:27 - Bo: [1.2.23, 10:00:00] Mia: x\n[1.2.23, 10:00:00] Mia: y\n"
        "13/06/2023, 21:28 - Bo: end\n13/06/2023, 21:28 - Bo: 1\n13/06/2023, 21:28 - Bo: 2\n"
    )
    corpus = read(tmp_path, text)
    assert texts(corpus) == [
        "look\n01/05/2021, 10:00 - Mia: old\n02/05/2021, 10:00 - Mia: older",
        "so?\n13/06/2093, 21:26 - Mia: never",
        "[1.2.23, 10:00:00] Mia: x\n[1.2.23, 10:00:00] Mia: y",
        "end",
        "1",
        "2",
    ]
    assert set(names(corpus)) == {"whatsapp:Bo", "whatsapp:Laura"}


def test_one_wrong_clock_swallows_nothing(tmp_path: Path) -> None:
    """A message dated days ahead does not turn those after it into text."""
    lines = [f"13/06/2023, 21:{minute:02} - Bo: {minute}\n" for minute in range(30)]
    lines.insert(10, "18/06/2023, 21:00 - Laura: early\n")
    corpus = read(tmp_path, "".join(lines))
    assert corpus.messages.height == 31


BODIES = {  # what an iPhone (True) or Android writes after the name -> the text or the reason
    ("hello: you", False): "hello: you",
    ("\u200eimage omitted", True): WITHOUT_TEXT,
    ("my cat \u200eimage omitted", True): "my cat",
    ("my cat \u200e<attached: 00000012-PHOTO-2023.jpg>", True): "my cat",
    ("\u200e<attached: 00000012-PHOTO-2023.jpg>", True): WITHOUT_TEXT,
    ("soup.pdf \u2022 \u200e14 pages \u200e<attached: 00000013-soup.pdf>", True): WITHOUT_TEXT,
    ("soup.pdf \u2022 \u200e14 pages \u200edocument omitted", True): WITHOUT_TEXT,
    ("soup.pdf \u2022 \u200e14 pages \u200e<attached: 00000013-soup.pdf>\nthe recipe", True): "the recipe",
    ("see soup.pdf\nthe recipe", True): "see soup.pdf\nthe recipe",
    ("\u200eBild weggelassen", True): WITHOUT_TEXT,
    ("\u200eAudio weggelassen", True): VOICE_MESSAGE,
    ("\u200e<attached: 00000014-AUDIO-2023-06-14-10-11-12.opus>", True): VOICE_MESSAGE,
    ("PTT-20230614-WA0001.opus (file attached)", False): VOICE_MESSAGE,
    ("\u200esticker omitted", True): STICKER,
    ("\u200eSTK-20230614-WA0002.webp (Datei angehängt)", False): STICKER,
    ("audio only", False): "audio only",
    ("sticker please", True): "sticker please",
    ("\u200eBo changed this group's icon and so on and so on.", True): BY_THE_APP,
    ("\u200eMissed voice call, \u200e9:25 PM", True): BY_THE_APP,
    ("\u200eVoice call. \u200e\u200e5 min", True): BY_THE_APP,
    ("\u200eSilenced voice call, \u200e9:25 PM", True): BY_THE_APP,
    ("\u200eSprachanruf stumm, \u200eFokus", True): WITHOUT_TEXT,
    ("\u200eYour security code with Bo changed. \u200eTap to learn more.", True): BY_THE_APP,
    ("Voice call, 1 hr 5 min", True): BY_THE_APP,
    ("Missed video call, Tap to call back", True): BY_THE_APP,
    ("Silenced voice call, Focus mode", True): BY_THE_APP,
    ("voice call, 5 min?", False): "voice call, 5 min?",
    ("voice call, later today", False): "voice call, later today",
    ("\u200eYou received a view once photo. For added privacy, \u200eopen it on your phone.", True): WITHOUT_TEXT,
    ("You received a view once message. For added privacy, open it on your phone.", False): WITHOUT_TEXT,
    ("ok \u200e<Diese Nachricht wurde bearbeitet>", True): "ok",
    ("ok <Ce message a été modifié>", False): "ok",
    ("ok <Mensagem editada>", False): "ok",
    ("ok <Questo messaggio è stato modificato>", False): "ok",
    ("ok <Dit bericht is bewerkt>", False): "ok",
    ("ok <This message was edited>", False): "ok",
    ("ok <Se editó este mensaje.>", False): "ok",
    ("ok <此消息已编辑>", False): "ok",
    ("a tag <div>", False): "a tag <div>",
    ("i <3 you", False): "i <3 you",
    ("<Media omitted>", False): WITHOUT_TEXT,
    ("<Medien ausgeschlossen>", False): WITHOUT_TEXT,
    ("<省略多媒體檔案>", False): WITHOUT_TEXT,
    ("<Media omitted>\nmy cat", False): "my cat",
    ("IMG-20230614-WA0001.jpg (file attached)\nmy cat", False): "my cat",
    ("\u200eIMG-20230614-WA0001.jpg (Datei angehängt)", False): WITHOUT_TEXT,
    ("notes on soup.pdf (archivo adjunto)", False): WITHOUT_TEXT,
    ("Bo.vcf (file attached)", False): WITHOUT_TEXT,
    ("see a.txt (it is long)", False): "see a.txt (it is long)",
    ("soup 1.pdf (tệp đính kèm)", False): WITHOUT_TEXT,
    ("soup 1.pdf (附件檔案)\nmy soup", False): "my soup",
    ("\u200esoup 1.pdf (datoteka u privitku)", False): WITHOUT_TEXT,
    ("\u200esoup.jpg (datoteka u privitku)\nmy soup", False): "my soup",
    ("soup.pdf (file attached)\nsoup.pdf", False): WITHOUT_TEXT,
    ("image omitted", True): WITHOUT_TEXT,
    ("Bild weggelassen", True): WITHOUT_TEXT,
    ("what image omitted", True): "what image omitted",
    ("This message was deleted", False): DELETED,
    ("This message was deleted.", False): DELETED,
    ("Diese Nachricht wurde gelöscht.", False): DELETED,
    ("Du hast diese Nachricht gelöscht", False): DELETED,
    ("\u200eYou deleted this message.", True): DELETED,
    ("此訊息已刪除", False): DELETED,
    ("S’ha suprimit aquest missatge.", False): DELETED,
    ("Ce message a été supprimé par l’admin Mia", False): DELETED,
    ("null", False): WITHOUT_TEXT,
    ("Waiting for this message. This may take a while.", False): WITHOUT_TEXT,
    ("Missed video call", False): BY_THE_APP,
    ("Пропущенный видеозвонок", False): BY_THE_APP,
    ("Verpasster Gruppen-Sprachanruf", False): BY_THE_APP,
    ("Chamada de vídeo perdida às 21:25", False): BY_THE_APP,
    ("未接语音通话", False): BY_THE_APP,
    ("SONDAGE :\nsoupe ?\nOPTION : oui (1 vote)\nOPTION : non (0 vote)", False): WITHOUT_TEXT,
    ("投票：\n汤？\n选项：是 (1票)\n选项：否 (0票)", False): WITHOUT_TEXT,
    ("位置：https://maps.google.com/?q=1.5,2.5", False): WITHOUT_TEXT,
    ("आपने यह मैसेज मिटा दिया", False): DELETED,
    ("missed voice calls annoy me", False): "missed voice calls annoy me",
    ("Location: https://maps.google.com/?q=1.5,2.5", False): WITHOUT_TEXT,
    ("\u200eUbicación: https://maps.google.com/?q=1.5,2.5", True): WITHOUT_TEXT,
    ("\u200ePOLL:\nsoup?\n\u200eOPTION: yes (2 votes)\n\u200eOPTION: no (0 votes)\n", True): WITHOUT_TEXT,
    ("POLL:\nsoup?\nOPTION: yes (2 votes)\nOPTION: no (0 votes)", False): WITHOUT_TEXT,
    ("\u200eContact card omitted", True): WITHOUT_TEXT,
    ("hi @\u2068Bo K\u2069 and @\u2068+49 170 1234567\u2069", True): "hi @Bo K and @someone",
    ("hi @491701234567", False): "hi @someone",
    ("שלום \u200fעולם\u200e ok", False): "שלום עולם ok",
    ("", False): WITHOUT_TEXT,
}


@pytest.mark.parametrize("body", BODIES)
def test_bodies(body: tuple[str, bool]) -> None:
    """Text stays, what the app wrote goes, by its reason."""
    found = said(*body)
    assert (found.reason if found.text is None else found.text) == BODIES[body]


OWNERS_DELETIONS = [
    "You deleted this message.", "Du hast diese Nachricht gelöscht", "Eliminaste este mensaje.", "您已删除此消息",
    "Vous avez supprimé ce message", "Você apagou esta mensagem", "Hai eliminato questo messaggio.",
    "Je hebt dit bericht verwijderd", "Bu mesajı sildiniz.", "Вы удалили данное сообщение.", "لقد حذفت هذه الرسالة.",
]  # fmt: skip


@pytest.mark.parametrize("phrase", OWNERS_DELETIONS)
def test_what_the_owner_deleted(phrase: str) -> None:
    """Says so in the phone's language, with a full stop or without; what others deleted does not."""
    assert said(phrase, False).by_owner and said(f"\u200e{phrase}", True).by_owner
    assert not said("This message was deleted.", False).by_owner


def test_lines_out_of_order(tmp_path: Path) -> None:
    """A message that came late stands below newer ones in the file, and where it belongs by its time."""
    times = ["21:25", "21:27", "21:26", "21:27"]
    lines = [f"13/06/2023, {time} - Laura: {word}\n" for time, word in zip(times, "acbd", strict=True)]
    corpus = read(tmp_path, "".join(lines))
    assert texts(corpus) == ["a", "b", "c", "d"]
    assert corpus.messages["sent_at"][1] == local(2023, 6, 13, 21, 26)


def test_people_who_are_in_no_contacts(tmp_path: Path) -> None:
    """The tilde before a name that its owner chose is not shown, nor is the number of somebody without a name."""
    corpus = read(
        tmp_path,
        "[13.06.23, 21:25:15] ~\u202fMia K: a\n[13.06.23, 21:25:16] \u202a+49 170 1234567\u202c: b\n"
        "[13.06.23, 21:25:17] ~ Mia K: c\n",
        "Soup.txt",
    )
    assert texts(corpus) == ["a", "b", "c"]
    assert sorted(corpus.authors["name"]) == ["Mia K", "someone"] and names(corpus)[0] == names(corpus)[2]
    assert "1234567" not in str(corpus)


def test_system_lines_with_colons(tmp_path: Path) -> None:
    """A group's title with a colon makes no author; bots and impossible times are counted."""
    corpus = read(
        tmp_path,
        GROUP + '13/06/2023, 21:28 - Mia changed the group name from "a: b" to "c"\n'
        "13/06/2023, 21:28 - Meta AI: as a model\n"
        "13/06/2023, 21:77 - Bo: when\n",
        "x.txt",
    )
    assert corpus.skipped == {BY_THE_APP: 2, BOTS: 1, IMPOSSIBLE_TIME: 1}
    assert corpus.messages.height == 4
    assert corpus.owner == "me" and not corpus.authors["me"].any()


FILE_NAMES = [
    "WhatsApp Chat with Laura", "WhatsApp Chat with Laura (1)", "WhatsApp Chat - Laura", "WhatsApp-Chat mit Laura",
    "Chat WhatsApp - Laura", "Chat de WhatsApp con Laura", "Chat WhatsApp con Laura", "Discussion WhatsApp avec Laura",
    "Conversa do WhatsApp com Laura", "Conversa no WhatsApp com Laura", "Xat de WhatsApp amb Laura",
    "WhatsApp-chat met Laura", "WhatsApp-chatt med Laura", "WhatsApp-samtale med Laura", "WhatsApp Gesprek met Laura",
    "WhatsApp-keskustelu henkilön Laura kanssa", "Laura ile WhatsApp Sohbeti", "Chat WhatsApp dengan Laura",
    "Czat WhatsApp z: Laura", "Chat WhatsApp s uživatelem Laura", "WhatsApp csevegés vele: Laura",
    "Conversație WhatsApp cu Laura", "Чат WhatsApp с Laura", "Бесіда WhatsApp з Laura", "WhatsApp разговор со Laura",
    "Συνομιλία WhatsApp με Laura", "צ'אט WhatsApp עם Laura", "محادثة واتساب مع Laura", "دردشة واتساب مع Laura",
    "گفتگوی WhatsApp با Laura", "Laura के साथ WhatsApp चैट", "แชท WhatsApp กับ Laura", "Trò chuyện WhatsApp với Laura",
    "WhatsApp 与 Laura 的对话", "與Laura的 WhatsApp 對話", "LauraとのWhatsAppチャット", "Laura님과의 WhatsApp 대화",
]  # fmt: skip


@pytest.mark.parametrize("name", FILE_NAMES)
def test_the_file_is_called_after_the_other(name: str) -> None:
    """In whatever language, the file of a chat of two names the other."""
    assert chat_title(Path(f"{name}.txt"), f"{name}.txt")[0] == "Laura"


@pytest.mark.parametrize("name", ["LauraとのWhatsAppチャット", "Talk from WhatsApp and Laura"])
def test_who_is_left_is_the_owner(tmp_path: Path, name: str) -> None:
    """In a chat of two whose file names the other, also at the end of a name that is not understood."""
    chat = "13/06/2023, 21:25 - Laura: a\n13/06/2023, 21:26 - Bo: b\n"
    assert read(tmp_path, chat, f"{name}.txt").owner == "Bo"


def test_the_other_is_known_by_number(tmp_path: Path) -> None:
    """A file that is called after a number names the other too, however the number is spaced."""
    chat = "13/06/2023, 21:25 - \u202a+49\u00a0170\u00a01234567\u202c: a\n13/06/2023, 21:26 - Bo: b\n"
    corpus = read(tmp_path, chat, "WhatsApp Chat with +49 170 1234567.txt")
    assert corpus.owner == "Bo" and corpus.channels["kind"].to_list() == ["dm"]
    assert "1234567" not in str(corpus.authors.rows() + corpus.channels.rows() + corpus.messages.rows())


def test_a_group_of_which_two_spoke(tmp_path: Path) -> None:
    """A chat of two that is called after neither is a group."""
    corpus = read(tmp_path, "13/06/2023, 21:25 - Mia: a\n13/06/2023, 21:26 - Bo: b\n", "WhatsApp Chat with Soup.txt")
    assert corpus.channels.rows() == [("whatsapp:Soup", "Soup", "group")] and not corpus.authors["me"].any()


def test_no_hang_on_blanks(tmp_path: Path) -> None:
    """Long runs of blanks take no time."""
    body = f"a{' ' * 200_000}b <"
    assert said(body, False).text == body


def test_several_chats_share_one_person(tmp_path: Path) -> None:
    """Where no name and no deletion tells, the owner is who alone is in every chat."""
    one, two = ("".join(f"13/06/2023, 21:2{n} - {who}: x{n}\n" for n, who in enumerate(both)) for both in ("AB", "CBD"))
    corpus = read_alone(write_folder(tmp_path / "f", {"1.txt": one.encode(), "2.txt": two.encode()}))
    assert corpus.owner == "B"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_saved_anew(tmp_path: Path, encoding: str) -> None:
    """Other encodings and line ends read the same."""
    path = tmp_path / "WhatsApp Chat with Laura.txt"
    path.write_bytes(ANDROID.replace("\n", "\r\n").encode(encoding))
    assert texts(read_alone(path)) == ["morning", "two\nlines", "my soup"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from([*IOS.splitlines(), *ANDROID.splitlines(), *GROUP.splitlines(), "", "\u200e", "[", ":"]))
)
def test_any_mixture(lines: list[str]) -> None:
    """Any order of lines gives an exact account or a sentence."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "c.txt"
        path.write_text("\n".join(lines), encoding="utf-8")
        try:
            read_alone(path)
        except ExportError as error:
            assert error.do


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet=st.sampled_from("\u200e<>[]().: \nPOLaé1@\u2068\u2069•"), max_size=80), st.booleans())
def test_any_body(body: str, is_ios: bool) -> None:
    """A body is text or has a reason, never both."""
    found = said(body, is_ios)
    assert bool(found.text) != bool(found.reason)
