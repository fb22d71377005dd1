"""A resident's conversation in the widget, in a real browser: what is shown, offered and sent."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.channels.chat.widget.conftest import OpenPage
from tests.channels.chat.widget.steps import is_ready, is_sent, write
from tests.fakes.direct_line import FakeDirectLine, Refusal


def test_nothing_is_asked_of_the_server_before_the_chat_is_opened(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host(is_open=False)
    assert not town.asked
    page.get_by_role("button", name="Chat with us").click()
    is_ready(page)
    assert list(town.asked) == ["generate", "begin", "stream"]


def test_a_message_is_sent_once_it_is_stored_and_the_answer_is_shown(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host()
    write(page, "When is the garbage collected?")
    expect(page.locator(".mine .meta")).to_contain_text("Sent")
    town.say("Every Tuesday.")
    expect(page.locator(".said:not(.mine)")).to_contain_text("Ana")
    expect(page.get_by_role("log")).to_contain_text("Every Tuesday.")
    assert town.chat.texts == ["When is the garbage collected?"]
    assert town.chat.stored[0]["locale"] == "en"
    assert page.locator(".mine").count() == 1


STANDINGS: list[tuple[dict[str, object], str]] = [
    (
        {"state": "waiting", "place": 3, "wait_low_min": 3, "wait_high_min": 6},
        "You are number 3 in line. It should take about 3 to 6 minutes.",
    ),
    (
        {"state": "waiting", "place": 1, "wait_low_min": 0, "wait_high_min": 1},
        "You are next. It should take about a minute.",
    ),
    (
        {"state": "waiting", "place": 2, "wait_low_min": 0, "wait_high_min": 4},
        "You are number 2 in line. It should take at most 4 minutes.",
    ),
    (
        {"state": "waiting", "place": 12},
        "You are number 12 in line. We cannot say yet how long it will take.",
    ),
    ({"state": "waiting"}, "You are in line. We cannot say yet how long it will take."),
    ({"state": "talking", "agent": "Ana"}, "You are talking with Ana."),
    ({"state": "talking"}, "You are talking with Willowmere."),
    (
        {"state": "away"},
        "Nobody is with you right now. Write at any time: the chat goes on here.",
    ),
    ({"state": "closed", "opens": "Monday 08:30"}, "We are closed. We open Monday 08:30."),
    ({"state": "closed"}, "We are closed."),
    ({"state": "ended"}, "This chat has ended."),
]


def test_it_says_where_the_chat_stands(host: OpenPage, town: FakeDirectLine) -> None:
    page = host()
    is_ready(page)
    nothing = {"place": None, "wait_low_min": None, "wait_high_min": None}
    for standing, words in STANDINGS:
        town.stand(**nothing | {"agent": None, "opens": None} | standing)
        expect(page.locator(".standing .first")).to_have_text(words)
        expect(page.locator("p[role=status]")).to_have_text(words)  # it was read out
    town.stand(reference="ABC23")
    expect(page.get_by_text("Your reference: ABC23")).to_be_visible()


def test_a_new_estimate_of_the_wait_is_shown_but_not_read_out(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host()
    is_ready(page)
    town.stand(state="waiting", place=3, wait_low_min=3, wait_high_min=6)
    expect(page.locator("p[role=status]")).to_contain_text("3 to 6 minutes")
    town.stand(wait_low_min=2, wait_high_min=5)
    expect(page.locator(".standing .first")).to_contain_text("2 to 5 minutes")
    expect(page.locator("p[role=status]")).to_contain_text("3 to 6 minutes")


def test_who_has_to_wait_can_ask_to_be_called(host: OpenPage, town: FakeDirectLine) -> None:
    page = host()
    write(page, "hello")
    town.stand(state="waiting", place=9, can=["callback"])
    page.get_by_role("button", name="Call me back").click()
    number = page.get_by_label("Telephone number")
    expect(number).to_be_focused()
    number.fill("12")
    page.get_by_role("button", name="Ask for the call").click()
    expect(page.get_by_text("Please write a number with area code")).to_be_visible()
    expect(number).to_be_focused()
    assert town.chat.events == []
    number.fill("905 555 ٠١٢٣")  # as some keyboards write it
    page.get_by_role("button", name="Ask for the call").click()
    expect(page.get_by_role("log")).to_contain_text("Please call me at 905 555 0123.")
    expect(page.locator(".mine .meta").last).to_contain_text("Sent")
    assert town.chat.events[0]["name"] == "townline/callback"
    assert town.chat.events[0]["value"] == {"number": "905 555 0123"}


def test_a_closed_town_takes_a_message_and_says_when_it_opens(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host()
    is_ready(page)
    town.stand(state="closed", opens="Monday 08:30", can=["callback", "message"])
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Leave a message").click()
    page.get_by_label("Your message").fill("The light is out on Mill Street.")
    page.locator(".foot").get_by_label("E-mail").fill("ann@example.org")
    page.get_by_role("button", name="Send the message").click()
    expect(page.get_by_role("log")).to_contain_text("The light is out on Mill Street.")
    expect(page.locator(".mine .meta")).to_contain_text("Sent")
    value = {"text": "The light is out on Mill Street.", "name": "", "email": "ann@example.org"}
    assert town.chat.events[0]["value"] == value


def test_name_and_address_go_with_the_first_message_and_no_other(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host()
    page.get_by_text("Your name and e-mail").click()
    page.get_by_label("Name").fill("Ann")
    page.get_by_label("E-mail").fill("nowhere")
    write(page, "hello")
    expect(page.get_by_text("Please write an address")).to_be_visible()
    page.get_by_label("E-mail").fill("ann@example.org")
    write(page, "hello")
    is_sent(page)
    expect(page.get_by_text("Your name and e-mail")).to_be_hidden()
    expect(page.get_by_role("log")).to_contain_text("Contact: Ann ann@example.org")
    write(page, "and also")
    expect(page.locator(".mine .meta")).to_have_count(2)
    is_sent(page)
    assert town.chat.events == []
    assert town.chat.texts == ["hello", "and also"]
    said = [each["channelData"].get("contact") for each in town.chat.stored]
    assert said == [{"name": "Ann", "email": "ann@example.org"}, None]


def test_an_address_that_the_town_refuses_can_be_corrected(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host()
    page.get_by_text("Your name and e-mail").click()
    page.get_by_label("E-mail").fill("ann@home.test")
    town.refuse("post", Refusal(400, "NotAnAddress"))
    write(page, "hello")
    expect(page.locator(".mine .meta")).to_contain_text("Please write an address")
    page.get_by_role("button", name="Change").click()
    page.get_by_label("E-mail").fill("ann@example.org")
    page.get_by_role("button", name="Send", exact=True).click()
    is_sent(page)
    [message] = town.chat.stored
    assert message["channelData"]["contact"] == {"name": "", "email": "ann@example.org"}


def test_name_and_address_go_with_a_file_that_comes_first(
    host: OpenPage, town: FakeDirectLine, tmp_path: Path
) -> None:
    page = host()
    is_ready(page)
    town.stand(upload_max=1_000_000, upload_kinds=[".txt"])
    page.get_by_text("Your name and e-mail").click()
    page.get_by_label("Name").fill("Ann")
    (tmp_path / "note.txt").write_text("hello")
    page.locator("input[type=file]").set_input_files(tmp_path / "note.txt")
    is_sent(page)
    assert town.chat.stored[0]["channelData"]["contact"] == {"name": "Ann", "email": ""}


def test_the_end_offers_a_copy_a_survey_and_a_new_chat(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host()
    write(page, "thank you")
    town.stand(state="talking", agent="Ana")
    page.get_by_role("button", name="Options").click()
    page.get_by_role("button", name="End the chat").click()
    page.locator(".foot").get_by_role("button", name="End the chat").click()
    expect(page.locator(".standing")).to_contain_text("This chat has ended.")
    town.stand(state="ended", can=["transcript", "survey"])
    page.locator(".foot").get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Please choose a number")).to_be_visible()
    page.get_by_label("4", exact=True).check()
    page.get_by_label("What should we know?").fill("Kind.")
    page.locator(".foot").get_by_role("button", name="Send", exact=True).click()
    page.locator(".foot").get_by_role("button", name="Send me a copy").click()
    page.locator(".foot").get_by_label("E-mail").fill("ann@example.org")
    page.get_by_role("button", name="Send the copy").click()
    expect(page.locator(".late, .mine .meta:not(:has-text('Sent'))")).to_have_count(0)
    first = town.chat
    told = [(each["name"], each["value"]) for each in first.events]
    assert told == [
        ("townline/end", {}),
        ("townline/survey", {"score": 4, "text": "Kind."}),
        ("townline/transcript", {"email": "ann@example.org"}),
    ]
    page.get_by_role("button", name="Start a new chat").click()
    expect(page.get_by_role("log")).not_to_contain_text("thank you")
    write(page, "one more thing")
    expect(page.locator(".mine .meta")).to_contain_text("Sent")
    assert town.chat is not first
    assert town.chat.texts == ["one more thing"]


def test_words_of_others_are_never_markup_and_only_web_addresses_are_links(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host()
    is_ready(page)
    bad = "<img src=x onerror=alert(1)><script>alert(2)</script> javascript:alert(3)"
    town.say(f"{bad} see (https://willowmere.example.org/a_(b)), https://a.test/x?y=1.")
    expect(page.locator(".bubble")).to_contain_text(bad)
    links = page.locator(".bubble a")
    expect(links).to_have_count(2)
    assert links.nth(0).get_attribute("href") == "https://willowmere.example.org/a_(b)"
    assert links.nth(1).get_attribute("href") == "https://a.test/x?y=1"
    assert links.nth(0).get_attribute("rel") == "noopener noreferrer nofollow"
    assert page.locator(".bubble img, .bubble script").count() == 0


def test_attachments_are_links_to_the_web_or_no_links(host: OpenPage, town: FakeDirectLine) -> None:
    page = host()
    is_ready(page)
    files = [
        {"name": "map.pdf", "contentType": "application/pdf", "contentUrl": "files/map.pdf"},
        {"name": "evil", "contentType": "text/html", "contentUrl": "javascript:alert(1)"},
    ]
    town.say("Here it is.", attachments=files)
    expect(page.locator(".bubble")).to_contain_text("File: evil")
    expect(page.locator(".bubble a")).to_have_count(1)
    assert page.locator(".bubble a").get_attribute("href") == f"{town.url}files/map.pdf"


def test_suggested_answers_are_buttons_until_something_is_said(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host()
    is_ready(page)
    actions = [{"type": "imBack", "title": "Yes, please", "value": "yes"}]
    town.say("Is that all?", suggestedActions={"actions": actions})
    page.get_by_role("button", name="Yes, please").click()
    expect(page.locator(".mine .bubble")).to_have_text("yes")
    expect(page.get_by_role("button", name="Yes, please")).to_be_hidden()
    expect(page.get_by_label("Your message").last).to_be_focused()


def test_it_shows_and_tells_who_is_writing(host: OpenPage, town: FakeDirectLine) -> None:
    page = host()
    is_ready(page)
    town.tell(type="typing")
    expect(page.get_by_text("Willowmere is writing")).to_have_count(2)  # seen, and read out
    town.say("Done.")
    expect(page.locator(".typing")).to_be_hidden()
    page.get_by_label("Your message").last.press_sequentially("abcdef")
    write(page, "abcdef")
    expect(page.locator(".mine .meta")).to_contain_text("Sent")
    assert town.asked["typing"] == 1  # not for every key


def test_files_within_the_limits_are_sent_and_others_explained(
    host: OpenPage, town: FakeDirectLine, tmp_path: Path
) -> None:
    page = host()
    is_ready(page)
    expect(page.get_by_role("button", name="Attach a file")).to_be_hidden()
    town.stand(upload_max=1_000, upload_kinds=[".jpg", ".pdf"])
    expect(page.get_by_role("button", name="Attach a file")).to_be_visible()
    chooser = page.locator("input[type=file]")
    for name, size, words in [
        ("a.exe", 10, "a.exe cannot be sent. Possible are: .jpg, .pdf."),
        ("a.jpg", 1_001, "a.jpg is too large: at most 0 MB."),
    ]:
        (tmp_path / name).write_bytes(b"x" * size)
        chooser.set_input_files(tmp_path / name)
        expect(page.get_by_role("alert").first).to_have_text(words)
    (tmp_path / "b.JPG").write_bytes(b"x" * 900)
    chooser.set_input_files(tmp_path / "b.JPG")
    expect(page.locator(".mine .meta")).to_contain_text("Sent")
    expect(page.locator(".mine .bubble a")).to_have_text("File: b.JPG")
    assert town.chat.stored[0]["attachments"][0]["contentUrl"] == "files/900"


def test_what_is_refused_can_be_changed_and_does_not_stop_the_rest(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host()
    town.refuse("post", Refusal(400, "MessageSizeTooBig", "at most 5 characters"))
    write(page, "much too long")
    expect(page.locator(".mine .meta")).to_contain_text("Not sent: This is too long.")
    write(page, "short")
    expect(page.locator(".mine .meta").last).to_contain_text("Sent")
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_label("Your message").last).to_have_value("much too long")
    expect(page.locator(".mine")).to_have_count(1)
    write(page, "long")
    expect(page.locator(".mine .meta").last).to_contain_text("Sent")
    assert town.chat.texts == ["short", "long"]


def test_a_number_that_the_town_refuses_comes_back_to_be_changed(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host()
    is_ready(page)
    town.stand(state="closed", can=["callback"])
    page.get_by_role("button", name="Call me back").click()
    page.get_by_label("Telephone number").fill("905-555-0199")
    town.refuse("post", Refusal(400, "NotANumber", "?"))
    page.get_by_role("button", name="Ask for the call").click()
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_label("Telephone number")).to_have_value("905-555-0199")


def test_unread_messages_are_counted_on_the_button_and_in_the_title(
    host: OpenPage, town: FakeDirectLine
) -> None:
    page = host()
    write(page, "hello")
    expect(page.locator(".mine .meta")).to_contain_text("Sent")
    page.keyboard.press("Escape")
    town.say("One.")
    town.say("Two.")
    launcher = page.get_by_role("button", name="Chat with us")
    expect(launcher).to_have_accessible_name("Chat with us (2 new messages)")
    expect(page).to_have_title("(2) Waste")
    launcher.click()
    expect(page).to_have_title("Waste")
    page.keyboard.press("Escape")
    expect(page.locator(".badge")).to_be_hidden()


def test_the_language_can_be_changed_in_the_middle(host: OpenPage, town: FakeDirectLine) -> None:
    page = host()
    write(page, "hello")
    page.get_by_label("Your message").last.fill("not sent yet")
    page.get_by_role("button", name="Options").click()
    page.locator(".menu").get_by_role("button", name="Français").click()
    expect(page.get_by_role("dialog", name="Clavardage avec Willowmere")).to_be_visible()
    expect(page.get_by_role("log")).to_contain_text("hello")
    field = page.get_by_label("Votre message").last
    expect(field).to_have_value("not sent yet")
    field.press("Enter")
    expect(page.locator(".mine .meta").last).to_contain_text("Envoyé")
    assert [each["locale"] for each in town.chat.stored] == ["en", "fr"]
    page.reload()
    expect(page.get_by_role("button", name="Clavardez avec nous")).to_be_visible()


def test_it_speaks_the_language_of_the_page(host: OpenPage) -> None:
    page = host("host?lang=fr-CA", is_open=False)
    expect(page.get_by_role("button", name="Clavardez avec nous")).to_be_visible()
    page = host("host?lang=de&with=languages=fr", is_open=False)
    expect(page.get_by_role("button", name="Clavardez avec nous")).to_be_visible()


def test_when_the_chat_cannot_be_reached_the_forms_are_offered(
    host: OpenPage, town: FakeDirectLine
) -> None:
    town.refuse("generate", Refusal(503, times=50))
    page = host()
    expect(page.get_by_text("No connection.").first).to_be_visible()
    link = page.get_by_role("link", name="Write with a form instead")
    assert link.get_attribute("href") == "forms"
