/**
 * What was seen of one group: its state, its nodes, what the sentinels say and publish, fences, moves, and the fate of a
 * probe's writes. It is fed from outside, with the time of everything, and asks nobody; all that it keeps is bounded.
 * How it is fed is in observe.ts, how it looks is elsewhere.
 */
import * as Address from "../../Address.ts"
import type { Event, Fence, Replica, SentinelState, State } from "../../Topology.ts"
import type { TimelineEventKind } from "../pictures/types.ts"
import type { RecordingTime } from "./time.ts"

const maxEntries = 1000
const maxSpans = 200
const maxBuckets = 1200
/** Within this time the same event of another sentinel is the same entry. */
const sameEventMillis = 5000
/** A pause of the probe that is shorter has no entry of its own, unless the group has moved. */
const notedPauseMillis = 250
/** For how long a sentinel names another primary before that is an entry: each failover reaches them one by one. */
const notedDisagreementMillis = 3000
/** For how many buckets one answer of a primary tells the rate of writes. */
const maxRateBuckets = 20

/** What a node said of itself when it was last asked. */
export interface NodeSight {
  readonly address: string
  /** `unknown` before its first answer. */
  readonly role: "primary" | "replica" | "unknown"
  /** Undefined until the first attempt has ended. */
  readonly isReachable: boolean | undefined
  /** When it last answered, in milliseconds since the Unix epoch. */
  readonly answeredAt: number | undefined
  /** Why it does not answer, or what it does not say. */
  readonly problem: string | undefined
  /** The primary of a replica, as the replica names it. */
  readonly follows: string | undefined
  readonly isLinkUp: boolean | undefined
  /** Its replication offset, in bytes. */
  readonly offset: number | undefined
  /** How far each replica is behind this primary, in bytes, by the address that the primary knows it by. */
  readonly lags: ReadonlyMap<string, number>
  readonly clients: number | undefined
  readonly version: string | undefined
  /** Its run id, by which a node is known that has several addresses. */
  readonly runId: string | undefined
  /** How many writes it executed a second since the answer before. */
  readonly writesPerSecond: number | undefined
}

/** The sight of a node that nobody has asked yet. */
export const unseen = (address: string): NodeSight => ({
  address,
  role: "unknown",
  isReachable: undefined,
  answeredAt: undefined,
  problem: undefined,
  follows: undefined,
  isLinkUp: undefined,
  offset: undefined,
  lags: new Map(),
  clients: undefined,
  version: undefined,
  runId: undefined,
  writesPerSecond: undefined
})

/** What a sentinel said of the group when it was last asked. */
export interface SentinelSight {
  readonly address: string
  /** Undefined until the first attempt has ended. */
  readonly isReachable: boolean | undefined
  /** When the question of its last answer was asked, and answered, in milliseconds since the Unix epoch. */
  readonly askedAt: number | undefined
  readonly answeredAt: number | undefined
  /** Whether it monitors the group; undefined where it does not say. */
  readonly isMonitoring: boolean | undefined
  /** The primary that it names, by the address to dial, and its run id where it tells that. */
  readonly names: string | undefined
  readonly runId: string | undefined
  /** The configuration epoch of the group. */
  readonly epoch: number | undefined
  /** Whether it carries out a failover of the group. */
  readonly isFailoverInProgress: boolean
  /** Why it does not answer, or what it does not say. */
  readonly problem: string | undefined
}

/** What a sentinel that answers says of the group. */
export type Said = Pick<
  SentinelSight,
  "isMonitoring" | "names" | "runId" | "epoch" | "isFailoverInProgress" | "problem"
>

/** What one says that says nothing. */
export const unsaid: Said = {
  isMonitoring: undefined,
  names: undefined,
  runId: undefined,
  epoch: undefined,
  isFailoverInProgress: false,
  problem: undefined
}

/** The sight of a sentinel that nobody has asked yet. */
export const unasked = (address: string): SentinelSight => ({
  address,
  isReachable: undefined,
  askedAt: undefined,
  answeredAt: undefined,
  ...unsaid
})

/** Something that happened. */
export interface Entry {
  /** The first entry has 1, the next one that was noted 2, and so on. */
  readonly id: number
  readonly at: number
  readonly kind: TimelineEventKind
  readonly text: string
  /** The node or sentinel that it is about. */
  readonly node: string | undefined
  /** Who said it: several sentinels may have published the same. */
  readonly from: ReadonlyArray<string>
}

/** A time in which the fence was closed. */
export interface FenceSpan {
  readonly from: number
  /** Undefined while it is closed. */
  to: number | undefined
  readonly sign: string
  readonly by: string
  candidate: string | undefined
}

/** The group has moved to another primary. */
export interface Move {
  readonly at: number
  readonly from: string
  readonly to: string
  readonly epoch: number
}

/** A time in which a node did not answer. */
export interface DownSpan {
  readonly node: string
  /** When it last answered. */
  readonly from: number
  to: number | undefined
  /** Whether it was the primary when this began. */
  readonly wasPrimary: boolean
}

/** A time in which no write of the probe was acknowledged, though one was wanted. */
export interface PauseSpan {
  readonly from: number
  readonly to: number
}

/** What happened in one short time. */
export interface Bucket {
  readonly at: number
  /** Writes of the probe. */
  acknowledged: number
  failed: number
  lost: number
  /** Writes of everybody a second, as the primary counts them. */
  rate: number | undefined
}

/** The probe's writes, all together. */
export interface ProbeTotals {
  acknowledged: number
  failed: number
  ambiguous: number
  lost: number
  /** How often the values were read back after a move. */
  checks: number
}

export interface RecordingOptions {
  readonly group: string
  readonly time: RecordingTime
  readonly startedAt: number
  /** How long the times are in which writes are counted. */
  readonly bucketMillis: number
  /** From how long on a time without an acknowledged write of the probe is a pause. */
  readonly pauseMillis: number
}

/** Cuts the front off a list that has become too long. */
const bound = (list: Array<unknown>, max: number): void => {
  if (list.length > max) list.splice(0, list.length - max)
}

/**
 * What was seen of one group.
 *
 * @since 0.1.0
 * @category models
 */
export class Recording {
  readonly options: RecordingOptions
  state: State | undefined = undefined
  readonly nodes = new Map<string, NodeSight>()
  /** What each sentinel says of the group by itself. */
  readonly sentinels = new Map<string, SentinelSight>()
  /** The sentinels that last said that they do not monitor the group. */
  private readonly dropped = new Set<string>()
  /** Since when a sentinel names another primary, and whether that has an entry. */
  private readonly disagreements = new Map<string, { readonly since: number; isNoted: boolean }>()
  readonly entries: Array<Entry> = []
  /** How many entries there ever were. */
  noted = 0
  readonly fences: Array<FenceSpan> = []
  readonly moves: Array<Move> = []
  readonly downs: Array<DownSpan> = []
  readonly pauses: Array<PauseSpan> = []
  readonly buckets: Array<Bucket> = []
  /** Undefined without a probe. */
  probe: ProbeTotals | undefined = undefined
  /** The values that were acknowledged and are missing, the first hundred. */
  readonly lost: Array<string> = []
  /** When the probe's last write was acknowledged; before the first, when it began. */
  lastAcknowledgedAt: number | undefined = undefined
  /** How often the group has moved. */
  movesSeen = 0
  /** After how many of these moves a write of the probe was acknowledged. */
  movesWritten = 0
  private readonly listeners = new Set<() => void>()

  constructor(options: RecordingOptions) {
    this.options = options
  }

  /** Calls a function after each change, until the returned function is called. */
  listen(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  private changed(): void {
    for (const listener of Array.from(this.listeners)) listener()
  }

  /** Adds an entry, in the order of time. What a sentinel published comes before what the client made of it. */
  note(entry: Pick<Entry, "kind" | "text"> & Partial<Entry>): void {
    const made: Entry = { at: this.options.time.now(), node: undefined, from: [], ...entry, id: ++this.noted }
    const isFirst = made.kind === "sentinel" || made.kind === "fault"
    let index = this.entries.length
    while (index > 0 && (isFirst ? this.entries[index - 1]!.at >= made.at : this.entries[index - 1]!.at > made.at)) {
      index--
    }
    while (isFirst && this.entries[index]?.kind === made.kind && this.entries[index]!.at === made.at) index++
    this.entries.splice(index, 0, made)
    bound(this.entries, maxEntries)
    this.changed()
  }

  // ---------------------------------------------------------------------------
  // The group

  onState(state: State, at: number): void {
    const before = this.state
    this.state = state
    if (before === undefined) this.noteFirst(state, at)
    if (before !== undefined) this.notePrimary(before, state, at)
    this.noteFence(before?.fence, state.fence, at)
    if (before !== undefined) {
      if (before.isIsolated !== state.isIsolated) {
        this.note({
          at,
          kind: state.isIsolated ? "problem" : "client",
          text: state.isIsolated ? "most sentinels are unreachable" : "most sentinels are reachable again"
        })
      }
      this.noteReplicas(before.replicas, state.replicas, state.primary, at)
    }
    this.noteSentinels(before?.sentinels ?? [], state.sentinels, at)
    this.changed()
  }

  private noteFirst(state: State, at: number): void {
    if (state.primary === undefined) return void this.note({ at, kind: "problem", text: "no primary is known" })
    const primary = Address.format(state.primary)
    this.note({ at, kind: "client", text: `primary ${primary}, epoch ${state.epoch}`, node: primary })
  }

  private notePrimary(before: State, state: State, at: number): void {
    const from = before.primary === undefined ? undefined : Address.format(before.primary)
    const to = state.primary === undefined ? undefined : Address.format(state.primary)
    const { epoch } = state
    if (to === from) {
      if (to !== undefined && before.epoch !== epoch) {
        this.note({ at, kind: "client", text: `the epoch is ${epoch}`, node: to })
      }
      if (before.isProvisional && !state.isProvisional) {
        this.note({ at, kind: "client", text: "the sentinels confirm the primary", node: to })
      }
      return
    }
    if (to === undefined) return void this.note({ at, kind: "problem", text: "no primary is known any more" })
    if (from === undefined) {
      return void this.note({ at, kind: "client", text: `primary ${to}, epoch ${epoch}`, node: to })
    }
    this.movesSeen++
    this.moves.push({ at, from, to, epoch })
    bound(this.moves, maxSpans)
    this.note({ at, kind: "client", text: `the primary moved from ${from} to ${to}, epoch ${epoch}`, node: to })
  }

  private noteFence(before: Fence | undefined, fence: Fence | undefined, at: number): void {
    const candidate = fence?.candidate === undefined ? undefined : Address.format(fence.candidate)
    const open = this.fences.at(-1)
    if (fence !== undefined && before?.since === fence.since && open !== undefined) {
      open.candidate ??= candidate
      return
    }
    if (open !== undefined && open.to === undefined && fence === undefined) {
      open.to = at
      this.note({ at, kind: "client", text: `the fence opened after ${Math.max(0, at - open.from)} ms` })
    }
    // Another sentinel's sign keeps it closed: the fence has not opened in between.
    if (fence === undefined || (open !== undefined && open.to === undefined)) return
    this.fences.push({ from: at, to: undefined, sign: fence.sign, by: fence.from, candidate })
    bound(this.fences, maxSpans)
    const promotes = candidate === undefined ? "" : `, promotes ${candidate}`
    this.note({
      at,
      kind: "client",
      text: `the fence closed: ${fence.sign}${promotes}`,
      node: candidate,
      from: [fence.from]
    })
  }

  private noteReplicas(
    before: ReadonlyArray<Replica>,
    after: ReadonlyArray<Replica>,
    primary: Address.Address | undefined,
    at: number
  ): void {
    const known = new Map(before.map((replica) => [Address.format(replica.address), replica]))
    for (const replica of after) {
      const node = Address.format(replica.address)
      const old = known.get(node)
      known.delete(node)
      if (old === undefined) this.note({ at, kind: "node", text: `replica ${node}`, node })
      else if (old.isHealthy !== replica.isHealthy) {
        const text = replica.isHealthy
          ? `replica ${node} is healthy`
          : `replica ${node} is ${replica.isLinkUp ? "down" : "without a link to its primary"} for the sentinels`
        this.note({ at, kind: replica.isHealthy ? "node" : "problem", text, node })
      }
    }
    for (const node of known.keys()) {
      // The one that was promoted is no replica any more, which the move says.
      if (primary !== undefined && Address.format(primary) === node) continue
      this.note({ at, kind: "problem", text: `no sentinel lists replica ${node} any more`, node })
    }
  }

  private noteSentinels(
    before: ReadonlyArray<SentinelState>,
    after: ReadonlyArray<SentinelState>,
    at: number
  ): void {
    const known = new Map(before.map((sentinel) => [Address.format(sentinel.address), sentinel]))
    for (const { address, isReachable, isSubscribed } of after) {
      const node = Address.format(address)
      const old = known.get(node)
      known.delete(node)
      if (isReachable === false && old?.isReachable !== false) {
        this.note({ at, kind: "problem", text: `sentinel ${node} does not answer`, node })
      } else if (isReachable === true && old?.isReachable === false) {
        this.note({ at, kind: "sentinel", text: `sentinel ${node} answers again`, node })
      }
      if (isSubscribed === false && old?.isSubscribed !== false) {
        this.note({ at, kind: "problem", text: `sentinel ${node} denies SUBSCRIBE: none of its events come`, node })
      }
    }
    for (const node of known.keys()) {
      this.note({ at, kind: "sentinel", text: `sentinel ${node} is gone`, node })
    }
  }

  /** A sentinel has published something. The same from several sentinels is one entry. */
  onEvent({ detail, from, name, subject }: Omit<Event, "at">, at: number): void {
    const node = subject === undefined ? undefined : Address.format(subject)
    const about = name === "+switch-master"
      ? ` to ${node}`
      : node !== undefined
      ? ` ${node}`
      : detail === ""
      ? ""
      : ` ${detail}`
    const text = `${name}${about}`
    for (let i = this.entries.length - 1; i >= 0 && at - this.entries[i]!.at < sameEventMillis; i--) {
      const entry = this.entries[i]!
      if (entry.kind !== "sentinel" || entry.text !== text) continue
      // The same sentinel publishes an event again where it happens again.
      if (entry.from.includes(from)) break
      this.entries[i] = { ...entry, from: [...entry.from, from] }
      return this.changed()
    }
    this.note({ at, kind: "sentinel", text, node, from: [from] })
  }

  /** A node has answered, or did not. */
  onNode(sight: NodeSight, at: number): void {
    const { address } = sight
    const before = this.nodes.get(address) ?? unseen(address)
    this.nodes.set(address, sight)
    if (sight.isReachable === false && before.isReachable !== false) {
      const since = before.answeredAt ?? at
      this.downs.push({ node: address, from: since, to: undefined, wasPrimary: this.primary === address })
      bound(this.downs, maxSpans)
      this.note({ at, kind: "problem", text: `${address} does not answer`, node: address })
    } else if (sight.isReachable === true && before.isReachable === false) {
      const down = this.downs.findLast((span) => span.node === address && span.to === undefined)
      if (down !== undefined) down.to = at
      this.note({ at, kind: "node", text: `${address} answers again`, node: address })
    }
    if (before.role !== "unknown" && sight.role !== before.role && sight.role !== "unknown") {
      this.note({ at, kind: "node", text: `${address} is a ${sight.role}`, node: address })
    }
    if (sight.writesPerSecond !== undefined && address === this.primary) {
      this.countRate(sight.writesPerSecond, before.answeredAt ?? at, at)
    }
    this.changed()
  }

  /** The writes of everybody from one answer of the primary to the next. */
  private countRate(rate: number, from: number, to: number): void {
    const { bucketMillis } = this.options
    this.bucketAt(to).rate = rate
    for (let i = 1; i < maxRateBuckets && to - i * bucketMillis > from; i++) {
      this.bucketAt(to - i * bucketMillis).rate ??= rate
    }
  }

  /** Nobody asks this node any more. */
  forgetNode(address: string): void {
    this.nodes.delete(address)
    this.changed()
  }

  /** The length of the longest fence, in milliseconds; one that is closed still counts until this time. */
  longestFenceMillis(now: number): number {
    return this.fences.reduce((max, { from, to }) => Math.max(max, (to ?? now) - from), 0)
  }

  /** The length of the longest pause of the probe's writes, in milliseconds. */
  get longestPauseMillis(): number {
    return this.pauses.reduce((max, { from, to }) => Math.max(max, to - from), 0)
  }

  /** A sentinel has said whether it monitors the group, and which primary it names, or has not answered. */
  onSentinel(sight: SentinelSight, at: number): void {
    const { address } = sight
    const { group } = this.options
    this.sentinels.set(address, sight)
    if (sight.isMonitoring === false && !this.dropped.has(address)) {
      this.note({ at, kind: "problem", text: `sentinel ${address} does not monitor ${group}`, node: address })
    } else if (sight.isMonitoring === true && this.dropped.has(address)) {
      this.note({ at, kind: "sentinel", text: `sentinel ${address} monitors ${group} again`, node: address })
    }
    if (sight.isMonitoring === false) this.dropped.add(address)
    else if (sight.isMonitoring === true) this.dropped.delete(address)
    this.noteDisagreement(sight, at)
    this.changed()
  }

  private noteDisagreement(sight: SentinelSight, at: number): void {
    const { address } = sight
    const known = this.disagreements.get(address)
    if (!this.namesAnother(sight)) {
      this.disagreements.delete(address)
      if (known?.isNoted === true && sight.names !== undefined) {
        this.note({ at, kind: "sentinel", text: `sentinel ${address} names the primary again`, node: address })
      }
      return
    }
    const since = known ?? { since: at, isNoted: false }
    this.disagreements.set(address, since)
    if (since.isNoted || at - since.since < notedDisagreementMillis) return
    since.isNoted = true
    this.note({ at, kind: "problem", text: `sentinel ${address} names ${sight.names} as the primary`, node: address })
  }

  /** Whether a sentinel names another node than the primary, by an answer since the group has last moved. */
  namesAnother({ askedAt, names, runId }: SentinelSight): boolean {
    const { primary } = this
    if (primary === undefined || names === undefined || names === primary) return false
    const move = this.moves.at(-1)
    if (move !== undefined && askedAt !== undefined && askedAt < move.at) return false
    return runId === undefined || this.nodes.get(primary)?.runId !== runId
  }

  /** This sentinel is no sentinel of the group any more. */
  forgetSentinel(address: string): void {
    this.sentinels.delete(address)
    this.disagreements.delete(address)
    this.dropped.delete(address)
    this.changed()
  }

  get primary(): string | undefined {
    return this.state?.primary === undefined ? undefined : Address.format(this.state.primary)
  }

  /** How far a replica is behind its primary, in bytes; undefined if that is not known. */
  lagOf(address: string): number | undefined {
    const primary = this.primary === undefined ? undefined : this.nodes.get(this.primary)
    const replica = this.nodes.get(address)
    if (primary === undefined || primary.address === address || replica?.isReachable === false) return undefined
    const said = primary.lags.get(address)
    if (said !== undefined) return said
    return primary.offset === undefined || replica?.offset === undefined
      ? undefined
      : Math.max(0, primary.offset - replica.offset)
  }

  // ---------------------------------------------------------------------------
  // The probe

  startProbe(at: number): void {
    this.probe = { acknowledged: 0, failed: 0, ambiguous: 0, lost: 0, checks: 0 }
    this.lastAcknowledgedAt = at
    this.changed()
  }

  onAcknowledged(at: number): void {
    const { probe } = this
    if (probe === undefined) return
    const last = this.lastAcknowledgedAt ?? at
    const isPause = at - last >= this.options.pauseMillis
    if (isPause) {
      this.pauses.push({ from: last, to: at })
      bound(this.pauses, maxSpans)
    }
    const move = this.movesSeen > this.movesWritten ? this.moves.at(-1) : undefined
    this.movesWritten = this.movesSeen
    if (move !== undefined) {
      this.note({
        at,
        kind: "write",
        text: `first write at ${move.to} after a pause of ${at - last} ms`,
        node: move.to
      })
    } else if (isPause && at - last >= notedPauseMillis) {
      this.note({ at, kind: "write", text: `writes resumed after a pause of ${at - last} ms`, node: this.primary })
    }
    this.lastAcknowledgedAt = at
    probe.acknowledged++
    this.bucketAt(at).acknowledged++
    this.changed()
  }

  onFailed(at: number, error: string, isAmbiguous: boolean): void {
    const { probe } = this
    if (probe === undefined) return
    if (isAmbiguous) probe.ambiguous++
    else probe.failed++
    const bucket = this.bucketAt(at)
    // One entry for each time in which writes fail, not for each write.
    if (bucket.failed++ === 0) this.note({ at, kind: "problem", text: `a write failed: ${error}`, node: this.primary })
    this.changed()
  }

  /** The values were read back: these were acknowledged, and are missing. */
  onChecked(
    at: number,
    node: string,
    looked: number,
    missing: ReadonlyArray<{ readonly value: string; readonly at: number }>
  ): void {
    const { probe } = this
    if (probe === undefined) return
    probe.checks++
    probe.lost += missing.length
    for (const { at, value } of missing) {
      if (this.lost.length < 100) this.lost.push(value)
      const bucket = this.bucketAt(at)
      bucket.lost++
      if (bucket.acknowledged > 0) bucket.acknowledged--
    }
    this.note({
      at,
      kind: missing.length === 0 ? "write" : "problem",
      text: `${missing.length} of ${looked} acknowledged writes are missing at ${node}`,
      node
    })
  }

  /** How long ago the probe's last write was acknowledged, if that is a pause already. */
  pauseSince(now: number): number | undefined {
    const last = this.lastAcknowledgedAt
    return last === undefined || now - last < this.options.pauseMillis ? undefined : last
  }

  /** The bucket of a time; those that are too old to have one share the oldest. */
  private bucketAt(at: number): Bucket {
    const { bucketMillis } = this.options
    const begins = Math.floor(at / bucketMillis) * bucketMillis
    for (let i = this.buckets.length - 1; i >= 0; i--) {
      const bucket = this.buckets[i]!
      if (bucket.at === begins) return bucket
      if (bucket.at < begins) return this.insertBucket(i + 1, begins)
    }
    return this.buckets.length < maxBuckets ? this.insertBucket(0, begins) : this.buckets[0]!
  }

  private insertBucket(index: number, at: number): Bucket {
    const bucket: Bucket = { at, acknowledged: 0, failed: 0, lost: 0, rate: undefined }
    this.buckets.splice(index, 0, bucket)
    bound(this.buckets, maxBuckets)
    return bucket
  }
}
