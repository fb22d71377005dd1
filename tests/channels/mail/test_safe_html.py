"""The HTML of a mail is harmless: judged by another parser than the one that cleaned it."""
# ruff: noqa: E501  (attacks are as long as they are)

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.safe_html import ATTRIBUTES, PROPERTIES, SCHEMES, TAGS, safe

ADDED = {"a": {"rel", "target"}}
ADDRESSES = {"href", "src", "background"}


class Judge(HTMLParser):
    """Reads the result as a simple parser would and notes everything that is not allowed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.findings: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.findings.append(f"tag {tag}")
        allowed = ATTRIBUTES["*"] | ATTRIBUTES.get(tag, frozenset()) | ADDED.get(tag, set())
        for name, given_value in attrs:
            value = given_value or ""
            if name not in allowed:
                self.findings.append(f"attribute {tag} {name}")
            if name in ADDRESSES:
                self.sources.append(value)
                if value.split(":")[0].lower() not in SCHEMES:
                    self.findings.append(f"address {value!r}")
            if name == "style":
                self.judge_style(value)
        if tag == "a":
            assert dict(attrs)["rel"] == "noopener noreferrer nofollow"
            assert dict(attrs)["target"] == "_blank"

    handle_startendtag = handle_starttag

    def judge_style(self, value: str) -> None:
        for declaration in value.split(";"):
            name, _, wanted = declaration.partition(":")
            if name.strip() not in PROPERTIES or re.search(
                r"[\\{}<>@&]|url|expression|\(.*\(", wanted
            ):
                self.findings.append(f"style {declaration!r}")

    def handle_comment(self, data: str) -> None:
        self.findings.append(f"comment {data!r}")

    def handle_decl(self, decl: str) -> None:
        self.findings.append(f"declaration {decl!r}")

    def handle_pi(self, data: str) -> None:
        self.findings.append(f"instruction {data!r}")

    def unknown_decl(self, data: str) -> None:
        self.findings.append(f"declaration {data!r}")


class Words(HTMLParser):
    """Collects what is read."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def judge(html: str) -> Judge:
    judged = Judge()
    judged.feed(html)
    judged.close()
    return judged


SCRIPT = "alert(1)"
ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=https://example.com/x.js></SCRIPT>",
    "<script>alert(1)",
    "<scr<script>ipt>alert(1)</script>",
    "<<SCRIPT>alert(1);//\\<</SCRIPT>",
    '<script/src="data:text/javascript,alert(1)"></script>',
    "<img src=x onerror=alert(1)>",
    '<IMG """><SCRIPT>alert(1)</SCRIPT>"\\>',
    '<img src="javascript:alert(1);">',
    "<IMG SRC=JaVaScRiPt:alert(1)>",
    "<IMG SRC=`javascript:alert(1)`>",
    "<img src=javascript:alert(String.fromCharCode(88))>",
    "<IMG SRC=# onmouseover=alert(1)>",
    "<img onmouseover=alert(1)>",
    "<IMG SRC=/ onerror=alert(1)></img>",
    "<img src=x onerror=&#97;lert(1)>",
    "<a href=&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;:alert(1)>x</a>",
    "<a href=&#0000106&#0000097&#0000118&#0000097&#0000115&#0000099&#0000114&#0000105&#0000112&#0000116&#0000058alert(1)>x</a>",
    "<a href=&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3Aalert(1)>x</a>",
    '<a href="jav\tascript:alert(1)">x</a>',
    '<a href="jav&#x09;ascript:alert(1)">x</a>',
    '<a href="jav&#x0A;ascript:alert(1)">x</a>',
    '<a href="jav&#x0D;ascript:alert(1)">x</a>',
    '<a href="java\0script:alert(1)">x</a>',
    '<a href=" &#14;  javascript:alert(1)">x</a>',
    '<a href="javascript&colon;alert(1)">x</a>',
    '<a href="java&Tab;script&colon;alert(1)">x</a>',
    '<a href="vbscript:msgbox(1)">x</a>',
    '<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</a>',
    '<a href="file:///etc/passwd">x</a>',
    '<a href="//example.com/x">x</a>',
    '<a href="/api/v1/agents" ping="https://example.com">x</a>',
    '<a href="cid:x">x</a>',
    '<a href="blob:https://example.com/x">x</a>',
    '<a href="https://example.com" target="_top" rel="opener" onclick=alert(1)>x</a>',
    "<SCRIPT/XSS SRC=https://example.com/x.js></SCRIPT>",
    "<BODY onload!#$%&()*~+-_.,:;?@[/|\\]^`=alert(1)>",
    "<BODY ONLOAD=alert(1)>x</BODY>",
    '<BODY BACKGROUND="javascript:alert(1)">',
    '<INPUT TYPE="IMAGE" SRC="javascript:alert(1);">',
    "<IMG DYNSRC=\"javascript:alert(1)\" LOWSRC='javascript:alert(1)'>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert(1)//",
    "<svg><script>alert(1)</script></svg>",
    "<svg><script>alert&lpar;1&rpar;</script>",
    "<svg><a xlink:href=javascript:alert(1)><text y=20>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><style><img src=x onerror=alert(1)></style>",
    '<svg><use href="data:image/svg+xml,<svg id=x onload=alert(1)>#x"></use></svg>',
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    '<math><mtext><table><mglyph><style><math><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>',
    '<math href="javascript:alert(1)">x</math>',
    '<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    '<noembed><img title="</noembed><img src onerror=alert(1)>"></noembed>',
    '<textarea><img title="</textarea><img src onerror=alert(1)>"></textarea>',
    '<xmp><p title="</xmp><img src=x onerror=alert(1)>">',
    '<title><a title="</title><img src=x onerror=alert(1)>">',
    '<select><style><img src=x onerror=alert(1)></style></select>',
    '<template><script>alert(1)</script></template>',
    "<plaintext><img src=x onerror=alert(1)>",
    "<listing>&lt;img src=x onerror=alert(1)&gt;</listing>",
    '<p id="x"><style>@import"https://example.com/x.css";</style>',
    "<LINK REL=stylesheet HREF=https://example.com/x.css>",
    '<META HTTP-EQUIV="refresh" CONTENT="0;url=javascript:alert(1);">',
    '<META HTTP-EQUIV="Set-Cookie" Content="a=b">',
    "<IFRAME SRC=javascript:alert(1)></IFRAME>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<FRAMESET><FRAME SRC=javascript:alert(1)></FRAMESET>",
    '<TABLE BACKGROUND="javascript:alert(1)"><TR><TD BACKGROUND="javascript:alert(1)">x</TABLE>',
    '<DIV STYLE="background-image: url(javascript:alert(1))">x</DIV>',
    '<DIV STYLE="background-image:\\0075\\0072\\006C\\0028\'https://example.com/x\'\\0029">x</DIV>',
    '<DIV STYLE="width: expression(alert(1));">x</DIV>',
    '<div style="wid/**/th: expr/**/ession(alert(1))">x</div>',
    '<div style="color: red; position: fixed; top: 0; left: 0; z-index: 9999">x</div>',
    '<div style="behavior: url(x.htc); -moz-binding: url(x.xml#x)">x</div>',
    '<div style="color:red&quot;;background:url(https://example.com/x)">x</div>',
    '<div style="color:u\\72l(https://example.com/x)">x</div>',
    '<div style="font-family: x}body{display:none">x</div>',
    '<div style="margin-top: -900px">x</div>',
    '<BASE HREF="javascript:alert(1);//">',
    '<OBJECT TYPE="text/x-scriptlet" DATA="https://example.com/x.html"></OBJECT>',
    '<object data="data:text/html,<script>alert(1)</script>"></object>',
    '<EMBED SRC="data:image/svg+xml;base64,PHN2Zy8+" type="image/svg+xml" AllowScriptAccess="always">',
    "<applet code=x archive=https://example.com/x.jar></applet>",
    "<!--[if gte IE 4]><SCRIPT>alert(1);</SCRIPT><![endif]-->",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!--!><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<?xml version='1.0'?><img src=x onerror=alert(1)>",
    "<!DOCTYPE x [<!ENTITY y '<img src=x onerror=alert(1)>'>]>&y;",
    '<video src=x onerror=alert(1)><source onerror="alert(1)"></video>',
    "<audio src=https://example.com/x.mp3 autoplay>",
    "<details open ontoggle=alert(1)>x</details>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<isindex action=javascript:alert(1) type=image>",
    "<keygen autofocus onfocus=alert(1)>",
    "<div id=location name=cookie class=modal contenteditable tabindex=0 autofocus onfocus=alert(1)>x</div>",
    "<a href='https://example.com/\"onmouseover=alert(1)//'>x</a>",
    '<a href="https://example.com/&quot; onmouseover=&quot;alert(1)">x</a>',
    "<img src='cid:\"onerror=alert(1)//'>",
    '<img srcset="https://example.com/x 2x" sizes=1 loading=eager crossorigin=use-credentials>',
    '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
    '<map name=x><area href=javascript:alert(1)></map><img usemap=#x>',
    "<b/onclick=alert(1)>x</b>",
    "<x onclick=alert(1)>x</x>",
    "<p\x0conclick=alert(1)>x",
    "<a\x00 href=javascript:alert(1)>x",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "\ufeff<script>alert(1)</script>",
    "¼script¾alert(1)¼/script¾",
    "<custom-element><slot onslotchange=alert(1)></custom-element>",
]  # fmt: skip


@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_leave_nothing_that_is_not_allowed(attack: str, remote: bool) -> None:
    cleaned = safe(attack, remote=remote).html
    assert judge(cleaned).findings == []
    assert safe(cleaned, remote=remote).html == cleaned


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_is_fetched_until_asked_for(attack: str) -> None:
    judged = judge(safe(f"<table><tr><td>{attack}").html)
    assert judged.findings == []
    assert not re.search(r'(?:src|background)="https?:', safe(attack).html)


def test_what_mails_are_made_of_is_kept() -> None:
    text = (
        '<h1>Bins</h1><p style="color: red; text-align: center">On <b>Tuesday</b> &amp; <i>soon</i></p>'
        '<ul><li>green</li></ul><ol start="2"><li>blue</li></ol><blockquote><p>Which?</p></blockquote>'
        '<table border="0"><tbody><tr><td colspan="2" align="left">x</td></tr></tbody></table><hr>'
    )
    assert safe(text).html == text
    assert not safe(text).has_remote


def test_links_open_elsewhere_and_tell_nothing_of_us() -> None:
    for address in (
        "https://example.org/x?a=1&amp;b=2",
        "mailto:i@example.org",
        "tel:+19055550100",
    ):
        assert safe(f'<a href="{address}">x</a>').html == (
            f'<a href="{address}" target="_blank" rel="noopener noreferrer nofollow">x</a>'
        )


def test_pictures_elsewhere_are_shown_only_when_asked_for() -> None:
    text = '<img src="https://example.com/x.png" alt="logo">'
    assert safe(text).html == '<img alt="logo">'
    assert safe(text).has_remote
    assert safe(text, remote=True).html == text
    assert safe(text, remote=True).has_remote


@pytest.mark.parametrize("tag", ["table", "td"])
def test_backgrounds_elsewhere_count_as_pictures(tag: str) -> None:
    start = {
        "table": '<table background="{}"><tbody><tr><td>',
        "td": '<table><tbody><tr><td background="{}">',
    }
    text = start[tag].format("https://example.com/x.png") + "x</td></tr></tbody></table>"
    assert "background" not in safe(text).html
    assert safe(text).has_remote
    assert safe(text, remote=True).html == text


def test_styles_never_fetch_even_when_asked() -> None:
    text = '<p style="background-image: url(https://example.com/x); color: rgb(1, 2, 3)">x</p>'
    assert safe(text, remote=True).html == '<p style="color: rgb(1, 2, 3)">x</p>'


def test_the_mails_own_pictures_are_found_by_content_id() -> None:
    pictures = {"a b@example.org": "/mail/7/2"}
    assert (
        safe('<img src="cid:a%20b@example.org">', pictures=pictures).html == '<img src="/mail/7/2">'
    )
    assert (
        safe('<img src="CID:a%20b@example.org">', pictures=pictures).html == '<img src="/mail/7/2">'
    )
    assert safe('<img src="cid:other" alt="x">', pictures=pictures).html == '<img alt="x">'
    assert not safe('<img src="cid:other">').has_remote


def test_a_sender_cannot_name_addresses_of_ours() -> None:
    for address in ("/mail/7/2", "mail/7/2", "//town.example.org/x", "?x", "#x", ""):
        assert "src" not in safe(f'<img src="{address}">').html
        assert "href" not in safe(f'<a href="{address}">x</a>').html


def test_words_of_what_is_not_allowed_are_kept() -> None:
    assert safe("<form><label>Which <button>bin</button>?</label></form>").html == "Which bin?"
    assert safe("a < b & c > d").html == "a &lt; b &amp; c &gt; d"


def test_deep_and_repeated_elements_are_shown_as_words_in_time() -> None:
    started = time.process_time()
    fonts = "".join(f"<font color={number}>" for number in range(400))
    for text in (
        "<div>" * 200_000 + "words",
        '<div title="</div>">' * 40_000 + "words",
        f"<p>{fonts}</p>" + "<p>words</p>" * 20_000,
        f"<p>{fonts}</p>" + "<p>words</p>" * 10_000,
        "<p>"
        + "".join(f"<font face='></font>' size={number}>" for number in range(7000))
        + "</p>"
        + "<p>words" * 7000,
        "<div>" * 14_000 + "words",
        "<!--" * 100_000 + "words",
        "<a x" * 100_000,
        "<" * 300_000,
        "&" * 300_000,
        '<p style="' + "a:b;" * 100_000 + '">words',
        '<p style="color:' + " -" * 3_000 + '(">words',
    ):
        cleaned = safe(text).html
        assert judge(cleaned).findings == []
        assert len(cleaned) < 2_000_000
    assert time.process_time() - started < 30


def test_mails_of_very_much_formatting_lose_it_and_keep_everything_else() -> None:
    part = '<p style="color: red"><font size="2"><b>words</b></font></p>'
    assert safe(part * 100).html == part * 100
    assert (
        safe(part * 2000).html
        == part.replace('<font size="2"><b>', "<span><span>").replace(
            "</b></font>", "</span></span>"
        )
        * 2000
    )


def test_more_elements_than_a_mail_has_leave_the_words() -> None:
    assert safe("<i>words</i> &amp; more" * 15_001).html.startswith("<p> words  &amp; more words")


# --- properties ----------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *(
            "<table>",
            "<tr>",
            "<td>",
            "</table>",
            "<p>",
            "</p>",
            "<b>",
            "</b>",
            "<a href=https://example.org>",
        ),
        *(
            "</a>",
            "<font color=red>",
            "<svg>",
            "</svg>",
            "<math>",
            "<mtext>",
            "<style>",
            "</style>",
            "<!--",
        ),
        *(
            "-->",
            "<img src=x ",
            "onerror=alert(1)>",
            '"',
            "'",
            ">",
            "<",
            "&lt;",
            "&#60;",
            "\0",
            "<form>",
        ),
        *(
            "</form>",
            "<select>",
            "<option>",
            "<noscript>",
            "<title>",
            "</title>",
            "<pre>\n",
            "<textarea>",
        ),
        *(
            "<foreignObject>",
            "<annotation-xml encoding=text/html>",
            "<li>",
            "<ul>",
            "<h1>",
            "words",
            "\r\n",
        ),
        *(
            "<div style='color:red;x:y'>",
            "</div>",
            "<br>",
            "</br>",
            "<isindex>",
            "<template>",
            "<blockquote>",
        ),
        *(
            "<img src=https://example.com/x>",
            "<caption>",
            "<col>",
            "<ruby><rt>",
            "<dd>",
            "<plaintext>",
            "]]>",
        ),
    ]
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=25), st.booleans())
def test_the_result_is_allowed_and_stays_the_same(pieces: list[str], remote: bool) -> None:
    once = safe("".join(pieces), remote=remote)
    assert judge(once.html).findings == []
    assert safe(once.html, remote=remote).html == once.html


@given(st.text(max_size=200))
def test_plain_words_come_through(text: str) -> None:
    words = re.sub(r"[<>&\r\0]", "", text)
    reader = Words()
    reader.feed(safe(words).html)
    reader.close()
    assert "".join(reader.words) == words
