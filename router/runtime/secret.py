"""The installation's own secret: made once, kept in the data folder, readable by its owner only.

Whoever loses it loses the sameness of hashed addresses (callback merging, threads) and every
status link that was given out, nothing else.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from router.errors import SettingsError
from router.runtime.settings import Settings

LENGTH_MIN: Final = 32  # characters, as of the setting
_NEW_BYTES: Final = 32


def installation_secret(settings: Settings) -> bytes:
    """Return the secret from the settings, or from the data folder, where it is made if missing.

    Errors: `SettingsError` when the file cannot be made or read, or holds less than a secret.
    """
    if settings.secret is not None:
        return settings.secret.get_secret_value().encode()
    path = settings.data_dir / "secret"
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path}: {error}: make the folder of TOWNLINE_DATA_DIR writable, "
            "or set TOWNLINE_SECRET"
        ) from error
    if len(secret) < LENGTH_MIN:
        raise SettingsError(
            f"{path} holds {len(secret)} characters, a secret has at least {LENGTH_MIN}: "
            "restore it from a backup, or remove it to have a new one made"
        )
    return secret.encode()


def present_secret(settings: Settings) -> bytes:
    """Return the secret; b"" when there is none yet, which makes none."""
    is_there = settings.secret is not None or (settings.data_dir / "secret").exists()
    return installation_secret(settings) if is_there else b""


def _make(path: Path) -> None:
    """Write a new secret so that no other process ever sees half of it, and the first one wins."""
    draft = path.with_name(f"secret.{secrets.token_hex(8)}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(file, "w", encoding="ascii") as writing:
            writing.write(secrets.token_hex(_NEW_BYTES) + "\n")
            writing.flush()
            os.fsync(writing.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
