/**
 * Effect's `Redis` service on a client of this library: commands by their names, scripts, subscriptions and reserved
 * connections. Which scripts are sent again is in knownScripts.ts.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Redis from "effect/persistence/Redis"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { PrimaryClient, RunOptions } from "../../Client.ts"
import * as Command from "../../Command.ts"
import { ClientClosed, InvalidCommand, type RedisError } from "../../Errors.ts"
import type { Gap, Undecodable } from "../../PubSub.ts"
import { keysAfterCount } from "../commands/args.ts"
import { decodeAsResp2 } from "../commands/resp2.ts"
import { integerProblem, kindOf } from "../common/values.ts"
import { scriptNeeded } from "../scripts/needed.ts"
import { sha1Of } from "../scripts/sha1.ts"
import { knownScripts } from "./knownScripts.ts"

type AnyScript = Redis.Script<any>

/** The options of the service, checked. */
export interface ServiceOptions {
  readonly run: RunOptions | undefined
  readonly isRepeatable: (script: AnyScript) => boolean
  readonly capacity: number | undefined
  readonly onGap: ((channel: string, gap: Gap) => Effect.Effect<unknown>) | undefined
}

/** A script with what its commands have in common. */
interface Prepared {
  readonly sha1: string
  readonly spec: Command.Spec<unknown>
}

/** How many messages are handed over to a reader at once; the others wait in the subscription. */
const handedOver = 64

const wrapped = (cause: unknown): Redis.RedisError => new Redis.RedisError({ cause })

const decode = decodeAsResp2("EVALSHA")

const specOf = (
  word: string,
  label: string,
  mode: Command.Mode,
  repeatable: boolean,
  needs: Command.Needed | undefined
): Command.Spec<unknown> =>
  Command.needing(
    Command.define({ words: [word], mode, keys: keysAfterCount(1), repeatable, decode }),
    `${word} (${label})`,
    needs
  )

const prepare = (script: AnyScript, isRepeatable: boolean): Prepared => {
  const sha1 = sha1Of(script.lua)
  const known = knownScripts.get(sha1)
  const label = known?.name ?? sha1
  // A read too runs with EVALSHA, since it goes to the primary: servers before 7.0 have no EVALSHA_RO.
  const mode = known?.kind === "read" ? "read" : "write"
  const repeatable = isRepeatable || mode === "read" || known?.kind === "repeatable"
  const whole = specOf("EVAL", label, mode, repeatable, undefined)
  const bySha1 = specOf("EVALSHA", label, mode, repeatable, scriptNeeded(script.lua, sha1, whole))
  return { sha1, spec: bySha1 }
}

/** Text as it was published; what is not UTF-8 has replacement characters, since the service gives strings. */
const textOf = (value: string | Uint8Array): string =>
  typeof value === "string" ? value : new TextDecoder("utf-8", { ignoreBOM: true }).decode(value)

/** Effect's `Redis` service on a client. */
export const makeService = (redis: PrimaryClient, options: ServiceOptions): Redis.Redis["Service"] => {
  const prepared = new WeakMap<AnyScript, Prepared>()
  const preparedOf = (script: AnyScript): Prepared => {
    let found = prepared.get(script)
    if (found === undefined) {
      found = prepare(script, options.isRepeatable(script))
      prepared.set(script, found)
    }
    return found
  }

  /** Runs what a function makes, which throws `InvalidCommand` for what cannot be sent. */
  const running =
    (client: Pick<PrimaryClient, "run">) =>
    <A>(make: () => Command.Command<unknown>): Effect.Effect<A, Redis.RedisError> =>
      Effect.suspend(() => {
        let command: Command.Command<unknown>
        try {
          command = make()
        } catch (error) {
          return error instanceof InvalidCommand ? Effect.fail(wrapped(error)) : Effect.die(error)
        }
        return Effect.mapError(client.run(command as Command.Command<A, any>, options.run), wrapped)
      })

  const connectionOf = (client: Pick<PrimaryClient, "run">): Redis.Connection => {
    const run = running(client)
    return {
      send: (name, ...args) => run(() => Command.raw(name, args, { resp: 2 })),
      eval: (script) => (...params) =>
        run(() => {
          const { sha1, spec } = preparedOf(script)
          const keys = script.numberOfKeys(...params)
          const words = script.params(...params).map((param) => String(param))
          const wrong = integerProblem(keys, 0, words.length)
          if (wrong !== undefined) throw new InvalidCommand({ command: spec.name, detail: `numberOfKeys: ${wrong}` })
          return Command.own(spec, [sha1, String(keys), ...words])
        })
    }
  }

  const tellGap = (channel: string, gap: Gap): Effect.Effect<unknown> =>
    options.onGap?.(channel, gap) ??
      Effect.logWarning(`${redis.target}: messages on the channel ${channel} may be missing: ${gap.detail}`)

  const subscribe = (channel: string) =>
    Effect.gen(function*() {
      const scope = yield* Effect.scope
      const queue = yield* Queue.bounded<Redis.RedisMessage, Redis.RedisError>(handedOver)
      yield* Scope.addFinalizer(scope, Queue.shutdown(queue))
      const fail = (cause: Cause.Cause<RedisError>): Effect.Effect<unknown> =>
        Queue.failCause(queue, Cause.map(cause, wrapped))
      yield* redis.subscription(
        { channels: [channel] },
        // What is dropped must not go unnoticed, and a queue of messages has no place for a gap.
        { whenFull: "fail", ...(options.capacity === undefined ? {} : { capacity: options.capacity }) }
      ).pipe(
        Effect.flatMap((items) =>
          Stream.runForEach(
            items,
            (item): Effect.Effect<unknown> =>
              item._tag === "Gap" ? tellGap(channel, item) : Queue.offer(queue, messageOf(item))
          ).pipe(
            Effect.andThen(Effect.suspend(() => fail(Cause.fail(new ClientClosed({ target: redis.target }))))),
            Effect.catchCause(fail),
            Effect.forkScoped
          )
        ),
        Effect.catch((error) => fail(Cause.fail(error)))
      )
      return queue
    })

  return {
    ...connectionOf(redis),
    subscribe,
    reserve: Effect.mapError(Effect.map(redis.reserve, connectionOf), wrapped)
  }
}

const messageOf = (
  item: { readonly channel: string; readonly payload: string } | Undecodable
): Redis.RedisMessage => ({ channel: textOf(item.channel), message: textOf(item.payload) })

/** Why a value is not a script of Effect, in words; undefined if it is one. */
export const scriptProblem = (value: unknown): string | undefined => {
  try {
    const { lua, numberOfKeys, params } = value as AnyScript
    return typeof lua === "string" && typeof params === "function" && typeof numberOfKeys === "function"
      ? undefined
      : `expected a script of Redis.script, got ${kindOf(value)}`
  } catch {
    return `expected a script of Redis.script, got ${kindOf(value)}`
  }
}
