"""How figures are called, and what each of them means: one sentence that a councillor understands.

docs/reports.md has the small print.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Texts = Mapping[str, tuple[str, str]]  # key of the figure -> name, definition

ENGLISH: Final[Texts] = {
    "received": ("Received", "Items that came in on these days."),
    "received_per_day": (
        "Received per day",
        "Items received, divided by the calendar days that have begun.",
    ),
    "closed": ("Closed", "Items that were dealt with and ended on these days and have stayed so."),
    "merged": ("Merged", "Items that ended as part of another one about the same matter."),
    "diverted": ("Handed outside", "Items that ended with somebody outside the queues."),
    "open_at_end": (
        "Open at the end",
        "Items received until the end of the last day that were not over then.",
    ),
    "open_over_7_days": (
        "Open for over 7 days",
        "Of those open at the end, received more than 7 days before.",
    ),
    "open_over_30_days": (
        "Open for over 30 days",
        "Of those open at the end, received more than 30 days before.",
    ),
    "offered": (
        "Offered",
        "Entries into a queue, but for those that were lost or set aside in time.",
    ),
    "answered": ("Answered", "Entries that a person answered, in time or late."),
    "service_level": (
        "Service level",
        "Share of entries answered within the promised time, by each queue's formula.",
    ),
    "promised_share": (
        "Promised",
        "The service level that was promised, where it is one and the same.",
    ),
    "answer_time": (
        "Mean wait for an answer",
        "Mean time in line of the calls and chats that a person answered.",
    ),
    "first_response": (
        "First response",
        "Mean time, nights included, from receiving a mail or form to a person's first answer.",
    ),
    "overdue": (
        "Overdue",
        "Mails and forms whose first response fell due unanswered on these days.",
    ),
    "abandoned": ("Abandoned", "Calls and chats whose resident gave up waiting, but not at once."),
    "abandoned_at_once": (
        "Abandoned at once",
        "Calls and chats whose resident gave up within the first seconds.",
    ),
    "abandoned_share": (
        "Abandonment",
        "Abandoned, but not at once, divided by offered, but for those at once.",
    ),
    "callbacks": (
        "Asked for a callback",
        "Entries that ended because the resident is to be rung back.",
    ),
    "left_otherwise": (
        "Left otherwise",
        "Entries that a fallback, a transfer or an end took out of the line unanswered.",
    ),
    "handled": (
        "Handled",
        "Times that an agent had an item and was in touch with its resident or text.",
    ),
    "handle_time": (
        "Mean handle time",
        "Mean time from accepting an item to the end of the notes: talk, hold and wrap-up.",
    ),
    "talk_time": ("Mean talk time", "Part of the handle time before the notes, without hold."),
    "hold_time": ("Mean hold time", "Part of the handle time in which the resident was on hold."),
    "wrap_up_time": (
        "Mean wrap-up time",
        "Part of the handle time in which the agent noted what it came to.",
    ),
    "transfers": (
        "Transfers",
        "Times that the agent handed the item to another queue, agent or department.",
    ),
    "transfer_share": ("Transfer share", "Transfers divided by handled."),
    "requeues": (
        "Re-queued",
        "Times that an accepted item came back into the line: given back, or the agent was not "
        "reached.",
    ),
    "requeue_share": (
        "Re-queue share",
        "Re-queued divided by the times that an agent accepted an item.",
    ),
    "first_contact": (
        "First-contact resolution",
        "Of items that an agent handled and that are closed: handled once, never passed on, "
        "never reopened.",
    ),
    "reopened": ("Reopened", "Of the closed items, those that had been over before."),
    "ratings": ("Ratings", "Chats whose resident said how it was."),
    "satisfaction": (
        "Satisfaction",
        "Share of the ratings with 4 or 5 of 5; asked after chats alone.",
    ),
    "score": ("Mean score", "Mean of the ratings, 1 to 5."),
    "at_desk": ("At the desk", "Time for which agents were signed in."),
    "worked": ("Working", "Time at the desk with at least one item in hand, wrap-up included."),
    "ready": ("Ready", "Time at the desk, available, with nothing in hand."),
    "away": ("Away", "Time at the desk, away, with nothing in hand."),
    "occupancy": ("Occupancy", "Working time divided by working and ready time."),
}

FRENCH: Final[Texts] = {
    "received": ("Reçus", "Demandes arrivées pendant ces jours."),
    "received_per_day": (
        "Reçus par jour",
        "Demandes reçues, divisées par les jours civils commencés.",
    ),
    "closed": ("Fermés", "Demandes traitées et terminées pendant ces jours, et restées fermées."),
    "merged": ("Fusionnés", "Demandes terminées en étant jointes à une autre sur le même sujet."),
    "diverted": ("Confiés à l'extérieur", "Demandes confiées à quelqu'un hors des files."),
    "open_at_end": (
        "Ouverts à la fin",
        "Demandes reçues jusqu'à la fin du dernier jour et non terminées alors.",
    ),
    "open_over_7_days": (
        "Ouverts depuis plus de 7 jours",
        "Parmi les ouverts à la fin, reçus plus de 7 jours avant.",
    ),
    "open_over_30_days": (
        "Ouverts depuis plus de 30 jours",
        "Parmi les ouverts à la fin, reçus plus de 30 jours avant.",
    ),
    "offered": (
        "Présentés",
        "Entrées dans une file, sauf celles perdues ou mises de côté à temps.",
    ),
    "answered": ("Répondus", "Entrées auxquelles une personne a répondu, à temps ou en retard."),
    "service_level": (
        "Niveau de service",
        "Part des entrées répondues dans le délai promis, selon la formule de la file.",
    ),
    "promised_share": ("Promis", "Le niveau de service promis, lorsqu'il est partout le même."),
    "answer_time": ("Attente moyenne", "Temps moyen en file des appels et clavardages répondus."),
    "first_response": (
        "Première réponse",
        "Temps moyen, nuits comprises, entre la réception d'un courriel ou formulaire et la "
        "première réponse d'une personne.",
    ),
    "overdue": (
        "En retard",
        "Courriels et formulaires dont la première réponse est venue à échéance sans réponse.",
    ),
    "abandoned": (
        "Abandonnés",
        "Appels et clavardages dont le résident a renoncé, mais pas tout de suite.",
    ),
    "abandoned_at_once": (
        "Abandonnés aussitôt",
        "Appels et clavardages dont le résident a renoncé dans les premières secondes.",
    ),
    "abandoned_share": (
        "Taux d'abandon",
        "Abandonnés, sauf aussitôt, divisés par présentés, sauf aussitôt.",
    ),
    "callbacks": ("Rappels demandés", "Entrées terminées parce que le résident sera rappelé."),
    "left_otherwise": (
        "Sortis autrement",
        "Entrées retirées de la file sans réponse par une règle de secours, un transfert ou une"
        " fin.",
    ),
    "handled": (
        "Traitements",
        "Fois où un agent avait une demande en main, en contact avec le résident ou le texte.",
    ),
    "handle_time": (
        "Durée moyenne de traitement",
        "Temps moyen de l'acceptation à la fin des notes : entretien, attente et notes.",
    ),
    "talk_time": (
        "Entretien moyen",
        "Part du traitement avant les notes, sans la mise en attente.",
    ),
    "hold_time": ("Mise en attente moyenne", "Part du traitement où le résident était en attente."),
    "wrap_up_time": ("Notes moyennes", "Part du traitement où l'agent notait le résultat."),
    "transfers": (
        "Transferts",
        "Fois où l'agent a remis la demande à une autre file, un autre agent ou service.",
    ),
    "transfer_share": ("Part des transferts", "Transferts divisés par traitements."),
    "requeues": (
        "Remis en file",
        "Fois où une demande acceptée est revenue en file : rendue, ou agent non joint.",
    ),
    "requeue_share": ("Part des remises en file", "Remis en file divisés par les acceptations."),
    "first_contact": (
        "Résolution au premier contact",
        "Parmi les demandes traitées et fermées : traitées une seule fois, ni transférées ni "
        "rouvertes.",
    ),
    "reopened": ("Rouverts", "Parmi les fermés, ceux qui avaient déjà été terminés."),
    "ratings": ("Évaluations", "Clavardages dont le résident a donné son avis."),
    "satisfaction": (
        "Satisfaction",
        "Part des évaluations de 4 ou 5 sur 5; demandées après les clavardages seulement.",
    ),
    "score": ("Note moyenne", "Moyenne des évaluations, de 1 à 5."),
    "at_desk": ("En poste", "Temps pendant lequel les agents étaient connectés."),
    "worked": ("Au travail", "Temps en poste avec au moins une demande en main, notes comprises."),
    "ready": ("Prêt", "Temps en poste, disponible, sans demande en main."),
    "away": ("Absent", "Temps en poste, absent, sans demande en main."),
    "occupancy": ("Taux d'occupation", "Temps au travail divisé par temps au travail et prêt."),
}

TEXTS: Final[Mapping[str, Texts]] = {"en": ENGLISH, "fr": FRENCH}
