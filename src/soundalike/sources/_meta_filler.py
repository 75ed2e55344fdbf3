"""Sentences that Messenger and Instagram write in place of a message, in the languages in which they are known here."""

import re

_REACTED = (
    r"Reacted .{1,12} to your message ?",
    r"Liked a message\.?",
    r"Hat mit .{1,12} auf deine Nachricht reagiert ?",
    r"Hat eine Nachricht mit „?Gefällt mir[“\"]? markiert",
    r"Gefällt eine Nachricht",
    r"A réagi avec .{1,12} à (?:votre|ton) message ?",
    r"A aimé un message",
    r"(?:Ha reaccionado|Reaccionó) (?:con )?.{1,12} a tu mensaje ?",
    r"(?:Le|Te) (?:gustó|ha gustado) un mensaje",
    r"Indicó que le gusta un mensaje",
    r"Reagiu com .{1,12} à (?:sua|tua) mensagem ?",
    r"Curtiu uma mensagem",
    r"Ha (?:reagito|aggiunto la reazione) (?:con )?.{1,12} al tuo messaggio ?",
    r"Ha messo [\"“]?Mi piace[\"”]? a un messaggio",
    r"Heeft (?:met )?.{1,12} (?:op je bericht )?gereageerd(?: op je bericht)? ?",
    r"Vind een bericht leuk",
)
_SENT = (
    r".{1,60} sent (?:an attachment|a photo|a video|a voice message|a sticker|a GIF|a link|a location|\d+ photos)\.?",
    r".{1,60} (?:hat|hast) (?:einen Anhang|ein Foto|ein Video|eine Sprachnachricht|einen Sticker) gesendet\.?",
    r".{1,60} (?:a|avez|as) envoyé (?:une pièce jointe|une photo|une vidéo|un message vocal)\.?",
    r".{1,60} (?:envió|enviaste|ha enviado) (?:un archivo adjunto|una foto|un vídeo|un video)\.?",
    r".{1,60} enviou (?:um anexo|uma foto|um vídeo)\.?",
    r".{1,60} (?:ha|hai) inviato (?:un allegato|una foto|un video)\.?",
    r".{1,60} (?:heeft|hebt) een (?:bijlage|foto|video) (?:verzonden|gestuurd)\.?",
    r".{1,60} (?:skickade|sendte) (?:en bilaga|ett foto|en video|en vedhæftet fil|et vedlegg|et billede|et bilde)\.?",
    r".{1,60} отправил(?:а|\(-?а\))? (?:вложение|фото|видео)\.?",
    r".{1,60} bir (?:ek|fotoğraf|video) gönderdi\.?",
    r".{1,60} mengirim (?:lampiran|foto|video)\.?",
    r".{1,60} wysłał(?:a|\(a\))? (?:załącznik|zdjęcie|film)\.?",
)
_SENT_BY_OWNER = (
    r"(?:Enviaste|Has enviado) (?:un archivo adjunto|un adjunto|una foto|un vídeo|un video|um anexo|uma foto)\.?",
    r"Você enviou (?:um anexo|uma foto|um vídeo)\.?",
    r"Hai inviato (?:un allegato|una foto|un video)\.?",
    r"(?:Je|Jij) hebt een (?:bijlage|foto|video) (?:verzonden|gestuurd)\.?",
    r"Du (?:skickade|sendte) (?:en bilaga|ett foto|en video|en vedhæftet fil|et vedlegg|et billede|et bilde)\.?",
    r"Вы отправили (?:вложение|фото|видео)\.?",
    r"Bir (?:ek|fotoğraf|video) gönderdin(?:iz)?\.?",
    r"Anda mengirim (?:lampiran|foto|video)\.?",
    r"Wysłano załącznik\.?",
)
_BY_THE_APP = (
    r"You (?:are now connected on|can now (?:call|message)) .+",
    r"Say hi to your new .+",
    r".{1,60} (?:named the group|changed the (?:chat )?theme|changed the group (?:photo|name)) ?.*",
    r".{1,60} set the (?:emoji|quick reaction) .*",
    r".{1,60} set (?:the|your|his|her|their) (?:own )?nickname .+",
    r".{1,60} (?:added|removed) .{1,80} (?:to|from) the group\.?",
    r".{1,60} (?:left|created|joined) the (?:group|video chat|call)\.?",
    r".{1,60} (?:started|ended|joined) (?:a|an|the) (?:video chat|audio call|video call|call)\.?",
    r".{1,60} (?:missed|called) (?:your (?:video )?(?:call|chat)|you|a (?:video )?(?:call|chat)(?: from .{1,60})?)\.?",
    r".{1,60} (?:turned (?:on|off) disappearing messages|unsent a message|started sharing video)\b.*",
    r".{1,60} mentioned you in (?:their|his|her|a) story\.?",
    r".{1,60} (?:pinned|unpinned) a message\.?",
    r".{1,60} (?:created a poll|voted for|changed their vote).*",
    r".{1,60} (?:hat|hast) (?:die Gruppe .+ genannt|das Thema .+ geändert|den Spitznamen .+ festgelegt).*",
    r".{1,60} (?:hat|hast) (?:einen Videochat|einen Anruf|einen Audioanruf) (?:gestartet|beendet)\.?",
    r".{1,60} (?:a|avez) (?:nommé le groupe|changé le thème|démarré un appel|commencé un appel) ?.*",
    r".{1,60} (?:nombró al grupo|cambió el tema|inició una videollamada|inició una llamada) ?.*",
)


def _pattern(sentences: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(sentences))


_IS_REACTION, _IS_SENT, _IS_BY_THE_APP = _pattern(_REACTED), _pattern(_SENT), _pattern(_BY_THE_APP)
_IS_SENT_BY_OWNER = _pattern(_SENT_BY_OWNER)


def is_reaction(text: str) -> bool:
    """Whether a text only says that its author reacted."""
    return bool(_IS_REACTION.fullmatch(text))


def is_placeholder(text: str, sender: str) -> bool:
    """Whether a text only says that its author sent something."""
    return bool(_IS_SENT_BY_OWNER.fullmatch(text)) or (_about(sender, text) and bool(_IS_SENT.fullmatch(text)))


def is_by_the_app(text: str, sender: str) -> bool:
    """Whether a text tells what its author did to the chat; it begins with the author's name then."""
    return _about(sender, text) and bool(_IS_BY_THE_APP.fullmatch(text))


def _about(sender: str, text: str) -> bool:
    """Whether a text speaks of its author in the third person, or to the owner."""
    first = sender.split(" ")[0]
    return text.startswith(("You ", "Du ", "Vous ", "Say hi ")) or bool(first and text.startswith(first))
