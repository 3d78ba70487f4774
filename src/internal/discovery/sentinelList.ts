/**
 * Which sentinels there are: the seeds, and those that sentinels list. Decides in
 * which order they are asked, which of them exist, and which are forgotten, within
 * limits that a lying sentinel cannot exceed. Asks nobody itself.
 */
import * as Address from "../../Address.ts"
import type { DialAddress } from "./natMap.ts"

const maxSentinels = 64
/** How many sentinels that no other one lists a sentinel may introduce: at once, and within a time in milliseconds. */
const maxIntroductions = 16
const introductionMillis = 10_000
/** How long a sentinel that was introduced by one other and did not answer is not taken again, in milliseconds. */
const silentIntroductionMillis = 30_000
const maxSilentIntroductions = 256
/** In how many rounds, and for how long in milliseconds, a sentinel is missing before it is forgotten. */
const missingRounds = 3
const missingMillis = 5000
/** The same time where only one sentinel is left to list the others. */
const missingByOneMillis = 60_000
/** How long a list counts that is not renewed, in milliseconds. */
const listMillis = 60_000
/** How often a seed that does not answer and that no sentinel lists is asked, in milliseconds. */
const unlistedSeedMillis = 10_000

/**
 * A sentinel that may be asked.
 *
 * @since 0.1.0
 * @category models
 */
export interface KnownSentinel {
  readonly address: Address.Address
  /** The formatted address. */
  readonly key: string
  readonly isSeed: boolean
  /** The only sentinel that has ever listed it. */
  introducedBy: string | undefined
  /** What it answers to SENTINEL MYID, if it does. */
  id: string | undefined
  /** Whether it exists: it is a seed that was not forgotten, it has answered, or two other sentinels list it. */
  isConfirmed: boolean
  /** When it was asked last, in monotonic milliseconds. */
  askedAt: number
  /** Since when, in monotonic milliseconds, and for how many rounds it has neither answered nor been listed. */
  missingSince: number
  missedRounds: number
}

const knownSentinel = (address: Address.Address, introducedBy: string | undefined): KnownSentinel => ({
  address,
  key: Address.format(address),
  isSeed: introducedBy === undefined,
  introducedBy,
  id: undefined,
  isConfirmed: introducedBy === undefined,
  askedAt: -Infinity,
  missingSince: Infinity,
  missedRounds: 0
})

/** The other sentinels of a group, as one sentinel lists them. */
interface PeerList {
  readonly from: string
  readonly group: string
  readonly keys: ReadonlySet<string>
  readonly at: number
}

export interface SentinelListOptions {
  readonly seeds: ReadonlyArray<Address.Address>
  readonly dialAddress: DialAddress
  /** Whether a sentinel can be reached. */
  readonly isReachable: (sentinel: string) => boolean | undefined
  /** Called when a sentinel is confirmed. */
  readonly onConfirmed: () => void
}

/**
 * All known sentinels. All keys are formatted addresses.
 *
 * @since 0.1.0
 * @category models
 */
export class SentinelList {
  private readonly options: SentinelListOptions
  /** The one that answered last in front. */
  private known: ReadonlyArray<KnownSentinel>
  private readonly byKey: Map<string, KnownSentinel>
  /** By sentinel and group. */
  private readonly lists = new Map<string, PeerList>()
  /** Sentinels that were introduced and did not answer: when they may be introduced again. */
  private readonly silentUntil = new Map<string, number>()
  /** How many others each sentinel has introduced within `introductionMillis`. */
  private readonly introductions = new Map<string, { readonly since: number; count: number }>()

  constructor(options: SentinelListOptions) {
    this.options = options
    this.known = options.seeds.map((address) => knownSentinel(address, undefined))
    this.byKey = new Map(this.known.map((sentinel) => [sentinel.key, sentinel]))
  }

  get all(): ReadonlyArray<KnownSentinel> {
    return this.known
  }

  get(key: string): KnownSentinel | undefined {
    return this.byKey.get(key)
  }

  has(key: string): boolean {
    return this.byKey.has(key)
  }

  /** The confirmed sentinels. One that is known by several addresses appears once for each. */
  get confirmed(): ReadonlyArray<KnownSentinel> {
    return this.known.filter((sentinel) => sentinel.isConfirmed)
  }

  /** The confirmed sentinels, each once. */
  distinct(): ReadonlyArray<KnownSentinel> {
    const byId = new Map<string, KnownSentinel>()
    const distinct: Array<KnownSentinel> = []
    for (const sentinel of this.confirmed) {
      // A seed may be the name of a service, or another name of the host.
      const same = sentinel.id === undefined ? undefined : byId.get(sentinel.id)
      if (same === undefined) distinct.push(sentinel)
      else if (this.isBetterAddress(sentinel, same)) distinct[distinct.indexOf(same)] = sentinel
      else continue
      if (sentinel.id !== undefined) byId.set(sentinel.id, sentinel)
    }
    return distinct
  }

  /** Whether some sentinels are about to be forgotten. */
  get hasMissing(): boolean {
    return this.known.some((sentinel) => sentinel.missedRounds > 0)
  }

  /** The order to ask in: those that are `isDoubted` after the others, seeds that do not seem to exist last. */
  inOrder(isDoubted: (key: string) => boolean): ReadonlyArray<KnownSentinel> {
    const rank = ({ isConfirmed, isSeed, key }: KnownSentinel): number =>
      isConfirmed ? isDoubted(key) ? 2 : 0 : isSeed ? 3 : 1
    return this.known.every((sentinel) => rank(sentinel) === 0)
      ? this.known
      : this.known.toSorted((a, b) => rank(a) - rank(b))
  }

  /** Whether to ask a sentinel in this round: seeds that do not seem to exist are asked now and then only. */
  isDue({ askedAt, isConfirmed, isSeed }: KnownSentinel, now: number): boolean {
    return isConfirmed || !isSeed || now - askedAt >= unlistedSeedMillis
  }

  /** Guidelines: a sentinel that answers moves to the front of the list. */
  moveToFront(sentinel: KnownSentinel): void {
    if (this.known[0] === sentinel || !this.byKey.has(sentinel.key)) return
    this.known = [sentinel, ...this.known.filter((other) => other !== sentinel)]
  }

  /** Takes the other sentinels that a sentinel lists for a group. Undefined if it does not say. */
  recordPeers(
    group: string,
    from: KnownSentinel,
    peers: ReadonlyArray<{ readonly host: string; readonly port: number }> | undefined,
    now: number
  ): void {
    if (peers === undefined || !this.byKey.has(from.key)) return
    const keys = new Set<string>()
    for (const { host, port } of peers) {
      const address = this.options.dialAddress(host, port)
      if (typeof address === "string") continue
      const key = Address.format(address)
      if (key === from.key) continue
      keys.add(key)
      if (!this.byKey.has(key)) this.introduce(address, key, from, now)
    }
    this.lists.set(`${from.key} ${group}`, { from: from.key, group, keys, at: now })
    for (const key of keys) {
      const sentinel = this.byKey.get(key)
      if (sentinel === undefined || this.countListers(key) < 2) continue
      sentinel.introducedBy = undefined
      this.confirm(sentinel)
    }
  }

  /** A sentinel did not answer: the list that it gave for a group does not count any more. */
  dropPeers(group: string, from: string): void {
    this.lists.delete(`${from} ${group}`)
  }

  /** Ends a round of questions: confirms those that answered, and gives those that are to be forgotten. */
  endRound(
    answered: ReadonlySet<KnownSentinel>,
    asked: ReadonlySet<KnownSentinel>,
    now: number
  ): ReadonlyArray<KnownSentinel> {
    for (const [key, list] of this.lists) if (now - list.at > listMillis) this.lists.delete(key)
    for (const [key, until] of this.silentUntil) {
      if (until <= now || this.silentUntil.size > maxSilentIntroductions) this.silentUntil.delete(key)
    }
    const gone: Array<KnownSentinel> = []
    const groups = Array.from(Map.groupBy(this.lists.values(), (list) => list.group).values())
    for (const sentinel of this.known) {
      if (answered.has(sentinel)) this.confirm(sentinel)
      const isAlive = answered.has(sentinel) || this.options.isReachable(sentinel.key) === true
      if (!sentinel.isConfirmed) {
        if (!sentinel.isSeed && asked.has(sentinel) && !isAlive && this.countListers(sentinel.key) < 2) {
          this.silentUntil.set(sentinel.key, now + silentIntroductionMillis)
          gone.push(sentinel)
        }
        continue
      }
      const { isListed, listers } = votesOn(sentinel.key, groups)
      if (isAlive || isListed || listers === 0) {
        sentinel.missingSince = Infinity
        sentinel.missedRounds = 0
        continue
      }
      sentinel.missedRounds++
      sentinel.missingSince = Math.min(sentinel.missingSince, now)
      const isLong = now - sentinel.missingSince >= (listers > 1 ? missingMillis : missingByOneMillis)
      if (sentinel.missedRounds >= missingRounds && isLong) gone.push(sentinel)
    }
    return gone
  }

  /** Forgets a sentinel. A seed stays, unconfirmed, to be tried again. */
  forget(sentinel: KnownSentinel): void {
    const { key } = sentinel
    sentinel.isConfirmed = false
    sentinel.missingSince = Infinity
    sentinel.missedRounds = 0
    sentinel.id = undefined
    if (!sentinel.isSeed) {
      this.byKey.delete(key)
      this.known = this.known.filter((other) => other !== sentinel)
      this.introductions.delete(key)
    }
    for (const [id, list] of this.lists) if (list.from === key) this.lists.delete(id)
  }

  private confirm(sentinel: KnownSentinel): void {
    if (sentinel.isConfirmed) return
    sentinel.isConfirmed = true
    this.options.onConfirmed()
  }

  private introduce(address: Address.Address, key: string, from: KnownSentinel, now: number): void {
    if (this.byKey.size >= maxSentinels || (this.silentUntil.get(key) ?? 0) > now) return
    let recent = this.introductions.get(from.key)
    if (recent === undefined || now - recent.since > introductionMillis) {
      this.introductions.set(from.key, recent = { since: now, count: 0 })
    }
    const onlyByIt = this.known.filter((sentinel) => sentinel.introducedBy === from.key).length
    if (recent.count >= maxIntroductions || onlyByIt >= maxIntroductions) return
    recent.count++
    const sentinel = knownSentinel(address, from.key)
    this.byKey.set(key, sentinel)
    this.known = [...this.known, sentinel]
  }

  /** How many sentinels list this one, for any group. */
  private countListers(key: string): number {
    const listers = new Set<string>()
    for (const { from, keys } of this.lists.values()) if (keys.has(key)) listers.add(from)
    return listers.size
  }

  /** Of two addresses of one sentinel: the one that is reachable, then the one that more sentinels list. */
  private isBetterAddress(a: KnownSentinel, b: KnownSentinel): boolean {
    const [isReachable, isOtherReachable] = [this.options.isReachable(a.key), this.options.isReachable(b.key)]
    return isReachable !== isOtherReachable
      ? isReachable === true
      : this.countListers(a.key) > this.countListers(b.key)
  }
}

/**
 * Whether at least half of the other sentinels of a group list this one, and how
 * many others say which sentinels the group has, in the group where these are most.
 */
const votesOn = (
  key: string,
  groups: ReadonlyArray<ReadonlyArray<PeerList>>
): { readonly isListed: boolean; readonly listers: number } => {
  let isListed = false
  let listers = 0
  for (const group of groups) {
    const others = group.filter((list) => list.from !== key)
    const votes = others.filter((list) => list.keys.has(key)).length
    if (others.length > 0 && votes * 2 >= others.length) isListed = true
    listers = Math.max(listers, others.length)
  }
  return { isListed, listers }
}
