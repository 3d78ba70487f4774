/**
 * Runs a consumer from its start to its end: starts its loops, and stops gracefully when it is interrupted. What it does
 * in between is in consumer.ts.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Scope from "effect/Scope"
import type { PrimaryClient } from "../../Client.ts"
import type { Key } from "../../Command.ts"
import { type RedisError } from "../../Errors.ts"
import { lastCommandsMillis, silence } from "../client/silence.ts"
import { waitsEnded } from "../client/waiting.ts"
import { Attempts } from "./attempts.ts"
import { Consumer } from "./consumer.ts"
import { Events } from "./consumerEvents.ts"
import { ConsumerMetrics } from "./consumerMetrics.ts"
import type { ConsumerSettings } from "./consumerOptions.ts"
import { type Handler, isTraced } from "./handling.ts"
import type { Definition } from "./types.ts"

/** Deletes a consumer only if nothing is pending for it: its pending entries would be lost with it. */
const deleteIdle = `
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) == 0 then
  return redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
end
return -1`

/** Consumes a stream until it is interrupted, or until an error that does not pass. */
export const consumeWith = <T, E, R>(
  redis: PrimaryClient,
  { codec, key, label: stream }: Pick<Definition<T>, "codec" | "key" | "label">,
  settings: ConsumerSettings,
  handler: Handler<T, E, R>
): Effect.Effect<never, RedisError, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const context = yield* Effect.context<R>()
      const scope = yield* Scope.make()
      const run = (yield* Scope.provide(FiberSet.makeRuntime<R, any, any>(), scope)) as <A, E>(
        effect: Effect.Effect<A, E, R>
      ) => Fiber.Fiber<A, E>
      const label = `${stream} ${settings.group}`
      const events = yield* Events.make(label, settings.onEvent)
      const metrics = new ConsumerMetrics(stream, settings.group, context as Context.Context<never>, run)
      const attempts = new Attempts(events, run)
      const ended = Deferred.makeUnsafe<never, RedisError>()
      const consumer = new Consumer<T, E, R>({
        redis,
        key,
        stream,
        label,
        codec,
        settings,
        events,
        attempts,
        metrics,
        run,
        clock: yield* Clock.Clock,
        fork: Effect.runForkWith(context),
        isTraced: isTraced(context as Context.Context<never>),
        fail: (cause) => Deferred.doneUnsafe(ended, Exit.failCause(cause))
      }, handler)
      const beside = (effect: Effect.Effect<never, RedisError>): Fiber.Fiber<never, RedisError> =>
        run(Effect.onExit(effect, (exit) =>
          Effect.sync(() => {
            if (Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)) Deferred.doneUnsafe(ended, exit)
          })))
      const telling = run(events.run)
      beside(consumer.acknowledgements.run)
      const upkeep = beside(consumer.upkeep.run)
      const exit = yield* Effect.exit(restore(Effect.raceFirst(consumer.reading, Deferred.await(ended))))
      consumer.isStopping = true
      // In a fiber of its own, which the interruption of this one does not reach.
      const stopping = yield* Effect.forkDetach(stop(redis, key, settings, consumer, attempts, events, upkeep, telling))
      yield* Fiber.await(stopping)
      metrics.flush()
      yield* Scope.close(scope, Exit.void)
      return yield* exit
    })
  )

/** Lets handlers finish, acknowledges, and gives the rest back. */
const stop = <T, E, R>(
  redis: PrimaryClient,
  key: Key,
  settings: ConsumerSettings,
  consumer: Consumer<T, E, R>,
  attempts: Attempts,
  events: Events,
  upkeep: Fiber.Fiber<unknown, unknown>,
  telling: Fiber.Fiber<unknown, unknown>
): Effect.Effect<void> =>
  Effect.gen(function*() {
    if (consumer.running.size > 0 && settings.stopMillis > 0) {
      yield* Effect.timeoutOption(consumer.handled, settings.stopMillis)
    }
    const late = Array.from(consumer.running.values())
    consumer.isInterrupting = true
    yield* Fiber.interruptAll(late)
    yield* Fiber.interrupt(upkeep)
    let handedBack = 0
    const lastCommands = Effect.gen(function*() {
      yield* consumer.quiet
      // Nobody else knows of letters that a failover has lost.
      yield* Effect.ignore(consumer.group.within(consumer.letters.restore))
      // The read that was interrupted may be given what is handed back.
      yield* waitsEnded(redis)
      handedBack = yield* consumer.handBack
      if (settings.deleteConsumer) {
        yield* Effect.catch(redis.eval(deleteIdle, [key], [settings.group, settings.consumer]), (error) =>
          Effect.logWarning(`the consumer ${settings.consumer} could not be deleted: ${error.message}`))
      }
    })
    yield* Effect.timeoutOption(
      Effect.raceFirst(
        Effect.all([Effect.exit(lastCommands), consumer.group.made], { concurrency: "unbounded", discard: true }),
        silence(redis, attempts.outSince)
      ),
      lastCommandsMillis
    )
    events.tell({
      _tag: "Stopped",
      handedBack,
      left: Math.max(0, consumer.unhandledCount - handedBack),
      interrupted: late.length,
      unacknowledged: consumer.settlingCount
    })
    events.end()
    yield* Effect.timeoutOption(Fiber.await(telling), lastCommandsMillis)
  })
