/**
 * The generated methods of modules are those of the constructors, as test/types/methods.ts
 * proves for the commands of servers. Compiled by `npm run check`, never run. An error here
 * names the methods that differ: `npm run generate` writes them again.
 *
 * Constructors with type parameters are compared by what these extend.
 */
import type * as Effect from "effect/Effect"
import type { Command, Errors } from "../../src/index.ts"
import type * as Bloom from "../../src/modules/Bloom.ts"
import type * as CountMin from "../../src/modules/CountMin.ts"
import type * as Cuckoo from "../../src/modules/Cuckoo.ts"
import type * as Json from "../../src/modules/Json.ts"
import type * as Search from "../../src/modules/Search.ts"
import type * as TDigest from "../../src/modules/TDigest.ts"
import type * as TimeSeries from "../../src/modules/TimeSeries.ts"
import type * as TopK from "../../src/modules/TopK.ts"

type Others = "methods" | "encoded" | "withSchema" | "aggregateStream"

type Method<F, Form extends "text" | "bytes"> = F extends
  (...args: infer P) => Command.Command<infer A, Command.Mode, infer B>
  ? [P, Effect.Effect<Form extends "text" ? A : B, Errors.RedisError>]
  : never

type Constructors<Module> = Omit<Module, Others>

type Expected<Module, M extends Command.Mode, Form extends "text" | "bytes"> = {
  [
    K in keyof Constructors<Module> as Constructors<Module>[K] extends (...args: any) => Command.Command<any, M, any> ?
      K
      : never
  ]: Method<Constructors<Module>[K], Form>
}

type Generated<Methods> = {
  [K in keyof Omit<Methods, "bytes">]: Methods[K] extends (...args: infer P) => infer R ? [P, R] : never
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false

/** The names of the methods that differ. */
type Different<A, B> = {
  [K in keyof A | keyof B]: K extends keyof A & keyof B ? Equal<A[K], B[K]> extends true ? never : K : K
}[keyof A | keyof B]

interface Module {
  readonly methods: (redis: any) => unknown
}

/** The methods of a client that reads and writes, and of one that reads. */
type All<Of> = Of extends { readonly methods: { (redis: any): infer A; (redis: any): any } } ? A : never
type Reads<Of> = Of extends { readonly methods: { (redis: any): any; (redis: any): infer A } } ? A : never

type DifferentIn<Of extends Module> =
  | Different<Generated<All<Of>>, Expected<Of, "read" | "write", "text">>
  | Different<Generated<Reads<Of>>, Expected<Of, "read", "text">>
  | Different<Generated<Reads<Of> extends { readonly bytes: infer B } ? B : never>, Expected<Of, "read", "bytes">>
  | Different<
    Generated<All<Of> extends { readonly bytes: infer B } ? B : never>,
    Expected<Of, "read" | "write", "bytes">
  >

const same = <Names extends never>(): Names[] => []

same<DifferentIn<typeof Bloom>>()
same<DifferentIn<typeof CountMin>>()
same<DifferentIn<typeof Cuckoo>>()
same<DifferentIn<typeof Json>>()
same<DifferentIn<typeof Search>>()
same<DifferentIn<typeof TDigest>>()
same<DifferentIn<typeof TimeSeries>>()
same<DifferentIn<typeof TopK>>()

// It would see what is missing.
// @ts-expect-error
same<Different<Generated<Omit<All<typeof Json>, "get">>, Expected<typeof Json, "read" | "write", "text">>>()
// @ts-expect-error
same<Different<Generated<All<typeof Json>>, Expected<typeof Json, "read", "text">>>()
