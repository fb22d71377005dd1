"""A backup as one file: a ZIP with a manifest that says what must be in it, hash by hash.

It appears under its name when it is whole, by one rename. Blobs are named by their content; every
other entry stands in the manifest with its hash. Reading one believes nothing that is not checked.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import msgspec

from router.errors import StorageFailed, WrongPlace
from router.runtime import durable
from router.runtime.journal_copy import Contents

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
JOURNAL: Final = "journal.sqlite"
HISTORY: Final = "history.sqlite"
POLICY: Final = "policy/"  # the folder that people edit
PUBLISHED: Final = "policies/"  # what was published
BLOBS: Final = "blobs/"
PART_BYTES: Final = 1024 * 1024  # read at once
_BLOB: Final = re.compile(r"blobs/[0-9a-f]{64}")
# of names that become paths: nothing leads out of the folder
_SAFE: Final = re.compile(r"(?!.*(?:^|/)\.\.?(?:/|$))[\w.+ -]+(?:/[\w.+ -]+)*")


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds; fields are only appended, with defaults."""

    format: int
    release: str  # of the program that made it
    made_at: str  # ISO 8601, UTC
    town: str
    journal: Contents
    history: str  # sqlite | none (never made) | elsewhere (the server's own dump has it)
    secret: str  # tells whether a secret is that of the installation; tells nobody the secret
    environment: tuple[str, ...]  # settings that were set: their values are not in the backup
    files: dict[str, str]  # entry -> hex SHA-256; all but blobs and the manifest
    blobs: int
    blobs_digest: str  # hex SHA-256 of the blobs' sorted names
    missing: tuple[str, ...] = ()  # blobs that words refer to and nobody has


class BackupWriter:
    """Adds entries to a new file. Errors of all methods: `OSError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self.files: dict[str, str] = {}
        self.blobs: set[str] = set()

    def add(self, name: str, body: bytes) -> None:
        """Add an entry."""
        self.files[name] = hashlib.sha256(body).hexdigest()
        self._zip.writestr(name, body)

    def add_file(self, name: str, path: Path) -> None:
        """Add an entry from a file, however large."""
        with path.open("rb") as body:
            self.files[name] = _digest(body)
        self._zip.write(path, name)

    def add_blob(self, name: str, body: bytes) -> None:
        """Add a blob; most are compressed by themselves."""
        self.blobs.add(name)
        self._zip.writestr(BLOBS + name, body, zipfile.ZIP_STORED)

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest and bring everything to disk."""
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
        self._zip.writestr(MANIFEST, text)
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def digest_of(blobs: Iterable[str]) -> str:
    """Return what stands for the names of blobs."""
    return hashlib.sha256("\n".join(sorted(blobs)).encode()).hexdigest()


class BackupReader:
    """Made by `opened`."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path = path
        self._zip = archive
        names = archive.namelist()
        if MANIFEST not in names:
            raise WrongPlace(f"{path} is no backup of townline: it has no {MANIFEST}")
        try:
            self.manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
        except msgspec.DecodeError as error:
            raise StorageFailed(f"{path} is no backup that this townline reads: {error}") from error
        if self.manifest.format != FORMAT:
            raise StorageFailed(
                f"{path} has backup format {self.manifest.format}, this townline reads {FORMAT}"
            )
        self.blobs = sorted(name.removeprefix(BLOBS) for name in names if name.startswith(BLOBS))
        self._check_names(names)

    def _check_names(self, names: list[str]) -> None:
        manifest = self.manifest
        others = {name for name in names if not name.startswith(BLOBS)} - {MANIFEST}
        strange = [name for name in manifest.files if _SAFE.fullmatch(name) is None]
        strange += [name for name in self.blobs if _BLOB.fullmatch(BLOBS + name) is None]
        if strange or others != set(manifest.files) or len(names) != len(set(names)):
            raise StorageFailed(f"{self._path} is damaged: it holds what its manifest does not")
        if (len(self.blobs), digest_of(self.blobs)) != (manifest.blobs, manifest.blobs_digest):
            raise StorageFailed(f"{self._path} is damaged: blobs are missing")

    def check(self) -> Iterator[None]:
        """Read everything, yield after each entry. Errors: `StorageFailed` at what is wrong."""
        for name, expected in self.manifest.files.items():
            with self.entry(name) as body:
                self._compare(name, _digest(body), expected)
            yield
        for blob in self.blobs:
            with self.entry(BLOBS + blob) as body:
                self._compare(blob, _digest(body), blob)
            yield

    def _compare(self, name: str, found: str, expected: str) -> None:
        if found != expected:
            raise StorageFailed(f"{self._path} is damaged: {name} is not what was backed up")

    @contextmanager
    def entry(self, name: str) -> Iterator[IO[bytes]]:
        """Open an entry. Errors: `StorageFailed` when it cannot be read."""
        try:
            with self._zip.open(name) as body:
                yield body
        except (zipfile.BadZipFile, EOFError, ValueError) as error:
            raise StorageFailed(f"{self._path} is damaged: {name}: {error}") from error

    def extract(self, name: str, to: Path) -> None:
        """Put an entry there, durably and at once: half of it is never seen."""
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = to.with_name(f".{to.name}.part")
        with self.entry(name) as body, draft.open("wb") as file:
            draft.chmod(0o600)
            shutil.copyfileobj(body, file)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(to)
        durable.sync(to.parent)


@contextmanager
def opened(path: Path) -> Iterator[BackupReader]:
    """Open a backup. Errors: `StorageFailed` when it is none, or not whole."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield BackupReader(path, archive)
    except zipfile.BadZipFile as error:
        raise WrongPlace(f"{path} is no backup, or was cut off: {error}") from error
    except OSError as error:
        raise StorageFailed(f"{error.filename or path}: {error.strerror or error}") from error


def _digest(body: IO[bytes]) -> str:
    whole = hashlib.sha256()
    while part := body.read(PART_BYTES):
        whole.update(part)
    return whole.hexdigest()
