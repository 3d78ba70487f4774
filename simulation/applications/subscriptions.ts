/**
 * Subscriptions: clients that subscribe, read fast or slowly, and leave again, while others publish; and what must be
 * true of what they heard.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Errors, PubSub } from "../../src/index.ts"
import type { Delivery, Execution, Heard, History, Party, Stage, Subscription } from "../History.ts"
import { Dice, pausesOf } from "../Scenario.ts"
import { type Broken, isError } from "../Violation.ts"

/** What a client subscribes to. */
export interface Wanted {
  readonly channels: ReadonlyArray<string>
  readonly patterns: ReadonlyArray<string>
}

/** The channels that are published on. Some match a pattern that others subscribe to. */
export const channels: ReadonlyArray<string> = ["ch0", "ch1", "pat0", "ch2", "pat1"]

const wantable: ReadonlyArray<Wanted> = [
  { channels: ["ch0"], patterns: [] },
  { channels: ["ch1", "ch2"], patterns: [] },
  { channels: [], patterns: ["pat*"] },
  { channels: ["ch2"], patterns: ["ch*"] },
  { channels: ["pat1"], patterns: [] }
]

/** How a client reads what it has subscribed to. */
export interface Reading {
  /** How long the reader takes for each item, in milliseconds. */
  readonly slowness: number
  readonly capacity: number | undefined
  readonly whenFull: PubSub.WhenFull
}

const eager: Reading = { slowness: 0, capacity: undefined, whenFull: "drop-newest" }

type Items = Stream.Stream<PubSub.Message | PubSub.Undecodable | PubSub.Gap | PubSub.Subscribed, Errors.RedisError>

/** Reads until the Scope closes, and records what is heard. */
const read = (
  stage: Stage,
  subscription: Subscription,
  stream: Items,
  { slowness, whenFull }: Reading
): Effect.Effect<void, never, Scope.Scope> =>
  stream.pipe(
    Stream.runForEach((item) => {
      const at = stage.now()
      if (item._tag === "Subscribed") return Effect.void
      if (item._tag === "Gap") subscription.items.push({ at, payload: undefined, missed: item.missed })
      else {
        const kind = item.pattern === undefined ? "message" as const : "pmessage" as const
        subscription.items.push({ at, payload: String(item.payload), kind, name: String(item.pattern ?? item.channel) })
      }
      return slowness === 0 ? Effect.void : Effect.sleep(slowness)
    }),
    Effect.exit,
    Effect.tap((exit) =>
      Effect.sync(() => {
        const isFull = whenFull === "fail" && Exit.isFailure(exit) &&
          String(exit.cause).includes("SubscriptionOverflow")
        if (!isFull && subscription.closed === Infinity && !stage.ending()) {
          const end = Exit.isSuccess(exit) ? "without an error" : String(exit.cause)
          stage.complain(`${nameOf(subscription)} ended: ${end}`)
        }
        subscription.closed = Math.min(subscription.closed, stage.now())
      })
    ),
    Effect.forkScoped({ startImmediately: true }),
    Effect.asVoid
  )

const begin = (
  stage: Stage,
  party: Party,
  number: number,
  { channels, patterns }: Wanted,
  whenFull: PubSub.WhenFull
): Effect.Effect<Subscription, never, Scope.Scope> => {
  const subscription: Subscription = {
    client: party.name,
    number,
    channels,
    patterns,
    isAlone: whenFull === "wait",
    begun: stage.now(),
    opened: Infinity,
    closed: Infinity,
    items: []
  }
  stage.subscriptions.push(subscription)
  return Effect.as(
    Effect.addFinalizer(() =>
      Effect.sync(() => {
        subscription.closed = Math.min(subscription.closed, stage.now())
      })
    ),
    subscription
  )
}

/** Listens with `subscribe`, which does not say when it begins, until the Scope closes. */
export const listen = (stage: Stage, party: Party, wanted: Wanted): Effect.Effect<void, never, Scope.Scope> =>
  Effect.flatMap(
    begin(stage, party, 0, wanted, "drop-newest"),
    (subscription) => read(stage, subscription, party.primary.subscribe(wanted), eager)
  )

/** Subscribes until the Scope closes. Ends once the server has acknowledged it. */
const subscribe = (
  stage: Stage,
  party: Party,
  number: number,
  wanted: Wanted,
  reading: Reading
): Effect.Effect<void, Errors.RedisError, Scope.Scope> =>
  Effect.gen(function*() {
    const subscription = yield* begin(stage, party, number, wanted, reading.whenFull)
    const { capacity, whenFull } = reading
    const stream = yield* party.primary.subscription(wanted, { capacity, whenFull, events: number % 2 === 0 })
    subscription.opened = stage.now()
    yield* read(stage, subscription, stream, reading)
  })

/** Subscribes and leaves, again and again, while the workload lasts. */
export const subscriber = (stage: Stage, party: Party, number: number): Effect.Effect<void> =>
  Effect.gen(function*() {
    const dice = new Dice(stage.scenario.seed * 1009 + 600 + number)
    for (let life = 0; stage.now() < stage.end(); life++) {
      yield* Effect.sleep(dice.int(0, 400))
      const reading: Reading = {
        slowness: dice.chance(0.3) ? dice.int(1, 120) : 0,
        capacity: dice.chance(0.4) ? dice.int(1, 8) : undefined,
        whenFull: dice.weighted({ "drop-newest": 4, "drop-oldest": 3, wait: 1, fail: 1 })
      }
      const millis = dice.chance(0.2) ? dice.int(0, 30) : dice.int(200, 2500)
      const wanted = dice.pick(wantable)
      const scope = yield* Scope.make()
      const opening = yield* Effect.forkChild(
        Effect.exit(Scope.provide(subscribe(stage, party, number + life, wanted, reading), scope)),
        { startImmediately: true }
      )
      yield* Effect.sleep(millis)
      yield* Fiber.interrupt(opening)
      yield* Scope.close(scope, Exit.void)
    }
  })

export const publisher = (stage: Stage, party: Party, worker: number): Effect.Effect<void> =>
  Effect.gen(function*() {
    const dice = new Dice(stage.scenario.seed * 1009 + worker)
    for (const [i, pause] of pausesOf(stage.scenario, dice, 100).entries()) {
      const id = (worker * 1000 + i + 1) * 10
      const key = dice.pick(channels)
      const call = stage.call(party, worker, { id, kind: "publish", key: "", write: true })
      yield* Effect.exit(stage.watched(call, party.primary.publish(key, `p${id}`)))
      yield* Effect.sleep(pause)
    }
  })

const promise = "a subscription keeps its order, and tells its gaps"

/** How a delivery and an item are told apart from others. */
const placeOf = (kind: string, name: string, payload: string): string => `${kind} ${name} ${payload}`

const wants = ({ channels, patterns }: Subscription, { kind, name }: Delivery): boolean =>
  kind === "message" ? channels.includes(name) : kind === "pmessage" && patterns.includes(name)

/** Whether a message of a channel is for a subscription. The patterns of these end with their only asterisk. */
const concerns = ({ channels, patterns }: Subscription, channel: string): boolean =>
  channels.includes(channel) || patterns.some((p) => channel.startsWith(p.slice(0, -1)))

/** A name on one connection. */
const nameIn = ({ kind, name, node, session }: Pick<Delivery, "kind" | "name" | "node" | "session">): string =>
  `${node} ${session} ${kind} ${name}`

/**
 * Where names begin for a subscription that comes while its connection has others: with the request for it, unless the
 * name is there already. What was sent before was for another subscription, which has left.
 */
const beginsOf = (
  { begun, opened }: Subscription,
  requests: ReadonlyArray<Execution>
): ReadonlyMap<string, number> => {
  const begins = new Map<string, number>()
  for (const { args, at, name: request, node, serial, session } of requests) {
    if (opened === Infinity || at < begun || at > opened) continue
    const kind = request === "SUBSCRIBE" ? "message" as const : "pmessage" as const
    for (const name of args.slice(1)) {
      const key = nameIn({ kind, name, node, session })
      if (!begins.has(key)) begins.set(key, serial)
    }
  }
  return begins
}

/** What was heard between two gaps at which anything may be missing: it must come from one connection. */
interface Episode {
  /** From when on nothing may be missing. */
  readonly since: number
  readonly items: Array<Heard>
}

/** The messages that a connection sent to one subscription, in their order. */
interface Session {
  readonly name: string
  readonly node: string
  readonly sent: Array<Delivery>
  readonly places: Map<string, number>
}

/** How an episode agrees with a connection: what is wrong, or where it ended there. */
type Fit = { readonly wrong: string; readonly at: number } | { readonly wrong: undefined; readonly last: number }

/**
 * Messages of a connection arrive in their order, each once, and none is missing between two of them but as many as a
 * gap counts. Between two connections there is a gap, and no message is missing from then on.
 */
export const checkSubscriptions = (history: History, broken: Broken): void => {
  if (history.subscriptions.length === 0) return
  const published = history.executions.filter((e) => e.name === "PUBLISH" && !isError(e))
  const byId = new Map(published.map((e) => [e.id, e]))
  const own = history.calls.filter((call) => call.kind === "publish" && call.outcome?.tag === "ok")
  const byClient = Map.groupBy(history.deliveries, ({ client }) => client)
  const requests = Map.groupBy(
    history.executions.filter((e) => (e.name === "SUBSCRIBE" || e.name === "PSUBSCRIBE") && !isError(e)),
    ({ client }) => client
  )
  checkConnections(history, broken)
  for (const subscription of history.subscriptions) {
    const deliveries = byClient.get(subscription.client) ?? []
    const begins = beginsOf(subscription, requests.get(subscription.client) ?? [])
    const due = deliveries.filter((d) => wants(subscription, d) && d.serial > (begins.get(nameIn(d)) ?? -1))
    checkSubscription(subscription, due, published, broken)
    // What its own client published after it was acknowledged is heard, or there is a gap.
    if (subscription.opened === Infinity) continue
    const heard = new Set(subscription.items.map(({ payload }) => payload))
    const gaps = subscription.items.filter(({ payload }) => payload === undefined)
    for (const call of own) {
      if (call.client !== subscription.client || call.begin < subscription.opened) continue
      if (call.end + patience > subscription.closed) continue
      const execution = byId.get(call.id)
      if (execution === undefined || !concerns(subscription, execution.args[1]!)) continue
      if (heard.has(execution.args[2]) || gaps.some(({ at }) => at >= call.begin)) continue
      const text = `${nameOf(subscription)} has not heard ${execution.args[2]}, and was told of no gap`
      broken(promise, text, call.end, call)
      break
    }
  }
}

/** How long a message may be on its way to a subscription that has ended, in milliseconds. */
const late = 300

/** All subscriptions of a client have one connection, except those that make the server wait. */
const checkConnections = (history: History, broken: Broken): void => {
  if (history.scenario.calm !== true) return
  for (const [client, deliveries] of Map.groupBy(history.deliveries, ({ client }) => client)) {
    const alone = history.subscriptions.filter((s) => s.client === client && s.isAlone)
    const sent = Map.groupBy(deliveries, ({ kind, name, payload }) => placeOf(kind, name, payload))
    for (const [place, copies] of sent) {
      const first = copies[0]!
      const own = alone.filter((s) =>
        wants(s, first) && s.begun <= first.at && s.closed + late + history.scenario.latencyMillis[1] >= first.at
      )
      if (copies.length <= own.length + 1) continue
      broken(promise, `${client} was sent ${place} on ${copies.length} connections`, first.at)
      return
    }
  }
}

const nameOf = ({ client, number }: Subscription): string => `subscription ${number} of ${client}`

const checkSubscription = (
  subscription: Subscription,
  deliveries: ReadonlyArray<Delivery>,
  published: ReadonlyArray<Execution>,
  broken: Broken
): void => {
  const who = nameOf(subscription)
  const sessions = new Map<string, Session>()
  const told = new Set<string>()
  for (const delivery of deliveries) {
    const name = `${delivery.node} ${delivery.session}`
    const session: Session = sessions.get(name) ?? { name, node: delivery.node, sent: [], places: new Map() }
    sessions.set(name, session)
    const place = placeOf(delivery.kind, delivery.name, delivery.payload)
    told.add(place)
    if (!session.places.has(place)) session.places.set(place, session.sent.length)
    session.sent.push(delivery)
  }
  let episode: Episode = { since: subscription.opened, items: [] }
  const episodes = [episode]
  for (const item of subscription.items) {
    if (item.payload === undefined && item.missed === undefined) {
      episode = { since: item.at, items: [] }
      episodes.push(episode)
    } else episode.items.push(item)
  }
  /** Where each connection was left. */
  const left = new Map<string, number>()
  for (const { items, since } of episodes) {
    const messages = items.filter(({ payload }) => payload !== undefined)
    const first = messages[0]
    if (first === undefined) continue
    const unsent = messages.find(({ kind, name, payload }) => !told.has(placeOf(kind!, name!, payload!)))
    if (unsent !== undefined) {
      broken(promise, `${who} heard ${unsent.payload}, which no node sent to it`, unsent.at)
      continue
    }
    const place = placeOf(first.kind!, first.name!, first.payload!)
    const possible = Array.from(sessions.values()).filter(({ places }) => places.has(place))
    const fits = possible.map((session) => ({ session, fit: fitOf(items, session, left.get(session.name) ?? -1) }))
    const found = fits.find(({ fit }) => fit.wrong === undefined)
    if (found === undefined) {
      const furthest = fits.map(({ fit }) => fit as Extract<Fit, { wrong: string }>).sort((a, b) => b.at - a.at)[0]!
      broken(promise, `${who} ${furthest.wrong}`, furthest.at)
      continue
    }
    const { fit, session } = found
    const last = (fit as { readonly last: number }).last
    left.set(session.name, last)
    if (since === Infinity) continue
    // While a connection lasts, what its node publishes is heard.
    const until = session.sent[last]!.at
    const missing = published.find((e) =>
      e.at > since && e.at < until && e.node === session.node && concerns(subscription, e.args[1]!) &&
      !session.sent.some(({ payload }) => payload === e.args[2])
    )
    if (missing === undefined) continue
    broken(
      promise,
      `${who} has not heard ${
        missing.args[2]
      }, which ${session.node} published after the subscription was said to be complete at ${since}`,
      missing.at
    )
  }
}

const fitOf = (items: ReadonlyArray<Heard>, { name: session, places }: Session, left: number): Fit => {
  let last: number | undefined
  /** How many are missing before the next message, as told. */
  let missing = 0
  for (const { at, kind, missed, name, payload } of items) {
    if (payload === undefined) {
      missing += missed!
      continue
    }
    const index = places.get(placeOf(kind!, name!, payload))
    if (index === undefined) return { wrong: `heard ${payload}, which ${session} did not send, without a gap`, at }
    if (index <= (last ?? left)) return { wrong: `heard ${payload} out of order, or twice`, at }
    const between = last === undefined ? missing : index - last - 1
    if (between !== missing) {
      return { wrong: `was told of ${missing} missing messages before ${payload}, but ${between} are missing`, at }
    }
    last = index
    missing = 0
  }
  return { wrong: undefined, last: last! }
}

/** How long a lost connection may go unnoticed, and the next one may take, in milliseconds. */
const patience = 15_000
