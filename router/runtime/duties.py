"""What the daemon does over and over in the background; a duty that fails is tried again."""

from __future__ import annotations

import structlog

from router.errors import TownlineError
from router.ports import Clock, Duty

log = structlog.get_logger(__name__)


async def keep_doing(duty: Duty, clock: Clock) -> None:
    """Do it at once and then each `duty.period` after it has ended, until cancelled."""
    while True:
        try:
            await duty()
        except TownlineError as error:  # storage that is slow says so once, elsewhere
            log.warning("duty_not_done", duty=duty.name, code=error.code, why=str(error))
        except Exception:
            log.exception("duty_failed", duty=duty.name)
        await clock.sleep_until(clock.now() + duty.period)
