/**
 * Subscriptions on one connection: how they are requested and acknowledged in
 * RESP2 and RESP3, and how a pushed message is read. internal/client/ decides
 * what happens to a subscription when its connection ends.
 *
 * Source: https://redis.io/docs/latest/develop/pubsub/
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Command from "../../Command.ts"
import type { ReplyError } from "../../Errors.ts"
import type { Channels, Published } from "../../PubSub.ts"
import * as Resp from "../../Resp.ts"
import { Call, replyError } from "./call.ts"
import type { Connection } from "./connection.ts"
import type { EndError } from "./types.ts"

const published = <A>(
  message: ReadonlyArray<Resp.Value>,
  is: (value: Resp.Value | undefined) => value is A & Resp.Value
): Published<A> | undefined => {
  const [kind, a, b, c] = message
  switch (kind) {
    case "message":
    case "smessage":
      return is(a) && is(b) ? { channel: a, pattern: undefined, payload: b } : undefined
    case "pmessage":
      return is(a) && is(b) && is(c) ? { channel: b, pattern: a, payload: c } : undefined
    default:
      return undefined
  }
}

/**
 * What a pushed message says was published, on a connection that decodes text;
 * undefined if it is about something else.
 *
 * @since 0.1.0
 * @category decoding
 */
export const textMessageOf = (message: ReadonlyArray<Resp.Value>): Published | undefined =>
  published(message, (value): value is string => typeof value === "string")

/**
 * The same on a connection that listens to bytes.
 *
 * @since 0.1.0
 * @category decoding
 */
export const bytesMessageOf = (message: ReadonlyArray<Resp.Value>): Published<Uint8Array> | undefined =>
  published(message, (value): value is Uint8Array => value instanceof Uint8Array)

const kinds = { channels: "SUBSCRIBE", patterns: "PSUBSCRIBE", shards: "SSUBSCRIBE" } as const

/**
 * Subscribes, and ends when the server has acknowledged all of it. Messages go
 * to the connection's `onPush`, from the first acknowledgement on; their first
 * element is text, the others are text unless the connection listens to bytes
 * (`listenToBytes`). Fails with `ReplyError` if the server refuses (NOPERM), or
 * with the connection's end.
 *
 * @since 0.1.0
 * @category constructors
 */
export const subscribeOn = (connection: Connection, channels: Channels): Effect.Effect<void, EndError | ReplyError> =>
  Effect.callback((resume) => {
    connection.listening = connection.protocol === 2
    let unanswered = 0
    let failure: Exit.Exit<void, EndError | ReplyError> | undefined
    const done = (exit: Exit.Exit<void, EndError | ReplyError>): void => {
      if (Exit.isFailure(exit)) failure ??= exit
      if (--unanswered === 0) resume(failure ?? Exit.void)
    }
    const requests = (["channels", "patterns", "shards"] as const).flatMap((kind) => {
      const names = channels[kind] ?? []
      if (names.length === 0) return []
      const spec = Command.define({ words: [kinds[kind]], mode: "read", decode: Command.value })
      const command = Command.make(spec, names)
      let unacknowledged = names.length
      const answered = (value: Resp.Value): void => {
        if (value instanceof Resp.ErrorReply) done(Exit.fail(replyError(command, value)))
        else if (--unacknowledged === 0) done(Exit.void)
      }
      return [new Call(command, answered, (error) => done(Exit.fail(error)), names.length)]
    })
    unanswered = requests.length
    if (unanswered === 0) return resume(Exit.void)
    for (const request of requests) connection.enqueue(request)
  })
