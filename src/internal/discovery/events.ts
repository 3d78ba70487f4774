/**
 * What sentinels publish about a group: the events to subscribe to, what each of
 * them means, and how its text is read. Pure; how to react to an event is decided
 * by the monitor.
 *
 * Source: https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#pubsub-messages
 */

/**
 * What an event means for a client of the group.
 *
 * - `start`: a failover begins. It may come to nothing.
 * - `announcement`: a replica is selected next, at least 52 ms later (Redis 7.0.15: a step of the sentinel's timer).
 * - `selection`: a replica is selected for promotion. From here on, a write that the
 *   old primary acknowledges may be missing on the new one.
 * - `promotion`: there is a new primary.
 * - `abort`: the failover ends without a new primary.
 * - `change`: something else about the group changed. The sentinels' answers say what.
 * - `epoch`: the sentinel's current epoch changed. The event names no group.
 * - `tilt`: the sentinel entered or left TILT mode. The event names no group.
 *
 * @since 0.1.0
 * @category models
 */
export type EventMeaning = "start" | "announcement" | "selection" | "promotion" | "abort" | "change" | "epoch" | "tilt"

/** All events, by channel or by pattern. The exact name counts first, then the longest pattern. */
const meanings: ReadonlyMap<string, EventMeaning> = new Map(Object.entries<EventMeaning>({
  "+try-failover": "start",
  "+elected-leader": "start",
  "+failover-state-select-slave": "announcement",
  "+selected-slave": "selection",
  "+failover-state-send-slaveof-noone": "selection",
  "+failover-state-wait-promotion": "selection",
  "+promoted-slave": "promotion",
  "+failover-state-reconf-slaves": "promotion",
  "+config-update-from": "promotion",
  "+switch-master": "promotion",
  "-failover-abort*": "abort",
  "+failover-*": "change",
  "-failover-*": "change",
  "+reset-master": "change",
  "+slave": "change",
  "+sentinel": "change",
  "+sdown": "change",
  "-sdown": "change",
  "+odown": "change",
  "-odown": "change",
  "+role-change": "change",
  "-role-change": "change",
  "+convert-to-slave": "change",
  "+fix-slave-config": "change",
  "+slave-reconf-done": "change",
  "+reboot": "change",
  "+monitor": "change",
  "-monitor": "change",
  "+new-epoch": "epoch",
  "+tilt": "tilt",
  "-tilt": "tilt"
}))

const isPattern = (name: string): boolean => name.endsWith("*")
const covers = (pattern: string, name: string): boolean => isPattern(pattern) && name.startsWith(pattern.slice(0, -1))

const names = Array.from(meanings.keys())
const patternsByLength = names.filter(isPattern).sort((a, b) => b.length - a.length)
/** An event that a broader pattern covers is not subscribed to as well: it would arrive twice. */
const subscribed = names.filter((name) => !names.some((other) => other !== name && covers(other, name)))

/**
 * What to subscribe to for all events.
 *
 * @since 0.1.0
 * @category constants
 */
export const eventSubscription = {
  channels: subscribed.filter((name) => !isPattern(name)),
  patterns: subscribed.filter(isPattern)
}

/**
 * What an event means, by its name.
 *
 * @since 0.1.0
 * @category getters
 */
export const meaningOf = (name: string): EventMeaning =>
  meanings.get(name) ?? meanings.get(patternsByLength.find((pattern) => covers(pattern, name)) ?? "") ?? "change"

export interface HostAndPort {
  readonly host: string
  readonly port: number
}

/**
 * A published event, parsed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Event {
  readonly name: string
  /** Undefined for an event that names no group, such as `+new-epoch`. */
  readonly group: string | undefined
  /** The group's primary, as the sentinel saw it when it published. */
  readonly primary: HostAndPort | undefined
  /** The instance that the event is about. */
  readonly subject: (HostAndPort & { readonly kind: "master" | "slave" | "sentinel" }) | undefined
  /** The new primary, of `+switch-master`. */
  readonly next: HostAndPort | undefined
  /** The sentinel's current epoch, of `+new-epoch`. */
  readonly epoch: number | undefined
}

const hostAndPort = (host: string | undefined, port: string | undefined): HostAndPort | undefined =>
  host !== undefined && port !== undefined && /^\d{1,5}$/.test(port) ? { host, port: Number(port) } : undefined

const maxPayloadLength = 4096

/**
 * Parses what a sentinel published on the channel `name`. Undefined for a payload
 * that does not have the documented form.
 *
 * @since 0.1.0
 * @category parsing
 */
export const parseEvent = (name: string, payload: string): Event | undefined => {
  if (payload.length > maxPayloadLength) return undefined
  const words = payload.split(" ")
  const empty = { name, group: undefined, primary: undefined, subject: undefined, next: undefined, epoch: undefined }
  if (name === "+new-epoch") return /^\d{1,15}$/.test(payload) ? { ...empty, epoch: Number(payload) } : undefined
  if (name === "+tilt" || name === "-tilt") return empty
  if (name === "+switch-master") {
    const primary = hostAndPort(words[1], words[2])
    const next = hostAndPort(words[3], words[4])
    return primary === undefined || next === undefined ? undefined : { ...empty, group: words[0]!, primary, next }
  }
  const kind = words[0]
  if (kind !== "master" && kind !== "slave" && kind !== "sentinel") return undefined
  const subject = hostAndPort(words[2], words[3])
  if (subject === undefined) return undefined
  if (kind === "master") {
    return { ...empty, group: words[1]!, primary: subject, subject: { ...subject, kind } }
  }
  const primary = hostAndPort(words[6], words[7])
  return words[4] !== "@" || words[5] === undefined || primary === undefined
    ? undefined
    : { ...empty, group: words[5], primary, subject: { ...subject, kind } }
}
