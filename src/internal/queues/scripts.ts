/**
 * What a worker of a queue asks of the server that is more than one command: scripts, each of which runs as a whole or
 * not at all, and the keys that they use.
 *
 * The registry is a hash: the name of each worker, and until when it counts as alive, in milliseconds of the server's
 * clock. A negative time is when a worker has left. Each worker has a list of what it has taken and not finished.
 */
import * as Command from "../../Command.ts"
import * as commands from "../../commands/index.ts"

/** For how long a worker that is gone stays in the registry at least: until nothing that it has sent can arrive. */
const forgetAfterMillis = 3_600_000

const now = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

const beat = `${now}
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + ARGV[3]))
local dead = 0
local workers = redis.call('HGETALL', KEYS[1])
for i = 1, #workers, 2 do
  local name, until_ = workers[i], tonumber(workers[i + 1])
  if name ~= ARGV[1] and until_ < now then
    if redis.call('EXISTS', ARGV[2] .. name) == 1 then
      dead = dead + 1
    elseif now - math.abs(until_) > ${forgetAfterMillis} then
      redis.call('HDEL', KEYS[1], name)
    end
  end
end
return {redis.call('LLEN', KEYS[2]), dead}`

const claim = `${now}
local workers = redis.call('HGETALL', KEYS[1])
for i = 1, #workers, 2 do
  if workers[i] ~= ARGV[1] and tonumber(workers[i + 1]) < now then
    local element = redis.call('LMOVE', ARGV[2] .. workers[i], KEYS[2], 'LEFT', 'RIGHT')
    if element then return element end
  end
end
return false`

const giveBack = `if redis.call('LREM', KEYS[2], 1, ARGV[1]) == 0 then return 0 end
redis.call(ARGV[2], KEYS[1], ARGV[1])
return 1`

const leave = `${now}
local n = 0
while redis.call('LMOVE', KEYS[3], KEYS[1], 'RIGHT', ARGV[2]) do n = n + 1 end
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
  /** The registry of the workers. */
  readonly consumers: string
  /** The key of the list of a worker, without its name. */
  readonly processing: string
}

export const keysOf = (key: string, dead: string): QueueKeys => ({
  waiting: key,
  dead,
  consumers: `${key}:consumers`,
  processing: `${key}:processing:`
})

const pair = Command.tuple(Command.int, Command.int)

const run = <A>(
  script: string,
  keys: ReadonlyArray<Command.Key>,
  args: ReadonlyArray<Command.Arg>,
  decode: Command.Decode<A, any>
): Command.Command<A, "write"> => Command.withDecode(commands.eval(script, keys, args), decode)

/** Says that a worker is alive for a while: gives the length of its own list, and how many dead ones have elements. */
export const beatOf = (
  keys: QueueKeys,
  worker: string,
  aliveMillis: number
): Command.Command<[own: number, dead: number], "write"> =>
  Command.repeatable(
    run(beat, [keys.consumers, keys.processing + worker], [worker, keys.processing, aliveMillis], pair)
  )

/** Takes over the oldest element of a worker that is dead, if there is one. */
export const claimOf = (keys: QueueKeys, worker: string): Command.Command<Uint8Array | null, "write"> =>
  Command.bytes(
    Command.withDecode(
      commands.eval(claim, [keys.consumers, keys.processing + worker], [worker, keys.processing]),
      Command.stringOrNull
    )
  )

/** Puts an element back where it is taken next. Gives whether the worker had it. */
export const giveBackOf = (
  keys: QueueKeys,
  worker: string,
  side: Side,
  element: Uint8Array
): Command.Command<number, "write"> =>
  run(
    giveBack,
    [keys.waiting, keys.processing + worker],
    [element, side === "left" ? "LPUSH" : "RPUSH"],
    Command.int
  )

/** Moves an element to the list of what could not be processed. Gives whether the worker had it. */
export const rejectOf = (keys: QueueKeys, worker: string, element: Uint8Array): Command.Command<number, "write"> =>
  run(giveBack, [keys.dead, keys.processing + worker], [element, "RPUSH"], Command.int)

/** Puts everything back that a worker has, and says that it is gone. Gives how much that was. */
export const leaveOf = (keys: QueueKeys, worker: string, side: Side): Command.Command<number, "write"> =>
  Command.repeatable(
    run(
      leave,
      [keys.waiting, keys.consumers, keys.processing + worker],
      [worker, side.toUpperCase()],
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
