"""What each formula of service levels says, in the languages of reports; in English its own."""

from __future__ import annotations

from typing import Final

from router.core.formulas import FORMULAS

_FRENCH: Final = {
    "townline": "répondus à temps / offerts ; qui abandonne aussitôt n'est pas compté comme offert",
    "uccx-only-handled": "répondus à temps / répondus ; qui abandonne ne compte pas",
    "uccx-without-abandon": "répondus à temps / (offerts - abandonnés à temps)",
    "uccx-positive-abandon": "(répondus à temps + abandonnés à temps) / offerts",
    "uccx-negative-abandon": "répondus à temps / offerts, avec tous ceux qui ont abandonné",
    "ucce-ignore-abandon": "répondus à temps / (répondus à temps + délai dépassé)",
    "ucce-positive-abandon": (
        "(répondus + abandonnés à temps) / (répondus + abandonnés à temps + délai dépassé) ; qui"
        " abandonne aussitôt ne compte pas"
    ),
    "ucce-negative-abandon": (
        "répondus à temps / (répondus + abandonnés à temps + délai dépassé) ; qui abandonne"
        " aussitôt ne compte pas"
    ),
    "genesys": "répondus à temps / (répondus + abandonnés)",
    "genesys-no-short": "répondus à temps / (répondus + abandonnés, mais pas aussitôt)",
    "genesys-no-abandon": "répondus à temps / répondus",
    "genesys-flow-out": "répondus à temps / (répondus + abandonnés + sortis autrement de la file)",
    "genesys-flow-out-no-short": (
        "répondus à temps / (répondus + abandonnés, mais pas aussitôt + sortis autrement)"
    ),
    "genesys-flow-out-no-abandon": "répondus à temps / (répondus + sortis autrement de la file)",
    "amazon-connect": ("(répondus + abandonnés + rappel demandé, tous à temps) / offerts"),
    "asterisk-sl": "répondus à temps / répondus, tel qu'app_queue l'affiche en premier",
    "asterisk-sl2": "(répondus à temps + abandonnés à temps) / (répondus + abandonnés)",
    "first-response": (
        "répondus avant l'échéance / (répondus avant l'échéance + échus sans réponse) ; ce qui a"
        " été fermé sans réponse ne compte pas"
    ),
    "first-response-or-closed": (
        "répondus ou fermés avant l'échéance / (répondus ou fermés avant l'échéance + échus sans"
        " réponse ni fermeture)"
    ),
}


def formula_told(formula: str, language: str) -> str:
    """Return the definition of a formula by its id, `townline/1`, in en or fr."""
    rule = FORMULAS[formula]
    return _FRENCH[rule.name] if language == "fr" else rule.definition
