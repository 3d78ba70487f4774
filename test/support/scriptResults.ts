/**
 * Results of scripts: what a script gives, and what its schema makes of it, the same in
 * both protocols and on every server.
 */
import * as Schema from "effect/Schema"
import * as Codec from "../../src/Codec.ts"
import type * as Script from "../../src/Script.ts"

interface User {
  readonly name: string
}
export const User: Schema.Codec<User> = Schema.Struct({ name: Schema.String })

interface Tree {
  readonly value: number
  readonly children: ReadonlyArray<Tree>
}
const Tree: Schema.Codec<Tree> = Schema.Struct({
  value: Schema.Number,
  children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
})

/** What a script gives, and what its schema makes of it. */
export const fitting: ReadonlyArray<readonly [lua: string, result: Script.ResultType, value: unknown]> = [
  ["return 1.9", Schema.Int, 1],
  ["return -1.9", Schema.Number, -1],
  ["return '1.5'", Schema.Number, 1.5],
  ["return {double=1.5}", Schema.Number, 1.5],
  ["return {double=1.5}", Schema.String, "1.5"],
  ["return {double=1/0}", Schema.Number, Infinity],
  ["return {big_number='123456789012345678901234'}", Schema.BigInt, 123456789012345678901234n],
  ["return {big_number='123456789012345678901234'}", Schema.String, "123456789012345678901234"],
  ["return '9007199254740993'", Schema.BigInt, 9007199254740993n],
  ["return 5", Schema.BigInt, 5n],
  ["return true", Schema.Boolean, true],
  ["return true", Schema.Int, 1],
  ["return false", Schema.Boolean, false],
  ["return nil", Schema.Boolean, false],
  ["return 0", Schema.Boolean, false],
  ["redis.setresp(3) return true", Schema.Boolean, true],
  ["redis.setresp(3) return false", Schema.Boolean, false],
  ["redis.setresp(3) return true", Schema.Int, 1],
  // After setresp(3), false is not null.
  ["redis.setresp(3) return false", Schema.Int, 0],
  ["redis.setresp(3) return false", Schema.NullOr(Schema.Boolean), false],
  ["redis.setresp(3) return false", Schema.NullOr(Schema.Int), 0],
  ["redis.setresp(3) return false", Schema.Unknown, 0],
  ["redis.setresp(3) return nil", Schema.NullOr(Schema.Boolean), null],
  ["redis.setresp(3) return {1, false, 3}", Schema.Array(Schema.NullOr(Schema.Int)), [1, 0, 3]],
  ["redis.setresp(3) return {1, false, 3}", Schema.Unknown, [1, 0, 3]],
  ["redis.setresp(3) return {map = {a = false}}", Schema.Struct({ a: Schema.NullOr(Schema.Boolean) }), { a: false }],
  ["redis.setresp(3) return tostring(redis.call('GET', 'absent'))", Schema.String, "nil"],
  ["return tostring(redis.call('GET', 'absent'))", Schema.String, "false"],
  ["return nil", Schema.NullOr(Schema.String), null],
  ["return nil", Schema.UndefinedOr(Schema.String), undefined],
  ["return false", Schema.Null, null],
  ["return 'a'", Schema.NullOr(Schema.String), "a"],
  ["return ''", Schema.String, ""],
  ["return 'ä'", Schema.String, "ä"],
  ["return string.char(255, 0)", Schema.Uint8Array, Buffer.from([255, 0])],
  ["return redis.call('SET', 'k', 'v')", Schema.Literal("OK"), "OK"],
  ["return redis.status_reply('FINE')", Schema.String, "FINE"],
  ["return redis.status_reply('FINE')", Schema.Uint8Array, Buffer.from("FINE")],
  ["return {verbatim_string={format='txt',string='hi'}}", Schema.String, "hi"],
  ["return {1, 'a', {2, {3}}}", Schema.Unknown, [1, "a", [2, [3]]]],
  ["return {1, nil, 3}", Schema.Array(Schema.Int), [1]],
  ["return {1, false, 3}", Schema.Array(Schema.NullOr(Schema.Int)), [1, null, 3]],
  ["return {}", Schema.Array(Schema.String), []],
  ["return {}", Schema.Record(Schema.String, Schema.String), {}],
  ["return {'a', 1}", Schema.Tuple([Schema.String, Schema.Int]), ["a", 1]],
  ["return {'a', 1, 'b', 2}", Schema.Array(Schema.Tuple([Schema.String, Schema.Int])), [["a", 1], ["b", 2]]],
  ["return {{'a', 1}, {'b', 2}}", Schema.Array(Schema.Tuple([Schema.String, Schema.Int])), [["a", 1], ["b", 2]]],
  ["return {'a', 1, 'b', '2'}", Schema.Struct({ a: Schema.Int, b: Schema.NumberFromString }), { a: 1, b: 2 }],
  ["return {map={a=1}}", Schema.Struct({ a: Schema.Int }), { a: 1 }],
  ["return {map={a={map={b='c'}}}}", Schema.Struct({ a: Schema.Struct({ b: Schema.String }) }), { a: { b: "c" } }],
  ["return {map={a=1}}", Schema.Unknown, ["a", 1]],
  ["return {'__proto__', 1}", Schema.Record(Schema.String, Schema.Int), JSON.parse("{\"__proto__\":1}")],
  ["return {set={a=true}}", Schema.Array(Schema.String), ["a"]],
  [
    "redis.call('HSET', 'h', 'name', 'Ada', 'born', '1815') return redis.call('HGETALL', 'h')",
    Schema.Struct({ name: Schema.String, born: Schema.Number }),
    { name: "Ada", born: 1815 }
  ],
  [
    "redis.setresp(3) redis.call('HSET', 'h', 'name', 'Ada', 'born', '1815') return redis.call('HGETALL', 'h')",
    Schema.Struct({ name: Schema.String, born: Schema.Number }),
    { name: "Ada", born: 1815 }
  ],
  ["return {'value', 1, 'children', {{'value', 2, 'children', {}}}}", Tree, {
    value: 1,
    children: [{ value: 2, children: [] }]
  }],
  ["return cjson.encode({name='Ada'})", Schema.fromJsonString(User), { name: "Ada" }],
  ["return cjson.encode({name='Ada'})", Codec.json(User), { name: "Ada" }],
  ["return 5", Codec.json(Schema.Int), 5],
  ["return 'a'", Schema.Union([Schema.Int, Schema.String]), "a"],
  ["return 5", Schema.Union([Schema.Int, Schema.String]), 5],
  ["return {'a'}", Schema.Union([Schema.Struct({ a: Schema.Int }), Schema.Array(Schema.String)]), ["a"]],
  ["return {'a', 1}", Schema.Union([Schema.Array(Schema.Int), Schema.Struct({ a: Schema.Int })]), { a: 1 }],
  ["return 2", Schema.Literals([1, 2]), 2],
  ["return '2'", Schema.Literals(["1", "2"]), "2"],
  ["return {1, 2}", Schema.Void, undefined],
  ["return 'id-5'", Schema.TemplateLiteral(["id-", Schema.Number]), "id-5"]
]

/** What does not fit, and what the error says of it. */
export const misfits: ReadonlyArray<readonly [lua: string, result: Script.ResultType, issue: string]> = [
  ["return 'secret'", Schema.Int, "number"],
  ["return 5", Schema.String, "string"],
  ["return nil", Schema.String, "string"],
  ["return '9007199254740993'", Schema.Int, "number"],
  ["return string.char(255)", Schema.String, "UTF-8"],
  ["return {'a', 'secret'}", Schema.Struct({ a: Schema.Int }), "at a"],
  ["return {'a'}", Schema.Struct({ a: Schema.Int }), "object"],
  ["return {'b', 1}", Schema.Struct({ a: Schema.Int }), "a"],
  ["return {1, 'secret'}", Schema.Array(Schema.Int), "[1]"],
  ["return 'secret'", Codec.json(User), "JSON"],
  ["return nil", Codec.json(User), "null"],
  ["return {1}", Codec.json(User), "array"],
  ["return 'secret'", Schema.Union([Schema.Int, Schema.Literal("a")]), "secret"]
]
