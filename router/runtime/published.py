"""Published policies: numbered folders that are never changed, the newest of them in force.

`data_dir/policies/000007` holds the policy files as they were published, and who published them,
when and why. A version appears as a whole, by one rename, or not at all; going back to an older
one publishes its files again under a new number, so that the folders are also the trail of who
changed what. Nothing here decides whether a policy is good.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from router.core.model import Instant
from router.errors import PolicyError
from router.runtime import durable

FOLDER: Final = "policies"
ABOUT: Final = "version.json"
_DIGITS: Final = 6
_PARTS: Final = ("skills.yaml", "config", "ivr_flows")  # of a policy folder


class Version(msgspec.Struct, frozen=True):
    """One published policy."""

    number: int
    hash: str  # of the files, hex SHA-256
    author: str
    reason: str
    at: Instant
    back_to: int = 0  # the older version whose files these are; 0: published from a folder


class PublishedPolicies:
    """The versions of one installation. Errors of all methods: `PolicyError`."""

    def __init__(self, data_dir: Path) -> None:
        self.root = data_dir / FOLDER

    def versions(self) -> list[Version]:
        """Return every version, oldest first."""
        return [self._about(number) for number in self.numbers()]

    def numbers(self) -> list[int]:
        """Return the number of every version, oldest first."""
        names = [each.name for each in self.root.iterdir()] if self.root.is_dir() else []
        return sorted(int(name) for name in names if is_version(name))

    def version(self, number: int) -> Version:
        """Return one version."""
        if not (self.folder_of(number) / ABOUT).is_file():
            known = ", ".join(map(str, self.numbers())) or "none yet"
            raise PolicyError(f"no version {number} was published; there are: {known}")
        return self._about(number)

    def newest(self) -> Path:
        """Return the folder of the version that is in force, unchanged since it was published."""
        numbers = self.numbers()
        if not numbers:
            raise PolicyError(
                f"{self.root} holds no published policy: run `townline publish --reason ...`, or "
                "set TOWNLINE_POLICY_SOURCE=folder"
            )
        return self.files_of(numbers[-1])

    def files_of(self, number: int) -> Path:
        """Return the folder of a version, unchanged since it was published."""
        version, folder = self.version(number), self.folder_of(number)
        if digest(folder) != version.hash:
            raise PolicyError(
                f"{folder} was changed after it was published; go back with `townline rollback`, "
                "or publish again"
            )
        return folder

    def folder_of(self, number: int) -> Path:
        """Return where a version stands, or would stand."""
        return self.root / f"{number:0{_DIGITS}}"

    def publish(
        self, files: Path, *, author: str, reason: str, at: Instant, back_to: int = 0
    ) -> Version:
        """Keep the policy files of a folder as the newest version; all of them, or nothing."""
        self.root.mkdir(parents=True, exist_ok=True)
        draft = self.root / f"draft-{secrets.token_hex(8)}"
        try:
            draft.mkdir()
            for name in policy_files(files):
                copy = draft / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(files / name, copy)
                durable.sync(copy)
            while True:
                number = max(self.numbers(), default=0) + 1
                version = Version(number, digest(draft), author, reason, at, back_to)
                (draft / ABOUT).write_bytes(msgspec.json.format(msgspec.json.encode(version)))
                durable.sync(draft / ABOUT)
                try:
                    draft.rename(self.folder_of(number))
                except OSError:
                    if self.folder_of(number).exists():
                        continue  # somebody else was quicker: the next number
                    raise
                durable.sync(self.root)
                return version
        except OSError as error:
            raise PolicyError(f"{self.root}: not published: {error}") from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _about(self, number: int) -> Version:
        path = self.folder_of(number) / ABOUT
        try:
            return msgspec.json.decode(path.read_bytes(), type=Version)
        except (OSError, msgspec.DecodeError) as error:
            raise PolicyError(f"{path} cannot be read: {error}; restore it") from error


def is_version(name: str) -> bool:
    """Say whether a name below the folder is that of a version."""
    return len(name) == _DIGITS and name.isdecimal()


def policy_files(folder: Path) -> list[str]:
    """Return the policy files below a folder, scenarios included, sorted."""
    found = (path for part in _PARTS for path in _below(folder / part))
    return sorted(path.relative_to(folder).as_posix() for path in found)


def _below(part: Path) -> Iterator[Path]:
    if part.is_file():
        yield part
    elif part.is_dir():
        yield from (path for path in part.rglob("*.yaml") if not path.name.startswith("."))


def digest(folder: Path) -> str:
    """Return the hash of the policy files below a folder, names and bytes."""
    whole = hashlib.sha256()
    for name in policy_files(folder):
        body = (folder / name).read_bytes()
        whole.update(f"{name}\0{len(body)}\0".encode())
        whole.update(body)
    return whole.hexdigest()
