/**
 * The generated methods are those of the constructors: each command has one, with the
 * same parameters and the same result. Compiled by `npm run check`, never run. An error
 * here names the methods that differ: `npm run generate` writes them again.
 *
 * Type parameters of a constructor count as what they extend, and of overloads the last
 * four are compared.
 */
import type * as Effect from "effect/Effect"
import type { Client, Command, commands, Errors } from "../../src/index.ts"

/** The constructors of commands that change a session: only reserved connections have their methods. */
type OfSession = "clientNoEvict" | "clientNoTouch" | "clientSetname"

type Constructors = Omit<typeof commands, "sentinel" | OfSession>

/** The ways to call a function: a tuple of parameters and result for each. */
type Calls<F> = F extends {
  (...args: infer P1): infer R1
  (...args: infer P2): infer R2
  (...args: infer P3): infer R3
  (...args: infer P4): infer R4
} ? [P1, R1] | [P2, R2] | [P3, R3] | [P4, R4]
  : never

type Method<Call, Form extends "text" | "bytes"> = Call extends
  [infer P, Command.Command<infer A, Command.Mode, infer B>]
  ? [P, Effect.Effect<Form extends "text" ? A : B, Errors.RedisError>]
  : never

/** The names of the constructors whose commands a client of that mode may run. */
type NamesOf<M extends Command.Mode> = {
  [K in keyof Constructors]: ReturnType<Constructors[K]> extends Command.Command<any, M, any> ? K : never
}[keyof Constructors]

type Expected<M extends Command.Mode, Form extends "text" | "bytes"> = {
  [K in NamesOf<M>]: Method<Calls<Constructors[K]>, Form>
}

type Generated<Methods> = { [K in keyof Methods]: Calls<Methods[K]> }

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false

/** The names of the methods that differ. */
type Different<A, B> = {
  [K in keyof A | keyof B]: K extends keyof A & keyof B ? Equal<A[K], B[K]> extends true ? never : K : K
}[keyof A | keyof B]

const same = <Names extends never>(): Names[] => []

same<Different<Generated<Client.ReadMethods>, Expected<"read", "text">>>()
same<Different<Generated<Client.WriteMethods>, Expected<"read" | "write", "text">>>()
same<Different<Generated<Client.ReadBytesMethods>, Expected<"read", "bytes">>>()
same<Different<Generated<Client.WriteBytesMethods>, Expected<"read" | "write", "bytes">>>()

same<
  Different<
    Generated<Client.ReservedMethods>,
    { [K in OfSession]: Method<Calls<(typeof commands)[K]>, "text"> }
  >
>()

// It would see what is missing and what differs.
// @ts-expect-error
same<Different<Generated<Omit<Client.ReadMethods, "get">>, Expected<"read", "text">>>()
// @ts-expect-error
same<Different<Generated<Client.ReadMethods>, Expected<"read" | "write", "text">>>()
// @ts-expect-error
same<Different<Generated<Client.ReadBytesMethods>, Expected<"read", "text">>>()
