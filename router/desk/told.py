"""The page that a browser gets when it comes back from the sign-in provider and is not signed in.

A page of its own, not the console: it needs no script, and shows what the person must tell others.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, Response

_FOLDER: Final = Path(__file__).parent / "templates"
_STYLE: Final = (_FOLDER / "told.css").read_text(encoding="utf-8")
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE: Final = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    auto_reload=False,
).get_template("told.html")
_HEADERS: Final = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_HASH}';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}

# By error code: what is so, and what to do. {provider} and {name} are put in.
_EN: Final = {
    "no-account": (
        "You have no account here",
        "{provider} knows you as",
        "Ask an administrator of the town's line to enter exactly this name with your account"
        " (People, Sign-in). Then sign in again.",
    ),
    "account-disabled": (
        "Your account is disabled",
        "{provider} knows you as",
        "Ask an administrator of the town's line to enable your account. Then sign in again.",
    ),
    "not-begun": (
        "Begin again",
        "",
        "This sign-in was not begun in this browser, was used already, or took more than ten"
        " minutes. Nothing has happened.",
    ),
    "provider-refused": (
        "{provider} did not sign you in",
        "",
        "Try again. If it stays so, tell your administrator: the reason stands in the log of the"
        " town's line.",
    ),
    "provider-unreachable": (
        "{provider} does not answer",
        "",
        "Try again in a few minutes. Whoever has a password here can sign in with it meanwhile.",
    ),
    "not-now": (
        "You could not be signed in now",
        "",
        "Try again in a moment. If it stays so, tell your administrator.",
    ),
}
_FR: Final = {
    "no-account": (
        "Vous n'avez pas de compte ici",
        "{provider} vous connaît sous le nom",
        "Demandez à un administrateur de la ligne de la ville d'inscrire exactement ce nom dans"
        " votre compte (Personnes, Connexion). Connectez-vous ensuite à nouveau.",
    ),
    "account-disabled": (
        "Votre compte est désactivé",
        "{provider} vous connaît sous le nom",
        "Demandez à un administrateur de la ligne de la ville d'activer votre compte."
        " Connectez-vous ensuite à nouveau.",
    ),
    "not-begun": (
        "Recommencez",
        "",
        "Cette connexion n'a pas été commencée dans ce navigateur, a déjà servi ou a duré plus de"
        " dix minutes. Rien ne s'est passé.",
    ),
    "provider-refused": (
        "{provider} ne vous a pas connecté",
        "",
        "Essayez encore. Si cela persiste, dites-le à votre administrateur : la raison se trouve"
        " dans le journal du programme.",
    ),
    "provider-unreachable": (
        "{provider} ne répond pas",
        "",
        "Réessayez dans quelques minutes. Qui a un mot de passe ici peut s'en servir entre-temps.",
    ),
    "not-now": (
        "La connexion n'est pas possible maintenant",
        "",
        "Réessayez dans un moment. Si cela persiste, dites-le à votre administrateur.",
    ),
}
_BACK: Final = {"en": "Back to signing in", "fr": "Retour à la connexion"}


def told(
    code: str, *, provider: str, name: str, desk: str, accept_language: str, status: int
) -> Response:
    """Return the page.

    Args:
        code: a key of the words above; another counts as `not-now`.
        provider: what people call the provider.
        name: what it calls this person; "" where it is not to be shown.
        desk: address of the console.
        accept_language: as the browser sent it; French when that comes first, else English.
        status: of HTTP.
    """
    language = "fr" if accept_language.strip().lower().startswith("fr") else "en"
    words = _FR if language == "fr" else _EN
    title, known_as, remedy = words.get(code, words["not-now"])
    page = _PAGE.render(
        language=language,
        style=_STYLE,
        title=title.format(provider=provider),
        known_as=known_as.format(provider=provider),
        name=name,
        remedy=remedy,
        desk=desk,
        back=_BACK[language],
    )
    return HTMLResponse(page, status, headers=_HEADERS)
