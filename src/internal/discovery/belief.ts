/**
 * Whom to believe: what the sentinels of a group say of its primary, weighed.
 * One rule for whoever asks them and for whoever follows the group; pure but
 * for the times since which something has been so. Nothing here asks, dials or
 * waits.
 *
 * - A newer configuration epoch wins at once, though only one sentinel knows it
 *   yet: in a failover its leader is the first to know.
 * - A lone claim that is far ahead of everything else does not count.
 * - What most sentinels name wins whatever its epoch, once it has been so for a
 *   while.
 */

/** What one sentinel says: which node is the primary, in which configuration epoch. */
export interface Word {
  readonly from: string
  readonly node: string
  readonly epoch: number
}

/** The primary that is followed, and who named it. */
export type Held = Word

/** What the words come to. */
export type Verdict =
  | { readonly kind: "stay" }
  /** Most sentinels name another node. It is to be followed once `ready`; `unnamed`: nobody names the present one. */
  | { readonly kind: "follow"; readonly word: Word; readonly ready: boolean; readonly unnamed: boolean }
  /** The same node, but most sentinels know it by this epoch. It is to be taken over once `ready`. */
  | { readonly kind: "epoch"; readonly word: Word; readonly ready: boolean }

/**
 * A lone claim may be so far ahead of all other epochs. Each try at a failover
 * takes one, so a sentinel that was cut off may miss some, but not thousands.
 */
export const plausibleLead = 1000
/** For how long most of all sentinels have to name another node, in milliseconds: they hear of a failover in 2 s. */
export const outvotedMillis = 5000
/** The same where no sentinel names the present one any more. */
export const unnamedMillis = 2000
/** The same where only a minority of the sentinels can be reached, and most of that minority name another node. */
export const minorityMillis = 10_000

/** A sentinel that was contradicted counts alone again after so long, in milliseconds, if it agrees with the others. */
const mistrustMillis = 60_000

const majorityOf = (n: number): number => Math.floor(n / 2) + 1

/** The epoch of a word as far as it counts beside the others: a lone claim that is far ahead counts as little as theirs. */
export const countedEpoch = (word: Word, words: Iterable<Word>, held: Held | undefined, known: number): number => {
  if (known <= 1) return word.epoch
  let most = held?.epoch
  for (const other of words) {
    if (other.from === word.from) continue
    if (other.epoch >= word.epoch) return word.epoch
    if (most === undefined || other.epoch > most) most = other.epoch
  }
  return most === undefined || word.epoch <= most + plausibleLead ? word.epoch : Math.min(most, word.epoch)
}

interface Tally {
  readonly words: Array<Word>
  /** The highest of their epochs that counts. */
  epoch: number
  best: Word
}

const tally = (words: ReadonlyArray<Word>, held: Held | undefined, known: number): Map<string, Tally> => {
  const nodes = new Map<string, Tally>()
  for (const word of words) {
    const epoch = countedEpoch(word, words, held, known)
    const found = nodes.get(word.node)
    const counted = epoch === word.epoch ? word : { ...word, epoch }
    if (found === undefined) nodes.set(word.node, { words: [counted], epoch, best: counted })
    else {
      found.words.push(counted)
      if (epoch > found.epoch) {
        found.epoch = epoch
        found.best = counted
      }
    }
  }
  return nodes
}

/**
 * Which node to try, where none is followed yet: by the epoch that counts, then
 * by how many name it. `disowned` are those that have said themselves that they
 * are no primary; instead of one that is `unreachable`, another one will do if
 * most name it.
 */
export const choose = (
  words: ReadonlyArray<Word>,
  known: number,
  disowned: ReadonlySet<string>,
  unreachable: ReadonlySet<string>
): Word | undefined => {
  const left = words.filter((word) => !disowned.has(word.node))
  const ranked = Array.from(tally(left, undefined, known).values())
    .sort((a, b) => b.epoch - a.epoch || b.words.length - a.words.length)
  const first = ranked[0]
  if (first === undefined || !unreachable.has(first.best.node)) return first?.best
  return ranked.find((t) => !unreachable.has(t.best.node) && t.words.length * 2 > left.length)?.best
}

/** The highest epoch that most of all words reach with theirs. */
const agreedEpoch = (words: ReadonlyArray<Word>, of: number): Word | undefined =>
  words.toSorted((a, b) => b.epoch - a.epoch)[majorityOf(of) - 1]

/** What is known of one group's primary, and since when it has been contradicted. */
export class Belief {
  /** The primary that has said so itself, in the configuration that is followed. */
  held: Held | undefined = undefined
  /** What was given to somebody who had no need to make sure of it, as long as nothing is held. */
  private adopted: Held | undefined = undefined
  /** Whether that node has said meanwhile that it is no primary. */
  disowned = false
  /** Whether more than one sentinel has named it. */
  private seconded = false
  private readonly words = new Map<string, Word & { readonly at: number }>()
  /** What a sentinel named that turned out to be no primary: its word counts again once it changes. */
  private readonly disproved = new Map<string, Word>()
  /** Sentinels whose lone word most others have contradicted: when, and whether they have agreed with the others since. */
  private readonly outvoted = new Map<string, { readonly at: number; agreed: boolean }>()
  private rival: string | undefined = undefined
  private readonly since = { any: Infinity, majority: Infinity, unnamed: Infinity, lower: Infinity }

  /** A sentinel has answered. */
  hear(word: Word, now: number): void {
    this.words.set(word.from, { ...word, at: now })
    const wrong = this.disproved.get(word.from)
    if (wrong !== undefined && (wrong.node !== word.node || word.epoch > wrong.epoch)) this.disproved.delete(word.from)
    const outvoted = this.outvoted.get(word.from)
    if (outvoted !== undefined && this.held?.node === word.node) outvoted.agreed = true
  }

  /** What an answer is compared with. */
  get basis(): Held | undefined {
    return this.held ?? this.adopted
  }

  /** An answer was given to somebody who may not make sure of it. */
  adopt(word: Word): void {
    if (this.held === undefined) this.adopted = word
  }

  private isOutvoted(from: string, now: number): boolean {
    const outvoted = this.outvoted.get(from)
    if (outvoted === undefined) return false
    if (!outvoted.agreed || now - outvoted.at < mistrustMillis) return true
    this.outvoted.delete(from)
    return false
  }

  /** A sentinel does not answer, or does not know the group. */
  silent(from: string): void {
    this.words.delete(from)
  }

  /** A sentinel is no more. */
  forget(from: string): void {
    this.words.delete(from)
    this.disproved.delete(from)
    this.outvoted.delete(from)
  }

  /** What was said lately. */
  lately(now: number): ReadonlyArray<Word> {
    for (const [from, word] of this.words) if (now - word.at > minorityMillis + outvotedMillis) this.words.delete(from)
    return Array.from(this.words.values())
  }

  /** Whether what this sentinel names has turned out to be no primary, and it names it still. */
  isDisproved(from: string): boolean {
    return this.disproved.has(from)
  }

  /** Whether a sentinel's word is enough to look for the primary there at once. */
  accepts(word: Word, known: number, now: number): boolean {
    const held = this.basis
    if (held === undefined || word.node === held.node) return true
    const words = this.lately(now)
    const epoch = countedEpoch(word, words, held, known)
    if (this.disowned) return epoch >= held.epoch
    if (epoch <= held.epoch) return false
    // Nobody leads from one node to the next before another sentinel has confirmed the first.
    const astray = !this.seconded && held.from === word.from &&
      words.some((other) => other.from !== word.from && other.node !== held.node && other.node !== word.node)
    return (!astray && !this.isOutvoted(word.from, now)) ||
      words.some((other) => other.from !== word.from && other.node === word.node && other.epoch > held.epoch)
  }

  /** What the words of now come to. Has to be asked now and then for times to pass. */
  assess(known: number, now: number): Verdict {
    const { basis: held, since } = this
    const words = this.lately(now)
    const nodes = held === undefined ? undefined : tally(words, held, known)
    let other: Tally | undefined
    if (nodes !== undefined) {
      for (const t of nodes.values()) if (t.best.node !== held!.node && t.words.length * 2 > words.length) other = t
    }
    if (held === undefined || nodes === undefined || words.length === 0) {
      this.rest()
      return { kind: "stay" }
    }
    const mine = nodes.get(held.node)
    if (mine !== undefined && (mine.words.length > 1 || known <= 1)) this.seconded = true
    if (other !== undefined) {
      if (this.rival !== other.best.node) this.rest()
      this.rival = other.best.node
      const majority = other.words.length >= majorityOf(known)
      const unnamed = majority && mine === undefined
      since.any = Math.min(since.any, now)
      since.majority = majority ? Math.min(since.majority, now) : Infinity
      since.unnamed = unnamed ? Math.min(since.unnamed, now) : Infinity
      since.lower = Infinity
      const ready = this.disowned || now - since.any >= minorityMillis || now - since.majority >= outvotedMillis ||
        now - since.unnamed >= unnamedMillis
      return { kind: "follow", word: other.best, ready, unnamed }
    }
    const lower = since.lower
    this.rest()
    if (mine === undefined || mine.words.length * 2 <= words.length) return { kind: "stay" }
    const agreed = agreedEpoch(mine.words, words.length)!
    if (agreed.epoch > held.epoch) {
      const sure = mine.words.length > 1 || known <= 1
      return sure ? { kind: "epoch", word: agreed, ready: true } : { kind: "stay" }
    }
    if (agreed.epoch === held.epoch) return { kind: "stay" }
    since.lower = Math.min(lower, now)
    const wait = mine.words.length < majorityOf(known)
      ? minorityMillis
      // Nobody else ever knew it: it was a lone claim.
      : agreed.epoch + plausibleLead < held.epoch
      ? 0
      : outvotedMillis
    return { kind: "epoch", word: agreed, ready: now - since.lower >= wait }
  }

  private rest(): void {
    this.rival = undefined
    Object.assign(this.since, { any: Infinity, majority: Infinity, unnamed: Infinity, lower: Infinity })
  }

  /** A node has said that it is the primary, and is followed from now on. */
  settle(held: Held, now?: number | undefined): void {
    const old = this.held
    if (now !== undefined && old !== undefined && !this.disowned && old.node !== held.node) {
      if (held.epoch <= old.epoch) {
        // It was left though its epoch was no older: those who name it still do not count alone.
        for (const word of this.words.values()) {
          if (word.node === old.node) this.outvoted.set(word.from, { at: now, agreed: false })
        }
      }
      // Nor does the one who alone ever named it, whatever it says now.
      const others = Array.from(this.words.values()).some((w) => w.node === old.node && w.from !== old.from)
      if (!this.seconded && !others) this.outvoted.set(old.from, { at: now, agreed: false })
    }
    if (old?.node !== held.node) {
      let n = 0
      for (const word of this.words.values()) if (word.node === held.node) n++
      this.seconded = n > 1
    }
    this.held = held
    this.adopted = undefined
    this.disowned = false
    this.rest()
  }

  /** A node that was named says that it is no primary. */
  disprove(node: string): void {
    if (this.held?.node === node) this.disowned = true
    if (this.adopted?.node === node) this.adopted = undefined
    for (const word of this.words.values()) if (word.node === node) this.disproved.set(word.from, word)
  }

  /** A node says that it is the primary, again. */
  reappeared(node: string): void {
    if (this.held?.node === node) this.disowned = false
    for (const [from, word] of this.disproved) if (word.node === node) this.disproved.delete(from)
  }

  /** Another spelling stands for a node. */
  rename(from: string, to: string): void {
    const renamed = <A extends Word>(word: A): A => word.node === from ? { ...word, node: to } : word
    if (this.held !== undefined) this.held = renamed(this.held)
    if (this.adopted !== undefined) this.adopted = renamed(this.adopted)
    if (this.rival === from) this.rival = to
    for (const map of [this.words, this.disproved] as ReadonlyArray<Map<string, Word>>) {
      for (const [key, word] of map) map.set(key, renamed(word))
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
