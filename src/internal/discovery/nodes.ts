/**
 * Which addresses are one node: sentinels may announce the same node by a name
 * or by an address, each in its own way. Two spellings are one node if the
 * sentinels give them the same run id, or if connections to them go to the same
 * place. One of them stands for all; nobody else needs to know of the others.
 *
 * Nothing is resolved here, and nobody asked: it only learns.
 */
import * as Net from "node:net"
import * as Address from "../../Address.ts"

/** What a sentinel says of one node. */
export interface Claim {
  readonly address: Address.Address
  /** Empty where it is not known. */
  readonly runId: string
}

/** So many places to which connections went are remembered. */
const maxObserved = 256

/** One spelling of what is literally the same: letter case, and the ways to write an IPv6 address. */
const plain = (address: Address.Address): string => {
  if (Address.isUnix(address)) return Address.format(address)
  const host = address.host.toLowerCase().replace(/\.$/, "")
  if (!Net.isIPv6(host) || host.includes("%")) return `${host}:${address.port}`
  const short = new URL(`http://[${host}]`).hostname
  const mapped = /^\[::ffff:([\da-f]{1,4}):([\da-f]{1,4})\]$/.exec(short)
  if (mapped === null) return `${short}:${address.port}`
  const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)]
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}:${address.port}`
}

/** An address that was shown before. */
const placeOf = (shown: string): Address.Address => Address.parse(shown, 0) as Address.Address

export class Nodes {
  /** By who says so: run ids by spelling. */
  private readonly claims = new Map<string, ReadonlyMap<string, string>>()
  private readonly addresses = new Map<string, Address.Address>()
  private readonly observed = new Map<string, string>()
  private readonly avoided = new Set<string>()
  /** Those that are not their own representative. */
  private standing = new Map<string, Address.Address>()
  /** Told when another spelling stands for a node than before. */
  onRename: (from: string, to: string) => void = () => {}

  /** The address that stands for a node. */
  canonical(address: Address.Address): Address.Address {
    return this.standing.size === 0 ? address : this.standing.get(Address.format(address)) ?? address
  }

  /** All spellings of a node, the one that stands for it in front. */
  spellings(address: Address.Address): ReadonlyArray<Address.Address> {
    const first = this.canonical(address)
    const shown = Address.format(first)
    const others = Array.from(this.standing).filter(([, to]) => Address.format(to) === shown)
    return [first, ...others.map(([spelling]) => this.addresses.get(spelling)!)]
  }

  /** What somebody says of the nodes of a group, in place of what it said before. */
  claim(by: string, list: ReadonlyArray<Claim>): void {
    const said = new Map<string, string>()
    const times = new Map<string, number>()
    for (const { address, runId } of list) {
      if (runId === "") continue
      const shown = Address.format(address)
      this.addresses.set(shown, address)
      said.set(shown, runId)
    }
    // One run id for two nodes is no run id.
    for (const runId of said.values()) times.set(runId, (times.get(runId) ?? 0) + 1)
    for (const [shown, runId] of said) if (times.get(runId)! > 1) said.delete(shown)
    const before = this.claims.get(by)
    if (before !== undefined && before.size === said.size) {
      let same = true
      for (const [shown, runId] of said) if (before.get(shown) !== runId) same = false
      if (same) return
    }
    this.claims.set(by, said)
    this.arrange()
  }

  /** Somebody's word does not count any more. */
  forget(by: (name: string) => boolean): void {
    for (const name of this.claims.keys()) if (by(name)) this.claims.delete(name)
    this.arrange()
  }

  /** Whether it is known where connections to an address go. */
  isObserved(address: Address.Address): boolean {
    return this.observed.has(Address.format(address))
  }

  /** A connection to an address went to that place. */
  observe(address: Address.Address, remote: string | undefined): void {
    const shown = Address.format(address)
    if (remote === undefined || this.observed.get(shown) === remote) return
    this.observed.delete(shown)
    this.observed.set(shown, remote)
    if (this.observed.size > maxObserved) this.observed.delete(this.observed.keys().next().value!)
    this.addresses.set(shown, address)
    this.arrange()
  }

  /** An address cannot be dialled: another spelling of the same node may do. */
  avoid(address: Address.Address): void {
    const spellings = this.spellings(address)
    if (spellings.length < 2) return
    const shown = Address.format(address)
    if (this.avoided.has(shown)) return
    this.avoided.add(shown)
    // If none of them can be dialled, none is worse than the others.
    if (spellings.every((a) => this.avoided.has(Address.format(a)))) {
      for (const a of spellings) this.avoided.delete(Address.format(a))
    }
    this.arrange()
  }

  private arrange(): void {
    const count = new Map<string, number>()
    const ids = new Map<string, Map<string, number>>()
    for (const said of this.claims.values()) {
      for (const [shown, runId] of said) {
        count.set(shown, (count.get(shown) ?? 0) + 1)
        let of = ids.get(shown)
        if (of === undefined) ids.set(shown, of = new Map())
        of.set(runId, (of.get(runId) ?? 0) + 1)
      }
    }
    for (const shown of this.addresses.keys()) {
      if (!count.has(shown) && !this.observed.has(shown)) {
        this.addresses.delete(shown)
        this.avoided.delete(shown)
      }
    }
    // Whatever shares a run id or a place is one node: by the first key that it has in common with others.
    const parents = new Map<string, string>()
    const root = (key: string): string => {
      let at = key
      for (let up = parents.get(at); up !== undefined; up = parents.get(at)) at = up
      for (let up = parents.get(key); up !== undefined; up = parents.get(key)) {
        parents.set(key, at)
        key = up
        if (key === at) break
      }
      return at
    }
    const join = (a: string, b: string): void => {
      const [x, y] = [root(a), root(b)]
      if (x !== y) parents.set(x, y)
    }
    const idOf = (shown: string): string | undefined => {
      for (const [runId, n] of ids.get(shown) ?? []) if (n * 2 > count.get(shown)!) return runId
      return undefined
    }
    for (const [shown, address] of this.addresses) {
      const key = `at ${plain(address)}`
      join(`as ${shown}`, key)
      const runId = idOf(shown)
      if (runId !== undefined) join(key, `id ${runId}`)
    }
    const told = new Map<string, string>()
    for (const shown of this.addresses.keys()) {
      const whole = root(`as ${shown}`)
      const runId = told.has(whole) ? undefined : idOf(shown)
      if (runId !== undefined) told.set(whole, runId)
    }
    // A name may have gone elsewhere since, and the place to which it went be another node's: what was seen last counts.
    for (const [shown, remote] of Array.from(this.observed).reverse()) {
      const place = `at ${plain(placeOf(remote))}`
      const here = told.get(root(`as ${shown}`))
      const there = told.get(root(place))
      if (here !== undefined && there !== undefined && here !== there) continue
      join(`as ${shown}`, place)
      const runId = here ?? there
      if (runId !== undefined) told.set(root(place), runId)
    }
    // The one that was seen first stands for all, unless it cannot be dialled.
    const first = new Map<string, string>()
    for (const shown of this.addresses.keys()) {
      const whole = root(`as ${shown}`)
      const best = first.get(whole)
      if (best === undefined || (this.avoided.has(best) && !this.avoided.has(shown))) first.set(whole, shown)
    }
    const before = this.standing
    const standing = new Map<string, Address.Address>()
    for (const shown of this.addresses.keys()) {
      const to = first.get(root(`as ${shown}`))!
      if (to !== shown) standing.set(shown, this.addresses.get(to)!)
    }
    this.standing = standing
    for (const [shown, to] of standing) {
      const was = before.get(shown)
      if (was === undefined || Address.format(was) !== Address.format(to)) this.onRename(shown, Address.format(to))
    }
  }
}
