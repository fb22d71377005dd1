"""Reads all policy files of a directory into their models, each with its complaints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from router.policy.complaints import Complaint, remedy
from router.policy.documents import Document, read
from router.policy.models_announcements import AnnouncementsFile
from router.policy.models_answers import AnswersFile
from router.policy.models_chat import ChatFile
from router.policy.models_fallback import FallbackFile
from router.policy.models_flows import FlowFile
from router.policy.models_forms import FormsFile
from router.policy.models_hours import HoursFile
from router.policy.models_mail import MailFile
from router.policy.models_queues import QueuesFile
from router.policy.models_skills import SkillsFile
from router.policy.models_town import TownFile
from router.policy.models_traffic import TrafficFile
from router.policy.shape import Shape
from router.policy.shapes import Part, fit

FLOWS: Final = "ivr_flows"

MODELS: Final[dict[str, type[Shape]]] = {  # file -> model; flows are one file each
    "skills.yaml": SkillsFile,
    "config/town.yaml": TownFile,
    "config/hours.yaml": HoursFile,
    "config/queues.yaml": QueuesFile,
    "config/fallback.yaml": FallbackFile,
    "config/forms.yaml": FormsFile,
    "config/announcements.yaml": AnnouncementsFile,
    "config/mail.yaml": MailFile,
    "config/chat.yaml": ChatFile,
    "config/answers.yaml": AnswersFile,
}

BESIDE: Final[dict[str, type[Shape]]] = {  # read by commands, never adopted: no part of the policy
    "config/traffic.yaml": TrafficFile,
}

M = TypeVar("M", bound=Shape)


@dataclass(slots=True)
class Sources:
    """Every file of a town."""

    skills: Part[SkillsFile]
    town: Part[TownFile]
    hours: Part[HoursFile]
    queues: Part[QueuesFile]
    fallback: Part[FallbackFile]
    forms: Part[FormsFile]
    announcements: Part[AnnouncementsFile]
    mail: Part[MailFile] | None  # None: the town takes no mail
    chat: Part[ChatFile] | None  # None: the town offers no chat
    answers: Part[AnswersFile] | None
    flows: dict[str, Part[FlowFile]]  # in order of their names
    stray: list[Complaint]  # about files that are not read

    def parts(self) -> Iterator[Part[Any]]:
        """Yield every file."""
        yield from (self.skills, self.town, self.hours, self.queues)
        yield from (self.fallback, self.forms, self.announcements)
        for part in (self.mail, self.chat, self.answers):
            if part is not None:
                yield part
        yield from self.flows.values()

    def documents(self) -> Iterator[Document]:
        """Yield every file's text."""
        return (part.document for part in self.parts())

    def complaints(self) -> tuple[Complaint, ...]:
        """Return all complaints in order of file and line."""
        found = set(self.stray)
        for document in self.documents():
            found.update(document.complaints)
        return tuple(sorted(found))


def read_sources(directory: Path) -> Sources:
    """Read the policy files under `directory`. Errors: none; mistakes stand in the documents."""

    def part(file: str, model: type[M]) -> Part[M]:
        return fit(read(directory, file), model)

    def part_if_there(file: str, model: type[M]) -> Part[M] | None:
        return part(file, model) if (directory / file).exists() else None

    return Sources(
        skills=part("skills.yaml", SkillsFile),
        town=part("config/town.yaml", TownFile),
        hours=part("config/hours.yaml", HoursFile),
        queues=part("config/queues.yaml", QueuesFile),
        fallback=part("config/fallback.yaml", FallbackFile),
        forms=part("config/forms.yaml", FormsFile),
        announcements=part("config/announcements.yaml", AnnouncementsFile),
        mail=part_if_there("config/mail.yaml", MailFile),
        chat=part_if_there("config/chat.yaml", ChatFile),
        answers=part_if_there("config/answers.yaml", AnswersFile),
        flows={
            file.stem: part(f"{FLOWS}/{file.name}", FlowFile)
            for file in _files(directory / FLOWS)
            if file.suffix == ".yaml"
        },
        stray=list(_stray(directory)),
    )


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(each for each in folder.iterdir() if not each.name.startswith("."))


def _stray(directory: Path) -> Iterator[Complaint]:
    """Complain about files that somebody believes to be read."""
    known = (*MODELS, *BESIDE)
    config = [file.removeprefix("config/") for file in known if file.startswith("config/")]
    for file in _files(directory / "config"):
        if file.suffix in (".yaml", ".yml") and file.name not in config:
            yield Complaint(
                f"config/{file.name}",
                1,
                1,
                "",
                f"nothing reads it; {remedy(file.name, config)}",
            )
    for file in _files(directory / FLOWS):
        if file.suffix == ".yml":
            yield Complaint(f"{FLOWS}/{file.name}", 1, 1, "", "nothing reads it; call it *.yaml")
    if not any(file.suffix == ".yaml" for file in _files(directory / FLOWS)):
        yield Complaint(FLOWS, 1, 1, "", "no call flow is here; write at least one *.yaml file")
