/**
 * Connections of clients on which somebody waits at the server in turns, for as long as they like: a reader of a stream,
 * a worker of a queue. They count as those of commands that wait, and are given back where somebody else needs one. And
 * when the server has ended what waited there and was interrupted.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ReservedClient } from "../../Client.ts"
import type { Mode } from "../../Command.ts"
import type { RedisError } from "../../Errors.ts"
import type { Reserved } from "../execution/types.ts"

/** A connection to wait on, until its Scope closes. */
export interface Waiting<M extends Mode = "read"> {
  readonly client: ReservedClient<M>
  /** Is another one for each connection. */
  readonly identity: object
  /** Whether somebody may wait for it. */
  readonly isWanted: () => boolean
  /** Says what gives the connection back while it is not used; undefined while it is used. */
  readonly setIdle: (giveBack: (() => void) | undefined) => void
  /** Waits until the server has ended what was interrupted on it. */
  readonly settled: Effect.Effect<void>
}

const reservations = new WeakMap<
  object,
  (whenFull: () => void) => Effect.Effect<Waiting<any>, RedisError, Scope.Scope>
>()

/** Notes how a client gets connections to wait on, and gives the client. */
export const withWaiting = <A extends object>(
  client: A,
  reserve: (whenFull: () => void) => Effect.Effect<Reserved, RedisError, Scope.Scope>,
  clientOn: (reserved: Reserved) => ReservedClient<any>
): A => {
  reservations.set(client, (whenFull) =>
    Effect.map(reserve(whenFull), (reserved) => ({
      client: clientOn(reserved),
      identity: reserved.connection,
      isWanted: () => reserved.isWanted,
      setIdle: (giveBack) => {
        reserved.connection.onWanted = giveBack
      },
      settled: Effect.suspend(() => reserved.connection.settling ?? Effect.void)
    })))
  return client
}

/**
 * A connection to wait on. Where all are taken it says so, and waits for its turn, for as long as that takes. A client
 * that the library has not made, such as a mock, gives a reserved one.
 */
export const reserveToWait = <M extends Mode>(
  client: { readonly reserve: Effect.Effect<ReservedClient<M>, RedisError, Scope.Scope> },
  whenFull: () => void = () => {}
): Effect.Effect<Waiting<M>, RedisError, Scope.Scope> =>
  reservations.get(client)?.(whenFull) ?? Effect.map(client.reserve, (reserved) => ({
    client: reserved,
    identity: reserved,
    isWanted: () => false,
    setIdle: () => {},
    settled: Effect.void
  }))

const endings = new WeakMap<object, Effect.Effect<void>>()

/** Notes what waits until the server has ended what was interrupted, and gives the client. */
export const withWaitsEnded = <A extends object>(client: A, ended: Effect.Effect<void>): A => {
  endings.set(client, ended)
  return client
}

/**
 * Waits until the server has ended the commands that waited there for a client and were interrupted: until then it may
 * give them something. At once for a client that the library has not made, such as a mock.
 */
export const waitsEnded = (client: object): Effect.Effect<void> => endings.get(client) ?? Effect.void
