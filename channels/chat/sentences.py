"""What the chat says by itself in each language, for clients that show nothing but messages.

The town's own texts (greeting, safety, closed) are policy. A language that is not here is answered
in English, with the town's own texts in its language. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_ENGLISH: Final[dict[str, str]] = {
    "next": "You are next in line.",
    "place": "You are number {place} in line.",
    "wait": "We expect to be with you in {low} to {high} minutes.",
    "wait_short": "We expect to be with you within {high} minutes.",
    "wait_soon": "We expect to be with you within a minute.",
    "wait_unknown": "We cannot say how long it will take.",
    "talking": "{agent} is with you now.",
    "talking_nobody": "Somebody is with you now.",
    "away": "Nobody is free to write with you just now. What you write is kept and answered.",
    "ended": "This chat has ended.",
    "reference": "Your reference number is {reference}.",
    "removed": "(This message was removed.)",
}
_FRENCH: Final[dict[str, str]] = {
    "next": "C'est bientôt à vous.",
    "place": "Vous êtes au rang {place} dans la file.",
    "wait": "Nous devrions être à vous dans {low} à {high} minutes.",
    "wait_short": "Nous devrions être à vous d'ici {high} minutes.",
    "wait_soon": "Nous devrions être à vous d'ici une minute.",
    "wait_unknown": "Nous ne pouvons pas dire combien de temps cela prendra.",
    "talking": "{agent} est maintenant avec vous.",
    "talking_nobody": "Quelqu'un est maintenant avec vous.",
    "away": "Personne n'est libre pour vous écrire en ce moment. Ce que vous écrivez est conservé"
    " et recevra une réponse.",
    "ended": "Ce clavardage est terminé.",
    "reference": "Votre numéro de référence est {reference}.",
    "removed": "(Ce message a été supprimé.)",
}
_BY_LANGUAGE: Final = {"en": _ENGLISH, "fr": _FRENCH}


def sentences(language: str) -> Mapping[str, str]:
    """Return the chat's own texts by name."""
    return MappingProxyType(_BY_LANGUAGE.get(language, _ENGLISH))
