"""Runs every check that looks beyond one value; each adds its complaints to the documents."""

from __future__ import annotations

from datetime import date

from router.policy.check_attributes import check_attributes
from router.policy.check_callback_times import check_callback_times
from router.policy.check_chat import check_chat
from router.policy.check_contacts import check_contacts
from router.policy.check_fallback import check_fallback
from router.policy.check_flows import check_flows
from router.policy.check_layers import check_layers
from router.policy.check_mail import check_mail
from router.policy.check_mail_rules import check_mail_rules
from router.policy.check_names import check_names
from router.policy.check_offers import check_offers
from router.policy.check_on_call import check_on_call
from router.policy.check_openings import check_openings
from router.policy.check_people import check_people
from router.policy.check_reach import check_reach
from router.policy.check_rules import check_rules
from router.policy.check_texts import check_texts
from router.policy.check_turns import check_turns
from router.policy.sources import Sources


def check(sources: Sources, today: date) -> None:
    """Check the town as a whole; a check whose files are damaged does not run."""
    check_names(sources)
    check_attributes(sources)
    check_texts(sources)
    check_rules(sources, today)
    check_offers(sources)
    check_turns(sources)
    check_flows(sources)
    check_fallback(sources)
    check_reach(sources)
    check_layers(sources, today)
    check_openings(sources, today)
    check_on_call(sources, today)
    check_callback_times(sources)
    check_contacts(sources)
    check_mail(sources)
    check_mail_rules(sources)
    check_chat(sources)
    check_people(sources)
