/**
 * What sentinels publish of a group: which events there are, what each means, and
 * how its line is read. Pure.
 */

// -----------------------------------------------------------------------------
// Events
// -----------------------------------------------------------------------------

export interface Place {
  readonly host: string
  readonly port: number
}

/**
 * What a sentinel published, taken apart.
 *
 * @since 0.1.0
 * @category models
 */
export interface Event {
  readonly name: string
  /** Undefined for what is about no group, such as `+new-epoch`. */
  readonly group: string | undefined
  /** The group's primary, as the sentinel saw it when it published. */
  readonly primary: Place | undefined
  /** What the event is about. */
  readonly subject: (Place & { readonly kind: "master" | "slave" | "sentinel" }) | undefined
  /** Of `+switch-master`: the new primary. */
  readonly next: Place | undefined
  /** Of `+new-epoch`. */
  readonly epoch: number | undefined
}

const place = (host: string | undefined, port: string | undefined): Place | undefined =>
  host !== undefined && port !== undefined && /^\d{1,5}$/.test(port) ? { host, port: Number(port) } : undefined

/**
 * Takes apart what a sentinel published. Undefined for what makes no sense.
 *
 * Source of the formats: https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#pubsub-messages
 *
 * @since 0.1.0
 * @category parsing
 */
export const parseEvent = (name: string, payload: string): Event | undefined => {
  if (payload.length > 4096) return undefined
  const words = payload.split(" ")
  const nothing = { name, group: undefined, primary: undefined, subject: undefined, next: undefined, epoch: undefined }
  if (name === "+new-epoch") return /^\d{1,15}$/.test(payload) ? { ...nothing, epoch: Number(payload) } : undefined
  if (name === "+tilt" || name === "-tilt") return nothing
  if (name === "+switch-master") {
    const primary = place(words[1], words[2])
    const next = place(words[3], words[4])
    return primary === undefined || next === undefined ? undefined : { ...nothing, group: words[0]!, primary, next }
  }
  const kind = words[0]
  if (kind !== "master" && kind !== "slave" && kind !== "sentinel") return undefined
  const subject = place(words[2], words[3])
  if (subject === undefined) return undefined
  if (kind === "master") {
    return { ...nothing, group: words[1]!, primary: subject, subject: { ...subject, kind } }
  }
  const primary = place(words[6], words[7])
  return words[4] !== "@" || words[5] === undefined || primary === undefined
    ? undefined
    : { ...nothing, group: words[5], primary, subject: { ...subject, kind } }
}

/** From these on, a write that the old primary acknowledges may not reach the new one. */
export const selectionEvents: ReadonlySet<string> = new Set([
  "+selected-slave",
  "+failover-state-send-slaveof-noone",
  "+failover-state-wait-promotion"
])

/** These say that there is a new primary. */
export const promotionEvents: ReadonlySet<string> = new Set([
  "+promoted-slave",
  "+failover-state-reconf-slaves",
  "+config-update-from",
  "+switch-master"
])

/** A failover that may come to something: where it is told first. */
export const startEvents: ReadonlySet<string> = new Set([
  "+try-failover",
  "+elected-leader",
  "+failover-state-select-slave"
])
