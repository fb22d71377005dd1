"""Writes an export into a ZIP file: `data.json` and the files it names, one in memory at a time."""

from __future__ import annotations

import asyncio
import zipfile
from pathlib import Path
from typing import Final

import msgspec

from router.errors import StorageFailed, WrongPlace
from router.history.blob_sweep import BlobFolder
from router.history.document import Document

DATA: Final = "data.json"


async def write(document: Document, blobs: BlobFolder, path: Path) -> list[str]:
    """Write the file, readable by its owner alone; return the paths whose bytes are gone.

    Errors: `StorageFailed`, also when a file of this name exists; no half file is left.
    """
    draft = path.with_name(f"{path.name}.part")
    missing: list[str] = []
    try:
        if await asyncio.to_thread(path.exists):
            raise WrongPlace(f"{path} exists already: name another file")
        archive = await asyncio.to_thread(_begun, draft)
        with archive:
            text = msgspec.json.format(msgspec.json.encode(document.data), indent=2)
            await asyncio.to_thread(archive.writestr, DATA, text)
            for name, blob in sorted(document.files.items()):
                body = await blobs.get(blob)
                if body is None:
                    missing.append(name)
                else:
                    await asyncio.to_thread(archive.writestr, name, body)
        await asyncio.to_thread(draft.rename, path)
    except OSError as error:
        raise StorageFailed(f"{path}: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)
    return missing


def _begun(path: Path) -> zipfile.ZipFile:
    path.unlink(missing_ok=True)  # of an export that was killed
    path.touch(mode=0o600)
    return zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
