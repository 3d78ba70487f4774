/**
 * What a server in memory observes of itself: the commands SLOWLOG, COMMANDLOG, LATENCY and HOTKEYS. A command takes
 * the time that a test gives it, and otherwise none.
 */
import { fail, int, parseInteger, syntaxError } from "../data/command.ts"
import { Fields, ok, type Reply, Verbatim } from "../Reply.ts"

/** A call of a command. */
export interface Call {
  /** Its name, with a subcommand behind a bar. */
  readonly name: string
  readonly args: ReadonlyArray<string>
  readonly isFast: boolean
  readonly keys: () => ReadonlyArray<string>
  readonly client: string
  readonly clientName: string
  /** When it ended, in milliseconds since the Unix epoch. */
  readonly now: number
  readonly millis: number
  /** Of what it replied, if that is a string. */
  readonly replyBytes: number
}

type Log = "slow" | "large-request" | "large-reply"

interface Event {
  readonly samples: Array<readonly [second: number, millis: number]>
  max: number
}

interface Hotkeys {
  readonly metrics: ReadonlySet<string>
  readonly count: number
  readonly sample: number
  readonly since: number
  until: number
  readonly micros: Map<string, number>
  readonly bytes: Map<string, number>
}

/** The log has the first words of a call, and the beginnings of long words. */
const shortened = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const shown = args.slice(0, args.length > 32 ? 31 : 32).map((arg) =>
    arg.length > 128 ? `${arg.slice(0, 128)}... (${arg.length - 128} more bytes)` : arg
  )
  return args.length > 32 ? [...shown, `... (${args.length - 31} more arguments)`] : shown
}

/** The least power of two that is not below it, from 1 on. */
const bucketOf = (micros: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, micros)))

const wrongNumber = (args: ReadonlyArray<string>): never =>
  fail(`wrong number of arguments for '${args[0]!.toLowerCase()}|${args[1]!.toLowerCase()}' command`)

const large = 1024 * 1024

export class Observations {
  private readonly config: ReadonlyMap<string, string>
  private logs: Record<Log, Array<ReadonlyArray<Reply>>> = { "slow": [], "large-request": [], "large-reply": [] }
  private nextIds: Record<Log, number> = { "slow": 0, "large-request": 0, "large-reply": 0 }
  private events = new Map<string, Event>()
  private histograms = new Map<string, Map<number, number>>()
  private hotkeys: Hotkeys | undefined = undefined

  constructor(config: ReadonlyMap<string, string>) {
    this.config = config
  }

  note(call: Call): void {
    const micros = Math.round(call.millis * 1000)
    const slow = Number(this.config.get("slowlog-log-slower-than"))
    const requestBytes = call.args.reduce((sum, arg) => sum + arg.length, 0)
    if (slow >= 0 && micros >= slow) this.log("slow", micros, call)
    if (requestBytes >= large) this.log("large-request", requestBytes, call)
    if (call.replyBytes >= large) this.log("large-reply", call.replyBytes, call)
    const threshold = Number(this.config.get("latency-monitor-threshold"))
    if (threshold > 0 && call.millis >= threshold) this.sample(call.isFast ? "fast-command" : "command", call)
    const buckets = this.histograms.get(call.name) ?? new Map<number, number>()
    this.histograms.set(call.name, buckets)
    buckets.set(bucketOf(micros), (buckets.get(bucketOf(micros)) ?? 0) + 1)
    const hot = this.hotkeys
    if (hot === undefined || call.now >= hot.until) return
    for (const key of call.keys()) {
      hot.micros.set(key, (hot.micros.get(key) ?? 0) + micros)
      hot.bytes.set(key, (hot.bytes.get(key) ?? 0) + requestBytes + call.replyBytes)
    }
  }

  /** CONFIG RESETSTAT. */
  reset(): void {
    this.histograms.clear()
  }

  private log(log: Log, value: number, { args, client, clientName, now }: Call): void {
    const entries = this.logs[log]
    entries.unshift([this.nextIds[log]++, Math.floor(now / 1000), value, shortened(args), client, clientName])
    entries.length = Math.min(entries.length, Number(this.config.get("slowlog-max-len")))
  }

  private sample(name: string, { millis, now }: Call): void {
    const event = this.events.get(name) ?? { samples: [], max: 0 }
    this.events.set(name, event)
    const second = Math.floor(now / 1000)
    const last = event.samples.at(-1)
    const rounded = Math.floor(millis)
    event.max = Math.max(event.max, rounded)
    if (last?.[0] === second) event.samples[event.samples.length - 1] = [second, Math.max(last[1], rounded)]
    else event.samples.push([second, rounded])
    if (event.samples.length > 160) event.samples.shift()
  }

  slowlog(args: ReadonlyArray<string>): Reply {
    switch (args[1]!.toLowerCase()) {
      case "get":
        if (args.length > 3) return fail("unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.")
        return this.entries("slow", args[2] ?? "10")
      case "len":
        return args.length === 2 ? this.logs.slow.length : wrongNumber(args)
      case "reset":
        if (args.length !== 2) return wrongNumber(args)
        this.logs.slow = []
        return ok
      default:
        return fail(`unknown subcommand '${args[1]}'. Try SLOWLOG HELP.`)
    }
  }

  commandlog(args: ReadonlyArray<string>): Reply {
    const logOf = (word: string): Log =>
      Object.hasOwn(this.logs, word.toLowerCase())
        ? word.toLowerCase() as Log
        : fail("type should be one of the following: slow, large-request, large-reply")
    switch (args[1]!.toLowerCase()) {
      case "get":
        return args.length === 4 ? this.entries(logOf(args[3]!), args[2]!) : wrongNumber(args)
      case "len":
        return args.length === 3 ? this.logs[logOf(args[2]!)].length : wrongNumber(args)
      case "reset":
        if (args.length !== 3) return wrongNumber(args)
        this.logs[logOf(args[2]!)] = []
        return ok
      default:
        return fail(`unknown subcommand '${args[1]}'. Try COMMANDLOG HELP.`)
    }
  }

  private entries(log: Log, text: string): Reply {
    const count = Number(parseInteger(text) ?? -2)
    if (count < -1) return fail("count should be greater than or equal to -1")
    return count === -1 ? this.logs[log].slice() : this.logs[log].slice(0, count)
  }

  latency(args: ReadonlyArray<string>): Reply {
    const needed = (count: number): void => void (args.length === count || wrongNumber(args))
    switch (args[1]!.toLowerCase()) {
      case "latest":
        needed(2)
        return Array.from(this.events, ([name, { max, samples }]) => [name, ...samples.at(-1)!, max])
      case "history":
        needed(3)
        return this.events.get(args[2]!)?.samples.slice() ?? []
      case "graph": {
        needed(3)
        const event = this.events.get(args[2]!)
        if (event === undefined) return fail(`No samples available for event '${args[2]}'`)
        const all = event.samples.map(([, millis]) => millis)
        return new Verbatim(
          `${args[2]} - high ${Math.max(...all)} ms, low ${Math.min(...all)} ms (all time high ${event.max} ms)\n${
            "-".repeat(80)
          }\n${"_".repeat(all.length)}\n`
        )
      }
      case "doctor":
        needed(2)
        return new Verbatim(
          this.events.size === 0
            ? "No event was slow.\n"
            : `Slow events: ${Array.from(this.events, ([name, { max }]) => `${name} (at most ${max} ms)`).join(", ")}\n`
        )
      case "reset": {
        const names = args.length === 2 ? Array.from(this.events.keys()) : args.slice(2)
        return names.filter((name) => this.events.delete(name)).length
      }
      case "histogram": {
        const names = args.length === 2 ? Array.from(this.histograms.keys()) : args.slice(2).map((n) => n.toLowerCase())
        return new Fields(names.flatMap((name): ReadonlyArray<Reply> => {
          const buckets = this.histograms.get(name)
          if (buckets === undefined) return []
          let calls = 0
          const sums = Array.from(buckets).sort(([a], [b]) => a - b).flatMap(([micros, n]) => [micros, calls += n])
          return [name, new Fields(["calls", calls, "histogram_usec", new Fields(sums)])]
        }))
      }
      default:
        return fail(`unknown subcommand '${args[1]}'. Try LATENCY HELP.`)
    }
  }

  /** HOTKEYS, as the public documentation of Redis 8.6 describes it. */
  hotkeysCommand(args: ReadonlyArray<string>, now: number): Reply {
    const word = args[1]!.toLowerCase()
    if (word !== "start" && args.length !== 2) return wrongNumber(args)
    const hot = this.hotkeys
    const isActive = hot !== undefined && now < hot.until
    switch (word) {
      case "start":
        if (isActive) return fail("hotkeys tracking session already in progress")
        this.hotkeys = startHotkeys(args, now)
        return ok
      case "stop":
        if (hot === undefined || !isActive) return null
        hot.until = now
        return ok
      case "reset":
        if (isActive) return fail("hotkeys tracking session in progress, stop tracking first")
        this.hotkeys = undefined
        return ok
      case "get": {
        if (hot === undefined) return null
        const sum = (numbers: Map<string, number>): number => Array.from(numbers.values()).reduce((a, b) => a + b, 0)
        const top = (numbers: Map<string, number>): ReadonlyArray<Reply> =>
          Array.from(numbers).sort(([, a], [, b]) => b - a).slice(0, hot.count).flat()
        const fields: Readonly<Record<string, Reply>> = {
          "tracking-active": isActive ? 1 : 0,
          "sample-ratio": hot.sample,
          "selected-slots": [],
          "all-commands-all-slots-us": sum(hot.micros),
          "net-bytes-all-commands-all-slots": sum(hot.bytes),
          "collection-start-time-unix-ms": Math.floor(hot.since),
          "collection-duration-ms": Math.floor(Math.min(now, hot.until) - hot.since),
          ...(hot.metrics.has("CPU")
            ? { "total-cpu-time-user-ms": 0, "total-cpu-time-sys-ms": 0, "by-cpu-time-us": top(hot.micros) }
            : {}),
          ...(hot.metrics.has("NET") ? { "total-net-bytes": sum(hot.bytes), "by-net-bytes": top(hot.bytes) } : {})
        }
        return [new Fields(Object.entries(fields).flat())]
      }
      default:
        return fail(`unknown subcommand '${args[1]}'. Try HOTKEYS HELP.`)
    }
  }
}

const startHotkeys = (args: ReadonlyArray<string>, now: number): Hotkeys => {
  if (args[2]?.toUpperCase() !== "METRICS" || args[3] === undefined) return syntaxError()
  const number = int(args[3])
  const metrics = new Set(args.slice(4, 4 + number).map((metric) => metric.toUpperCase()))
  if (metrics.size !== number || number < 1 || Array.from(metrics).some((m) => m !== "CPU" && m !== "NET")) {
    return syntaxError()
  }
  let count = 10
  let sample = 1
  let until = Infinity
  for (let i = 4 + number; i < args.length; i += 2) {
    const value = args[i + 1] === undefined ? syntaxError() : args[i + 1]!
    switch (args[i]!.toUpperCase()) {
      case "COUNT":
        count = int(value)
        break
      case "DURATION":
        until = now + int(value) * 1000
        break
      case "SAMPLE":
        sample = int(value)
        break
      case "SLOTS":
        return fail("SLOTS parameter cannot be used in non-cluster mode")
      default:
        return syntaxError()
    }
  }
  return { metrics, count, sample, since: now, until, micros: new Map(), bytes: new Map() }
}
