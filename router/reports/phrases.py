"""The words around figures, in each language in which reports are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Phrases = Mapping[str, Mapping[str, str]]  # language -> key -> text

CHANNELS: Final[Phrases] = {
    "en": {"voice": "Calls", "webform": "Forms", "mail": "Mail", "chat": "Chats"},
    "fr": {"voice": "Appels", "webform": "Formulaires", "mail": "Courriels", "chat": "Clavardages"},
}

PHRASES: Final[Phrases] = {
    "en": {
        "all": "All",
        "all_channels": "All channels",
        "none": "(none)",
        "title_day": "Day report",
        "title_week": "Week report",
        "title_month": "Monthly report",
        "so_far": "so far",
        "by_queue": "By queue",
        "by_channel": "By channel",
        "by_category": "By category",
        "by_ward": "By ward",
        "by_agent": "By agent",
        "by_day": "By day",
        "by_hour": "By hour",
        "group": "Group",
        "channel": "Channel",
        "promised": "Promised",
        "promise": "{:.0%} in {}",
        "figures": "Figures",
        "definitions": "What each figure means",
        "formulas": "Service level: formulas",
        "compared": "Beside the period before",
        "this": "This period",
        "before": "Before",
        "nothing": "Nothing was counted in this period.",
        "to": "to",
    },
    "fr": {
        "all": "Tout",
        "all_channels": "Tous les canaux",
        "none": "(aucun)",
        "title_day": "Rapport du jour",
        "title_week": "Rapport de la semaine",
        "title_month": "Rapport mensuel",
        "so_far": "jusqu'à présent",
        "by_queue": "Par file",
        "by_channel": "Par canal",
        "by_category": "Par catégorie",
        "by_ward": "Par quartier",
        "by_agent": "Par agent",
        "by_day": "Par jour",
        "by_hour": "Par heure",
        "group": "Groupe",
        "channel": "Canal",
        "promised": "Promis",
        "promise": "{:.0%} en {}",
        "figures": "Chiffres",
        "definitions": "Ce que signifie chaque chiffre",
        "formulas": "Niveau de service : formules",
        "compared": "À côté de la période précédente",
        "this": "Cette période",
        "before": "Précédente",
        "nothing": "Rien n'a été compté pendant cette période.",
        "to": "au",
    },
}
