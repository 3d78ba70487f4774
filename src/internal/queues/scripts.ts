/**
 * What a worker of a queue asks of the server that is more than one command: scripts, each of which runs as a whole or
 * not at all, and the keys that they use.
 *
 * The registry is a hash: the name of each worker, and until when it counts as alive, in milliseconds of the server's
 * clock. A negative time is when a worker has left. Each worker has a list of what it has taken and not finished, and
 * beside it a hash with the counts of those elements that were delivered before: the SHA-1 of an element, and a count
 * for each of its equals. The script that moves an element moves its count, so that a failover keeps both or neither.
 */
import * as Command from "../../Command.ts"
import * as commands from "../../commands/index.ts"

/** For how long a worker that is gone stays in the registry at least: until nothing that it has sent can arrive. */
const forgetAfterMillis = 3_600_000

/** How many reasons of dead letters are kept at least that nobody has among the dead letters any more. */
const sparedReasons = 100

/** The name in the registry of what workers gave back that was delivered before. Workers have other names. */
const returned = "returned"

const now = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

/** Removes a count of an element: that one, or else the first one. Gives it; 1 if there is none. */
const forget = `local function forget(hash, element, count)
  local field = redis.sha1hex(element)
  local counts = redis.call('HGET', hash, field)
  if not counts then return 1 end
  local kept, found = {}, nil
  for one in string.gmatch(counts, '%d+') do
    if not found and (not count or one == count) then found = one else kept[#kept + 1] = one end
  end
  if not found then found = table.remove(kept, 1) end
  if #kept == 0 then redis.call('HDEL', hash, field)
  else redis.call('HSET', hash, field, table.concat(kept, ' ')) end
  return tonumber(found) or 1
end
`

const note = `local function note(hash, element, count)
  local field = redis.sha1hex(element)
  local counts = redis.call('HGET', hash, field)
  redis.call('HSET', hash, field, counts and counts .. ' ' .. count or count)
end
`

const beat = `${now}
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + ARGV[4]))
local own = redis.call('LLEN', KEYS[2])
if own == 0 then redis.call('DEL', KEYS[3]) end
local dead = 0
local workers = redis.call('HGETALL', KEYS[1])
for i = 1, #workers, 2 do
  local name, until_ = workers[i], tonumber(workers[i + 1])
  if name ~= ARGV[1] and until_ < now then
    if redis.call('EXISTS', ARGV[2] .. name) == 1 then
      dead = dead + 1
    elseif now - math.abs(until_) > ${forgetAfterMillis} then
      redis.call('HDEL', KEYS[1], name)
      redis.call('DEL', ARGV[3] .. name)
    end
  end
end
return {own, dead}`

const claim = `${now}${forget}${note}
local workers = redis.call('HGETALL', KEYS[1])
for i = 1, #workers, 2 do
  local name, until_ = workers[i], tonumber(workers[i + 1])
  if name ~= ARGV[1] and until_ < now then
    local element = redis.call('LMOVE', ARGV[2] .. name, KEYS[2], 'LEFT', 'RIGHT')
    if element then
      local count = forget(ARGV[3] .. name, element)
      if until_ >= 0 then count = count + 1 end
      if count > 1 then note(KEYS[3], element, count) end
      return {element, count}
    end
  end
end
return false`

const own = `
local elements = redis.call('LRANGE', KEYS[1], 0, -1)
local counts, fields = {}, redis.call('HGETALL', KEYS[2])
for i = 1, #fields, 2 do
  local of = {}
  for one in string.gmatch(fields[i + 1], '%d+') do of[#of + 1] = tonumber(one) end
  counts[fields[i]] = of
end
local found = {}
for i, element in ipairs(elements) do
  local of = #fields > 0 and counts[redis.sha1hex(element)]
  found[i] = {element, of and table.remove(of, 1) or 1}
end
return found`

const acknowledge = `${forget}
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then return 0 end
forget(KEYS[2], ARGV[1], ARGV[2])
return 1`

/** Adds first: a key of another type must not cost the element. */
const giveBack = `
redis.call(ARGV[2], KEYS[1], ARGV[1])
if redis.call('LREM', KEYS[2], 1, ARGV[1]) == 1 then return 1 end
redis.call(ARGV[3], KEYS[1])
return 0`

/** What was given before goes to the list of a worker that has left, with its count, so that it comes as redelivered. */
const returnCounted = `${now}${forget}${note}
if redis.call('LREM', KEYS[2], 1, ARGV[1]) == 0 then return 0 end
redis.call('RPUSH', KEYS[4], ARGV[1])
note(KEYS[5], ARGV[1], forget(KEYS[3], ARGV[1], ARGV[2]))
redis.call('HSET', KEYS[1], ARGV[3], string.format('%.0f', -now))
return 1`

const reject = `${now}${forget}
local isFirst = redis.call('RPUSH', KEYS[1], ARGV[1]) == 1
if redis.call('LREM', KEYS[2], 1, ARGV[1]) == 0 then
  redis.call('RPOP', KEYS[1])
  return 0
end
if isFirst then redis.call('DEL', KEYS[4]) end
forget(KEYS[3], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[4], redis.sha1hex(ARGV[1]), ARGV[2] .. ' ' .. string.format('%.0f', now) .. ' ' .. ARGV[3])
local surplus = redis.call('HLEN', KEYS[4]) - 2 * redis.call('LLEN', KEYS[1]) - ${sparedReasons}
if surplus > 0 then
  redis.call('HDEL', KEYS[4], unpack(redis.call('HRANDFIELD', KEYS[4], 10)))
end
return 1`

const letters = `
local found = {}
for i, element in ipairs(redis.call('LRANGE', KEYS[1], 0, ARGV[1] - 1)) do
  found[i] = {element, redis.call('HGET', KEYS[2], redis.sha1hex(element)) or ''}
end
return found`

const leave = `${now}
local n, counts, fields = 0, {}, redis.call('HGETALL', KEYS[4])
for i = 1, #fields, 2 do counts[fields[i]] = select(2, string.gsub(fields[i + 1], '%d+', '')) end
for i = 3, #ARGV do counts[ARGV[i]] = (counts[ARGV[i]] or 0) + 1 end
for i = 1, redis.call('LLEN', KEYS[3]) do
  local field = (#fields > 0 or #ARGV > 2) and redis.sha1hex(redis.call('LINDEX', KEYS[3], -1))
  if field and (counts[field] or 0) > 0 then
    counts[field] = counts[field] - 1
    redis.call('LMOVE', KEYS[3], KEYS[3], 'RIGHT', 'LEFT')
  else
    redis.call('LMOVE', KEYS[3], KEYS[1], 'RIGHT', ARGV[2])
  end
  n = n + 1
end
if redis.call('EXISTS', KEYS[3]) == 0 then redis.call('DEL', KEYS[4]) end
redis.call('HSET', KEYS[2], ARGV[1], string.format('%.0f', -now))
return n`

const status = `${now}
local found = {}
local workers = redis.call('HGETALL', KEYS[1])
for i = 1, #workers, 2 do
  local alive = tonumber(workers[i + 1]) >= now and 1 or 0
  local pending = redis.call('LLEN', ARGV[1] .. workers[i])
  if alive == 1 or pending > 0 then found[#found + 1] = {workers[i], alive, pending} end
end
return {redis.call('LLEN', KEYS[2]), redis.call('LLEN', KEYS[3]), found}`

/**
 * The end of a queue from which elements are taken.
 *
 * @since 0.1.0
 * @category models
 */
export type Side = "left" | "right"

/** The keys of a queue. */
export interface QueueKeys {
  /** The list of what waits. */
  readonly waiting: string
  /** The list of what could not be processed. */
  readonly dead: string
  /** The hash of the reasons for that. */
  readonly reasons: string
  /** The registry of the workers. */
  readonly consumers: string
  /** The key of the list of a worker, without its name. */
  readonly processing: string
  /** The key of the counts of a worker's elements, without its name. */
  readonly deliveries: string
}

export const keysOf = (key: string, dead: string): QueueKeys => ({
  waiting: key,
  dead,
  reasons: `${dead}:reasons`,
  consumers: `${key}:consumers`,
  processing: `${key}:processing:`,
  deliveries: `${key}:deliveries:`
})

const pair = Command.tuple(Command.int, Command.int)
const counted = Command.tuple(Command.string, Command.int)

const run = <A>(
  script: string,
  keys: ReadonlyArray<Command.Key>,
  args: ReadonlyArray<Command.Arg>,
  decode: Command.Decode<A, any>
): Command.Command<A, "write"> => Command.withDecode(commands.eval(script, keys, args), decode)

/** The keys of what a worker has: its list, and the counts of what is in it. */
const ownOf = ({ deliveries, processing }: QueueKeys, worker: string): [list: string, counts: string] => [
  processing + worker,
  deliveries + worker
]

/** Says that a worker is alive for a while: gives the length of its own list, and how many dead ones have elements. */
export const beatOf = (
  keys: QueueKeys,
  worker: string,
  aliveMillis: number
): Command.Command<[own: number, dead: number], "write"> =>
  Command.repeatable(
    run(
      beat,
      [keys.consumers, ...ownOf(keys, worker)],
      [worker, keys.processing, keys.deliveries, aliveMillis],
      pair
    )
  )

/** An element, and how often it was delivered, this time included. */
export type Counted = readonly [element: Uint8Array, deliveries: number]

/** Takes over the oldest element of a worker that is dead, if there is one. */
export const claimOf = (keys: QueueKeys, worker: string): Command.Command<Counted | null, "write"> =>
  Command.bytes(
    Command.withDecode(
      commands.eval(
        claim,
        [keys.consumers, ...ownOf(keys, worker)],
        [worker, keys.processing, keys.deliveries]
      ),
      Command.nullable(counted)
    )
  )

/** What a worker has. */
export const listOf = (keys: QueueKeys, worker: string): Command.Command<ReadonlyArray<Counted>, "write"> =>
  Command.bytes(Command.withDecode(commands.eval(own, ownOf(keys, worker), []), Command.array(counted)))

/** Removes an element. Gives whether the worker had it. */
export const acknowledgeOf = (
  keys: QueueKeys,
  worker: string,
  [element, deliveries]: Counted
): Command.Command<number, "write"> =>
  deliveries === 1
    ? commands.lrem(keys.processing + worker, 1, element)
    : run(acknowledge, ownOf(keys, worker), [element, deliveries], Command.int)

/**
 * Puts an element back where it is taken next; one that was given before where it comes as redelivered. Gives whether
 * the worker had it.
 */
export const giveBackOf = (
  keys: QueueKeys,
  worker: string,
  side: Side,
  [element, deliveries]: Counted,
  isRedelivered: boolean
): Command.Command<number, "write"> =>
  !isRedelivered
    ? run(
      giveBack,
      [keys.waiting, keys.processing + worker],
      [element, ...(side === "left" ? ["LPUSH", "LPOP"] : ["RPUSH", "RPOP"])],
      Command.int
    )
    : run(
      returnCounted,
      [keys.consumers, ...ownOf(keys, worker), ...ownOf(keys, returned)],
      [element, deliveries, returned],
      Command.int
    )

/** Moves an element to the list of what could not be processed. Gives whether the worker had it. */
export const rejectOf = (
  keys: QueueKeys,
  worker: string,
  [element, deliveries]: Counted,
  reason: string
): Command.Command<number, "write"> =>
  run(reject, [keys.dead, ...ownOf(keys, worker), keys.reasons], [element, deliveries, reason], Command.int)

/** The oldest dead letters, each with its deliveries, the time and the reason as one text. */
export const lettersOf = (
  keys: QueueKeys,
  count: number
): Command.Command<ReadonlyArray<readonly [element: Uint8Array, about: Uint8Array]>, "write"> =>
  Command.bytes(
    Command.withDecode(
      commands.eval(letters, [keys.dead, keys.reasons], [count]),
      Command.array(Command.tuple(Command.string, Command.string))
    )
  )

/**
 * Puts back what a worker has, and says that it is gone. What was delivered before stays in its list with its count,
 * for others to take over as redelivered, and so does `staying`: the SHA-1 of elements that have no count, each as often
 * as it stays. Gives how much the worker had.
 */
export const leaveOf = (
  keys: QueueKeys,
  worker: string,
  side: Side,
  staying: ReadonlyArray<string> = []
): Command.Command<number, "write"> =>
  Command.repeatable(
    run(
      leave,
      [keys.waiting, keys.consumers, ...ownOf(keys, worker)],
      [worker, side.toUpperCase(), ...staying],
      Command.int
    )
  )

/** How much waits, how much is dead, and the workers that are alive or have something. */
export const statusOf = (
  keys: QueueKeys
): Command.Command<
  [waiting: number, dead: number, workers: Array<[name: string, alive: number, pending: number]>],
  "write"
> =>
  run(
    status,
    [keys.consumers, keys.waiting, keys.dead],
    [keys.processing],
    Command.tuple(
      Command.int,
      Command.int,
      Command.array(Command.tuple(Command.string, Command.int, Command.int))
    )
  )
