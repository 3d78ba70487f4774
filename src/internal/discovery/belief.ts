/**
 * Which node is believed to be the primary of a group, from what several sentinels
 * claim. The same rules hold for a single question and for a monitor. It sends
 * no questions and has no timers: it records since when the sentinels have agreed.
 *
 * - A newer configuration epoch wins at once, even if only one sentinel knows it: the
 *   leader of a failover is the first to know.
 * - A single sentinel's epoch that is far ahead of all others does not count.
 * - The node that most sentinels name wins, whatever its epoch, once they have named
 *   it for long enough.
 */

/** A sentinel's claim that a node is the primary, in a configuration epoch. All addresses are formatted. */
export interface SentinelClaim {
  /** The sentinel. */
  readonly from: string
  readonly node: string
  readonly epoch: number
}

/** What the claims of all sentinels mean for the primary that is followed. */
export type Verdict =
  | { readonly kind: "stay" }
  /** Most sentinels name another node. It may be followed once `isReady`. `isUnnamed`: no sentinel names the present one. */
  | { readonly kind: "follow"; readonly claim: SentinelClaim; readonly isReady: boolean; readonly isUnnamed: boolean }
  /** Most sentinels name the same node with another epoch. The epoch may be taken over once `isReady`. */
  | { readonly kind: "epoch"; readonly claim: SentinelClaim; readonly isReady: boolean }

/**
 * How far a single sentinel's epoch may be ahead of all others. Each attempt at a
 * failover takes one epoch: a sentinel that was cut off misses some, not thousands.
 */
export const plausibleEpochLead = 1000
/** How long most of all sentinels have to name another node, in milliseconds. They learn of a failover within 2 s. */
export const outvotedMillis = 5000
/** The same if no sentinel names the present primary any more. */
export const unnamedMillis = 2000
/** The same if only a minority of the sentinels can be reached, and most of these name another node. */
export const minorityMillis = 10_000

/**
 * How long a sentinel is not believed alone after the others have contradicted it,
 * in milliseconds. After that it is, if it has agreed with them since.
 */
const outvotedMistrustMillis = 60_000

const majorityOf = (n: number): number => Math.floor(n / 2) + 1

/**
 * The epoch with which a claim counts among the others: its own, unless it is a
 * single sentinel's and implausibly far ahead; then the highest of the others.
 */
export const credibleEpoch = (
  claim: SentinelClaim,
  claims: Iterable<SentinelClaim>,
  current: SentinelClaim | undefined,
  known: number
): number => {
  if (known <= 1) return claim.epoch
  let highest = current?.epoch
  for (const other of claims) {
    if (other.from === claim.from) continue
    if (other.epoch >= claim.epoch) return claim.epoch
    if (highest === undefined || other.epoch > highest) highest = other.epoch
  }
  return highest === undefined || claim.epoch <= highest + plausibleEpochLead
    ? claim.epoch
    : Math.min(highest, claim.epoch)
}

/** The claims for one node. */
interface Tally {
  /** With the epochs with which they count. */
  readonly claims: Array<SentinelClaim>
  /** The claim with the highest of these epochs. */
  best: SentinelClaim
}

const tallyByNode = (
  claims: ReadonlyArray<SentinelClaim>,
  current: SentinelClaim | undefined,
  known: number
): Map<string, Tally> => {
  const tallies = new Map<string, Tally>()
  for (const claim of claims) {
    const counted = { ...claim, epoch: credibleEpoch(claim, claims, current, known) }
    const tally = tallies.get(claim.node)
    if (tally === undefined) tallies.set(claim.node, { claims: [counted], best: counted })
    else {
      tally.claims.push(counted)
      if (counted.epoch > tally.best.epoch) tally.best = counted
    }
  }
  return tallies
}

/**
 * Which node to try while no primary is followed: the one with the highest epoch
 * that counts, then the one that most sentinels name. Nodes in `wrongRole` have said
 * that they are no primary, and are left out. If the node to try is `unreachable`,
 * another one is tried instead if most sentinels name it.
 */
export const choosePrimary = (
  claims: ReadonlyArray<SentinelClaim>,
  known: number,
  wrongRole: ReadonlySet<string>,
  unreachable: ReadonlySet<string>
): SentinelClaim | undefined => {
  const eligible = claims.filter((claim) => !wrongRole.has(claim.node))
  const ranked = Array.from(tallyByNode(eligible, undefined, known).values())
    .sort((a, b) => b.best.epoch - a.best.epoch || b.claims.length - a.claims.length)
  const first = ranked[0]
  if (first === undefined || !unreachable.has(first.best.node)) return first?.best
  return ranked.find((t) => !unreachable.has(t.best.node) && t.claims.length * 2 > eligible.length)?.best
}

/** The claim with the highest epoch that most of `total` claims reach. */
const agreedOn = (claims: ReadonlyArray<SentinelClaim>, total: number): SentinelClaim | undefined =>
  claims.toSorted((a, b) => b.epoch - a.epoch)[majorityOf(total) - 1]

/** What is believed of one group's primary, and since when sentinels have contradicted it. */
export class Belief {
  /** The primary that is followed: it has said itself that it is the primary. */
  followed: SentinelClaim | undefined = undefined
  /** The primary that was last given to a caller who may not verify it, while none is followed. */
  private unverified: SentinelClaim | undefined = undefined
  /** Whether the followed node has said since that it is no primary. */
  isWrongRole = false
  /** Whether more than one sentinel has named the followed node. */
  private isCorroborated = false
  private readonly claims = new Map<string, SentinelClaim & { readonly at: number }>()
  /** Claims for nodes that have said that they are no primary. Such a sentinel counts again once its claim changes. */
  private readonly wrongRoleClaims = new Map<string, SentinelClaim>()
  /** Sentinels that most others have contradicted: when, and whether they have agreed with the others since. */
  private readonly outvotedSentinels = new Map<string, { readonly at: number; agreed: boolean }>()
  /** The other node that most sentinels name. */
  private rival: string | undefined = undefined
  /**
   * Since when, in monotonic milliseconds: most sentinels that answer name the rival;
   * most of all sentinels do; and none names the followed node. Or since when most
   * sentinels name the followed node with a lower epoch.
   */
  private readonly since = { any: Infinity, majority: Infinity, unnamed: Infinity, lower: Infinity }

  /** Takes the claim of a sentinel that has answered. */
  record(claim: SentinelClaim, now: number): void {
    this.claims.set(claim.from, { ...claim, at: now })
    const wrong = this.wrongRoleClaims.get(claim.from)
    if (wrong !== undefined && (wrong.node !== claim.node || claim.epoch > wrong.epoch)) {
      this.wrongRoleClaims.delete(claim.from)
    }
    const outvoted = this.outvotedSentinels.get(claim.from)
    if (outvoted !== undefined && this.followed?.node === claim.node) outvoted.agreed = true
  }

  /** What a claim is compared with. */
  get reference(): SentinelClaim | undefined {
    return this.followed ?? this.unverified
  }

  /** A claim was given to a caller who may not verify it. */
  followUnverified(claim: SentinelClaim): void {
    if (this.followed === undefined) this.unverified = claim
  }

  private isOutvoted(from: string, now: number): boolean {
    const outvoted = this.outvotedSentinels.get(from)
    if (outvoted === undefined) return false
    if (!outvoted.agreed || now - outvoted.at < outvotedMistrustMillis) return true
    this.outvotedSentinels.delete(from)
    return false
  }

  /** Drops the claim of a sentinel that does not answer, or does not know the group. */
  withdraw(from: string): void {
    this.claims.delete(from)
  }

  /** Forgets a sentinel that no longer exists. */
  forget(from: string): void {
    this.claims.delete(from)
    this.wrongRoleClaims.delete(from)
    this.outvotedSentinels.delete(from)
  }

  /** The latest claim of each sentinel, those that are too old left out. */
  recentClaims(now: number): ReadonlyArray<SentinelClaim> {
    for (const [from, claim] of this.claims) {
      if (now - claim.at > minorityMillis + outvotedMillis) this.claims.delete(from)
    }
    return Array.from(this.claims.values())
  }

  /** Whether the node that this sentinel names has said that it is no primary. */
  namesWrongRole(from: string): boolean {
    return this.wrongRoleClaims.has(from)
  }

  /** Whether one sentinel's claim is enough to try its node at once. */
  accepts(claim: SentinelClaim, known: number, now: number): boolean {
    const current = this.reference
    if (current === undefined || claim.node === current.node) return true
    const claims = this.recentClaims(now)
    const epoch = credibleEpoch(claim, claims, current, known)
    if (this.isWrongRole) return epoch >= current.epoch
    if (epoch <= current.epoch) return false
    // A sentinel that named the followed node alone does not lead on to the next node, if others name a third one.
    const isLeading = !this.isCorroborated && current.from === claim.from &&
      claims.some((other) => other.from !== claim.from && other.node !== current.node && other.node !== claim.node)
    return (!isLeading && !this.isOutvoted(claim.from, now)) ||
      claims.some((other) => other.from !== claim.from && other.node === claim.node && other.epoch > current.epoch)
  }

  /** What all claims mean together. Call it with each round of answers: it notes since when something has been so. */
  assess(known: number, now: number): Verdict {
    const { reference: current, since } = this
    const claims = this.recentClaims(now)
    if (current === undefined || claims.length === 0) {
      this.resetContradiction()
      return { kind: "stay" }
    }
    const tallies = tallyByNode(claims, current, known)
    const currentTally = tallies.get(current.node)
    if (currentTally !== undefined && (currentTally.claims.length > 1 || known <= 1)) this.isCorroborated = true
    const rival = Array.from(tallies.values()).find((t) => t !== currentTally && t.claims.length * 2 > claims.length)
    if (rival !== undefined) {
      if (this.rival !== rival.best.node) this.resetContradiction()
      this.rival = rival.best.node
      const isMajority = rival.claims.length >= majorityOf(known)
      const isUnnamed = isMajority && currentTally === undefined
      since.any = Math.min(since.any, now)
      since.majority = isMajority ? Math.min(since.majority, now) : Infinity
      since.unnamed = isUnnamed ? Math.min(since.unnamed, now) : Infinity
      since.lower = Infinity
      const isReady = this.isWrongRole || now - since.any >= minorityMillis || now - since.majority >= outvotedMillis ||
        now - since.unnamed >= unnamedMillis
      return { kind: "follow", claim: rival.best, isReady, isUnnamed }
    }
    const lowerSince = since.lower
    this.resetContradiction()
    if (currentTally === undefined || currentTally.claims.length * 2 <= claims.length) return { kind: "stay" }
    const agreed = agreedOn(currentTally.claims, claims.length)!
    if (agreed.epoch > current.epoch) {
      const isCertain = currentTally.claims.length > 1 || known <= 1
      return isCertain ? { kind: "epoch", claim: agreed, isReady: true } : { kind: "stay" }
    }
    if (agreed.epoch === current.epoch) return { kind: "stay" }
    since.lower = Math.min(lowerSince, now)
    const wait = currentTally.claims.length < majorityOf(known)
      ? minorityMillis
      // No other sentinel ever knew the epoch that is followed: a single sentinel had claimed it.
      : agreed.epoch + plausibleEpochLead < current.epoch
      ? 0
      : outvotedMillis
    return { kind: "epoch", claim: agreed, isReady: now - since.lower >= wait }
  }

  private resetContradiction(): void {
    this.rival = undefined
    Object.assign(this.since, { any: Infinity, majority: Infinity, unnamed: Infinity, lower: Infinity })
  }

  /**
   * A node has said that it is the primary, and is followed from now on. With `now`,
   * the sentinels that named the node before it may lose trust.
   */
  follow(claim: SentinelClaim, now?: number | undefined): void {
    const old = this.followed
    const claims = Array.from(this.claims.values())
    if (now !== undefined && old !== undefined && !this.isWrongRole && old.node !== claim.node) {
      if (claim.epoch <= old.epoch) {
        // The others have won against an epoch that was no lower: the sentinels that still claim it do not count alone.
        for (const { from, node } of claims) {
          if (node === old.node) this.outvotedSentinels.set(from, { at: now, agreed: false })
        }
      }
      // Nor does a sentinel that was the only one to name the old node, whatever it claims now.
      const isNamedByOthers = claims.some(({ from, node }) => node === old.node && from !== old.from)
      if (!this.isCorroborated && !isNamedByOthers) this.outvotedSentinels.set(old.from, { at: now, agreed: false })
    }
    if (old?.node !== claim.node) this.isCorroborated = claims.filter(({ node }) => node === claim.node).length > 1
    this.followed = claim
    this.unverified = undefined
    this.isWrongRole = false
    this.resetContradiction()
  }

  /** A node says that it is no primary. */
  onWrongRole(node: string): void {
    if (this.followed?.node === node) this.isWrongRole = true
    if (this.unverified?.node === node) this.unverified = undefined
    for (const claim of this.claims.values()) if (claim.node === node) this.wrongRoleClaims.set(claim.from, claim)
  }

  /** The followed node says again that it is the primary. */
  onPrimaryRole(node: string): void {
    if (this.followed?.node === node) this.isWrongRole = false
    for (const [from, claim] of this.wrongRoleClaims) if (claim.node === node) this.wrongRoleClaims.delete(from)
  }

  /** A node has another canonical address from now on. */
  rename(from: string, to: string): void {
    const renamed = <A extends SentinelClaim>(claim: A): A => claim.node === from ? { ...claim, node: to } : claim
    if (this.followed !== undefined) this.followed = renamed(this.followed)
    if (this.unverified !== undefined) this.unverified = renamed(this.unverified)
    if (this.rival === from) this.rival = to
    for (const map of [this.claims, this.wrongRoleClaims] as ReadonlyArray<Map<string, SentinelClaim>>) {
      for (const [key, claim] of map) map.set(key, renamed(claim))
    }
  }
}

/** The beliefs of all groups. */
export class Beliefs {
  private readonly byGroup = new Map<string, Belief>()

  /** What is believed of a group, if anything was said of it. */
  get(group: string): Belief | undefined {
    return this.byGroup.get(group)
  }

  /** What is believed of a group; kept from now on. */
  of(group: string): Belief {
    let belief = this.byGroup.get(group)
    if (belief === undefined) this.byGroup.set(group, belief = new Belief())
    return belief
  }

  rename(from: string, to: string): void {
    for (const belief of this.byGroup.values()) belief.rename(from, to)
  }

  forget(sentinel: string): void {
    for (const belief of this.byGroup.values()) belief.forget(sentinel)
  }
}
