"""Mail programs of many languages: the same mail, as each of them puts the quotation below it."""
# ruff: noqa: RUF001, E501  (letters of other scripts, and lines as long as programs make them)

from __future__ import annotations

import pytest

from channels.mail.trimming import trim

WORDS = "Merci. 谢谢. Tuesday suits me.\n\nThe bin is green."

ATTRIBUTIONS = {
    "en-gmail": "On Mon, May 4, 2026 at 10:02 AM Town Hall <info@town.example.org> wrote:",
    "en-apple": "On 4 May 2026, at 10:02, Town Hall <info@town.example.org> wrote:",
    "en-thunderbird": "On 2026-05-04 10:02, Town Hall wrote:",
    "en-yahoo": "On Monday, May 4, 2026 at 10:02:11 a.m. EDT, Town Hall <info@town.example.org> wrote:",
    "en-samsung": "-------- Original message --------\nFrom: Town Hall\nDate: 2026-05-04 10:02",
    "en-lotus": "Town Hall <info@town.example.org> wrote on 05/04/2026 10:02:11 AM:",
    "en-horde": "Quoting Town Hall <info@town.example.org>:",
    "en-postbox": "Town Hall <info@town.example.org>\nMay 4, 2026 at 10:02 AM",
    "en-google-zone": "2026-05-04 10:02 GMT-04:00 Town Hall <info@town.example.org>:",
    "fr-gmail": "Le lun. 4 mai 2026 à 10 h 02, Hôtel de ville <info@town.example.org> a écrit :",
    "fr-apple": "Le 4 mai 2026 à 10:02, Hôtel de ville <info@town.example.org> a écrit :",
    "fr-thunderbird": "Le 04/05/2026 à 10:02, Hôtel de ville a écrit :",
    "es-gmail": "El lun, 4 may 2026 a las 10:02, Ayuntamiento (<info@town.example.org>) escribió:",
    "es-apple": "El 4 may 2026, a las 10:02, Ayuntamiento <info@town.example.org> escribió:",
    "de-gmail": "Am Mo., 4. Mai 2026 um 10:02 Uhr schrieb Rathaus <info@town.example.org>:",
    "de-gmail-2": "Rathaus <info@town.example.org> schrieb am Mo., 4. Mai 2026 um 10:02 Uhr:",
    "de-apple": "Am 04.05.2026 um 10:02 schrieb Rathaus <info@town.example.org>:",
    "de-thunderbird": "Am 04.05.26 um 10:02 schrieb Rathaus:",
    "de-horde": "Zitat von Rathaus <info@town.example.org>:",
    "it-gmail": "Il giorno lun 4 mag 2026 alle ore 10:02 Comune <info@town.example.org> ha scritto:",
    "it-apple": "Il giorno 04/mag/2026, alle ore 10:02, Comune <info@town.example.org> ha scritto:",
    "pt-gmail": "Em seg., 4 de mai. de 2026 às 10:02, Câmara <info@town.example.org> escreveu:",
    "pt-apple": "No dia 04/05/2026, às 10:02, Câmara <info@town.example.org> escreveu:",
    "nl-gmail": "Op ma 4 mei 2026 om 10:02 schreef Gemeente <info@town.example.org>:",
    "nl-apple": "Op 4 mei 2026, om 10:02 heeft Gemeente <info@town.example.org> het volgende geschreven:",
    "pl-gmail": "pon., 4 maj 2026 o 10:02 Urząd <info@town.example.org> napisał(a):",
    "pl-thunderbird": "W dniu 04.05.2026 o 10:02, Urząd pisze:",
    "ru-gmail": "пн, 4 мая 2026 г. в 10:02, Мэрия <info@town.example.org>:",
    "ru-apple": "4 мая 2026 г., в 10:02, Мэрия <info@town.example.org> написал(а):",
    "ru-thunderbird": "04.05.2026 10:02, Мэрия пишет:",
    "uk-gmail": "пн, 4 трав. 2026 р. о 10:02 Мерія <info@town.example.org> пише:",
    "sv-gmail": "Den mån 4 maj 2026 kl 10:02 skrev Kommunen <info@town.example.org>:",
    "sv-apple": "4 maj 2026 kl. 10:02 skrev Kommunen <info@town.example.org>:",
    "da-gmail": "Den man. 4. maj 2026 kl. 10.02 skrev Kommunen <info@town.example.org>:",
    "no-gmail": "man. 4. mai 2026 kl. 10:02 skrev Kommunen <info@town.example.org>:",
    "fi-gmail": "ma 4. toukok. 2026 klo 10.02 Kaupunki (info@town.example.org) kirjoitti:",
    "fi-apple": "Kaupunki <info@town.example.org> kirjoitti 4.5.2026 kello 10.02:",
    "cs-gmail": "po 4. 5. 2026 v 10:02 odesílatel Úřad <info@town.example.org> napsal:",
    "cs-thunderbird": "Dne 04. 05. 26 v 10:02 Úřad napsal(a):",
    "zh-gmail": "市政厅 <info@town.example.org> 于2026年5月4日周一 上午10:02写道：",
    "zh-apple": "在 2026年5月4日，上午10:02，市政厅 <info@town.example.org> 写道：",
    "zh-hant-gmail": "市政廳 <info@town.example.org> 於 2026年5月4日 週一 上午10:02寫道：",
    "ja-gmail": "2026年5月4日(月) 10:02 市役所 <info@town.example.org>:",
    "ja-apple": "2026/05/04 10:02、市役所 <info@town.example.org>のメール:",
    "ko-gmail": "2026년 5월 4일 (월) 오전 10:02, 시청 <info@town.example.org>님이 작성:",
    "ko-apple": "2026. 5. 4. 오전 10:02, 시청 <info@town.example.org> 작성:",
    "ar-gmail": "في الاثنين، 4 مايو 2026 في 10:02 ص تمت كتابة ما يلي بواسطة البلدية <info@town.example.org>:",
    "ar-apple": "في ٤ مايو ٢٠٢٦، الساعة ١٠:٠٢ ص، كتب البلدية <info@town.example.org>:",
    "tr-gmail": "Belediye <info@town.example.org>, 4 May 2026 Pzt, 10:02 tarihinde şunu yazdı:",
    "tr-apple": "Belediye <info@town.example.org> şunları yazdı (4 May 2026 10:02):",
    "ro-gmail": "În lun., 4 mai 2026 la 10:02, Primăria <info@town.example.org> a scris:",
    "hu-gmail": "Városháza <info@town.example.org> ezt írta (időpont: 2026. máj. 4., H, 10:02):",
    "el-gmail": "Στις Δευ 4 Μαΐ 2026 στις 10:02 π.μ., ο χρήστης Δήμος <info@town.example.org> έγραψε:",
    "he-gmail": "‫בתאריך יום ב׳, 4 במאי 2026 ב-10:02 מאת ‪עירייה‬‏ <‪info@town.example.org‬‏>:‬",
    "vi-gmail": "Vào Th 2, 4 thg 5, 2026 vào lúc 10:02 Thị trấn <info@town.example.org> đã viết:",
    "hi-gmail": "सोम, 4 मई 2026 को 10:02 am बजे को नगर <info@town.example.org> ने लिखा:",
    "ur-gmail": "پیر، 4 مئی، 2026 کو 10:02 AM پر ٹاؤن <info@town.example.org> نے لکھا:",
    "ta-gmail": "திங்., 4 மே, 2026, முற்பகல் 10:02 அன்று, நகரம் <info@town.example.org> எழுதியது:",
    "pa-gmail": "ਸੋਮ, 4 ਮਈ 2026 ਨੂੰ 10:02 ਪੂ.ਦੁ. 'ਤੇ ਸ਼ਹਿਰ <info@town.example.org> ਨੇ ਲਿਖਿਆ:",
    "fil-gmail": "Noong Lun, Mayo 4, 2026 nang 10:02 AM, sumulat si Bayan <info@town.example.org> ng:",
}

HEADER_BLOCKS = {
    "en": "From: Town Hall <info@town.example.org>\nSent: Monday, May 4, 2026 10:02 AM\nTo: Ada\nSubject: Bin",
    "en-bold": "*From:* Town Hall\n*Sent:* Monday\n*To:* Ada\n*Subject:* Bin",
    "en-blank": "From: Town Hall\n\nSent: Monday\n\nTo: Ada\n\nSubject: Bin",
    "en-folded": "From: Town Hall\nSent: Monday\nTo: Ada; Bo;\n Cy; Di\nCc: Ed\nSubject: Bin",
    "fr": "De : Hôtel de ville <info@town.example.org>\nEnvoyé : lundi 4 mai 2026 10:02\nÀ : Ada\nObjet : Bac",
    "fr-nbsp": "De\u00a0: Hôtel\nEnvoyé\u00a0: lundi\nÀ\u00a0: Ada\nObjet\u00a0: Bac",
    "es": "De: Ayuntamiento\nEnviado el: lunes\nPara: Ada\nAsunto: Cubo",
    "de": "Von: Rathaus\nGesendet: Montag, 4. Mai 2026 10:02\nAn: Ada\nBetreff: Tonne",
    "it": "Da: Comune\nInviato: lunedì\nA: Ada\nOggetto: Bidone",
    "pt": "De: Câmara\nEnviado: segunda-feira\nPara: Ada\nAssunto: Balde",
    "nl": "Van: Gemeente\nVerzonden: maandag\nAan: Ada\nOnderwerp: Bak",
    "pl": "Od: Urząd\nWysłano: poniedziałek\nDo: Ada\nTemat: Kosz",
    "ru": "От: Мэрия\nОтправлено: понедельник\nКому: Ada\nТема: Бак",
    "uk": "Від: Мерія\nНадіслано: понеділок\nКому: Ada\nТема: Бак",
    "sv": "Från: Kommunen\nSkickat: måndag\nTill: Ada\nÄmne: Kärl",
    "da": "Fra: Kommunen\nSendt: mandag\nTil: Ada\nEmne: Spand",
    "fi": "Lähettäjä: Kaupunki\nLähetetty: maanantai\nVastaanottaja: Ada\nAihe: Astia",
    "cs": "Od: Úřad\nOdesláno: pondělí\nKomu: Ada\nPředmět: Koš",
    "zh": "发件人：市政厅\n发送时间：2026年5月4日\n收件人：Ada\n主题：垃圾桶",
    "zh-hant": "寄件者: 市政廳\n寄件日期: 2026年5月4日\n收件者: Ada\n主旨: 垃圾桶",
    "ja": "差出人: 市役所\n送信日時: 2026年5月4日\n宛先: Ada\n件名: ごみ箱",
    "ko": "보낸 사람: 시청\n보낸 날짜: 2026년 5월 4일\n받는 사람: Ada\n제목: 쓰레기통",
    "ar": "من: البلدية\nتاريخ الإرسال: الاثنين\nإلى: Ada\nالموضوع: حاوية",
    "tr": "Kimden: Belediye\nGönderildi: Pazartesi\nKime: Ada\nKonu: Kutu",
    "ro": "De la: Primăria\nTrimis: luni\nCătre: Ada\nSubiect: Coș",
    "hu": "Feladó: Városháza\nKüldve: hétfő\nCímzett: Ada\nTárgy: Kuka",
    "el": "Από: Δήμος\nΣτάλθηκε: Δευτέρα\nΠρος: Ada\nΘέμα: Κάδος",
}

MARKERS = {
    "en": "-----Original Message-----",
    "en-forward": "---------- Forwarded message ---------",
    "en-apple": "Begin forwarded message:",
    "en-desk": "##- Please type your reply above this line -##",
    "fr": "-----Message d'origine-----",
    "fr-forward": "---------- Message transféré ---------",
    "fr-apple": "Début du message réexpédié :",
    "es": "-----Mensaje original-----",
    "de": "-----Ursprüngliche Nachricht-----",
    "de-forward": "-------- Weitergeleitete Nachricht --------",
    "de-apple": "Anfang der weitergeleiteten Nachricht:",
    "it": "-----Messaggio originale-----",
    "pt": "-----Mensagem original-----",
    "nl": "-----Oorspronkelijk bericht-----",
    "pl": "-----Wiadomość oryginalna-----",
    "ru": "-------- Исходное сообщение --------",
    "uk": "-------- Вихідне повідомлення --------",
    "sv": "-----Ursprungligt meddelande-----",
    "da": "-----Oprindelig meddelelse-----",
    "no": "-----Opprinnelig melding-----",
    "fi": "-----Alkuperäinen viesti-----",
    "cs": "-----Původní zpráva-----",
    "zh": "-----邮件原件-----",
    "zh-qq": "------------------ 原始邮件 ------------------",
    "ja": "-----元のメッセージ-----",
    "ko": "-----원본 메시지-----",
    "ar": "-----الرسالة الأصلية-----",
    "tr": "-----Özgün İleti-----",
}

DEVICES = {
    "en": "Sent from my iPhone",
    "en-2": "Sent from my Galaxy",
    "en-outlook": "Get Outlook for iOS<https://example.org/o0ukef>",
    "en-windows": "Sent from Mail for Windows",
    "en-yahoo": "Sent from Yahoo Mail on Android",
    "fr": "Envoyé de mon iPhone",
    "fr-2": "Envoyé à partir de mon téléphone Android",
    "fr-outlook": "Télécharger Outlook pour Android",
    "es": "Enviado desde mi iPhone",
    "de": "Von meinem iPhone gesendet",
    "de-2": "Gesendet von Mail für Windows",
    "it": "Inviato da iPhone",
    "pt": "Enviado do meu iPhone",
    "nl": "Verstuurd vanaf mijn iPhone",
    "pl": "Wysłane z iPhone'a",
    "ru": "Отправлено с iPhone",
    "uk": "Надіслано з iPhone",
    "sv": "Skickat från min iPhone",
    "da": "Sendt fra min iPhone",
    "fi": "Lähetetty iPhonesta",
    "cs": "Odesláno z iPhonu",
    "zh": "发自我的iPhone",
    "zh-hant": "從我的iPhone傳送",
    "ja": "iPhoneから送信",
    "ko": "나의 iPhone에서 보냄",
    "ar": "أُرسلت من الـ iPhone",
    "tr": "iPhone'umdan gönderildi",
}


@pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
def test_attributions_are_cut_with_what_they_introduce(attribution: str) -> None:
    for answered in ("> Which bin?\n>\n> Regards", "Which bin?\n\nRegards"):
        trimmed = trim(f"{WORDS}\n\n{attribution}\n\n{answered}\n")
        assert trimmed.reply == WORDS
        assert trimmed.quoted == f"{attribution}\n\n{answered}"


@pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
def test_words_directly_above_an_attribution_are_kept(attribution: str) -> None:
    assert trim(f"{WORDS}\n{attribution}\n> Which bin?\n").reply == WORDS


@pytest.mark.parametrize("block", HEADER_BLOCKS.values(), ids=HEADER_BLOCKS)
@pytest.mark.parametrize("above", ["", "________________________________\n", "-----\n\n"])
def test_header_blocks_are_cut_with_what_follows(block: str, above: str) -> None:
    trimmed = trim(f"{WORDS}\n\n{above}{block}\n\nHello Ada,\nwhich bin?\n")
    assert trimmed.reply == WORDS
    assert trimmed.quoted == f"{above}{block}\n\nHello Ada,\nwhich bin?"


@pytest.mark.parametrize("marker", MARKERS.values(), ids=MARKERS)
def test_markers_are_cut_with_what_follows(marker: str) -> None:
    assert trim(f"{WORDS}\n\n{marker}\nHello Ada,\nwhich bin?\n").reply == WORDS


@pytest.mark.parametrize("line", DEVICES.values(), ids=DEVICES)
def test_lines_of_telephones_and_programs_are_cut(line: str) -> None:
    assert trim(f"{WORDS}\n\n{line}\n").reply == WORDS
    assert trim(f"{WORDS}\n{line}\n\n> Which bin?").reply == WORDS
