"""Absence notes by their words, in the languages of people who write to towns.

Words alone prove nothing: a resident may write about an absence. `automatic` asks for another
sign beside a subject, which the text or the prefix of a mail program may be.
"""

from __future__ import annotations

import re
from typing import Final

# Subjects that programs put before the subject they answer, or write in its place.
_SUBJECTS: Final = re.compile(
    r"(?i)^(?:\[[^\]]{1,40}\]\s*)?(?:"
    r"auto(?:matic|mated|matisch\w*)?[ -]?(?:re|repl(?:y|ies)|response|respond\w*|answer"
    r"|antwort|acknowledg\w+|confirmation)\b"
    r"|autoreply\b|autoresponse\b|auto\s*:|re:\s*auto\s*:|vacation\b|on (?:vacation|leave"
    r"|holiday)\b"
    r"|out of (?:the )?office\b|out-of-office\b|ooo\b|away from (?:my|the) (?:mail|office|desk)\b"
    r"|i am (?:away|out|on vacation|on leave)|absence\b|currently (?:away|out)"
    r"|abwesen(?:d|heit)|automatische antwort|außer haus|nicht im (?:büro|haus)|urlaub"
    r"|eingangsbestätigung|empfangsbestätigung"
    r"|r[ée]ponse automatique|absen(?:ce|t|te)\b|message d.absence|en cong[ée]"
    r"|accus[ée] de r[ée]ception"
    r"|respuesta autom[áa]tica|fuera de (?:la )?oficina|ausente|ausencia|de vacaciones"
    r"|risposta automatica|fuori (?:sede|ufficio)|assen(?:te|za)"
    r"|resposta autom[áa]tica|fora do escrit[óo]rio|aus[êe]ncia|de f[ée]rias"
    r"|automatisch antwoord|afwezig|niet aanwezig|op vakantie"
    r"|automatisk svar|autosvar|frånvaro|frånvarande|fravær|ikke til stede|automaattinen vastaus"
    r"|poissa|odpowied[źz] automatyczna|autoodpowied[źz]|automatyczna odpowied[źz]|nieobecn"
    r"|automatick[áa] odpov[ěe][ďd]|nep[řr][íi]tomn|automatikus v[áa]lasz|h[áa]zon k[íi]v[üu]l"
    r"|r[ăa]spuns automat|otomatik yan(?:i|\u0131)t|автоответ"
    r"|автоматический ответ|автоматична відповідь"
    r"|αυτόματη απάντηση|מענה אוטומטי|רד אוטומטי|رد تلقائي|الرد التلقائي|پاسخ خودکار"
    r"|自动回复|自動回覆|自動回復|自動返信|自動応答|不在|休假|자동 ?회신|자동 ?응답|부재중"
    r"|tr[ảa] l[ờo]i t[ựu] đ[ộo]ng|awtomatikong tugon|ਆਟੋਮੈਟਿਕ ਜਵਾਬ|स्वचालित उत्तर|خودکار جواب)"
)
_TEXTS: Final = re.compile(
    r"(?i)\b(?:"
    r"i(?: am|.m| will be)(?: currently| presently| now)? (?:away|out|on (?:vacation|leave"
    r"|holiday)"
    r"|not in the office|travell?ing|unavailable)|out of (?:the )?office (?:until|from|and)"
    r"|will (?:respond|reply|answer|get back|read your) .{0,60}(?:return|when i|back)"
    r"|limited access to (?:my )?e-?mail|this is an automat(?:ic|ed) (?:reply|response|message)"
    r"|automatic(?:ally)? (?:generated )?(?:reply|response)|do not reply to this (?:e-?mail"
    r"|message)"
    r"|nicht im (?:büro|haus)|bin (?:ich )?.{0,40}(?:abwesend|im urlaub|nicht erreichbar)"
    r"|wird nicht weitergeleitet|automatisch (?:generiert|erstellt)"
    r"|je suis (?:actuellement )?(?:absent|en cong|en vacances)|absente? du bureau"
    r"|message automatique|estoy (?:fuera|ausente|de vacaciones)|estar[ée] (?:fuera|ausente)"
    r"|mensaje autom[áa]tico|sono (?:assente|fuori|in ferie)|sar[òo] assente"
    r"|estou (?:ausente|fora|de f[ée]rias)|estarei ausente|ben (?:ik )?(?:afwezig"
    r"|niet aanwezig|met vakantie)"
    r"|jestem nieobecn|jag är (?:inte|på semester)|jeg er (?:ikke|på ferie)|в отпуске|отсутству"
    r")|不在にして|休暇|外出|自动回复|自動返信|부재중|أنا خارج|خارج المكتب"
)
# What mail programs put before the subject they answer, with its colon; nobody types that.
_PREFIX: Final = re.compile(
    r"(?i)^(?:\[[^\]]{1,40}\]\s*)?(?:auto(?:matic|mated)?[ -]?(?:reply|response)"
    r"|out of office auto-?reply"
    r"|automatische antwort|abwesenheitsnotiz|r[ée]ponse automatique|respuesta autom[áa]tica"
    r"|risposta automatica|resposta autom[áa]tica|automatisch antwoord|automatiskt? svar|autosvar"
    r"|automaattinen vastaus|odpowied[źz] automatyczna|automatyczna odpowied[źz]"
    r"|automatick[áa] odpov[ěe][ďd]|автоматический ответ|自動返信|自動応答|自动回复|자동 ?회신"
    r"|(?:auto|out of (?:the )?office)\s*:\s*(?:re|aw|fwd?))\s*[:\uff1a]"
)
_TEXT_WITHIN: Final = 1_500


def has_vacation_subject(subject: str) -> bool:
    """Say whether a subject begins as absence notes and acknowledgements of machines do."""
    return _SUBJECTS.match(subject) is not None


def has_vacation_prefix(subject: str) -> bool:
    """Say whether a program set its own words and a colon before the subject it answers."""
    return _PREFIX.match(subject) is not None


def has_vacation_text(text: str) -> bool:
    """Say whether a text begins as absence notes do."""
    return _TEXTS.search(text[:_TEXT_WITHIN]) is not None
