"""What the pages of the web form say by themselves, in each language; the town's texts are policy.

A language that is not here is answered in English, with the town's own texts in its language.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from channels.webform.codec import Complaint
from router.core.model import ItemState

DEFAULT: Final = "en"

_ENGLISH: Final[dict[str, str]] = {
    "forms": "Forms",
    "optional": "(optional)",
    "choose": "Please choose",
    "send": "Send",
    "other_languages": "Other languages",
    "error_prefix": "Error: ",
    "error_title": "There is a problem",
    "reference": "Reference number",
    "received": "Received",
    "due": "First answer by",
    "status": "Where it stands",
    "status_link": "See where it stands",
    "status_keep": "Keep this number. With it you can see on this page where your request stands.",
    "thanks_without_due": "Thank you. Your reference number is {reference}.",
    "not_found_title": "Page not found",
    "not_found": "There is no such form. Choose one from the list of forms.",
    "unknown_reference_title": "Reference number not found",
    "unknown_reference": "We know no request with this number. Compare it with the one you were"
    " given: ten letters and digits, without I, L, O and U.",
    "busy_title": "Please try again in a moment",
    "busy": "We could not store your request just now. Nothing is lost: all you have typed is"
    " still on this page. Please press “Send” again in a minute.",
    "unavailable": "This page is not available just now. Please try again in a minute.",
    "too_many_title": "Too many requests",
    "too_many": "Many forms were sent from your connection. All you have typed is still on this"
    " page: please press “Send” again in {minutes} minutes.",
    "too_large": "This is more than the form can take: at most {limit} kB. Go back and shorten it.",
    "not_readable": "Your browser sent something that we cannot read. Go back and send it again.",
    "not_in_time": "Your browser took too long to send the form. Go back and send it again.",
    "trap_label": "Leave this field empty",
    "length": "At most {limit} characters.",
    "call_soon": "As soon as somebody is free",
    "no_call": "No call, thank you",
    "thanks_call": "Thank you. Your reference number is {reference}. We will call you: {time}.",
}
_FRENCH: Final[dict[str, str]] = {
    "forms": "Formulaires",
    "optional": "(facultatif)",
    "choose": "Veuillez choisir",
    "send": "Envoyer",
    "other_languages": "Autres langues",
    "error_prefix": "Erreur : ",
    "error_title": "Il y a un problème",
    "reference": "Numéro de référence",
    "received": "Reçue le",
    "due": "Première réponse d'ici le",
    "status": "État de votre demande",
    "status_link": "Voir où en est votre demande",
    "status_keep": "Conservez ce numéro. Il vous permet de voir sur cette page où en est votre"
    " demande.",
    "thanks_without_due": "Merci. Votre numéro de référence est {reference}.",
    "not_found_title": "Page introuvable",
    "not_found": "Ce formulaire n'existe pas. Choisissez-en un dans la liste des formulaires.",
    "unknown_reference_title": "Numéro de référence introuvable",
    "unknown_reference": "Nous ne connaissons aucune demande portant ce numéro. Comparez-le à"
    " celui que vous avez reçu : dix lettres et chiffres, sans I, L, O ni U.",
    "busy_title": "Veuillez réessayer dans un instant",
    "busy": "Nous n'avons pas pu enregistrer votre demande. Rien n'est perdu : tout ce que vous"
    " avez écrit est encore sur cette page. Appuyez de nouveau sur « Envoyer » dans une minute.",
    "unavailable": "Cette page n'est pas disponible en ce moment. Réessayez dans une minute.",
    "too_many_title": "Trop de demandes",
    "too_many": "Beaucoup de formulaires ont été envoyés depuis votre connexion. Tout ce que vous"
    " avez écrit est encore sur cette page : appuyez de nouveau sur « Envoyer » dans"
    " {minutes} minutes.",
    "too_large": "C'est plus que ce que le formulaire peut recevoir : au plus {limit} ko. Revenez"
    " en arrière et raccourcissez votre texte.",
    "not_readable": "Votre navigateur a envoyé quelque chose que nous ne pouvons pas lire. Revenez"
    " en arrière et envoyez de nouveau.",
    "not_in_time": "Votre navigateur a mis trop de temps à envoyer le formulaire. Revenez en"
    " arrière et envoyez de nouveau.",
    "trap_label": "Laissez ce champ vide",
    "length": "Au plus {limit} caractères.",
    "call_soon": "Dès que quelqu'un est libre",
    "no_call": "Pas d'appel, merci",
    "thanks_call": "Merci. Votre numéro de référence est {reference}. Nous vous appellerons :"
    " {time}.",
}
_BY_LANGUAGE: Final = {"en": _ENGLISH, "fr": _FRENCH}

_COMPLAINTS: Final[dict[str, dict[Complaint, str]]] = {
    "en": {
        Complaint.MISSING: "Please fill this in.",
        Complaint.TOO_LONG: "Shorten it to {limit} characters, it has {length}.",
        Complaint.NOT_A_CHOICE: "Choose one of the answers.",
        Complaint.NOT_AN_ADDRESS: "Write an address like name@example.org.",
        Complaint.NOT_A_NUMBER: "Write a number with area code, like 905-555-0100.",
        Complaint.NOT_A_DATE: "Write the date as year-month-day, like 2026-11-24.",
        Complaint.NOT_TICKED: "This must be ticked.",
        Complaint.NOT_FREE: "That time was just taken. Please choose another one.",
        Complaint.TWICE: "It was sent twice; send it once.",
        Complaint.UNKNOWN: "The form has no such field.",
        Complaint.TRAP: "It is there to recognise programs; people leave it empty.",
    },
    "fr": {
        Complaint.MISSING: "Veuillez remplir ce champ.",
        Complaint.TOO_LONG: "Réduisez à {limit} caractères, il y en a {length}.",
        Complaint.NOT_A_CHOICE: "Choisissez une des réponses.",
        Complaint.NOT_AN_ADDRESS: "Écrivez une adresse comme nom@example.org.",
        Complaint.NOT_A_NUMBER: "Écrivez un numéro avec l'indicatif régional, comme 905-555-0100.",
        Complaint.NOT_A_DATE: "Écrivez la date ainsi : année-mois-jour, par exemple 2026-11-24.",
        Complaint.NOT_TICKED: "Cette case doit être cochée.",
        Complaint.NOT_FREE: "Cette heure vient d'être prise. Veuillez en choisir une autre.",
        Complaint.TWICE: "Ce champ a été envoyé deux fois; envoyez-le une seule fois.",
        Complaint.UNKNOWN: "Le formulaire n'a pas ce champ.",
        Complaint.TRAP: "Il sert à reconnaître les programmes; les personnes le laissent vide.",
    },
}

_S = ItemState
_IN_LINE: Final = (_S.QUEUED, _S.OFFERED)
_AT_WORK: Final = (_S.HANDLING, _S.HELD, _S.WRAP_UP)
_DONE: Final = (_S.CLOSED, _S.ABANDONED)
STANDS: Final[dict[str, dict[ItemState, str]]] = {
    "en": {
        _S.RECEIVED: "We have received your request.",
        _S.IN_FLOW: "We have received your request.",
        **dict.fromkeys(_IN_LINE, "Your request is in line. Nobody has started on it yet."),
        _S.DEFERRED: "We have your request and will look at it when the office is open again.",
        **dict.fromkeys(_AT_WORK, "Somebody is working on your request."),
        **dict.fromkeys(_DONE, "Your request is done."),
        _S.DIVERTED: "Your request was handed to the office that deals with it.",
        _S.SHUNTED: "We have your request; a person is checking where it belongs.",
    },
    "fr": {
        _S.RECEIVED: "Nous avons reçu votre demande.",
        _S.IN_FLOW: "Nous avons reçu votre demande.",
        **dict.fromkeys(
            _IN_LINE, "Votre demande est dans la file. Personne ne s'en occupe encore."
        ),
        _S.DEFERRED: "Nous avons votre demande et la traiterons à la réouverture du bureau.",
        **dict.fromkeys(_AT_WORK, "Quelqu'un s'occupe de votre demande."),
        **dict.fromkeys(_DONE, "Votre demande est traitée."),
        _S.DIVERTED: "Votre demande a été transmise au service qui s'en charge.",
        _S.SHUNTED: "Nous avons votre demande; une personne vérifie à qui elle revient.",
    },
}


def sentences(language: str) -> Mapping[str, str]:
    """Return the pages' own texts by name."""
    return MappingProxyType(_BY_LANGUAGE[_known(language)])


def complaint(language: str, about: Complaint, **filled_in: object) -> str:
    """Return a refusal as a sentence; filled in: `limit`, `length`."""
    return _COMPLAINTS[_known(language)][about].format(**filled_in)


def stands(language: str, state: ItemState) -> str:
    """Return in plain words where an item stands."""
    return STANDS[_known(language)][state]


def _known(language: str) -> str:
    return language if language in _BY_LANGUAGE else DEFAULT
