/**
 * Looks up the addresses of host names. It limits the look-ups in progress, so
 * that a name without an answer does not delay other names.
 */
import * as Dns from "node:dns"
import * as Net from "node:net"
type Found = Parameters<Net.LookupFunction>[2]

/** A look-up in progress, and the callbacks that wait for it. */
interface Lookup {
  readonly name: string
  readonly waiting: Array<Found>
  readonly start: () => void
  isStarted: boolean
}

/*
 * Node looks up names on a few threads, which the application needs too. This
 * library therefore runs at most two look-ups at once: one of each name, and one
 * of all names that were slow. If both hang, it runs a third one.
 */
const mostLookups = 2

/** If a look-up takes longer than this, in milliseconds, its name counts as slow. */
const slowMillis = 500

/** How many slow names are remembered. */
const mostSlow = 1000

/** The look-ups of one resolver. `isBounded`: they use Node's threads, so their number is limited. */
export class Lookups {
  private readonly lookups = new Map<string, Lookup>()
  private readonly slow = new Set<string>()
  private readonly find: Net.LookupFunction
  private readonly isBounded: boolean

  constructor(find: Net.LookupFunction, isBounded: boolean) {
    this.find = find
    this.isBounded = isBounded
  }

  readonly lookup: Net.LookupFunction = (name, options, found) => {
    const key = `${name} ${String(options.family ?? 0)} ${options.all === true} ${options.hints ?? 0}`
    const same = this.lookups.get(key)
    if (same !== undefined) return void same.waiting.push(found)
    const lookup: Lookup = {
      name,
      waiting: [found],
      isStarted: false,
      start: () => {
        lookup.isStarted = true
        const began = performance.now()
        const timer = setTimeout(() => this.isSlow(name), slowMillis)
        timer.unref()
        let isOver = false
        const over = (error: unknown, found?: unknown): void => {
          if (isOver) return
          isOver = true
          clearTimeout(timer)
          if (performance.now() - began < slowMillis) this.slow.delete(name)
          this.lookups.delete(key)
          const answer = answerOf(name, error, found)
          for (const waiting of lookup.waiting) {
            if (!Array.isArray(answer)) waiting(answer, "")
            else if (options.all === true) waiting(null, answer)
            else waiting(null, answer[0]!.address, answer[0]!.family)
          }
          this.next()
        }
        try {
          const given: unknown = this.find(name, options, over)
          if (given instanceof Promise) given.catch(over)
        } catch (error) {
          over(error)
        }
      }
    }
    this.lookups.set(key, lookup)
    this.next()
  }

  private isSlow(name: string): void {
    this.slow.add(name)
    if (this.slow.size > mostSlow) this.slow.delete(this.slow.values().next().value!)
    this.next()
  }

  /** Starts the look-ups that the limits allow. */
  private next(): void {
    let started = 0
    let slow = 0
    for (const lookup of this.lookups.values()) {
      if (!lookup.isStarted) continue
      started++
      if (this.slow.has(lookup.name)) slow++
    }
    for (const lookup of Array.from(this.lookups.values())) {
      if (lookup.isStarted) continue
      const isSlow = this.slow.has(lookup.name)
      const most = slow === mostLookups ? mostLookups + 1 : mostLookups
      if (this.isBounded && (started >= most || (isSlow && slow > 0))) continue
      started++
      if (isSlow) slow++
      lookup.start()
    }
  }
}

/**
 * The answer of a resolver, checked: Node would take a user's resolver at its
 * word, and throw where nothing can catch it. A single address is accepted in
 * place of a list.
 */
const answerOf = (name: string, error: unknown, found: unknown): Array<Dns.LookupAddress> | NodeJS.ErrnoException => {
  try {
    if (error instanceof Error) return error
    if (error !== null && error !== undefined) {
      return new Error(typeof error === "string" ? error : "the look-up failed")
    }
    const addresses = (Array.isArray(found) ? found : [found]).flatMap((item: unknown) => {
      const address = typeof item === "object" && item !== null ? (item as { address?: unknown }).address : item
      const family = typeof address === "string" ? Net.isIP(address) : 0
      return family === 0 ? [] : [{ address: address as string, family }]
    })
    if (addresses.length > 0) return addresses
  } catch {
    // Reading the answer threw.
  }
  return Object.assign(new Error(`no address found for ${name}`), { code: "ENOTFOUND" })
}

const ofSystem = new Lookups(Dns.lookup as Net.LookupFunction, true)

/** The look-ups of each resolver that a client was given. */
const ofResolvers = new WeakMap<object, Lookups>()

/** The look-up function of a resolver, or of the system if none is given. */
export const lookupBy = (resolver: Resolver | undefined): Net.LookupFunction => {
  if (resolver === undefined) return ofSystem.lookup
  let lookups = ofResolvers.get(resolver)
  if (lookups === undefined) {
    lookups = new Lookups(typeof resolver === "function" ? resolver : lookupWith(resolver), false)
    ofResolvers.set(resolver, lookups)
  }
  return lookups.lookup
}

/** Looks up IPv4 and IPv6 addresses, and gives those that exist, IPv4 first. */
const lookupWith = (resolver: Dns.Resolver | Dns.promises.Resolver): Net.LookupFunction => (name, options, found) => {
  const families = options.family === 4 || options.family === "IPv4"
    ? [4]
    : options.family === 6 || options.family === "IPv6"
    ? [6]
    : [4, 6]
  const byFamily = new Map<number, ReadonlyArray<string>>()
  let unanswered = families.length
  let failure: NodeJS.ErrnoException | null = null
  for (const family of families) {
    const answered = (error: NodeJS.ErrnoException | null, addresses?: ReadonlyArray<string> | undefined): void => {
      failure ??= error
      byFamily.set(family, Array.isArray(addresses) ? addresses : [])
      if (--unanswered > 0) return
      const all = families.flatMap((family) => byFamily.get(family)!.map((address) => ({ address, family })))
      found(all.length === 0 ? failure : null, all)
    }
    const resolve = family === 4 ? "resolve4" as const : "resolve6" as const
    if (resolver instanceof Dns.promises.Resolver) {
      resolver[resolve](name).then((addresses) => answered(null, addresses), answered)
    } else resolver[resolve](name, answered)
  }
}
/**
 * How host names are resolved: a `Resolver` of `node:dns` or of
 * `node:dns/promises`, which asks name servers and does not read the hosts file,
 * or a function with the signature of `dns.lookup`.
 *
 * @since 0.1.0
 * @category models
 */
export type Resolver = Dns.Resolver | Dns.promises.Resolver | Net.LookupFunction
