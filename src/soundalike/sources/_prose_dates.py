"""Dates written out in words of many languages, as Google Takeout writes them -> milliseconds since 1970.

    Tuesday, May 3, 2022 at 5:43:01 PM UTC        3 May 2022, 17:43:01 UTC
    2015. február 15., vasárnap 21:54:36 UTC      2022年5月3日星期二 UTC 下午5:43:01

A date has a year of four digits, a month as a name or as a number beside the year, a day and a time, in any order.
Month names are CLDR's, in the form that a date has.
"""

import re
from datetime import UTC, datetime

_MONTHS = """
january jan enero ene januar janvier janv gennaio gen janeiro januari tammikuuta ledna leden stycznia января янв січня
    ocak január ianuarie ιανουαρίου sausio januára januarja siječnja януари janúar tháng-1 มกราคม जनवरी ינואר يناير
february feb febrero februar février févr fevereiro fev febbraio februari helmikuuta února lutego февраля февр фев
    лютого şubat február februarie φεβρουαρίου vasario februára februarja veljače февруари febrúar กุมภาพันธ์ फ़रवरी
    פברואר فبراير
march mar marzo märz mars março maart maaliskuuta března marca марта мар березня mart március martie μαρτίου kovo
    marec ožujka март מרץ مارس มีนาคม मार्च
april apr abril abr avril avr aprile huhtikuuta dubna kwietnia апреля апр квітня nisan április aprilie απριλίου
    balandžio apríla aprila travnja април apríl אפריל أبريل เมษายน अप्रैल
may mayo mai maggio mag maio mei maj toukokuuta května maja мая травня mayıs május μαΐου gegužės mája svibnja май maí
    מאי مايو พฤษภาคม मई
june jun junio juin giugno giu junho juni kesäkuuta června czerwca июня июн червня haziran június iunie ιουνίου
    birželio júna junija lipnja юни júní יוני يونيو มิถุนายน जून
july jul julio juli juillet juil luglio lug julho heinäkuuta července lipca июля июл липня temmuz július iulie ιουλίου
    liepos júla julija srpnja юли júlí יולי يوليو กรกฎาคม जुलाई
august aug agosto ago août elokuuta srpna sierpnia августа авг серпня ağustos augusztus αυγούστου rugpjūčio augusta
    avgusta kolovoza август ágúst augustus augusti אוגוסט أغسطس สิงหาคม अगस्त
september sept sep septiembre setiembre septembre settembre setembro set syyskuuta září września сентября сент вересня
    eylül szeptember septembrie σεπτεμβρίου rugsėjo septembra rujna септември ספטמבר سبتمبر กันยายน सितंबर
october oct octubre oktober okt octobre ottobre ott outubro out lokakuuta října października октября окт жовтня ekim
    október octombrie οκτωβρίου spalio októbra oktobra listopada-hr октомври אוקטובר أكتوبر ตุลาคม अक्टूबर
november nov noviembre novembre novembro marraskuuta listopadu listopada ноября нояб листопада kasım noiembrie
    νοεμβρίου lapkričio novembra studenoga ноември nóvember נובמבר نوفمبر พฤศจิกายน नवंबर
december dec diciembre dic dezember dez décembre déc dicembre dezembro joulukuuta prosince grudnia декабря дек грудня
    aralık decembrie δεκεμβρίου gruodžio decembra prosinca декември desember des דצמבר ديسمبر ธันวาคม दिसंबर
"""
_AFTERNOON = ["pm", "下午", "晚上", "午後", "오후", "ch", "μμ", "م", "öö-pm", "du", "es"]
_MORNING = ["am", "上午", "凌晨", "早上", "午前", "오전", "sa", "πμ", "ص", "fm"]

_BY_NAME: dict[str, int] = {}
_TIME = re.compile(r"(\d{1,2})(?:[:.]|\s?[時시h点點]\s?)(\d{2})(?:(?:[:.]|\s?[分분]\s?)(\d{1,2}))?")
_EAST = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]")
_WORDS = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d+")
_OFFSET = re.compile(r"(?:gmt|utc)\s?([+\-\u2212])(\d{1,2})(?::?(\d{2}))?")
_DOTTED = re.compile(r"\b([aApP])\.?\s?[mM]\.?(?!\w)")


def _fill() -> None:
    month = 0
    for line in _MONTHS.strip().splitlines():
        month += not line.startswith(" ")
        for name in line.split():
            _BY_NAME.setdefault(name, month)


_fill()


def prose_milliseconds(date: str) -> int | None:
    """Milliseconds since 1970 of a date in UTC, or with its difference from UTC; None if it is none that is known
    here."""
    plain = _DOTTED.sub(lambda found: f"{found[1].lower()}m", " ".join(date.split())).lower()
    ahead, plain = _without_offset(plain)
    time = _TIME.search(plain)
    day = _day(plain[: time.start()] + " " + plain[time.end() :]) if time else None
    if time is None or day is None:
        return None
    hour = _hour(int(time[1]), plain)
    try:
        moment = datetime(*day, hour, int(time[2]), int(time[3] or 0), tzinfo=UTC)
    except ValueError:
        return None
    return round(moment.timestamp() - ahead) * 1000


def _without_offset(plain: str) -> tuple[int, str]:
    """The seconds that the date is ahead of UTC, and the date without what says so."""
    found = _OFFSET.search(plain)
    if found is None:
        return 0, plain
    ahead = int(found[2]) * 3600 + int(found[3] or 0) * 60
    return ahead if found[1] == "+" else -ahead, plain[: found.start()] + plain[found.end() :]


def _day(plain: str) -> tuple[int, int, int] | None:
    """Year, month and day."""
    if east := _EAST.search(plain):
        return int(east[1]), int(east[2]), int(east[3])
    month = next((_BY_NAME[word] for word in _WORDS.findall(plain) if word in _BY_NAME), None)
    numbers = [int(number) for number in _NUMBER.findall(plain) if len(number) <= 4]
    year = next((number for number in numbers if number >= 1000), None)
    day = next((number for number in numbers if 1 <= number <= 31), None)
    return (year, month, day) if year and month and day else None


def _hour(hour: int, plain: str) -> int:
    words = set(_WORDS.findall(plain))
    afternoon = any(mark in words or (len(mark) > 1 and not mark.isascii() and mark in plain) for mark in _AFTERNOON)
    morning = any(mark in words or (len(mark) > 1 and not mark.isascii() and mark in plain) for mark in _MORNING)
    if afternoon and not morning and hour < 12:
        return hour + 12
    return 0 if morning and not afternoon and hour == 12 else hour
