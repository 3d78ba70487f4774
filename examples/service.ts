/**
 * A service on Effect's HttpApi which keeps all of its state in Redis: sessions in a KeyValueStore, a cache, a rate
 * limiter, and a queue of orders that workers process. It goes on while the group fails over.
 *
 *   npm run example:service
 *   npm run example:service -- --sentinels host:port,host:port --group mymaster [--password TEXT]
 *   npm run example:service -- --url "redis+sentinel://user:password@host,host/mymaster?sentinelPassword=...&tls=true"
 *
 * It listens on a port of this machine. Callers use it over HTTP for some seconds, with a planned failover in the middle
 * in memory; against real sentinels it runs for seven seconds, in which you can ask for one. The table shows what the
 * callers saw.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Clock, Context, Effect, Exit, Fiber, Layer, Option, Redacted, Schema } from "effect"
import { FetchHttpClient, HttpClientRequest, HttpRouter, HttpServer } from "effect/http"
import {
  HttpApi,
  HttpApiBuilder,
  HttpApiClient,
  HttpApiEndpoint,
  HttpApiError,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSecurity,
  HttpApiTest
} from "effect/http-api"
import {
  KeyValueStore,
  Persistable,
  PersistedCache,
  PersistedQueue,
  Persistence,
  RateLimiter
} from "effect/persistence"
import { randomUUID } from "node:crypto"
import { createServer } from "node:http"
import * as EffectRedis from "../src/EffectRedis.ts"
import { runAsProgram } from "./setting.ts"

// ---------------------------------------------------------------------------
// The interface

const Product = Schema.Struct({ id: Schema.Int, name: Schema.String })
const Order = Schema.Struct({ id: Schema.String, user: Schema.String, product: Schema.Int })

/** The user of the session that a request belongs to. */
class User extends Context.Service<User, string>()("examples/service/User") {}

class Authorization extends HttpApiMiddleware.Service<Authorization, { provides: User }>()(
  "examples/service/Authorization",
  {
    error: [HttpApiError.Unauthorized, HttpApiError.ServiceUnavailable],
    security: { session: HttpApiSecurity.bearer },
    requiredForClient: true
  }
) {}

class TooManyRequests extends Schema.TaggedError<TooManyRequests>()(
  "TooManyRequests",
  {},
  { httpApiStatus: 429 }
) {}

const Shop = HttpApi.make("shop").add(
  HttpApiGroup.make("sessions").add(
    HttpApiEndpoint.post("login", "/sessions", {
      payload: Schema.Struct({ user: Schema.String }),
      success: Schema.Struct({ token: Schema.String }),
      error: HttpApiError.ServiceUnavailable
    })
  ),
  HttpApiGroup.make("shop").add(
    HttpApiEndpoint.get("product", "/products/:id", {
      params: { id: Schema.FiniteFromString },
      success: Product,
      error: [TooManyRequests, HttpApiError.ServiceUnavailable]
    }),
    HttpApiEndpoint.post("order", "/orders", {
      payload: Schema.Struct({ id: Schema.String, product: Schema.Int }),
      error: HttpApiError.ServiceUnavailable
    })
  ).middleware(Authorization)
)

// ---------------------------------------------------------------------------
// Its state, all of it in Redis

const Session = Schema.Struct({ user: Schema.String })

class ProductById extends Persistable.Class<{ payload: { id: number } }>()("ProductById", {
  primaryKey: ({ id }) => String(id),
  success: Product
}) {}

const sessions = EffectRedis.layerKeyValueStore({ prefix: "sessions:", timeToLive: "1 hour" })

const cache = Persistence.layerRedis.pipe(Layer.provide(EffectRedis.layer()))

const queue = PersistedQueue.layer.pipe(
  Layer.provide(PersistedQueue.layerStoreRedis({
    pollInterval: "50 millis",
    // What a worker had taken when it lost its primary is given to another one after this time.
    lockRefreshInterval: "500 millis",
    lockExpiration: "2 seconds"
  })),
  Layer.provide(EffectRedis.layer())
)

/** A request does not wait for its limit until a failover has ended. */
const limiter = RateLimiter.layer.pipe(
  Layer.provide(RateLimiter.layerStoreRedis()),
  Layer.provide(EffectRedis.layerFailFast())
)

const unavailable = () => Effect.fail(new HttpApiError.ServiceUnavailable())

const orders = PersistedQueue.make({ name: "orders", schema: Order })

// ---------------------------------------------------------------------------
// The handlers

const authorization = Layer.effect(
  Authorization,
  Effect.gen(function*() {
    const store = KeyValueStore.toSchemaStore(yield* KeyValueStore.KeyValueStore, Session)
    return {
      session: Effect.fnUntraced(function*(handler, { credential }) {
        const session = yield* Effect.catch(store.get(Redacted.value(credential)), unavailable)
        if (Option.isNone(session)) return yield* new HttpApiError.Unauthorized()
        return yield* Effect.provideService(handler, User, session.value.user)
      })
    }
  })
)

const sessionHandlers = HttpApiBuilder.group(Shop, "sessions", (handlers) =>
  Effect.gen(function*() {
    const store = KeyValueStore.toSchemaStore(yield* KeyValueStore.KeyValueStore, Session)
    return handlers.handle("login", ({ payload }) =>
      Effect.suspend(() => {
        const token = randomUUID()
        return Effect.as(store.set(token, payload), { token })
      }).pipe(Effect.catch(unavailable)))
  }))

const shopHandlers = HttpApiBuilder.group(Shop, "shop", (handlers) =>
  Effect.gen(function*() {
    const limits = yield* RateLimiter.RateLimiter
    const products = yield* PersistedCache.make(
      ({ id }: ProductById) => Effect.succeed({ id, name: `Product ${id}` }),
      { storeId: "products", timeToLive: () => "1 minute", inMemoryCapacity: 1, inMemoryTTL: () => "1 millis" }
    )
    const queued = yield* orders
    return handlers
      .handle("product", ({ params }) =>
        Effect.gen(function*() {
          const user = yield* User
          yield* limits.consume({ key: user, limit: 30, window: "1 second" }).pipe(
            Effect.catch(({ reason }) =>
              // A limiter that cannot tell lets the request through.
              reason._tag === "RateLimitExceeded" ? Effect.fail(new TooManyRequests()) : Effect.void
            )
          )
          return yield* products.get(new ProductById({ id: params.id })).pipe(Effect.catch(unavailable))
        }))
      .handle("order", ({ payload }) =>
        Effect.gen(function*() {
          const user = yield* User
          // The caller may repeat an order by its id: it is queued once.
          yield* queued.offer({ ...payload, user }, { id: payload.id }).pipe(Effect.catch(unavailable))
        }))
  }))

/** The handlers of the service, and what they need, on a client of Redis. */
const services = Layer.mergeAll(sessionHandlers, shopHandlers).pipe(
  Layer.provideMerge(authorization),
  Layer.provide(sessions),
  Layer.provide(Layer.merge(cache, limiter)),
  Layer.provideMerge(queue)
)

/** The service at a port of this machine. */
const served = HttpRouter.serve(HttpApiBuilder.layer(Shop), { disableLogger: true }).pipe(
  Layer.provideMerge(services),
  Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
)

// ---------------------------------------------------------------------------
// Its callers

/** The session of a caller. */
const Token = Context.Reference<string>("examples/service/Token", { defaultValue: () => "" })

const withToken = HttpApiMiddleware.layerClient(
  Authorization,
  ({ next, request }) => Effect.flatMap(Token, (token) => next(HttpClientRequest.bearerToken(request, token)))
)

/** What callers saw of one endpoint. */
interface Seen {
  requests: number
  ok: number
  limited: number
  unavailable: number
  unauthorized: number
  slowestMillis: number
}

const callThrough = <R>(
  makeClient: Effect.Effect<HttpApiClient.ForApi<typeof Shop>, never, R>,
  interlude: Effect.Effect<void>
) =>
  Effect.gen(function*() {
    const client = yield* makeClient
    const seen: Record<"login" | "product" | "order", Seen> = { login: none(), product: none(), order: none() }
    const watched = <A, E extends { readonly _tag: string }, R>(
      name: keyof typeof seen,
      call: Effect.Effect<A, E, R>
    ): Effect.Effect<Exit.Exit<A, E>, never, R> =>
      Effect.gen(function*() {
        const began = yield* Clock.currentTimeMillis
        const exit = yield* Effect.exit(call)
        const row = seen[name]
        row.requests++
        row.slowestMillis = Math.max(row.slowestMillis, (yield* Clock.currentTimeMillis) - began)
        const tag = Exit.isSuccess(exit) ? "ok" : Option.getOrUndefined(Exit.findErrorOption(exit))?._tag
        if (tag === "ok") row.ok++
        else if (tag === "TooManyRequests") row.limited++
        else if (tag === "Unauthorized") row.unauthorized++
        else if (tag === "ServiceUnavailable") row.unavailable++
        else return yield* Effect.die(new Error(`${name}: ${tag}`))
        return exit
      })

    let isOpen = true
    const accepted = new Set<string>()
    const processed = new Map<string, number>()

    const queued = yield* orders
    const worker = queued.take(({ id }) => Effect.sync(() => void processed.set(id, (processed.get(id) ?? 0) + 1)))
      .pipe(
        Effect.retry({ times: 100 }),
        Effect.forever
      )
    yield* Effect.all([worker, worker], { concurrency: "unbounded" }).pipe(Effect.forkScoped)

    const caller = (name: string) =>
      Effect.gen(function*() {
        const login = yield* watched("login", client.sessions.login({ payload: { user: name } }))
        if (Exit.isFailure(login)) return
        const { token } = login.value
        for (let i = 0; isOpen; i++) {
          const order = { id: `${name}:${i}`, product: i % 10 }
          yield* watched("product", client.shop.product({ params: { id: i % 10 } })).pipe(
            Effect.provideService(Token, token)
          )
          // Until it is accepted: an order that is repeated is queued once.
          while (
            Exit.isFailure(
              yield* Effect.provideService(watched("order", client.shop.order({ payload: order })), Token, token)
            )
          ) yield* Effect.sleep("50 millis")
          accepted.add(order.id)
          yield* Effect.sleep("20 millis")
        }
      })
    const callers = yield* Effect.forkChild(
      Effect.forEach(["ada", "grace", "alan", "edsger"], caller, { concurrency: "unbounded", discard: true })
    )
    yield* Effect.sleep("2 seconds")
    yield* interlude
    yield* Effect.sleep("2 seconds")
    isOpen = false
    yield* Fiber.join(callers)
    const unprocessed = () => Array.from(accepted).filter((id) => !processed.has(id)).length
    for (let i = 0; unprocessed() > 0 && i < 100; i++) yield* Effect.sleep("100 millis")
    const twice = Array.from(processed.values()).filter((times) => times > 1).length
    return { ...seen, accepted: accepted.size, lost: unprocessed(), twice }
  })

const none = (): Seen => ({ requests: 0, ok: 0, limited: 0, unavailable: 0, unauthorized: 0, slowestMillis: 0 })

/** The service and its callers without a socket, so that it runs in virtual time, too. */
export const example = (interlude: Effect.Effect<void>) =>
  callThrough(HttpApiTest.groups(Shop, ["sessions", "shop"]), interlude).pipe(
    Effect.scoped,
    Effect.provide(Layer.merge(services, withToken).pipe(Layer.provideMerge(NodeHttpServer.layerHttpServices)))
  )

/** The service and its callers over HTTP. */
export const exampleOverHttp = (interlude: Effect.Effect<void>) =>
  callThrough(
    HttpServer.addressFormattedWith((baseUrl) => HttpApiClient.make(Shop, { baseUrl })),
    interlude
  ).pipe(
    Effect.scoped,
    Effect.provide(Layer.mergeAll(served, withToken, FetchHttpClient.layer))
  )

runAsProgram(import.meta.main, exampleOverHttp)
