/**
 * Looks at a deployment: asks the given sentinels, those that they list, and the nodes that they name, all at once in
 * each of these three steps, and each step within a time of its own.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Address from "../../Address.ts"
import type { NatMap, SessionOptions } from "../../Options.ts"
import { dialAddressBy } from "../discovery/natMap.ts"
import type { Times } from "./asking.ts"
import { askNode, unaskedNode } from "./askNode.ts"
import { askSentinel, unaskedSentinel } from "./askSentinel.ts"
import type { NodeSeen, Place, Seen, SentinelSeen } from "./seen.ts"
import { placeText } from "./view.ts"

/** What to look at, checked. */
export interface Subject {
  readonly group: string
  readonly sentinels: ReadonlyArray<Address.Address>
  readonly sentinel: SessionOptions
  readonly node: SessionOptions
  readonly natMap: NatMap | undefined
  /** How long the whole may take, in milliseconds. */
  readonly timeoutMillis: number
}

/** How many servers of each tier are looked at. */
const mostSentinels = 64
const mostNodes = 256

const malformed = (detail: string) => ({ kind: "malformed-address" as const, detail, code: "" })

const byPlace = <A>(entries: Iterable<readonly [place: Place, by: A]>): Map<string, { place: Place; by: Array<A> }> => {
  const found = new Map<string, { place: Place; by: Array<A> }>()
  for (const [place, by] of entries) {
    const key = placeText(place)
    const known = found.get(key)
    if (known === undefined) found.set(key, { place: { host: place.host, port: place.port }, by: [by] })
    else known.by.push(by)
  }
  return found
}

const isUp = (flags: ReadonlySet<string>): boolean => !flags.has("s_down") && !flags.has("disconnected")

/** Looks at a deployment. Never fails: what cannot be asked is part of what is seen. */
export const gather = (subject: Subject): Effect.Effect<Seen> =>
  Effect.gen(function*() {
    const atMillis = yield* Clock.currentTimeMillis
    // Three steps, one after another; the rest is for what comes before and after.
    const serverMillis = Math.max(100, Math.floor(subject.timeoutMillis * 0.3))
    const times: Times = { serverMillis, connectMillis: Math.ceil(serverMillis * 0.8) }
    const dialAddress = dialAddressBy(subject.natMap)
    const { group } = subject

    const given = new Map(
      subject.sentinels.slice(0, mostSentinels).map((address) => [Address.format(address), address])
    )
    const first = yield* Effect.forEach(given.values(), (address) =>
      askSentinel(address, group, subject.sentinel, times, {
        announced: Address.isUnix(address) ? undefined : address,
        isGiven: true,
        listedBy: []
      }), { concurrency: "unbounded" })

    const listed = byPlace(
      first.flatMap(({ address, group }) =>
        (group?.peers ?? []).map((peer) =>
          [peer, address] as const
        )
      )
    )
    const second = yield* Effect.forEach(
      Array.from(listed.values()).slice(0, mostSentinels),
      ({ by, place }): Effect.Effect<SentinelSeen | undefined> => {
        const where = { announced: place, isGiven: false, listedBy: by }
        const address = dialAddress(place.host, place.port)
        if (typeof address === "string") {
          return Effect.succeed(unaskedSentinel(placeText(place), malformed(address), where))
        }
        return given.has(Address.format(address))
          ? Effect.undefined
          : askSentinel(address, group, subject.sentinel, times, where)
      },
      { concurrency: "unbounded" }
    )
    const sentinels = [
      ...first.map((sentinel) => {
        const by = Array.from(listed.values()).find(({ place }) => {
          const address = dialAddress(place.host, place.port)
          return typeof address !== "string" && Address.format(address) === sentinel.address
        })?.by
        return by === undefined ? sentinel : { ...sentinel, listedBy: by }
      }),
      ...second.filter((sentinel) => sentinel !== undefined)
    ]

    const known = sentinels.flatMap(({ address, group }) => group === undefined ? [] : [{ address, group }])
    const places = byPlace<{ readonly address: string; readonly isPrimary: boolean; readonly isUp: boolean }>([
      ...known.map(({ address, group }) => {
        return [group.primary, { address, isPrimary: true, isUp: isUp(group.flags) }] as const
      }),
      ...known.flatMap(({ address, group }) =>
        (group.replicas ?? []).map((replica) =>
          [replica, { address, isPrimary: false, isUp: isUp(replica.flags) }] as const
        )
      )
    ])
    const nodes = yield* Effect.forEach(
      Array.from(places.values()).slice(0, mostNodes),
      ({ by, place }): Effect.Effect<NodeSeen> => {
        const where = {
          announced: place,
          namedBy: by.filter(({ isPrimary }) => isPrimary).map(({ address }) => address),
          listedBy: by.filter(({ isPrimary }) => !isPrimary).map(({ address }) => address),
          isSeenUp: by.some(({ isUp }) => isUp)
        }
        const address = dialAddress(place.host, place.port)
        return typeof address === "string"
          ? Effect.succeed(unaskedNode(placeText(place), malformed(address), where))
          : askNode(address, subject.node, times, where)
      },
      { concurrency: "unbounded" }
    )
    const { credentials, password } = subject.node
    const hasNodePassword = password !== undefined || credentials !== undefined
    return { group, sentinels, nodes, hasNodePassword, atMillis }
  })
