"""What WhatsApp writes in place of a message, in the languages in which it is known here.

Compared in lower case and without a full stop at the end. Most of what the app writes is recognised without words, by
marks and brackets (`_whatsapp_body`); these tables tell apart what those do not.
"""

DELETED_BY_OWNER = frozenset(
    """
you deleted this message|you deleted this message as admin|du hast diese nachricht gelöscht|eliminaste este mensaje
borraste este mensaje|vous avez supprimé ce message|tu as supprimé ce message|você apagou esta mensagem
você apagou essa mensagem|apagou esta mensagem|eliminou esta mensagem|apagaste esta mensagem
hai eliminato questo messaggio|u hebt dit bericht verwijderd|je hebt dit bericht verwijderd
jij hebt dit bericht verwijderd|poistit tämän viestin|du raderade detta meddelande|du tog bort detta meddelande
du raderade det här meddelandet|du slettede denne besked|du slettet denne meldingen|usunąłeś tę wiadomość
usunęłaś tę wiadomość|usunięto tę wiadomość|odstranili jste tuto zprávu|smazali jste tuto zprávu|bu mesajı sildiniz
bu mesajı sildin|вы удалили данное сообщение|вы удалили это сообщение|ви видалили це повідомлення
anda telah menghapus pesan ini|anda menghapus pesan ini|لقد حذفت هذه الرسالة|حذفت هذه الرسالة|מחקת הודעה זו
您已删除此消息|你已删除此消息|您删除了这条消息|你删除了这条消息|您已刪除此訊息|你已刪除此訊息|您刪除了這則訊息
你已刪除這則訊息|このメッセージを削除しました|あなたがこのメッセージを削除しました|이 메시지를 삭제했습니다
내가 삭제한 메시지입니다|आपने यह संदेश हटाया|आपने यह मैसेज डिलीट किया
आपने यह मैसेज मिटा दिया|आपने यह मैसेज हटा दिया|ai șters acest mesaj|törölted ezt az üzenetet
διαγράψατε αυτό το μήνυμα|heu suprimit aquest missatge
""".strip()
    .replace("\n", "|")
    .split("|")
)

DELETED_BY_OTHERS = frozenset(
    """
this message was deleted|this message has been deleted|diese nachricht wurde gelöscht|se eliminó este mensaje
este mensaje fue eliminado|este mensaje se eliminó|ce message a été supprimé|mensagem apagada
esta mensagem foi apagada|essa mensagem foi apagada|esta mensagem foi eliminada|mensagem eliminada
questo messaggio è stato eliminato|dit bericht is verwijderd|dit bericht werd verwijderd|tämä viesti poistettiin
tämä viesti on poistettu|detta meddelande raderades|detta meddelande har raderats|det här meddelandet raderades
denne besked blev slettet|denne meldingen ble slettet|ta wiadomość została usunięta|tato zpráva byla odstraněna
tato zpráva byla smazána|bu mesaj silindi|данное сообщение удалено|это сообщение удалено|сообщение удалено
це повідомлення видалено|це повідомлення було видалено|pesan ini telah dihapus|تم حذف هذه الرسالة|הודעה זו נמחקה
此消息已删除|该消息已被删除|这条消息已被删除|此訊息已刪除|這則訊息已刪除|このメッセージは削除されました
삭제된 메시지입니다|이 메시지는 삭제되었습니다|यह संदेश हटाया गया था|यह मैसेज डिलीट कर दिया गया
यह मैसेज मिटा दिया गया|यह मैसेज हटा दिया गया|acest mesaj a fost șters
ezt az üzenetet törölték|αυτό το μήνυμα διαγράφηκε|s'ha suprimit aquest missatge
""".strip()
    .replace("\n", "|")
    .split("|")
)

DELETED_BY_ADMIN = (
    "this message was deleted by admin",
    "diese nachricht wurde von admin",
    "un admin eliminó este mensaje",
    "ce message a été supprimé par l'admin",
)

CALLS = frozenset(
    """
missed voice call|missed video call|missed group voice call|missed group video call|voice call|video call
silenced voice call|silenced video call
verpasster sprachanruf|verpasster videoanruf|verpasster gruppen-sprachanruf|verpasster gruppen-videoanruf
verpasster gruppenanruf|sprachanruf|videoanruf|llamada perdida|videollamada perdida|llamada de voz perdida
llamada grupal perdida|llamada de voz grupal perdida|videollamada grupal perdida|appel vocal manqué|appel vidéo manqué
appel vocal de groupe manqué|appel vidéo de groupe manqué|chamada de voz perdida|chamada de vídeo perdida
ligação de voz perdida|ligação de vídeo perdida|ligação perdida|chiamata vocale persa|videochiamata persa
chiamata vocale di gruppo persa|gemiste spraakoproep|gemiste video-oproep|gemiste groepsoproep
пропущенный аудиозвонок|пропущенный видеозвонок|пропущенный голосовой звонок|пропущенный групповой аудиозвонок
пропущенный групповой видеозвонок|пропущений голосовий дзвінок|пропущений відеодзвінок|cevapsız sesli arama
cevapsız görüntülü arama|cevapsız grup araması|nieodebrane połączenie głosowe|nieodebrane połączenie wideo
panggilan suara tak terjawab|panggilan video tak terjawab|panggilan grup tak terjawab|مكالمة صوتية فائتة
مكالمة فيديو فائتة|مكالمة صوتية جماعية فائتة|शामिल न हुई वॉइस कॉल|मिस्ड वॉइस कॉल|मिस्ड वीडियो कॉल|मिस्ड कॉल
vastaamaton äänipuhelu|vastaamaton videopuhelu|missat röstsamtal|missat videosamtal|ubesvaret stemmeopkald
ubesvaret videoopkald|tapt taleanrop|tapt videoanrop|zmeškaný hlasový hovor|zmeškaný videohovor|nem fogadott hanghívás
nem fogadott videohívás|apel vocal pierdut|apel video pierdut|αναπάντητη φωνητική κλήση|αναπάντητη βιντεοκλήση
שיחה קולית שלא נענתה|שיחת וידאו שלא נענתה|未接语音通话|未接视频通话|未接語音通話|未接視訊通話|不在着信|音声通話不在着信
ビデオ通話不在着信|音声通話に不在着信がありました|ビデオ通話に不在着信がありました|부재중 음성 통화|부재중 영상 통화
부재중 그룹 통화
""".strip()
    .replace("\n", "|")
    .split("|")
)
"""The whole message, or its beginning before a comma or a full stop and the call's length, or before a time."""

OMITTED = frozenset(
    """
image omitted|video omitted|audio omitted|gif omitted|sticker omitted|document omitted|contact card omitted
video note omitted|media omitted|bild weggelassen|video weggelassen|audio weggelassen|gif weggelassen
sticker weggelassen|dokument weggelassen|kontaktkarte ausgelassen|videonotiz weggelassen|imagen omitida|video omitido
audio omitido|gif omitido|sticker omitido|documento omitido|tarjeta de contacto omitida|image absente|vidéo absente
audio omis|gif retiré|sticker omis|document manquant|fiche contact manquante|imagem ocultada|imagem omitida
vídeo omitido|áudio ocultado|áudio omitido|figurinha omitida|cartão do contato omitido|immagine omessa|video omesso
audio omesso|gif esclusa|sticker non incluso|documento omesso|scheda contatto omessa|afbeelding weggelaten
audio weggelaten|video weggelaten|sticker weggelaten|document weggelaten|contactkaart weggelaten
""".strip()
    .replace("\n", "|")
    .split("|")
)
"""What an iPhone writes in place of media; a copy of the text may have lost the mark before it."""

NOT_THERE = (
    "null", "you received a view once", "waiting for this message", "warten auf diese nachricht",
    "diese nachricht wird geladen",
    "esperando este mensaje", "esperando el mensaje", "en attente de ce message", "aguardando mensagem",
    "aguardando esta mensagem", "in attesa del messaggio", "wachten op dit bericht", "live location shared",
    "live-standort wird geteilt",
)  # fmt: skip
"""Beginnings of what stands in place of a message whose text is not in the export."""

ATTACHED = (
    "file attached", "datei angehängt", "archivo adjunto", "fichier joint", "arquivo anexado", "ficheiro anexado",
    "file allegato", "bestand bijgevoegd", "bilagd fil", "vedhæftet fil", "vedlagt fil", "liitetiedosto",
    "plik załączony", "dosya ekli", "файл добавлен", "файл прикреплен", "file terlampir", "文件附件", "檔案已附加",
    "添付ファイル", "파일 첨부됨", "fișier atașat", "csatolt fájl", "soubor byl přiložen",
    "załączono plik", "tiedosto liitteenä", "הקובץ מצורף", "קובץ מצורף", "الملف مرفق", "ملف مرفق", "फ़ाइल अटैच है",
    "फ़ाइल अटैच की गई", "파일 첨부", "συνημμένο αρχείο", "файл додано", "lêer aangeheg", "fayl əlavə olunub",
    "прикачен файл", "ফাইল সংযুক্ত হয়েছে", "arxiu adjunt", "fil vedhæftet", "archivo adjuntado", "fail lisatud",
    "ફાઇલ જોડાયેલ", "फाइल अटैच कर दी गई है", "datoteka u privitku", "fájl csatolva", "添付ファイル有り", "қосымша файл",
    "ಕಡತ ಸೇರಿಸಲಾಯಿತು", "byla prisegta", "pievienots fails", "прикачен фајл", "ഫയൽ ചേർത്തു", "फाइल संलग्न",
    "fail dilampirkan", "ਫਾਈਲ ਅਟੈਚ ਕੀਤੀ", "załączony plik", "súbor pripojený", "priložena datoteka", "skedë e ngjitur",
    "прикачена датотека", "bifogad fil", "faili limeambatanishwa", "ఫైల్ జోడించబడినది", "ไฟล์ที่แนบ",
    "nakalakip na file", "پیوستہ فائل", "fayl biriktirildi", "tệp đính kèm", "附件檔案",
)  # fmt: skip

BY_THE_APP_WORDS = (
    " changed the subject", " changed the group", " created group", " changed this group", " hat den betreff",
    " hat die gruppe", " hat den gruppen", " cambió el asunto", " cambió el nombre", " creó el grupo",
    " a changé le sujet", " a modifié le", " a créé le groupe", " mudou o nome", " alterou o nome", " criou o grupo",
    " ha cambiato l'oggetto", " ha cambiato il nome", " ha creato il gruppo", " heeft het onderwerp",
    " heeft de groep", " pinned a message",
)  # fmt: skip
"""Parts of lines about the group, which may hold a colon in its title and so look like a name and a text."""

TITLES = (
    r"whatsapp[ -](?:chatt?|gesprek|samtale) (?:with|mit|con|med|met|kay) (?P<title>.+)",
    r"(?:chat|conversa|conversación|sembang) (?:de |do |no )?whatsapp (?:con|com|dengan|di) (?P<title>.+)",
    r"discussion whatsapp avec (?P<title>.+)",
    r"xat de whatsapp amb (?P<title>.+)",
    r"convers(?:ație|ația) (?:din )?whatsapp cu (?P<title>.+)",
    r"(?:чат|бесіда) whatsapp (?:с|з|із) (?:контактом |контактами )?(?P<title>.+)",
    r"whatsapp (?:чат с|разговор со|ћаскање са) (?P<title>.+)",
    r"whatsapp чат: (?P<title>.+)",
    r"(?:czat|konwersacja) whatsapp z:? (?P<title>.+)",
    r"(?:chat whatsapp s uživatelem|whatsapp chat s používateľom) (?P<title>.+)",
    r"whatsapp (?:razgovor s|klepet [zs]|pokalbis su|sarakste ar|csevegés vele:) (?P<title>.+)",
    r"whatsapp'i vestlus kontaktiga (?P<title>.+)",
    r"whatsapp-keskustelu henkilön (?P<title>.+) kanssa",
    r"biseda me (?P<title>.+) në whatsapp",
    r"soga za whatsapp na (?P<title>.+)",
    r"συνομιλία whatsapp με (?P<title>.+)",
    r"צ'אט whatsapp עם (?P<title>.+)",
    r"(?:cuộc )?trò chuyện whatsapp với (?P<title>.+)",
    r"แชท whatsapp กับ (?P<title>.+)",
    r"whatsapp[ -](?:sohbeti|keskustelu|чат)[ :–-]+(?P<title>.+)",
    r"(?P<title>.+) (?:ile whatsapp sohbeti|ilə whatsapp söhbəti|bilan whatsapp chati)",
    r"whatsapp ?与 ?(?P<title>.+?) ?的(?:聊天|对话|对话记录)",
    r"whatsapp 與 ?(?P<title>.+?) ?的對話",
    r"與(?P<title>.+)的 ?whatsapp ?對話",
    r"(?P<title>.+?) ?との ?whatsapp ?チャット",
    r"(?P<title>.+?) ?님과의 whatsapp 대화",
    r"(?P<title>.+) के साथ whatsapp चैट",
    r"(?:محادثة|دردشة) (?:واتساب|whatsapp) مع (?P<title>.+)",
    r"گفتگوی whatsapp با (?P<title>.+)",
    r"(?P<title>.+) کے ساتھ whatsapp بات چیت",
    r"[^-–]*whatsapp[^-–]* [-–] (?P<title>.+)",
    r"whatsapp-chatt? [-–] (?P<title>.+)",
)
"""What the file of a chat is called; compared without case."""
