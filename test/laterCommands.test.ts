/**
 * Commands of Redis 8.4 to 8.10 that no server at hand has: the replies that public documentation and the servers' own
 * tests show, on the wire in RESP2 and in RESP3, what the decoders make of them, and that the test kit gives the same.
 * Commands that a server at hand has are in test/conformance and test/support/live.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Buffer } from "node:buffer"
import { inspect } from "node:util"
import { Command, commands as c, type Errors, RedisClient, Resp } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"

/** A reply on the wire. */
type Wire = (protocol: 2 | 3) => string

const int = (n: number | bigint): Wire => () => `:${n}\r\n`
const bulk = (text: string): Wire => () => `$${Buffer.byteLength(text)}\r\n${text}\r\n`
const simple = (text: string): Wire => () => `+${text}\r\n`
const nil: Wire = (protocol) => (protocol === 3 ? "_\r\n" : "$-1\r\n")
const double = (n: number): Wire => (protocol) => (protocol === 3 ? `,${n}\r\n` : bulk(String(n))(2))
const array = (...items: ReadonlyArray<Wire>): Wire => (protocol) =>
  `*${items.length}\r\n${items.map((item) => item(protocol)).join("")}`
const map = (...flat: ReadonlyArray<Wire>): Wire => (protocol) =>
  protocol === 3 ? `%${flat.length / 2}\r\n${flat.map((item) => item(3)).join("")}` : array(...flat)(2)
const bulks = (...texts: ReadonlyArray<string | null>): Wire =>
  array(...texts.map((text) => (text === null ? nil : bulk(text))))

/** A call, its reply on the wire, and its result; without a reply it prepares others. */
type Step =
  | readonly [command: Command.Any, reply: Wire, result: unknown]
  | readonly [command: Command.Any]
  | readonly [command: Command.Any, error: RegExp]

const ok = simple("OK")
const hello = "9555e8555c62dcfd"

const scripts: Readonly<Record<string, ReadonlyArray<Step>>> = {
  "SET under conditions": [
    [c.set("k", "hello")],
    [c.set("k", "world", { ifne: "hello" }), nil, null],
    [c.set("k", "hello", { ifne: "world" }), ok, "OK"],
    [c.set("k", "world", { ifdeq: "0123456789abcdef" }), nil, null],
    [c.set("k", "world", { ifdeq: hello }), ok, "OK"],
    [c.set("k", "hello", { ifdne: hello }), ok, "OK"],
    [c.set("k", "other", { ifdne: hello.toUpperCase() }), nil, null],
    [c.setGet("k", "world", { ifeq: "other" }), bulk("hello"), "hello"],
    [c.setGet("k", "world", { ifne: "other" }), bulk("hello"), "hello"],
    [c.get("k"), bulk("world"), "world"],
    [c.set("none", "v", { ifdeq: hello }), nil, null],
    [c.set("none", "v", { ifne: "w" }), ok, "OK"],
    [c.setGet("new", "v", { ifdne: hello }), nil, null],
    [c.get("new"), bulk("v"), "v"],
    [c.rpush("l", "e")],
    [c.set("l", "v", { ifne: "e" }), /WRONGTYPE/]
  ],
  DELEX: [
    [c.set("k", "hello")],
    [c.delex("k", { ifeq: "world" }), int(0), false],
    [c.delex("k", { ifne: "hello" }), int(0), false],
    [c.delex("k", { ifdne: hello }), int(0), false],
    [c.delex("k", { ifdeq: hello }), int(1), true],
    [c.delex("k", { ifeq: "hello" }), int(0), false],
    [c.rpush("l", "e")],
    [c.delex("l", { ifeq: "e" }), /Key should be of string type if conditions are specified/],
    [c.delex("l"), int(1), true],
    [c.delex("l"), int(0), false]
  ],
  DIGEST: [
    [c.digest("none"), nil, null],
    [c.set("k", "hello")],
    [c.digest("k"), bulk(hello), hello],
    [c.set("k", "")],
    [c.digest("k"), bulk("2d06800538d394c2"), "2d06800538d394c2"],
    [c.set("k", "v8")],
    [c.digest("k"), bulk("0cc76dbb41381419"), "0cc76dbb41381419"],
    [c.set("k", "Hello world")],
    [c.digest("k"), bulk("b6acb9d84a38ff74"), "b6acb9d84a38ff74"],
    [c.rpush("l", "e")],
    [c.digest("l"), /WRONGTYPE/]
  ],
  INCREX: [
    [c.increx("n"), array(int(1), int(1)), { value: 1, increment: 1 }],
    [c.increx("n", { by: 9 }), array(int(10), int(9)), { value: 10, increment: 9 }],
    [c.increx("n", { by: 10, upperBound: 15 }), array(int(10), int(0)), { value: 10, increment: 0 }],
    [c.increx("n", { by: 10, upperBound: 15, saturate: true }), array(int(15), int(5)), { value: 15, increment: 5 }],
    [c.increx("n", { by: 5, upperBound: 5, saturate: true }), array(int(5), int(-10)), { value: 5, increment: -10 }],
    [c.increx("n", { by: -10, lowerBound: 0 }), array(int(5), int(0)), { value: 5, increment: 0 }],
    [c.increx("n", { by: -10, lowerBound: 0n, saturate: true }), array(int(0), int(-5)), { value: 0, increment: -5 }],
    [c.increx("n", { by: 1, lowerBound: 10, upperBound: 5 }), /LBOUND can't be greater than UBOUND/],
    [c.increx("none", { by: 15, upperBound: 10 }), array(int(0), int(0)), { value: 0, increment: 0 }],
    [c.exists("none"), int(0), 0],
    [c.increx("none", { lowerBound: 5, saturate: true }), array(int(5), int(5)), { value: 5, increment: 5 }],
    [c.set("f", "1.5")],
    [c.increx("f", { byFloat: 0.25 }), array(double(1.75), double(0.25)), { value: 1.75, increment: 0.25 }],
    [c.increx("f", { byFloat: 10, upperBound: 5.5 }), array(double(1.75), double(0)), { value: 1.75, increment: 0 }],
    [
      c.increx("f", { byFloat: 10, upperBound: 5.5, saturate: true }),
      array(double(5.5), double(3.75)),
      { value: 5.5, increment: 3.75 }
    ],
    [c.increx("f"), /value is not an integer or out of range/],
    [c.increx("f", { byFloat: 1, lowerBound: Infinity }), /LBOUND can't be greater than UBOUND/],
    [c.increx("t", { ttl: "100 seconds", enx: true }), array(int(1), int(1)), { value: 1, increment: 1 }],
    [c.increx("t", { ttl: "10 seconds", enx: true }), array(int(2), int(1)), { value: 2, increment: 1 }],
    [c.ttl("t")],
    [c.increx("t", { persist: true }), array(int(3), int(1)), { value: 3, increment: 1 }],
    [c.increx("t", { expireAt: new Date(1000) }), array(int(4), int(1)), { value: 4, increment: 1 }],
    [c.exists("t"), int(0), 0],
    [c.rpush("l", "e")],
    [c.increx("l"), /WRONGTYPE/]
  ],
  "LMOVEM and BLMOVEM": [
    [c.rpush("l", "1", "2", "3", "4")],
    [c.lmovem("l", "m", "left", "left", { count: 2, order: "obo" }), bulks("2", "1"), ["2", "1"]],
    [c.lrange("m", 0, -1), bulks("2", "1"), ["2", "1"]],
    [c.lmovem("l", "m", "left", "left", { exactly: 5, order: "bulk" }), nil, null],
    [c.lmovem("l", "m", "right", "right", { count: 9, order: "bulk" }), bulks("3", "4"), ["3", "4"]],
    [c.lrange("m", 0, -1), bulks("2", "1", "3", "4"), ["2", "1", "3", "4"]],
    [c.lmovem("l", "m", "left", "left"), array(), []],
    [c.lmovem("l", "m", "left", "left", { exactly: 1, order: "obo" }), nil, null],
    [c.lmovem("m", "m", "left", "left", { exactly: 2, order: "obo" }), bulks("1", "2"), ["1", "2"]],
    [c.lrange("m", 0, -1), bulks("1", "2", "3", "4"), ["1", "2", "3", "4"]],
    [c.lmovem("m", "m", "left", "left", { count: 2, order: "bulk" }), bulks("1", "2"), ["1", "2"]],
    [c.lmovem("m", "l", "right", "left"), bulks("4"), ["4"]],
    [c.blmovem("m", "l", "left", "right", "1 second", { exactly: 2, order: "bulk" }), bulks("1", "2"), ["1", "2"]],
    [c.blmovem("m", "l", "left", "right", "5 millis", { exactly: 2, order: "bulk" }), nil, null],
    [c.blmovem("m", "l", "left", "right", "1 second", { count: 2, order: "obo" }), bulks("3"), ["3"]],
    [c.blmovem("none", "l", "left", "right", "5 millis"), nil, null],
    [c.set("s", "v")],
    [c.lmovem("s", "l", "left", "left"), /WRONGTYPE/]
  ],
  "SDIFFCARD and SUNIONCARD": [
    [c.sadd("a", "1", "2", "3")],
    [c.sadd("b", "3", "4", "5")],
    [c.sdiffcard(["a", "b"]), int(2), 2],
    [c.sdiffcard(["a", "b"], 1), int(1), 1],
    [c.sdiffcard(["none", "b"]), int(0), 0],
    [c.sunioncard(["a", "b"]), int(5), 5],
    [c.sunioncard(["a", "b"], { limit: 3 }), int(3), 3],
    [c.sunioncard(["a", "none"], { approximate: true }), int(3), 3],
    [c.set("s", "v")],
    [c.sdiffcard(["a", "s"]), /WRONGTYPE/]
  ],
  "AGGREGATE COUNT": [
    [c.zadd("a", [{ member: "x", score: 10 }, { member: "y", score: 20 }])],
    [c.zadd("b", [{ member: "x", score: 5 }])],
    [
      c.zunionWithScores(["a", "b"], { aggregate: "count" }),
      (protocol) =>
        protocol === 3
          ? array(array(bulk("y"), double(1)), array(bulk("x"), double(2)))(3)
          : bulks("y", "1", "x", "2")(2),
      [{ member: "y", score: 1 }, { member: "x", score: 2 }]
    ],
    [
      c.zinterWithScores(["a", "b"], { aggregate: "count", weights: [2, 3] }),
      (protocol) => protocol === 3 ? array(array(bulk("x"), double(5)))(3) : bulks("x", "5")(2),
      [{ member: "x", score: 5 }]
    ]
  ],
  HIMPORT: [
    [c.himportPrepare("user", "name", "email"), ok, "OK"],
    [c.himportSet("u1", "user", "Ada", "ada@example.com"), ok, "OK"],
    [c.hset("u2", { old: 1 })],
    [c.himportSet("u2", "user", ["Grace", "grace@example.com"]), ok, "OK"],
    [
      c.hgetall("u2"),
      map(bulk("name"), bulk("Grace"), bulk("email"), bulk("grace@example.com")),
      { name: "Grace", email: "grace@example.com" }
    ],
    [c.himportSet("u3", "user", "Ada"), /value count does not match/],
    [c.himportSet("u3", "none", "Ada"), /no such fieldset/],
    [c.himportPrepare("twice", "a", "a"), /duplicate field name/],
    [c.set("s", "v")],
    [c.himportSet("s", "user", "Ada", "e"), /WRONGTYPE/],
    [c.himportPrepare("other", "a"), ok, "OK"],
    [c.himportDiscard("user"), int(1), true],
    [c.himportDiscard("user"), int(0), false],
    [c.himportDiscardall(), int(1), 1],
    [c.himportDiscardall(), int(0), 0]
  ],
  VRANGE: [
    [c.vadd("v", [1, 0], "b")],
    [c.vadd("v", [0, 1], "a")],
    [c.vadd("v", [1, 1], "c")],
    [c.vrange("v", "-", "+"), bulks("a", "b", "c"), ["a", "b", "c"]],
    [c.vrange("v", "-", "+", 2), bulks("a", "b"), ["a", "b"]],
    [c.vrange("v", "(a", "[c", -1), bulks("b", "c"), ["b", "c"]],
    [c.vrange("v", "[a", "(c"), bulks("a", "b"), ["a", "b"]],
    [c.vrange("v", "-", "+", 0), array(), []],
    [c.vrange("none", "-", "+"), array(), []],
    [c.set("s", "v")],
    [c.vrange("s", "-", "+"), /WRONGTYPE/]
  ],
  "VSIM WITHATTRIBS": [
    [c.vadd("v", [1, 0], "a", { attributes: "{}", quantization: "noquant" })],
    [c.vadd("v", [-1, 0], "b", { quantization: "noquant" })],
    [
      c.vsimWith("v", { element: "a" }, ["attributes"]),
      map(bulk("a"), bulk("{}"), bulk("b"), nil),
      [{ member: "a", attributes: "{}" }, { member: "b", attributes: null }]
    ],
    [
      c.vsimWith("v", { element: "a" }, ["attributes", "score"]),
      (protocol) =>
        protocol === 3
          ? map(bulk("a"), array(double(1), bulk("{}")), bulk("b"), array(double(0), nil))(3)
          : array(bulk("a"), bulk("1"), bulk("{}"), bulk("b"), bulk("0"), nil)(2),
      [{ member: "a", score: 1, attributes: "{}" }, { member: "b", score: 0, attributes: null }]
    ]
  ],
  "arrays: values": [
    [c.arset("a", 0, "hello"), int(1), 1],
    [c.arset("a", 0, "world"), int(0), 0],
    [c.arset("a", 2, "x", "y"), int(2), 2],
    [c.arget("a", 0), bulk("world"), "world"],
    [c.arget("a", 1), nil, null],
    [c.arget("none", 0), nil, null],
    [c.armset("a", { 3: "z", 100: "far" }), int(1), 1],
    [c.armset("a", new Map([[7n, "q"]])), int(1), 1],
    [c.armget("a", 0, 3, 4n), bulks("world", "z", null), ["world", "z", null]],
    [c.armget("none", [0, 1]), bulks(null, null), [null, null]],
    [c.argetrange("a", 0, 3), bulks("world", null, "x", "z"), ["world", null, "x", "z"]],
    [c.argetrange("a", 3, 2), bulks("z", "x"), ["z", "x"]],
    [c.argetrange("a", 0, 1_000_000), /range exceeds maximum of 1000000 items/],
    [
      c.arscan("a", 0, 10),
      array(
        array(int(0), bulk("world")),
        array(int(2), bulk("x")),
        array(int(3), bulk("z")),
        array(int(7), bulk("q"))
      ),
      [{ index: 0, value: "world" }, { index: 2, value: "x" }, { index: 3, value: "z" }, { index: 7, value: "q" }]
    ],
    [
      c.arscan("a", 10, 0, 1),
      array(array(int(7), bulk("q"))),
      [{ index: 7, value: "q" }]
    ],
    [c.arscan("none", 0, 10), array(), []],
    [c.arscan("a", 0, 10, 0), /LIMIT must be positive/],
    [c.arlen("a"), int(101), 101],
    [c.arcount("a"), int(5), 5],
    [c.arlen("none"), int(0), 0],
    [c.ardel("a", 7, 8), int(1), 1],
    [c.ardelrange("a", [[3, 2], [50, 200]]), int(3), 3],
    [c.ardel("a", 0), int(1), 1],
    [c.exists("a"), int(0), 0],
    [c.arset("big", 2n ** 64n - 2n, "v"), int(1), 1],
    [c.arget("big", 2n ** 64n - 2n), bulk("v"), "v"],
    [c.arset("big", 2n ** 64n - 2n, "v", "w"), /array index overflow/],
    [c.type("big"), simple("array"), "array"],
    [c.set("s", "v")],
    [c.arget("s", 0), /WRONGTYPE/]
  ],
  "arrays: searches and sums": [
    [c.armset("a", { 0: "alpha", 1: "beta", 2: "alphabet", 5: "Gamma" })],
    [c.argrep("a", "-", "+", { match: "alpha" }), array(int(0), int(2)), [0, 2]],
    [c.argrep("a", 5, 0, { match: "alpha" }), array(int(2), int(0)), [2, 0]],
    [c.argrep("a", "-", "+", { exact: "gamma" }, { nocase: true }), array(int(5)), [5]],
    [c.argrep("a", "-", "+", [{ glob: "*a*" }, { re: "^b" }], { combine: "and" }), array(int(1)), [1]],
    [c.argrep("a", "-", "+", [{ exact: "beta" }, { re: "bet$" }], { combine: "or" }), array(int(1), int(2)), [1, 2]],
    [c.argrep("a", "-", "+", { match: "a" }, { limit: 2 }), array(int(0), int(1)), [0, 1]],
    [c.argrep("none", "-", "+", { match: "a" }), array(), []],
    [c.argrep("a", "-", "+", { re: "(a)\\1" }), /backreferences are not supported/],
    [c.argrep("a", "-", "+", { re: "(" }), /invalid regular expression/],
    [
      c.argrepWithValues("a", 3, 0, { match: "alpha" }),
      array(array(int(2), bulk("alphabet")), array(int(0), bulk("alpha"))),
      [{ index: 2, value: "alphabet" }, { index: 0, value: "alpha" }]
    ],
    [c.armset("n", { 0: 10, 1: 2.5, 2: "text", 3: -3, 9: 7 })],
    [c.arop("n", 0, 5, "sum"), bulk("9.5"), 9.5],
    [c.arop("n", 0, 5, "min"), bulk("-3"), -3],
    [c.arop("n", 0, 5, "max"), bulk("10"), 10],
    [c.arop("n", 0, 1, "and"), int(2), 2],
    [c.arop("n", 0, 1, "or"), int(10), 10],
    [c.arop("n", 0, 9, "xor"), int(-14), (10 ^ 2) ^ -3 ^ 7],
    [c.arop("n", 0, 9, "used"), int(5), 5],
    [c.arop("n", 0, 9, { match: "text" }), int(1), 1],
    [c.arop("n", 2, 2, "sum"), nil, null],
    [c.arop("none", 0, 9, "max"), nil, null],
    [c.arop("none", 0, 9, "used"), int(0), 0]
  ],
  "arrays: rings": [
    [c.arnext("a"), int(0), 0],
    [c.arinsert("a", "a"), int(0), 0],
    [c.arinsert("a", "b", "c"), int(2), 2],
    [c.arnext("a"), int(3), 3],
    [c.arseek("a", 10), int(1), true],
    [c.arseek("none", 10), int(0), false],
    [c.arinsert("a", "d"), int(10), 10],
    [c.arlastitems("a", 3), bulks(null, null, "d"), [null, null, "d"]],
    [c.arlastitems("none", 3), array(), []],
    [c.arseek("a", 2n ** 64n - 1n), int(1), true],
    [c.arnext("a"), nil, null],
    [c.arinsert("a", "e"), /insert index overflow/],
    [c.arring("r", 3, "1", "2"), int(1), 1],
    [c.arring("r", 3, "3", "4"), int(0), 0],
    [c.argetrange("r", 0, 2), bulks("4", "2", "3"), ["4", "2", "3"]],
    [c.arlastitems("r", 2), bulks("3", "4"), ["3", "4"]],
    [c.arlastitems("r", 9, { reverse: true }), bulks("4", "3", "2"), ["4", "3", "2"]],
    [c.arring("r", 5, "5"), int(3), 3],
    [c.argetrange("r", 0, 4), bulks("2", "3", "4", "5", null), ["2", "3", "4", "5", null]],
    [c.arring("r", 2, "6"), int(0), 0],
    [c.argetrange("r", 0, 1), bulks("6", "5"), ["6", "5"]],
    [c.arring("r", 0, "7"), /size must be positive/],
    [c.set("s", "v")],
    [c.arring("s", 2, "7"), /WRONGTYPE/]
  ]
}

const info = [
  bulk("count"),
  int(2),
  bulk("len"),
  int(6),
  bulk("next-insert-index"),
  int(0),
  bulk("slices"),
  int(1),
  bulk("directory-size"),
  int(1),
  bulk("super-dir-entries"),
  int(0),
  bulk("slice-size"),
  int(4096)
]
const infoResult = {
  count: 2,
  len: 6,
  nextInsertIndex: 0,
  slices: 1,
  directorySize: 1,
  superDirEntries: 0,
  sliceSize: 4096
}

/** Replies whose numbers a server in memory does not have. */
const repliesAlone: ReadonlyArray<readonly [Command.Any, Wire, unknown]> = [
  [c.arinfo("a"), map(...info, bulk("new-field"), bulk("x")), infoResult],
  [
    c.arinfoFull("a"),
    map(
      ...info,
      bulk("dense-slices"),
      int(0),
      bulk("sparse-slices"),
      int(1),
      bulk("avg-dense-size"),
      double(0),
      bulk("avg-dense-fill"),
      double(0),
      bulk("avg-sparse-size"),
      double(4.5)
    ),
    { ...infoResult, denseSlices: 0, sparseSlices: 1, avgDenseSize: 0, avgDenseFill: 0, avgSparseSize: 4.5 }
  ],
  // The documentation shows a flat array, the server's tests pairs.
  [
    c.arscan("a", 0, 5),
    array(int(0), bulk("x"), int(5), bulk("y")),
    [{ index: 0, value: "x" }, { index: 5, value: "y" }]
  ]
]

/** The reply as the connection would give it. */
const valueOf = (wire: string): Resp.Value => {
  const replies: Array<Resp.Value> = []
  const decoder = new Resp.Decoder({
    wantsBytes: () => false,
    onReply: (reply) => void replies.push(reply),
    onPush: () => {}
  })
  decoder.feed(Buffer.from(wire))
  return replies[0]!
}

const isReply = (step: Step): step is readonly [Command.Any, Wire, unknown] => step.length === 3

describe("replies of servers that are not at hand", () => {
  for (const [name, steps] of Object.entries({ ...scripts, repliesAlone })) {
    it(`are decoded: ${name}`, () => {
      for (const [command, reply, result] of steps.filter(isReply)) {
        for (const protocol of [2, 3] as const) {
          assert.deepStrictEqual(
            command.spec.decode(valueOf(reply(protocol)), false),
            result,
            `${inspect(command.args)}, RESP${protocol}`
          )
        }
      }
    })
  }

  for (const [name, steps] of Object.entries(scripts)) {
    it.live(`are those of a node in memory: ${name}`, () =>
      Effect.gen(function*() {
        const deployment = yield* Testing.make({ replicas: 1, sentinels: 0, tcp: true })
        for (const protocol of [2, 3] as const) {
          const client = yield* RedisClient.make({ address: deployment.nodes[0]!, protocol })
          yield* client.flushall()
          const reserved = yield* client.reserve
          for (const step of steps) {
            const [command, expected] = step
            const what = `${command.spec.name} ${inspect(command.args)}, RESP${protocol}`
            if (step.length === 2) {
              const error = yield* Effect.flip(reserved.run(command))
              assert.match((error as Errors.ReplyError).message, expected as RegExp, what)
              continue
            }
            const result = yield* reserved.run(command)
            if (isReply(step)) assert.deepStrictEqual(result, step[2], what)
          }
        }
      }).pipe(Effect.scoped))
  }

  it.live("BLMOVEM with exactly so many waits until there are so many, in turns", () =>
    Effect.gen(function*() {
      const command = c.blmovem("l", "m", "left", "right", "60 seconds", { exactly: 2, order: "bulk" })
      assert.isTrue(Command.isDivisible(command))
      assert.strictEqual(command.spec.blockingMillis!(command.args), 60_000)
      assert.deepStrictEqual(
        [...command.spec.withBlockingMillis!(command.args, 5000)],
        ["l", "m", "LEFT", "RIGHT", 5, "EXACTLY", 2, "BULK"]
      )
      const deployment = yield* Testing.make({ replicas: 0, sentinels: 0, tcp: true })
      const client = yield* RedisClient.make({ address: deployment.nodes[0]! })
      const waiting = yield* Effect.forkChild(client.run(command))
      yield* Effect.repeat(client.send("INFO", "clients"), {
        until: (info) => String(info).includes("blocked_clients:1")
      })
      yield* client.rpush("l", "a")
      assert.deepStrictEqual(yield* client.lrange("l", 0, -1), ["a"])
      yield* client.rpush("l", "b", "c")
      assert.deepStrictEqual(yield* Fiber.join(waiting), ["a", "b"])
      assert.deepStrictEqual(yield* client.lrange("m", 0, -1), ["a", "b"])
    }).pipe(Effect.scoped))

  it.live("HIMPORT runs on a reserved connection only, and its hashes reach the replicas", () =>
    Effect.gen(function*() {
      const deployment = yield* Testing.make({ replicas: 1, sentinels: 0, tcp: true })
      const client = yield* RedisClient.make({ address: deployment.nodes[0]! })
      const replica = yield* RedisClient.make({ address: deployment.nodes[1]! })
      const error = yield* Effect.flip(client.himportPrepare("n", "f"))
      assert.strictEqual(error._tag, "InvalidCommand")
      yield* Effect.scoped(Effect.gen(function*() {
        const reserved = yield* client.reserve
        yield* reserved.pipeline([
          c.himportPrepare("n", "f"),
          c.himportSet("h", "n", "v"),
          c.himportDiscard("n")
        ])
      }))
      yield* Effect.repeat(replica.hgetall("h"), { until: (hash) => hash["f"] === "v" })
    }).pipe(Effect.scoped))
})

describe("wrong options are refused before anything is sent", () => {
  const any = (value: unknown): any => value
  const calls: Readonly<Record<string, readonly [make: () => unknown, detail: RegExp]>> = {
    "SET with two conditions": [() => c.set("k", 1, any({ when: "nx", ifeq: "v" })), /^ifeq: not with when/],
    "SET with two values": [() => c.set("k", 1, any({ ifeq: "v", ifne: "w" })), /^ifne: not with ifeq/],
    "SET with half a digest": [() => c.set("k", 1, { ifdeq: "9555" }), /^ifdeq: expected a digest of 16/],
    "SET with two expiries": [() => c.set("k", 1, any({ ifeq: "v", ttl: "1 second", keepTtl: true })), /^keepTtl: not/],
    "DELEX without a condition": [() => c.delex("k", any({})), /^condition: one of/],
    "DELEX with two": [() => c.delex("k", any({ ifne: "v", ifdne: hello })), /^ifdne: not with ifne/],
    "MSETEX of nothing": [() => c.msetex({}), /^entries: at least one/],
    "MSETEX with two expiries": [
      () => c.msetex({ a: 1 }, any({ ttl: "1 second", expireAt: new Date() })),
      /^expireAt: not with ttl/
    ],
    "INCREX by two": [() => c.increx("k", any({ by: 1, byFloat: 1 })), /^byFloat: not with by/],
    "INCREX with enx alone": [() => c.increx("k", any({ enx: true })), /^enx: it needs ttl or expireAt/],
    "INCREX with two expiries": [
      () => c.increx("k", any({ ttl: "1 second", persist: true })),
      /^persist: not with ttl/
    ],
    "LMOVEM without a number": [() => c.lmovem("k", "l", "left", "left", any({ order: "obo" })), /^many: one of/],
    "LMOVEM with two": [
      () => c.lmovem("k", "l", "left", "left", any({ count: 1, exactly: 1, order: "obo" })),
      /^exactly: not with count/
    ],
    "LMOVEM without an order": [() => c.lmovem("k", "l", "left", "left", any({ count: 1 })), /^order: /],
    "VADD of nothing": [() => c.vadd("k", [], "e"), /^vector: at least one dimension/],
    "VADD of NaN": [() => c.vadd("k", [1, NaN], "e"), /^vector: expected finite numbers/],
    "VADD of text": [() => c.vadd("k", any("1 2"), "e"), /^vector: expected an array/],
    "VADD of five bytes": [() => c.vadd("k", new Uint8Array(5), "e"), /^vector: expected 4 bytes/],
    "VADD with another quantization": [() => c.vadd("k", [1], "e", any({ quantization: "q4" })), /^quantization: /],
    "VSIM of two": [() => c.vsim("k", any({ element: "e", vector: [1] })), /^vector: not with element/],
    "VSIM of nothing": [() => c.vsim("k", any({})), /^query: one of/],
    "VSIM with no details": [() => c.vsimWith("k", { element: "e" }, []), /^details: at least one/],
    "VSIM with other details": [() => c.vsimWith("k", { element: "e" }, any(["speed"])), /^details: /],
    "ARGET at -1": [() => c.arget("k", -1), /^index: expected an index/],
    "ARGET at 1.5": [() => c.arget("k", 1.5), /^index: expected an index/],
    "ARGET at the end": [() => c.arget("k", 2n ** 64n - 1n), /^index: expected an index/],
    "ARMSET at a name": [() => c.armset("k", any({ a: 1 })), /^entries: expected an index/],
    "ARDELRANGE of nothing": [() => c.ardelrange("k", []), /^ranges: at least one/],
    "ARDELRANGE of half a range": [() => c.ardelrange("k", any([[1]])), /^ranges: expected an index/],
    "ARGREP without a condition": [() => c.argrep("k", "-", "+", []), /^predicates: at least one/],
    "ARGREP with an empty condition": [() => c.argrep("k", "-", "+", any({})), /^predicates: one of/],
    "ARGREP with two in one": [() => c.argrep("k", "-", "+", any({ match: "a", re: "b" })), /^re: not with match/],
    "AROP of another operation": [() => c.arop("k", 0, 1, any("avg")), /^operation: /],
    "AROP match of nothing": [() => c.arop("k", 0, 1, any({})), /^operation: match is needed/]
  }
  for (const [name, [make, detail]] of Object.entries(calls)) {
    it(name, () => {
      try {
        make()
      } catch (error) {
        assert.strictEqual((error as Errors.InvalidCommand)._tag, "InvalidCommand")
        assert.match((error as Errors.InvalidCommand).detail, detail)
        return
      }
      assert.fail("it was not refused")
    })
  }
})
