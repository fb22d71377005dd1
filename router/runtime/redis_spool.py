"""Residents' words beside a journal in Redis, until history has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from redis.asyncio import Redis

from router.ports import Words
from router.runtime.redis_scripts import BRING_WORDS
from router.runtime.redis_server import answer

_WORDS: Final = msgspec.msgpack.Decoder(Words)


def as_arguments(words: Sequence[Words]) -> list[Any]:
    """Return ref and bytes of each, as scripts take them."""
    return [text for each in words for text in (each.ref, msgspec.msgpack.encode(each))]


async def waiting_in(redis: Redis, keys: Mapping[str, str], limit: int) -> list[Words]:
    """Return the oldest words that history does not have yet."""
    refs = [ref.decode() for ref in await answer(redis.zrange(keys["line"], 0, limit - 1))]
    return list((await words_in(redis, keys, refs)).values())


async def words_in(redis: Redis, keys: Mapping[str, str], refs: list[str]) -> dict[str, Words]:
    """Return those of the asked-for words that are still here."""
    if not refs:
        return {}
    bodies = await answer(redis.hmget(keys["words"], refs))
    found = [(ref, body) for ref, body in zip(refs, bodies, strict=True) if body is not None]
    return {ref: _WORDS.decode(body) for ref, body in found}


async def bring(
    redis: Redis, keys: Mapping[str, str], batch_id: str, words: Sequence[Words]
) -> None:
    """Let those of a stored batch's words wait that do not."""
    names = [keys[name] for name in ("words", "line", "count", "batches")]
    arguments = (batch_id, len(words), *as_arguments(words))
    await answer(redis.eval(BRING_WORDS, len(names), *names, *arguments))


async def forget_words(redis: Redis, keys: Mapping[str, str], refs: list[str]) -> None:
    """Forget words that history has stored."""
    both = redis.pipeline(transaction=True)
    both.hdel(keys["words"], *refs)
    both.zrem(keys["line"], *refs)
    await both.execute()
