"""Reading what a client sent: bounded, in time; files and the activity beside them out of a form.

What cannot be read is `Refused`; no input leads to another exception. Files larger than a megabyte
wait on disk, so that many uploads at once need little memory.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from typing import Final

import msgspec
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from channels.chat.codec import clean
from channels.chat.refusals import Refused, bad

BODY_S: Final = 20.0  # an activity is on its way no longer than this
UPLOAD_S: Final = 180.0
FILES_MAX: Final = 10  # of one upload
NAME_MAX: Final = 150  # characters of a file's name
OVERHEAD_MAX: Final = 65_536  # bytes of a form beside its files
_ACTIVITY: Final = "activity"
_KIND: Final = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,80}")


class File(msgspec.Struct, frozen=True):
    """A file as it came."""

    name: str  # without folders
    kind: str  # as declared, lower case, without parameters
    body: bytes


class Upload(msgspec.Struct, frozen=True):
    """What one upload holds."""

    activity: bytes  # b"" when none came with the files
    files: tuple[File, ...]


async def read_body(request: Request, size_max: int) -> bytes:
    """Return the body. Units: bytes. Raises Refused: 413, 408, 400."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in _bounded(request, size_max):
                body += chunk
    except TimeoutError:
        raise Refused(408, "RequestTimeout", "the request took too long") from None
    return bytes(body)


async def read_upload(request: Request, size_max: int) -> Upload:
    """Return the files of a multipart form, together at most `size_max` bytes.

    Raises: Refused.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Refused(415, "UnsupportedMediaType", "files come as multipart/form-data")

    async def chunks() -> AsyncGenerator[bytes, None]:
        tail = b""
        async for chunk in _bounded(request, size_max + OVERHEAD_MAX):
            tail = (tail + chunk)[-8:]
            yield chunk
        if not tail.rstrip().endswith(b"--"):
            raise bad("the form was cut off")

    parser = MultiPartParser(
        request.headers, chunks(), max_files=FILES_MAX + 1, max_fields=4, max_part_size=OVERHEAD_MAX
    )
    try:
        async with asyncio.timeout(UPLOAD_S):
            form = await parser.parse()
    except (MultiPartException, KeyError, UnicodeDecodeError):
        raise bad("the form cannot be read") from None
    except TimeoutError:
        raise Refused(408, "RequestTimeout", "the upload took too long") from None
    try:
        return await _upload_in(form.multi_items(), size_max)
    finally:
        await form.close()


async def _upload_in(parts: list[tuple[str, UploadFile | str]], size_max: int) -> Upload:
    activity = b""
    files: list[File] = []
    for name, part in parts:
        if name == _ACTIVITY:
            activity = part.encode() if isinstance(part, str) else await part.read()
        elif not isinstance(part, str):
            files.append(File(_name(part), _kind(part), await part.read()))
    if not files:
        raise bad("there is no file in the form")
    if len(activity) > OVERHEAD_MAX or sum(len(file.body) for file in files) > size_max:
        raise _too_large(size_max)
    return Upload(activity, tuple(files))


def _name(part: UploadFile) -> str:
    name = clean(part.filename or "").replace("\\", "/").rpartition("/")[2].replace("\n", " ")
    return name[-NAME_MAX:].strip(". ") or "file"


def _kind(part: UploadFile) -> str:
    kind = (part.content_type or "").partition(";")[0].strip().lower()
    return kind if _KIND.fullmatch(kind) else "application/octet-stream"


async def _bounded(request: Request, size_max: int) -> AsyncGenerator[bytes, None]:
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > size_max:
        raise _too_large(size_max)
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > size_max:
                raise _too_large(size_max)
            yield chunk
    except ClientDisconnect:
        raise bad("the connection was cut") from None  # nobody is there to be told


def _too_large(size_max: int) -> Refused:
    return Refused(413, "MessageSizeTooBig", f"at most {size_max} bytes are taken")
