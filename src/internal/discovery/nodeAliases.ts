/**
 * Which addresses are the same node: sentinels may announce a node by different
 * names and addresses. Two addresses are the same node if the sentinels give them
 * the same run id, or if connections to them reach the same endpoint. One address,
 * the canonical one, stands for the node everywhere else.
 *
 * Resolves no names and asks nobody: it learns from what it is given.
 */
import * as Net from "node:net"
import * as Address from "../../Address.ts"

/** The run id that a sentinel gives for an address. */
export interface NodeRunId {
  readonly address: Address.Address
  /** Empty if it is not known. */
  readonly runId: string
}

/** How many addresses keep the endpoint that their connections reached. */
const maxEndpoints = 256

/** One text for addresses that differ only in letter case, a final dot, or the notation of IPv6. */
const normalize = (address: Address.Address): string => {
  if (Address.isUnix(address)) return Address.format(address)
  const host = address.host.toLowerCase().replace(/\.$/, "")
  if (!Net.isIPv6(host) || host.includes("%")) return `${host}:${address.port}`
  const short = new URL(`http://[${host}]`).hostname
  const mapped = /^\[::ffff:([\da-f]{1,4}):([\da-f]{1,4})\]$/.exec(short)
  if (mapped === null) return `${short}:${address.port}`
  const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)]
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}:${address.port}`
}

/**
 * The address of a text that `Address.format` gave.
 *
 * @since 0.1.0
 * @category parsing
 */
export const addressOf = (formatted: string): Address.Address => Address.parse(formatted, 0) as Address.Address

/**
 * The addresses of all nodes. All keys are formatted addresses.
 *
 * @since 0.1.0
 * @category models
 */
export class NodeAliases {
  private readonly addresses = new Map<string, Address.Address>()
  /** By source: the run id of each address. */
  private readonly runIds = new Map<string, ReadonlyMap<string, string>>()
  /** The endpoint that the last connection to each address reached, in the order of these connections. */
  private readonly endpoints = new Map<string, string>()
  private readonly undialable = new Set<string>()
  /** The canonical address of each address that is not canonical itself. */
  private canonicalOf = new Map<string, Address.Address>()
  /** Called when an address gets another canonical address. */
  onRename: (from: string, to: string) => void = () => {}

  /** The address that stands for a node. */
  canonical(address: Address.Address): Address.Address {
    return this.canonicalOf.size === 0 ? address : this.canonicalOf.get(Address.format(address)) ?? address
  }

  /** All addresses of a node, the canonical one first. */
  aliases(address: Address.Address): ReadonlyArray<Address.Address> {
    const canonical = this.canonical(address)
    const key = Address.format(canonical)
    const others = Array.from(this.canonicalOf).filter(([, to]) => Address.format(to) === key)
    return [canonical, ...others.map(([alias]) => this.addresses.get(alias)!)]
  }

  /** Takes the run ids that a source gives for the nodes of a group, in place of those that it gave before. */
  recordRunIds(source: string, nodes: ReadonlyArray<NodeRunId>): void {
    const given = new Map<string, string>()
    for (const { address, runId } of nodes) {
      if (runId === "") continue
      const key = Address.format(address)
      this.addresses.set(key, address)
      given.set(key, runId)
    }
    // A source that gives one run id for two nodes says nothing about either.
    const uses = new Map<string, number>()
    for (const runId of given.values()) uses.set(runId, (uses.get(runId) ?? 0) + 1)
    for (const [key, runId] of given) if (uses.get(runId)! > 1) given.delete(key)
    const before = this.runIds.get(source)
    if (before?.size === given.size && Array.from(given).every(([key, runId]) => before.get(key) === runId)) return
    this.runIds.set(source, given)
    this.update()
  }

  /** Forgets the run ids of some sources. */
  forget(isForgotten: (source: string) => boolean): void {
    for (const source of this.runIds.keys()) if (isForgotten(source)) this.runIds.delete(source)
    this.update()
  }

  /** A connection to an address reached this endpoint. */
  recordEndpoint(address: Address.Address, endpoint: string | undefined): void {
    const key = Address.format(address)
    if (endpoint === undefined || this.endpoints.get(key) === endpoint) return
    this.endpoints.delete(key)
    this.endpoints.set(key, endpoint)
    if (this.endpoints.size > maxEndpoints) this.endpoints.delete(this.endpoints.keys().next().value!)
    this.addresses.set(key, address)
    this.update()
  }

  /** An address cannot be dialled: another address of the same node becomes the canonical one. */
  markUndialable(address: Address.Address): void {
    const aliases = this.aliases(address).map((alias) => Address.format(alias))
    if (aliases.length < 2) return
    const key = Address.format(address)
    if (this.undialable.has(key)) return
    this.undialable.add(key)
    // If none can be dialled, none is worse than the others.
    if (aliases.every((alias) => this.undialable.has(alias))) {
      for (const alias of aliases) this.undialable.delete(alias)
    }
    this.update()
  }

  /** Works out which addresses are the same node, and which of them is canonical. */
  private update(): void {
    const sources = this.countSources()
    for (const key of this.addresses.keys()) {
      if (!sources.has(key) && !this.endpoints.has(key)) {
        this.addresses.delete(key)
        this.undialable.delete(key)
      }
    }
    /** The run id that most of the sources give that know the address. */
    const runIdOf = (key: string): string | undefined => {
      const known = sources.get(key)
      for (const [runId, count] of known?.runIds ?? []) if (count * 2 > known!.total) return runId
      return undefined
    }

    const groups = new DisjointSets()
    for (const [key, address] of this.addresses) {
      const endpoint = `at ${normalize(address)}`
      groups.join(`as ${key}`, endpoint)
      const runId = runIdOf(key)
      if (runId !== undefined) groups.join(endpoint, `id ${runId}`)
    }
    const runIdOfGroup = new Map<string, string>()
    for (const key of this.addresses.keys()) {
      const group = groups.rootOf(`as ${key}`)
      const runId = runIdOfGroup.has(group) ? undefined : runIdOf(key)
      if (runId !== undefined) runIdOfGroup.set(group, runId)
    }
    // A name may lead to another endpoint by now, and its old endpoint may be another node's. So the latest
    // connection counts first, and two different run ids are never joined.
    for (const [key, reached] of Array.from(this.endpoints).reverse()) {
      const endpoint = `at ${normalize(addressOf(reached))}`
      const here = runIdOfGroup.get(groups.rootOf(`as ${key}`))
      const there = runIdOfGroup.get(groups.rootOf(endpoint))
      if (here !== undefined && there !== undefined && here !== there) continue
      groups.join(`as ${key}`, endpoint)
      const runId = here ?? there
      if (runId !== undefined) runIdOfGroup.set(groups.rootOf(endpoint), runId)
    }
    this.chooseCanonical((key) => groups.rootOf(`as ${key}`))
  }

  /** By address: how many sources give a run id for it, and how many give which. */
  private countSources(): Map<string, { total: number; readonly runIds: Map<string, number> }> {
    const sources = new Map<string, { total: number; readonly runIds: Map<string, number> }>()
    for (const given of this.runIds.values()) {
      for (const [key, runId] of given) {
        let known = sources.get(key)
        if (known === undefined) sources.set(key, known = { total: 0, runIds: new Map() })
        known.total++
        known.runIds.set(runId, (known.runIds.get(runId) ?? 0) + 1)
      }
    }
    return sources
  }

  /** The address that was seen first is canonical, unless it cannot be dialled and another one can. */
  private chooseCanonical(groupOf: (key: string) => string): void {
    const canonical = new Map<string, string>()
    for (const key of this.addresses.keys()) {
      const group = groupOf(key)
      const best = canonical.get(group)
      if (best === undefined || (this.undialable.has(best) && !this.undialable.has(key))) canonical.set(group, key)
    }
    const before = this.canonicalOf
    const canonicalOf = new Map<string, Address.Address>()
    for (const key of this.addresses.keys()) {
      const to = canonical.get(groupOf(key))!
      if (to !== key) canonicalOf.set(key, this.addresses.get(to)!)
    }
    this.canonicalOf = canonicalOf
    for (const [key, to] of canonicalOf) {
      const was = before.get(key)
      if (was === undefined || Address.format(was) !== Address.format(to)) this.onRename(key, Address.format(to))
    }
  }
}

/** Sets of texts that can be joined. Each set is known by one of its members, its root. */
class DisjointSets {
  private readonly parents = new Map<string, string>()

  rootOf(member: string): string {
    let root = member
    for (let parent = this.parents.get(root); parent !== undefined; parent = this.parents.get(root)) root = parent
    // Shortens the way for the next time.
    for (let at = member; at !== root;) {
      const parent = this.parents.get(at)!
      this.parents.set(at, root)
      at = parent
    }
    return root
  }

  join(a: string, b: string): void {
    const [rootOfA, rootOfB] = [this.rootOf(a), this.rootOf(b)]
    if (rootOfA !== rootOfB) this.parents.set(rootOfA, rootOfB)
  }
}
