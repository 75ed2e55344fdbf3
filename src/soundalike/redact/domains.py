"""Word lists for `emails`: top-level domains, mail providers and words around a spelt-out address."""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Those of every country (IANA's root zone), and common generic ones.
TOP = _words(
    "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc "
    "cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga "
    "gd ge gf gg gh gi gl gm gn gp gq gr gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke "
    "kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt "
    "mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs "
    "ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv "
    "tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw com net org edu gov mil int info biz name "
    "pro mobi asia coop aero cat jobs museum app dev xyz online site website store shop blog club live email mail "
    "cloud tech space world life email art games studio design agency media digital systems solutions network group "
    "team company consulting academy berlin wien hamburg koeln london nyc paris рф рус укр бел срб мкд қаз мон бг "
    "ею сайт онлайн орг ком дети москва ελ ευ հայ გე ישראל السعودية امارات مصر ایران المغرب تونس الجزائر عمان قطر "
    "الاردن فلسطين عراق پاکستان شبكة موقع"
)
# Those in scripts that have no blanks between words, or whose vowel signs are not letters for `re`.
SCRIPTS = (
    "公司|中国|中國|网络|網絡|在线|公益|政务|网址|网站|集团|商城|商店|中文网|香港|台湾|台灣|澳門|新加坡|我爱你|移动|手机|游戏|"
    "みんな|コム|世界|한국|닷컴|닷넷|भारत|संगठन|नेट|कॉम|ভারত|বাংলা|భారత్|ભારત|ਭਾਰਤ|இந்தியா|இலங்கை|ලංකා|ไทย|คอม|ລາວ"
)
# Top-level domains that are also words: not counted as domains after a spelt dot or a dot between blanks.
SPOKEN = _words(
    "ad ae ai al am an ar as at ba be by ca co do es et go id im in io is it je la li lu ma me mo my na ne no nu om "
    "or pa pe pm ps re se si so st su to us ve vi ws name pro jobs cat app site store shop blog club live mail "
    "email art games team group company network space world life tech cloud media digital design studio academy "
    "paris london"
) - _words("ca co es li lu io ai")
_COMMON = _words("com net org info edu eu")
# Each language's word for a dot, and the top-level domains that may follow it.
DOTS = {
    "dot": TOP - SPOKEN,
    "punkt": _COMMON | _words("de at ch li lu biz no dk pl"),
    "punto": _COMMON | _words("es it mx ar co cl pe ve uy ec ch"),
    "ponto": _COMMON | _words("br pt"),
    "point": _COMMON | _words("fr be ca ch lu"),
    "точка": _words("ru рф com net org ua by kz ком"),
    "nokta": _COMMON | _words("tr"),
    "kropka": _COMMON | _words("pl"),
    "punt": _COMMON | _words("nl be"),
}
# Words for @ that have no other meaning before a host.
AT_SIGNS = (
    r"arroba|arobase?|arrobase|chiocciola|klammeraffe|affenschwanz|apenstaartje|małpa|snabel[ \-]?a|kukac|zavináč|"
    r"собака"
)
PROVIDERS = _words(
    "gmail googlemail yahoo ymail hotmail outlook icloud proton protonmail gmx aol live msn mail web yandex qq 163 "
    "126 fastmail tutanota tuta zoho t-online freenet posteo mailbox laposte wanadoo libero uol naver daum hanmail "
    "seznam interia rediffmail comcast verizon btinternet me mac pm bk inbox hey"
)
# Before "at" these are ordinary words, not the name in an address.
TALK = _words(
    "a about absolutely again ago all also always am amazing and angry annoyed any anyone anything app are around "
    "arrive arrives as at available away awful back bad be been began begin being best better big both buy buys but "
    "by came can check checks click come comes cool could cry dead deal did do does done down drop early eat end "
    "ends even ever everybody everyone everything excellent far few find finds first folks for found friends from "
    "fun get gets go goes gone good got great guys guess had half happy hard has have he heavily her here hers high "
    "him his hit host how i i'm if im in is isn't it it's its join just kinda last late later laugh left life like "
    "line list live lives log login logs lol lmao look looks lot lots low mad made make many maybe me meet meets "
    "met mine more most much my near never new next nice no nobody none not nothing now of off ok okay on once one "
    "online only open or order others our out over party peek people play plus point points poor pretty quick quit "
    "rage read reads really register right run runs sad same sat saw scream see seen sell she shit shoot shop shot "
    "sign signup since sit sits slow so sold some someone something sometimes stand start starts stare stay stays "
    "stick still stood stop stuck stuff suck sucks sure swear talk talks terrible than that the their them then "
    "there these they thing things this those though time times to today together tomorrow tonight too try trying "
    "twice two up us use used visit wait was wasn't watch way we weak well went were what whatever when where which "
    "while who why win with won work works worse worst yeah yell yep yes yesterday yet yo you your yours"
)
THINGS = _words(
    "account accounts address answer answers api article articles breakfast class code coffee company concert "
    "conference contract course data demo developer dinner docs documentation domain download downloads engineer "
    "error errors event example examples forum free game games gig guide image images info internship interview "
    "issue issues job lunch manager meeting meetup movie music news office page pages position post posts price "
    "prices problem product profile project question questions release repo sale school server service services "
    "show site source support team thread ticket tickets tool tools tutorial update url user users version video "
    "videos website wiki"
)
# Before a spelt dot these are ordinary words, not a host.
TALKED_ABOUT = _words(
    "a all an any boiling breaking each every first her his home it last least me most my no once one our red "
    "school selling some that the their them there these this those top us vantage what which work you your"
)
# Words that announce an address.
ANNOUNCED = re.compile(
    r"\b(?:e-?mails?|mails?|contact|reach|write|paypal|kontakt\w*|schreibt?|correo|escr[ií]b\w*|courriel|adress\w*|"
    r"address|inbox|почта)\b",
    re.IGNORECASE,
)
