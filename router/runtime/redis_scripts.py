"""What must happen at once in Redis, as Lua; it compares texts and calculates milliseconds at most.

Lua's numbers are doubles and cannot hold an instant: versions and instants come and go as texts,
and the new version is counted by who sends it.
"""

from __future__ import annotations

from typing import Final

OPENED: Final = "journal:"  # begins the name under which who opens it is counted among the daemons

# Let words wait that do not. Expects KEYS 1 to 3: words, line of words, count of words; `at`: where
# in ARGV the number of words stands, then each (ref, body). Leaves `at` behind them.
_TAKE_WORDS: Final = """
for _ = 1, tonumber(ARGV[at]) do
  if redis.call('HSETNX', KEYS[1], ARGV[at + 1], ARGV[at + 2]) == 1 then
    redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[3]), ARGV[at + 1])
  end
  at = at + 2
end
at = at + 1
"""

# Compare and append. KEYS: words, line of words, count of words, version, log, batches, policies,
#   hash of the history, alone.
# ARGV: expected version, new version, batch id, instant, count, events, answers, hashes of the
#   history before and with the batch ("" when the writer does not know), number of words, then each
#   (ref, body), number of policies, then each (hash, body).
# Returns {"stored", version}, {"conflict", version}, {"known", version of that batch},
#   {"another", hash}: the version is the expected one, the history is not; or {"alone", who}.
# A full or replica-less server refuses the first write, the one to the log: nothing is half-done.
APPEND: Final = f"""
local alone = redis.call('GET', KEYS[9])
if alone then return {{'alone', alone}} end
local actual = redis.call('GET', KEYS[4]) or '0'
if actual ~= ARGV[1] then return {{'conflict', actual}} end
local chain = redis.call('GET', KEYS[8]) or ''
if ARGV[8] ~= '' and chain ~= '' and chain ~= ARGV[8] then return {{'another', chain}} end
local known = redis.call('HGET', KEYS[6], ARGV[3])
if known then return {{'known', known}} end
redis.call('XADD', KEYS[5], ARGV[2] .. '-0', 'b', ARGV[3], 'a', ARGV[4], 'c', ARGV[5], 'e', ARGV[6],
  'r', ARGV[7], 'h', ARGV[8])
redis.call('SET', KEYS[4], ARGV[2])
redis.call('SET', KEYS[8], ARGV[9])
redis.call('HSET', KEYS[6], ARGV[3], ARGV[2])
local at = 10
{_TAKE_WORDS}
for _ = 1, tonumber(ARGV[at]) do
  redis.call('HSETNX', KEYS[7], ARGV[at + 1], ARGV[at + 2])
  at = at + 2
end
return {{'stored', ARGV[2]}}
"""

# Bring words of a batch that is stored. KEYS: words, line of words, count of words, batches.
# ARGV: batch id, number of words, then each (ref, body).
BRING_WORDS: Final = f"""
if not redis.call('HGET', KEYS[4], ARGV[1]) then return 'unknown' end
local at = 2
{_TAKE_WORDS}
return 'brought'
"""

# Keep a snapshot that was sent in parts, the one before it, and that with which the journal begins.
# KEYS: versions of snapshots, parts, beginning.
# ARGV: version (with leading zeros), how many are kept, how the keys of snapshots begin.
KEEP_SNAPSHOT: Final = """
if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('SET', KEYS[2], '') end
redis.call('RENAME', KEYS[2], ARGV[3] .. ARGV[1])
redis.call('PERSIST', ARGV[3] .. ARGV[1])
redis.call('ZADD', KEYS[1], 0, ARGV[1])
local first = redis.call('HGET', KEYS[3], 'snapshot')
for place, version in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, -1)) do
  if place > tonumber(ARGV[2]) and version ~= first then
    redis.call('DEL', ARGV[3] .. version)
    redis.call('ZREM', KEYS[1], version)
  end
end
return 'kept'
"""

# Have the journal begin later, with a snapshot that was sent in parts. KEYS: as of KEEP_SNAPSHOT.
# ARGV: the same three, then the version after which it begins so far, that from now on, the record.
# Returns the version after which it begins.
SHORTEN: Final = f"""
local here = redis.call('HGET', KEYS[3], 'version') or '0'
if here ~= ARGV[4] or here == ARGV[5] then return here end
redis.call('HSET', KEYS[3], 'version', ARGV[5], 'snapshot', ARGV[1], 'record', ARGV[6])
do {KEEP_SNAPSHOT.strip().removesuffix("return 'kept'")} end
return ARGV[5]
"""

# Forget some batches and their ids. KEYS: log, batches. ARGV: version after the last that goes, how
#   many at most. Returns how many went.
FORGET: Final = """
local found = redis.call('XRANGE', KEYS[1], '-', ARGV[1] .. '-0', 'COUNT', ARGV[2])
if #found == 0 then return 0 end
local entries, ids = {}, {}
for place, entry in ipairs(found) do
  entries[place] = entry[1]
  for field = 1, #entry[2], 2 do
    if entry[2][field] == 'b' then ids[place] = entry[2][field + 1] end
  end
end
redis.call('HDEL', KEYS[2], unpack(ids))
redis.call('XDEL', KEYS[1], unpack(entries))
return #found
"""

# Renew or take what one daemon holds, and be counted. KEYS: claim, version, daemons.
# ARGV: who, milliseconds for which a claim, and being counted, is kept; the beginning of the names
#   under which the same program was counted while it opened the journal.
# Returns who holds it, the milliseconds left of it, the version, who is counted.
CLAIM: Final = """
local holder = redis.call('GET', KEYS[1])
if not holder or holder == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  holder = ARGV[1]
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[3], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - ARGV[2])
for _, name in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  if string.sub(name, 1, #ARGV[3]) == ARGV[3] then redis.call('ZREM', KEYS[3], name) end
end
return {holder, redis.call('PTTL', KEYS[1]), redis.call('GET', KEYS[2]) or '0',
  redis.call('ZRANGE', KEYS[3], 0, -1)}
"""

# Give it back. KEYS: claim, daemons. ARGV: who.
RELEASE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
redis.call('ZREM', KEYS[2], ARGV[1])
return 'released'
"""

# Be counted among the daemons, unless somebody has the journal alone. KEYS: alone, daemons.
# ARGV: who, milliseconds for which that counts, the reading of a long journal included.
# Returns 1, or 0 when somebody has it.
ENTER: Final = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2], ARGV[1])
return 1
"""

# Have the journal alone, or renew that. KEYS: alone, daemons. ARGV: who, milliseconds for which it,
# and being counted, is kept. Returns "", or who is in the way.
ALONE: Final = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return holder end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[2])
local there = redis.call('ZRANGE', KEYS[2], 0, 0)
if not holder and #there > 0 then return there[1] end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ''
"""
