"""The words by which mail programs divide a reply from what it answers, in many languages.

Only data: each table lists what programs write of themselves, in lower case as by `str.casefold`,
never what a person would. A language is added by adding its words, not by a rule.
"""
# ruff: noqa: RUF001  (letters of other scripts are the very point of this file)

from __future__ import annotations

from typing import Final


def _words(table: str) -> tuple[str, ...]:
    """Return the entries of a table: divided by bars, lines folded anywhere."""
    return tuple(" ".join(entry.split()) for entry in table.split("|"))


# "On ..., Ada Quill WROTE:". Written between spaces or punctuation.
WROTE: Final = _words(
    """
    wrote | writes | a écrit | écrit | écrivait | écrivit | escribió | escribio | escreveu |
    ha scritto | scrisse | schrieb | geschrieben | schreef | geschreven | skrev | har skrevet |
    kirjoitti | skrifaði | napisał | napisała | napisał(a) | napisal | napsal | napsala |
    napsal(a) | napísal | napísala | napísal(a) | pisze | написал | написала | написал(а) |
    пишет | писал | писала | пише | написав | написала(в) | написав(ла) | написа | je napisao |
    je napisala | je napisao/la | je napisao(la) | napisao | je napisal | a scris | írta |
    ezt írta | yazdı | yazmış | şunu yazdı | şunları yazdı | έγραψε | va escriure | ha escrit |
    escribiu | idatzi du | kirjutas | rakstīja | rašė | đã viết | menulis | nagsulat | sumulat |
    isinulat | ysgrifennodd | كتب | كتبت | كتب/كتبت | نوشت | כתב | כתבה | כתב/ה | लिखा | ਲਿਖਿਆ |
    لکھا | எழுதியது | লিখেছেন | skribis
    """
)
# The same in languages written without spaces, or with the verb grown onto the name.
WROTE_ANYWHERE: Final = _words(
    """
    写道 | 寫道 | 写了 | 來信 | 来信 | 書きました | のメール | からのメッセージ | 작성 |
    썼습니다 | 보낸 메시지 | 님의 말 | เขียนว่า | எழுதிய
    """
)
# "QUOTING Ada Quill <ada@example.org>:"
QUOTING: Final = _words(
    """
    quoting | citando a | citando | zitat von | citat av | citat fra | citaat van | en citant |
    citation de | cytowanie | cytat | цитирую | alıntı
    """
)
# The first words of an attribution, where they are not the date or the name.
ON: Final = _words(
    """
    on | le | el | em | il | il giorno | in data | am | op | den | dne | dňa | w dniu | dnia |
    kl. | la | în | pe data de | vào | pada | noong | ngày | στις | la data de | à la date du |
    в | у | на | al | في | بتاريخ | ב- | 在 | 於 | 于 | el día | no dia
    """
)
# People's own sentences say "as I wrote"; programs name somebody. Before or after the verb.
PRONOUNS: Final = _words(
    """
    ben | biz | dere | du | elle | er | eu | he | i | ich | ihr | ik | il | ils | io | j'ai |
    ja | jag | je | jeg | jij | já | j’ai | lei | minä | my | ni | noi | nosotros | nous | nós |
    on | sen | she | sie | sinä | siz | they | tu | ty | tú | u | usted | ustedes | vi | você |
    voi | vous | vy | we | wij | wir | wy | yo | you | ви | вы | ми | мы | он | она | ты | я
    """
)

# Headers repeated above the quoted text, by what they say. A colon follows.
FROM, DATE, TO, SUBJECT, OTHER = "from", "date", "to", "subject", "other"
HEADERS: Final[dict[str, tuple[str, ...]]] = {
    FROM: _words(
        """
        from | de | von | da | van | od | от | від | från | fra | lähettäjä | gönderen |
        kimden | من | 发件人 | 發件人 | 寄件者 | 寄件人 | 差出人 | 送信者 | 보낸 사람 |
        보낸사람 | de la | feladó | από | מאת | kirim dari | từ | dari | mula kay | expéditeur |
        remitente | remetente | mittente | absender | afzender | avsändare | nadawca |
        odesílatel | отправитель | відправник | expeditor | saatja | prejeto od | odosielateľ
        """
    ),
    DATE: _words(
        """
        sent | date | sent at | date sent | envoyé | envoyé le | gesendet | datum | enviado |
        enviado el | enviada em | enviado em | fecha | data | inviato | verzonden | wysłano |
        wysłane | data wysłania | отправлено | дата | надіслано | skickat | skickat den |
        sendt | dato | lähetetty | päivämäärä | päiväys | odesláno | odoslané | dátum |
        发送时间 | 发送日期 | 發送時間 | 寄件日期 | 日期 | 傳送時間 | 送信日時 | 日時 | 日付 |
        보낸 날짜 | 보낸날짜 | 날짜 | التاريخ | تاريخ الإرسال | تم الإرسال | أرسلت | tarih |
        gönderme tarihi | gönderildi | gönderilmiş | trimis | küldve | ημερομηνία | στάλθηκε |
        נשלח | תאריך | date d'envoi | date d’envoi | ngày | đã gửi | dikirim | tanggal |
        poslano | petsa | saadetud
        """
    ),
    TO: _words(
        """
        to | à | a | an | aan | para | per | do | кому | till | til | vastaanottaja | komu |
        pre | 收件人 | 收件者 | 宛先 | 받는 사람 | 받는사람 | إلى | الى | kime | alıcı | către |
        címzett | προς | אל | đến | kepada | za | destinataire | destinatario | destinatário |
        empfänger | ontvanger | mottagare | mottaker | modtager | adresat | saaja | prejemnik |
        príjemca
        """
    ),
    SUBJECT: _words(
        """
        subject | re | objet | sujet | betreff | asunto | assunto | oggetto | onderwerp |
        temat | тема | ämne | emne | aihe | předmět | predmet | 主题 | 主題 | 主旨 | 标题 |
        件名 | 제목 | الموضوع | konu | subiect | tárgy | θέμα | נושא | tiêu đề | chủ đề |
        subjek | perihal | paksa | teema
        """
    ),
    OTHER: _words(
        """
        cc | bcc | cci | ccn | kopie | copie à | copie | copia | cópia | kopia | kopi | kopio |
        копия | копія | 抄送 | 副本 | 참조 | نسخة | bilgi | reply to | reply-to | répondre à |
        antwort an | responder a | importance | importanza | importancia | wichtigkeit |
        attachments | pièces jointes | anlagen | priority | priorité | organization |
        mailed-by | signed-by | allegati | anexos | adjuntos | bijlagen
        """
    ),
}

# Between dashes: "-----Original Message-----".
BETWEEN_DASHES: Final = _words(
    """
    alkuperäinen sanoma | alkuperäinen viesti | asıl ileti | correo original |
    courriel d'origine | courriel original | courriel transféré | doorgestuurd bericht |
    e-mail d'origine | edelleenlähetetty viesti | eredeti üzenet | forwarded e-mail |
    forwarded mail | forwarded message | iletilen mesaj | ilk mesaj | izvirno sporočilo |
    izvorna poruka | mail d'origine | mail original | mensagem encaminhada | mensagem original |
    mensagem reenviada | mensaje enviado | mensaje original | mensaje reenviado |
    mesaj original | mesaj redirecționat | message d'origine | message d’origine |
    message initial | message original | message réexpédié | message transféré |
    message transmis | messaggio inoltrato | messaggio original | messaggio originale |
    missatge original | missatge reenviat | oorspronkelijk bericht | oorspronkelijke bericht |
    opprinnelig melding | oprindelig besked | oprindelig meddelelse | originaal kiri |
    original appointment | original e-mail | original email | original mail |
    original meddelelse | original melding | original message |
    original message (元のメッセージ) | original nachricht | original-nachricht |
    originalmeddelande | originalnachricht | origineel bericht | orijinal mesaj |
    oryginalna wiadomość | pesan asli | pesan terusan | preposlaná správa |
    przekazana wiadomość | pôvodná správa | přeposlaná zpráva | původní e-mail |
    původní zpráva | reply above this line | reply message | thư gốc | thư đã chuyển tiếp |
    tin nhắn gốc | továbbított üzenet | treść przekazanej wiadomości | ursprungligt meddelande |
    ursprüngliche mail | ursprüngliche nachricht | vidarebefordrat brev |
    vidarebefordrat meddelande | videresendt besked | videresendt meddelelse |
    videresendt melding | välitetty viesti | weitergeleitete nachricht | wiadomość oryginalna |
    wiadomość przekazana | yönlendirilmiş mesaj | özgün ileti | özgün mesaj | αρχικό μήνυμα |
    προωθημένο μήνυμα | вихідне повідомлення | исходное сообщение | оригинално съобщение |
    оригинальное сообщение | оригінальне повідомлення | перенаправлене повідомлення |
    перенаправленное сообщение | переслане повідомлення | пересланное сообщение |
    пересылаемое письмо | пересылаемое сообщение | הודעה מקורית | הודעה שהועברה | اصل پیغام |
    الرسالة الأصلية | رسالة أصلية | رسالة محولة | رسالة معاد توجيهها | मूल संदेश |
    オリジナルメッセージ | 元のメッセージ | 元のメール | 原始信件 | 原始訊息 | 原始邮件 |
    原始郵件 | 原邮件 | 回复的原邮件 | 転送メッセージ | 轉寄郵件 | 转发的邮件 | 转发邮件 |
    转发邮件信息 | 邮件原件 | 원본 메시지 | 원본 메일 | 원본메시지 | 전달된 메시지
    """
)
# On a line of their own, with a colon.
ALONE: Final = _words(
    """
    alkaa välitetty viesti | anfang der weitergeleiteten e-mail |
    anfang der weitergeleiteten nachricht | başlangıç iletilen mesaj |
    begin doorgestuurd bericht | begin forwarded message | début du message réexpédié |
    début du message transféré | début du message transmis | inicio del mensaje reenviado |
    inizio del messaggio inoltrato | inizio messaggio inoltrato |
    início da mensagem encaminhada | início da mensagem reencaminhada | mesaj redirecționat |
    początek przekazanej wiadomości | rozpoczęcie przekazanej wiadomości |
    start of forwarded message | start på videresendt besked | start på videresendt melding |
    vidarebefordrat brev | videresendt besked | videresendt melding | välitetty viesti alkaa |
    yönlendirilen ileti başlangıcı | začiatok preposlanej správy | začátek přeposlané zprávy |
    начало переадресованного сообщения | начало переадресуемого сообщения |
    початок переадресованого повідомлення | بدء الرسالة المعاد إرسالها |
    بداية الرسالة المعاد توجيهها | 下面是被转发的邮件 | 以下是轉寄的郵件 | 开始转发的邮件 |
    転送されたメッセージ | 開始轉寄郵件 | 전달된 메시지 시작
    """
)
# Somewhere in a short line that other help desks put on top of the mail we are answered to.
ABOVE_THIS_LINE: Final = _words(
    """
    reply above this line | type your reply above | write above this line |
    reply above the line | répondre au-dessus de cette ligne |
    répondez au-dessus de cette ligne | au-dessus de cette ligne | oberhalb dieser linie |
    oberhalb dieser zeile | über dieser linie | über dieser zeile | por encima de esta línea |
    encima de esta línea | acima desta linha | sopra questa riga | sopra questa linea |
    boven deze lijn | boven deze regel | ovanför den här raden | над этой строкой |
    powyżej tej linii | 请在此行上方回复 | この行より上
    """
)

# What telephones and programs put below the words, by how the line begins ...
SENT_FROM: Final = _words(
    """
    sent from my | sent from mail for | sent from outlook | sent from yahoo | sent from gmail |
    sent from samsung | sent from proton | sent from an | sent from the new outlook |
    sent from tuta | sent via | sent using | sent with | sent on the go | sent by my |
    get outlook for | get bluemail for | download outlook | yahoo mail: | from my iphone |
    envoyé de mon | envoyé depuis | envoyé à partir | envoyé avec | envoyé via |
    télécharger outlook | téléchargez outlook | obtenez outlook | obtenir outlook |
    envoyé de l | provenance : courrier | gesendet von | gesendet mit | von meinem |
    von meiner | holen sie sich outlook | outlook für | diese nachricht wurde von meinem |
    versendet mit | enviado desde | enviado con | enviado mediante | obtener outlook |
    obtenga outlook | enviado do | enviado de | enviado via | enviado pelo | obter o outlook |
    obtenha o outlook | inviato da | inviato dal | inviato con | inviato tramite |
    ottieni outlook | scarica outlook | verzonden vanaf | verzonden met | verzonden via |
    verstuurd vanaf | outlook voor | download outlook voor | wysłane z | wysłano z |
    wysłane przez | pobierz outlook | отправлено с | отправлено из | отправлено через |
    получить outlook | скачать outlook | надіслано з | надіслано із | надіслано через |
    skickat från | skickades från | skickat med | hämta outlook | sendt fra | sendt via |
    sendt med | hent outlook | få outlook | lähetetty | hanki outlook | odesláno z |
    odesláno ze | poslané z | odoslané z | získat outlook | 发自我的 | 來自我的 | 从我的 |
    發自我的 | 從我的 | 来自我的 | 获取 outlook | 取得 outlook | 取得适用 |
    从 windows 版邮件发送 | 나의 | 내 | outlook 다운로드 | android용 outlook | ios용 outlook |
    أرسلت من | أُرسلت من | أرسل من | مرسل من | تم الإرسال من | الحصول على outlook |
    trimis de pe | trimis din | obțineți outlook | στάλθηκε από | נשלח מה | נשלח מ |
    được gửi từ | đã gửi từ | dikirim dari | poslano iz | poslano sa | enviat des |
    saadetud minu | изпратено от | gửi từ | ipinadala mula | মোবাইল থেকে | मेरे | ਮੇਰੇ
    """
)
# ... and by how it ends, where the verb comes last.
SENT_FROM_END: Final = _words(
    """
    gesendet | geschickt | から送信 | から送信されました | 에서 보냄 | 에서 보냈습니다 |
    gönderildi | küldve | küldött üzenet | を入手 | 로 보냄 | से भेजा गया | ਤੋਂ ਭੇਜਿਆ |
    سے بھیجا گیا | gönderdim | edinin | indirin
    """
)
# One of these is named in the line, lest "sent from my office last week" be cut.
DEVICES: Final = _words(
    """
    iphon | ipad | ipod | android | samsung | galaxy | huawei | xiaomi | pixel | nokia |
    blackberry | windows | outlook | yahoo | gmail | mail.ru | mail for | proton | tuta |
    phone | mobile | mobil | téléphone | telefon | teléfono | telefono | telefone | telefoon |
    móvil | movil | celular | cellulare | handy | tablet | tablette | smartphone | portable |
    puhelin | puhelimesta | телефон | мобильн | мобільн | 手机 | 手機 | スマートフォン |
    휴대폰 | هاتف | جوال | apple | mac | k-9 | bluemail | thunderbird | airmail | spark |
    web.de | gmx | t-online | orange | wp | o2 | seznam | яндекс | yandex | почты mail | zoho |
    aol | htc | sony | lg | oneplus | motorola | honor | redmi | oppo | vivo | surface |
    superhuman
    """
)
# Marks that tracking programs leave at the end.
TRACKERS: Final = frozenset({"ᐧ"})
