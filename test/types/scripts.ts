/**
 * Calls and definitions of scripts and function libraries that must not compile, and some
 * that must. test/typeErrors.test.ts reads this file as it reads options.ts.
 */
import * as Schema from "effect/Schema"
import * as Codec from "../../src/Codec.ts"
import * as FunctionLibrary from "../../src/FunctionLibrary.ts"
import type { Client, Command } from "../../src/index.ts"
import * as Script from "../../src/Script.ts"

declare const redis: Client.PrimaryClient
declare const replica: Client.ReplicaClient

class User extends Schema.Class<User>("User")({ name: Schema.String }) {}

const lua = "return 1"
const transfer = Script.make({
  lua,
  keys: ["from", "to"],
  args: { amount: Schema.Int, when: Schema.DateTimeUtcFromString, user: Codec.json(User) },
  result: Schema.Boolean
})
const right = { from: "a", to: new Uint8Array(), amount: 1, when: null as any, user: new User({ name: "Ada" }) }
const read = Script.make({
  lua,
  keys: [Script.many("ids")],
  mode: "read",
  result: Schema.Array(Schema.NullOr(Schema.String))
})
const mixed = Script.make({
  lua,
  keys: { user: Schema.NumberFromString, others: Script.many(Schema.String) },
  args: { ids: Script.many(Schema.Int) },
  result: Codec.json(User)
})
const plain = Script.make({ lua, result: Schema.Int })
const library = FunctionLibrary.make({
  name: "l",
  lua,
  functions: {
    write: { keys: ["key"], args: { by: Schema.Int }, result: Schema.Int },
    read: { keys: ["key"], result: Schema.NullOr(Schema.String), mode: "read" }
  }
})

// What compiles, and its types.

export const commandsOf: readonly [
  Command.Command<boolean, "write">,
  Command.Command<ReadonlyArray<string | null>, "read">,
  Command.Command<User, "write">,
  Command.Command<number, "write">,
  Command.Command<number, "write">,
  Command.Command<number, "write">,
  Command.Command<string | null, "read">
] = [
  transfer(right),
  read({ ids: ["a", "b"] }),
  mixed({ user: 5, others: ["a"], ids: [1, 2] }),
  plain(),
  plain({}),
  library.functions.write({ key: "k", by: 1 }),
  library.functions.read({ key: "k" })
]
void redis.script(transfer)(right)
void redis.script(read)({ ids: [] })
void replica.script(read)({ ids: [] })
void redis.script(library.functions.write)({ key: "k", by: 1 })
void redis.functions(library).write({ key: "k", by: 1 })
void replica.functions(library).read({ key: "k" })

// Calls.

// @ts-expect-error: 'to' is missing
void redis.script(plainTransfer)({ from: "a" })
// @ts-expect-error: 'too' does not exist
plainTransfer({ from: "a", to: "b", too: "c" })
// @ts-expect-error: 'number' is not assignable to type 'Key'
plainTransfer({ from: "a", to: 5 })
// @ts-expect-error: 'string' is not assignable to type 'number'
transfer({ ...right, amount: "1" })
// @ts-expect-error: is not assignable to type 'User'
transfer({ ...right, user: "Ada" })
// @ts-expect-error: Expected 1 arguments, but got 0
transfer()
// @ts-expect-error: 'string' is not assignable to type 'readonly Key[]'
read({ ids: "a" })
// @ts-expect-error: 'string' is not assignable to type 'never'
plain({ key: "a" })
// @ts-expect-error: "write"' is not assignable to type '"read"
void replica.script(plainTransfer)
// @ts-expect-error: Property 'write' does not exist
void replica.functions(library).write({ key: "k", by: 1 })
// @ts-expect-error: 'by' is missing
void redis.functions(library).write({ key: "k" })

// Definitions.

// @ts-expect-error: this is the name of a key
Script.make({ lua, keys: ["id"], args: { id: Schema.Int }, result: Schema.Int })
// @ts-expect-error: is not assignable to type
Script.make({ lua, args: { user: User }, result: Schema.Int })
// @ts-expect-error: is not assignable to type
Script.make({ lua, args: { flag: Schema.Boolean }, result: Schema.Int })
// @ts-expect-error: is not assignable to type
Script.make({ lua, keys: [Script.many("ids"), "last"], result: Schema.Int })
// @ts-expect-error: 'result' is missing
Script.make({ lua })
// @ts-expect-error: 'readonly' does not exist
Script.make({ lua, result: Schema.Int, readonly: true })
const of = { name: "l", lua }
const result = Schema.Int
// @ts-expect-error: this is the name of a key
FunctionLibrary.make({ ...of, functions: { f: { keys: ["id"], args: { id: Schema.Int }, result } } })
// @ts-expect-error: 'result' is missing
FunctionLibrary.make({ name: "l", lua, functions: { f: {} } })

const plainTransfer = Script.make({ lua, keys: ["from", "to"], result: Schema.Int })
