/**
 * The commands of modules: that every command which the documentation knows has a constructor or a reason, what each is
 * (mode, keys, arguments, options), its name, and what the constructors refuse. No server at hand has these commands;
 * moduleReplies.test.ts decodes replies.
 */
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Client, type Command, commands, Errors } from "../src/index.ts"
import * as Bloom from "../src/modules/Bloom.ts"
import * as CountMin from "../src/modules/CountMin.ts"
import * as Cuckoo from "../src/modules/Cuckoo.ts"
import * as Json from "../src/modules/Json.ts"
import * as Search from "../src/modules/Search.ts"
import * as TDigest from "../src/modules/TDigest.ts"
import * as TimeSeries from "../src/modules/TimeSeries.ts"
import * as TopK from "../src/modules/TopK.ts"
import { keysBySpecs, readModuleFacts, tokensOf } from "./support/commandFacts.ts"
import { callOf } from "./support/samples/index.ts"
import { moduleSamples } from "./support/samples/modules.ts"
import { moduleCommandsWithoutMethod, moduleWordsWithoutSample } from "./support/withoutMethod.ts"

const { commands: facts, once } = readModuleFacts()

const cases = moduleSamples.flatMap((module) =>
  Object.entries(module.samples).flatMap(([constructor, list]) =>
    list.map((command) => ({ module, constructor, command, call: callOf(command), facts: facts[command.spec.name] }))
  )
)

/** All that is wrong, each told once. */
const wrong = (problemOf: (one: (typeof cases)[number]) => string | undefined): ReadonlyArray<string> =>
  Array.from(
    new Set(cases.flatMap((one) => {
      const problem = problemOf(one)
      return problem === undefined ? [] : [`${one.module.name}.${one.constructor} (${one.call.join(" ")}): ${problem}`]
    }))
  )

describe("the commands of modules", () => {
  it("have a constructor, or a reason why not", () => {
    const made = new Set(cases.map(({ command }) => command.spec.name))
    const missing = Object.keys(facts).filter((name) => !made.has(name))
    assert.deepStrictEqual(missing.sort(), Object.keys(moduleCommandsWithoutMethod).sort())
    assert.isAtLeast(Object.keys(facts).length, 131)
  })

  it("exist, by the documentation", () => {
    assert.deepStrictEqual(wrong((one) => one.facts === undefined ? "not in the documentation" : undefined), [])
  })

  it("have samples, and belong to their module", () => {
    for (const { exports, name, prefix, samples } of moduleSamples) {
      const others = ["methods", "encoded", "withSchema", "aggregateStream"]
      const constructors = Object.entries(exports).filter(([key, value]) =>
        typeof value === "function" && !others.includes(key)
      )
      assert.deepStrictEqual(constructors.map(([key]) => key).sort(), Object.keys(samples).sort(), name)
      for (const command of Object.values(samples).flat()) assert.isTrue(command.spec.name.startsWith(prefix))
    }
  })

  it("have the mode of their flags", () => {
    assert.deepStrictEqual(
      wrong(({ command, facts }) => {
        const flags = facts?.flags ?? []
        const mode = flags.includes("write") ? "write" : "read"
        const repeatable = mode === "read" && !(command.spec.name in once)
        return command.spec.mode === mode && command.spec.repeatable === repeatable
          ? undefined
          : `mode ${command.spec.mode}, repeatable ${command.spec.repeatable}, flags ${flags.join(" ")}`
      }),
      []
    )
  })

  it("have as many arguments as the server takes", () => {
    assert.deepStrictEqual(
      wrong(({ call, facts }) =>
        facts === undefined || (facts.arity < 0 ? call.length >= -facts.arity : call.length === facts.arity)
          ? undefined
          : `arity ${facts.arity}`
      ),
      []
    )
  })

  it("have their keys where the server looks for them", () => {
    assert.deepStrictEqual(
      wrong(({ call, command, facts }) => {
        const ours = command.spec.keys(command.args).map(String).sort()
        const theirs = facts === undefined ? [] : keysBySpecs(facts, call).keys.slice().sort()
        return JSON.stringify(ours) === JSON.stringify(theirs) ? undefined : `keys ${ours}; the server finds ${theirs}`
      }),
      []
    )
  })

  it("do not wait, but for TS.READ with BLOCK", () => {
    assert.deepStrictEqual(
      wrong(({ command }) =>
        (command.spec.blockingMillis !== undefined) === (command.spec.name === "TS.READ") ? undefined : "waits"
      ),
      []
    )
    const waitOf = (command: Command.Any) => command.spec.blockingMillis!(command.args)
    assert.strictEqual(waitOf(TimeSeries.read("k", "-")), 0)
    assert.strictEqual(waitOf(TimeSeries.read("k", "$", { block: { timeout: "5 seconds", minCount: 1 } })), 5000)
    assert.strictEqual(waitOf(TimeSeries.read("k", "$", { block: { timeout: "Infinity", minCount: 1 } })), Infinity)
    assert.isUndefined(TimeSeries.read("k", "-").spec.withBlockingMillis)
  })

  it("use every option word, or there is a reason why not", () => {
    const words = new Map<string, Set<string>>()
    for (const { call, command } of cases) {
      const seen = words.get(command.spec.name) ?? new Set<string>()
      words.set(command.spec.name, seen)
      for (const word of call) seen.add(word.toUpperCase())
    }
    const unused = Object.entries(facts).flatMap(([name, of]) => {
      const seen = words.get(name)
      return seen === undefined
        ? []
        : tokensOf(of).flatMap((token) => token.toUpperCase().split(" ")).filter((token) =>
          token !== "" && !seen.has(token)
        )
          .map((token) => `${name} ${token}`)
    })
    const listed = Object.entries(moduleWordsWithoutSample).flatMap(([name, list]) =>
      Object.keys(list).map((word) => `${name} ${word}`)
    )
    assert.deepStrictEqual(Array.from(new Set(unused)).sort(), listed.sort())
  })
})

describe("names", () => {
  /** Words that change the shape of a reply, and `With`, `Of` and `Text` for forms of several of them or none. */
  const suffixes = [
    "Debug",
    "Groupby",
    "Nocontent",
    "NocontentWith",
    "Of",
    "Text",
    "Values",
    "With",
    "Withcount",
    "Withcursor"
  ]

  const camelCase = (name: string): string =>
    name.toLowerCase().split(/[ _]/).filter((part) => part !== "")
      .map((part, i) => i === 0 ? part : part[0]!.toUpperCase() + part.slice(1))
      .join("")

  it("are the words of the commands, without what all commands of the module begin with", () => {
    assert.deepStrictEqual(
      wrong(({ command, constructor, module }) => {
        const base = camelCase(command.spec.name.slice(module.prefix.length))
        return constructor === base || suffixes.some((suffix) => constructor === base + suffix)
          ? undefined
          : `expected ${base}`
      }),
      []
    )
  })

  it("with a suffix have a base form beside them", () => {
    assert.deepStrictEqual(
      wrong(({ command, module }) =>
        camelCase(command.spec.name.slice(module.prefix.length)) in module.samples ? undefined : "no base form"
      ),
      []
    )
  })
})

/** What a constructor says to a call, in words. */
const refusal = (call: () => unknown): string => {
  try {
    call()
  } catch (error) {
    assert.instanceOf(error, Errors.InvalidCommand)
    return (error as Errors.InvalidCommand).detail
  }
  return "it makes a command"
}

const any = (value: unknown): any => value

describe("wrong arguments", () => {
  it("JSON: what JSON cannot say", () => {
    const circle: Record<string, unknown> = {}
    circle["self"] = circle
    const set = (value: unknown) => refusal(() => Json.set("k", "$", any(value)))
    assert.strictEqual(set(undefined), "value: expected a value for JSON, got undefined")
    assert.strictEqual(set(() => 1), "value: expected a value for JSON, got a function")
    assert.strictEqual(set(Symbol()), "value: expected a value for JSON, got a symbol")
    assert.strictEqual(set(1n), "value: it is not JSON: it has a bigint")
    assert.strictEqual(set({ a: [1n] }), "value: it is not JSON: it has a bigint")
    assert.strictEqual(set(circle), "value: it is not JSON: it has a circle")
    assert.strictEqual(set(NaN), "value: JSON has no NaN and no infinite numbers")
    assert.strictEqual(
      set(new Uint8Array(2)),
      "value: expected a value for JSON, got bytes; Json.encoded takes JSON as text"
    )
    assert.strictEqual(
      set({
        toJSON: () => {
          throw new Error("secret")
        }
      }),
      "value: it is not JSON: JSON.stringify fails"
    )
    assert.strictEqual(refusal(() => Json.arrappend("k", "$", [])), "values: at least one is needed")
    assert.strictEqual(
      refusal(() => Json.arrappend("k", "$", [1, any(1n)])),
      "values[1]: it is not JSON: it has a bigint"
    )
    assert.strictEqual(refusal(() => Json.mset([])), "entries: at least one is needed")
    assert.strictEqual(refusal(() => Json.get("k", any(1))), "path: expected a text, got 1")
    assert.strictEqual(refusal(() => Json.strappend("k", "$", any(1))), "text: expected a text, got 1")
    assert.deepStrictEqual(callOf(Json.set("k", "$", { a: undefined, b: [undefined] })).slice(3), ["{\"b\":[null]}"])
    assert.deepStrictEqual(callOf(Json.strappend("k", "$", "\"")).slice(3), ["\"\\\"\""])
  })

  it("filters and sketches: numbers out of range, and options that exclude each other", () => {
    assert.strictEqual(refusal(() => Bloom.reserve("k", 0, 10)), "errorRate: expected more than 0 and less than 1")
    assert.match(refusal(() => Bloom.reserve("k", 0.1, 0.5)), /^capacity: /)
    assert.strictEqual(
      refusal(() => Bloom.reserve("k", 0.1, 10, any({ expansion: 2, nonscaling: true }))),
      "nonscaling: not with expansion"
    )
    assert.strictEqual(
      refusal(() => Bloom.insert("k", ["a"], any({ nocreate: true, capacity: 10 }))),
      "capacity: not with nocreate"
    )
    assert.strictEqual(refusal(() => Bloom.insert("k", [])), "items: at least one is needed")
    assert.strictEqual(
      refusal(() => Cuckoo.insert("k", ["a"], any({ nocreate: true, capacity: 10 }))),
      "nocreate: not with capacity"
    )
    assert.match(refusal(() => Cuckoo.reserve("k", 10, { bucketSize: 256 })), /^bucketSize: /)
    assert.strictEqual(
      refusal(() => CountMin.merge("d", ["a", "b"], { weights: [1] })),
      "weights: expected one for each source"
    )
    assert.match(refusal(() => TopK.reserve("k", 10, any({ width: 8 }))), /^depth: /)
    assert.strictEqual(refusal(() => TDigest.quantile("k", 1.5)), "quantiles[0]: expected 0 to 1")
    assert.strictEqual(refusal(() => TDigest.add("k", NaN)), "values[0]: NaN is not a number")
    assert.strictEqual(refusal(() => TDigest.rank("k")), "values: at least one is needed")
  })

  it("time series: times without a unit, and lists that are too short", () => {
    assert.strictEqual(
      refusal(() => TimeSeries.create("k", { retention: any(60) })),
      "retention: a number has no unit; write \"60 seconds\" or \"500 millis\"".replace("a number", "60")
    )
    assert.match(refusal(() => TimeSeries.add("k", any(1000), 1)), /^timestamp: 1000 has no unit/)
    assert.match(refusal(() => TimeSeries.range("k", any(0), "+")), /^from: 0 has no unit/)
    assert.match(refusal(() => TimeSeries.range("k", "-", any("now"))), /^to: expected a Date/)
    assert.strictEqual(refusal(() => TimeSeries.add("k", "*", Infinity)).slice(0, 6), "value:")
    assert.strictEqual(
      refusal(() => TimeSeries.mget("a=1", any({ withLabels: true, selectedLabels: ["a"] }))),
      "selectedLabels: not with withLabels"
    )
    assert.strictEqual(refusal(() => TimeSeries.mget([])), "filters: at least one is needed")
    assert.strictEqual(
      refusal(() => TimeSeries.rangeWith("k", "-", "+", ["avg", "avg"], { bucket: "1 hour" })),
      "aggregators: one comes twice"
    )
    assert.strictEqual(
      refusal(() =>
        TimeSeries.nrange(["a", "b"], "-", "+", { aggregation: { aggregators: ["avg"], bucket: "1 hour" } })
      ),
      "aggregators: expected one, or a list, for each key"
    )
    assert.match(
      refusal(() => TimeSeries.read("k", "$", { block: { timeout: "1 second", minCount: 5 }, maxCount: 2 })),
      /^maxCount: /
    )
    assert.match(refusal(() => TimeSeries.mrangeGroupby("a=1", "-", "+", any({ by: "a", reduce: "twa" }))), /^reduce: /)
  })

  it("search: fields, steps and queries that the server would refuse", () => {
    assert.strictEqual(refusal(() => Search.create("i", {})), "schema: at least one field is needed")
    assert.match(refusal(() => Search.create("i", { a: any({ type: "string" }) })), /^schema.a.type: /)
    assert.match(
      refusal(() => Search.create("i", { v: any({ type: "vector", algorithm: "tree" }) })),
      /^schema.v.algorithm: /
    )
    assert.strictEqual(
      refusal(() =>
        Search.create("i", {
          v: {
            type: "vector",
            algorithm: "svs-vamana",
            dataType: "float32",
            dim: 8,
            distanceMetric: "l2",
            reduce: 4
          }
        })
      ),
      "schema.v.reduce: it needs compression"
    )
    assert.strictEqual(refusal(() => Search.search("", "*")), "index: expected a text, got an empty string")
    assert.strictEqual(
      refusal(() => Search.searchNocontent("i", "*", any({ highlight: true }))),
      "highlight: not with NOCONTENT"
    )
    assert.strictEqual(refusal(() => Search.search("i", "*", { return: [] })), "return: at least one is needed")
    assert.match(refusal(() => Search.searchWith("i", "*", any(["rank"]))), /^details\[0\]: /)
    assert.match(
      refusal(() => Search.search("i", "*", { filter: [{ field: "n", min: any("5"), max: 6 }] })),
      /^filter\[0\].min: /
    )
    assert.match(refusal(() => Search.aggregate("i", "*", { steps: [any({ groupby: ["@a"] })] })), /^steps\[0\]: /)
    assert.strictEqual(
      refusal(() => Search.aggregate("i", "*", { steps: [{ step: "groupby", properties: [any("a")] }] })),
      "steps[0].properties[0]: expected a property such as \"@name\""
    )
    assert.strictEqual(
      refusal(() =>
        Search.aggregate("i", "*", {
          steps: [{
            step: "groupby",
            properties: [],
            reduce: [any({ reduce: "first_value", property: "@a", order: "asc", as: "b" })]
          }]
        })
      ),
      "steps[0].reduce[0].order: not with an absent by"
    )
    for (const cursor of ["0", "-1", "a", 12, undefined]) {
      assert.match(refusal(() => Search.cursorRead("i", any(cursor))), /^cursor: /)
    }
    assert.match(refusal(() => Search.profile(any(commands.get("k")))), /^query: expected a command of search/)
    assert.match(refusal(() => Search.profile(any(Search.aggregateWithcursor("i", "*")))), /^query: /)
    assert.match(refusal(() => Search.profile(any("q"))), /^query: expected a command, got a string/)
    const hybrid = (options: unknown) =>
      refusal(() => Search.hybrid("i", { search: { query: "q" }, vsim: { field: "@v", vector: "$v" } }, any(options)))
    assert.strictEqual(hybrid({ params: {}, nosort: true, sortby: { by: "@a" } }), "sortby: not with nosort")
    assert.match(hybrid({ params: {}, steps: [{ step: "limit", offset: 0, count: 1 }] }), /^steps\[0\].step: /)
  })
})

describe("methods of a module", () => {
  /** A client that says what it is asked. */
  const telling: Json.Runner<"read" | "write"> = {
    run: (command) => Effect.succeed(any(`${command.asBytes ? "bytes " : ""}${callOf(command).join(" ")}`))
  }

  it.effect("run the command of the constructor with the same name, as text or bytes", () =>
    Effect.gen(function*() {
      const { bytes, get } = Json.methods(telling)
      assert.strictEqual(any(yield* get("k", "$")), "JSON.GET k $")
      assert.strictEqual(any(yield* bytes.getText("k")), "bytes JSON.GET k")
      assert.strictEqual(any(yield* Search.methods(telling).sugdel("k", "a")), "FT.SUGDEL k a")
      assert.strictEqual(any(yield* TimeSeries.methods(telling).get("k")), "TS.GET k")
      assert.strictEqual(any(yield* TopK.methods(telling).list("k")), "TOPK.LIST k")
    }))

  it.effect("fail with what a constructor refuses", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Json.methods(telling).set("k", "$", any(1n)))
      assert.instanceOf(error, Errors.InvalidCommand)
    }))

  it("are made when they are read, and are those of the module's commands", () => {
    for (const { exports, samples } of moduleSamples) {
      const methods = (exports as typeof Json).methods(telling)
      const names: Array<string> = []
      for (const name in methods) if (name !== "bytes") names.push(name)
      assert.deepStrictEqual(names.sort(), Object.keys(samples).sort())
      assert.isFalse(Object.hasOwn(methods, names[0]!))
    }
  })

  it("are typed by what the client may do", () => {
    const typed = (redis: Client.PrimaryClient, replica: Client.ReplicaClient) => {
      expectTypeOf(Json.methods(redis)).toHaveProperty("set")
      expectTypeOf(Json.methods(redis).bytes).toHaveProperty("set")
      expectTypeOf(Json.methods(replica)).not.toHaveProperty("set")
      expectTypeOf(Json.methods(replica).bytes).not.toHaveProperty("set")
      expectTypeOf(Json.methods(replica)).toHaveProperty("get")
      expectTypeOf(Json.arrlen("k", "$.a")).toExtend<Command.Command<Array<number | null>, "read">>()
      expectTypeOf(Json.arrlen("k")).toExtend<Command.Command<number | null, "read">>()
      expectTypeOf<Command.Result<ReturnType<typeof Search.searchWith<readonly ["score"]>>>["documents"][number]>()
        .toHaveProperty("score")
      const user = Json.withSchema(Json.get("k"), Schema.Struct({ name: Schema.String }))
      expectTypeOf(user).toExtend<Command.Command<{ readonly name: string }, "read">>()
      return redis.reserve.pipe(Effect.map((reserved) => {
        expectTypeOf(Bloom.methods(reserved)).toHaveProperty("add")
        return redis.pipeline([Json.set("k", "$", 1), user, Bloom.exists("b", "a")])
      }))
    }
    assert.isFunction(typed)
  })
})
