"""What answering a webhook costs without engine and journal: parse, check, write TwiML.

    .venv/bin/python -m benchmarks.bare_webhook PORT library|ours

`library` parses with Starlette and checks and writes with twilio's library; `ours` uses the
functions of the voice channel. Both answer the documents of the shipped main line.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from typing import Final

import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Gather, VoiceResponse

from benchmarks.servers import TOKEN
from benchmarks.towns import shipped
from channels.voice.adapter import BODY_MAX
from channels.voice.signature import Signatures
from channels.voice.twiml import Place, Voices, Writer
from channels.voice.urls import Urls
from channels.voice.webhook import Refused, read
from router.core.flows.script import Ask, Listen, Script, Spoken, Wait
from router.core.model import SECOND
from router.runtime import http
from router.runtime.settings import Http

WELCOME: Final = (
    ("Welcome to the Town of Willowmere. For service in English, press 1.", "en"),
    ("Bienvenue à la Ville de Willowmere. Pour le service en français, appuyez sur le 2.", "fr"),
)
SUBJECTS: Final = (
    ("If anybody is in danger, hang up and dial 911.", "en"),
    (
        "For parking, noise or another by-law matter, press 1. For roads and sidewalks, press 2. "
        "For property tax, press 3. For recreation, press 4. For building and planning, press 5. "
        "For licences and records, press 6. For animals, press 7. For anything else, press 0. "
        "To hear this again, press star.",
        "en",
    ),
)
PLACE: Final = (("You are number 12 in line. We will be with you as soon as we can.", "en"),)
STEPS: Final = {1: (SUBJECTS, 2)}  # step answered -> what is said, next step
LAST_STEP: Final = 2

Document = Callable[[str, str, int], str]  # kind, item, step


class Library:
    """Twilio's own classes."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._validator = RequestValidator(TOKEN)

    async def signed(self, request: Request) -> bool:
        form = await request.form()
        params = {name: str(value) for name, value in form.items()}
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        signature = request.headers.get("x-twilio-signature", "")
        return bool(self._validator.validate(self._root + path, params, signature))

    def document(self, kind: str, item: str, step: int) -> str:
        response = VoiceResponse()
        if kind == "wait":
            self._say(response, PLACE)
            response.pause(length=20)
            response.redirect(f"{self._root}/voice/wait/{item}/2", method="POST")
            return str(response)
        if step == LAST_STEP:
            response.enqueue(
                "willowmere",
                action=f"{self._root}/voice/left/{item}/1",
                method="POST",
                wait_url=f"{self._root}/voice/wait/{item}/1",
                wait_url_method="POST",
            )
            return str(response)
        spoken, then = STEPS.get(step, (WELCOME, 1))
        url = f"{self._root}/voice/flow/{item}/{then}"
        gather = Gather(
            action=url,
            action_on_empty_result=True,
            finish_on_key="",
            input="dtmf",
            method="POST",
            num_digits=1,
            timeout=5,
        )
        self._say(gather, spoken)
        response.append(gather)
        response.redirect(url, method="POST")
        return str(response)

    def _say(self, verb: Gather | VoiceResponse, spoken: tuple[tuple[str, str], ...]) -> None:
        for text, language in spoken:
            verb.say(text, language=f"{language}-CA")


class Ours:
    """The voice channel's own functions."""

    def __init__(self, root: str) -> None:
        self._signatures = Signatures(root, (TOKEN,))
        self._writer = Writer(Urls(root))
        policy = shipped()
        self._voices = Voices(policy.languages, policy.town)

    async def signed(self, request: Request) -> bool:
        try:
            await read(request, self._signatures, BODY_MAX)
        except Refused:
            return False
        return True

    def document(self, kind: str, item: str, step: int) -> str:
        if kind == "wait":
            script = Script(_spoken(PLACE), Listen(2, "", 20 * SECOND, ""))
        elif step == LAST_STEP:
            script = Script((), Wait(1))
        else:
            spoken, then = STEPS.get(step, (WELCOME, 1))
            script = Script(_spoken(spoken), Ask(then, 1, 5 * SECOND))
        return self._writer.document(script, Place(item), self._voices)


def _spoken(texts: tuple[tuple[str, str], ...]) -> tuple[Spoken, ...]:
    return tuple(Spoken(text, language) for text, language in texts)


def routes(way: Library | Ours) -> list[BaseRoute]:
    async def asked(request: Request) -> Response:
        if not await way.signed(request):
            return PlainTextResponse("wrong-signature\n", 403)
        params = request.path_params
        item = params.get("item") or secrets.token_hex(5)
        kind = "wait" if request.url.path.startswith("/voice/wait") else "flow"
        document = way.document(kind, item, int(params.get("step", 0)))
        return Response(document, media_type="application/xml")

    async def told(request: Request) -> Response:
        return Response(status_code=204 if await way.signed(request) else 403)

    async def ready(request: Request) -> Response:
        return PlainTextResponse("ready\n")

    return [
        Route("/voice/status", told, methods=["POST"]),
        Route("/voice/incoming", asked, methods=["POST"]),
        Route("/voice/flow/{item}/{step}", asked, methods=["POST"]),
        Route("/voice/wait/{item}/{turn}", asked, methods=["POST"]),
        Route("/readyz", ready),
    ]


async def serve(port: int, way: str) -> None:
    root = f"http://127.0.0.1:{port}"
    app = Starlette(routes=routes(Library(root) if way == "library" else Ours(root)))
    await http.server(app).serve(sockets=[http.listen(Http(port=port))])


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))
