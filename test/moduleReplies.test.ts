/**
 * What the commands of modules make of replies: of those kept in test/data/modules, which are made after the
 * documentation and the modules' own tests, in RESP2 and RESP3, as text and as bytes; and of replies of any shape, which
 * they refuse or read, but never crash on. No live server sent any of them.
 */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Command, Errors, Resp } from "../src/index.ts"
import * as Bloom from "../src/modules/Bloom.ts"
import * as CountMin from "../src/modules/CountMin.ts"
import * as Cuckoo from "../src/modules/Cuckoo.ts"
import * as Json from "../src/modules/Json.ts"
import * as Search from "../src/modules/Search.ts"
import * as TDigest from "../src/modules/TDigest.ts"
import * as TimeSeries from "../src/modules/TimeSeries.ts"
import * as TopK from "../src/modules/TopK.ts"
import { received, replyCases } from "./support/modules.ts"
import { moduleSamples } from "./support/samples/modules.ts"

/** A command, what it returns as text, and, where that differs, as bytes. */
type Expected = readonly [command: Command.Any, text: unknown, bytes?: unknown]

const buffer = (text: string): Buffer => Buffer.from(text)
const hex = (text: string): Buffer => Buffer.from(text, "hex")
const utc = (millis: number): DateTime.Utc => DateTime.makeUnsafe(millis)

const bloomInfo = { capacity: 100, sizeBytes: 240, filters: 1, items: 3, expansion: 2 }
const documents = (of: (text: string) => unknown) => [
  { id: "product:1", fields: { name: of("tea"), price: of("4.5") } },
  { id: "product:2", fields: { name: of("milk") } }
]
const found = (of: (text: string) => unknown) => ({ total: 2, documents: documents(of), warnings: [] })
const text = (value: string): string => value
const explanation = {
  text: "Final TFIDF : words TFIDF 1.00",
  parts: [{ text: "(TFIDF 1.00 = Weight 1.00 * Frequency 1)", parts: [] }]
}
const terms = (name: string) => ({ Type: "TEXT", Term: name, Time: 0.01, "Number of reading operations": 1 })
const profile = {
  Shards: [{
    "Total profile time": 0.5,
    "Parsing time": 0.1,
    Warning: ["None"],
    "Iterators profile": {
      Type: "UNION",
      "Query type": "UNION",
      Time: 0.02,
      "Number of reading operations": 2,
      "Child iterators": [terms("tea"), terms("milk")]
    },
    "Result processors profile": [
      { Type: "Index", Time: 0.1, "Results processed": 2 },
      { Type: "Sorter", Time: 0.2, "Results processed": 2 }
    ]
  }],
  Coordinator: {}
}
const oldProfile = {
  "Total profile time": 0.47,
  "Parsing time": 0.1,
  Warning: [],
  "Iterators profile": { Type: "WILDCARD", Time: 0.01, Counter: 2 },
  "Result processors profile": { Type: "Index", Time: 0.2, Counter: 2 }
}
const hybrid = Search.hybrid("i", {
  search: { query: "q" },
  vsim: { field: "@v", vector: "$v" }
}, { params: { v: "x" } })
const seriesInfo = {
  totalSamples: 2,
  memoryUsageBytes: 4184,
  firstTimestamp: utc(1700000000000),
  lastTimestamp: utc(1700000060000),
  retention: Duration.hours(1),
  chunkCount: 1,
  chunkSizeBytes: 4096,
  chunkType: "compressed",
  duplicatePolicy: "last",
  labels: { area: "3" },
  sourceKey: null,
  rules: [{ key: "t:1:avg", bucket: Duration.minutes(1), aggregator: "avg", align: Duration.zero }],
  ignore: { maxTimeDiff: Duration.millis(10), maxValDiff: 0.5 }
}
const collected = Search.aggregate("i", "*", {
  steps: [{
    step: "groupby",
    properties: ["@category"],
    reduce: [{ reduce: "collect", fields: "*", as: "all" }]
  }]
})

const expected: Readonly<Record<string, Readonly<Record<string, Expected>>>> = {
  bloom: {
    reserve: [Bloom.reserve("k", 0.1, 10), "OK"],
    added: [Bloom.add("k", "a"), true],
    known: [Bloom.add("k", "a"), false],
    madd: [Bloom.madd("k", "a", "b", "c", "d"), [true, false, null]],
    mexists: [Bloom.mexists("k", "a", "b"), [true, false]],
    card: [Bloom.card("k"), 3],
    info: [Bloom.info("k"), bloomInfo],
    infoNonscaling: [Bloom.info("k"), { ...bloomInfo, expansion: null }],
    infoOf: [Bloom.infoOf("k", "capacity"), 100],
    infoOfExpansion: [Bloom.infoOf("k", "expansion"), null],
    scandump: [Bloom.scandump("k", 0), { iterator: 1, data: hex("00ff80") }],
    scandumpEnd: [Bloom.scandump("k", 1), { iterator: 0, data: hex("") }]
  },
  cuckoo: {
    reserve: [Cuckoo.reserve("k", 10), "OK"],
    add: [Cuckoo.add("k", "a"), true],
    addnx: [Cuckoo.addnx("k", "a"), false],
    insert: [Cuckoo.insert("k", ["a", "b"]), [true, false]],
    insertnx: [Cuckoo.insertnx("k", ["a", "b", "c"]), [true, false, null]],
    mexists: [Cuckoo.mexists("k", "a", "b"), [true, false]],
    count: [Cuckoo.count("k", "a"), 2],
    info: [Cuckoo.info("k"), {
      sizeBytes: 1080,
      buckets: 512,
      filters: 1,
      items: 2,
      deleted: 1,
      bucketSize: 2,
      expansion: 1,
      maxIterations: 20
    }],
    scandump: [Cuckoo.scandump("k", 0), { iterator: 1, data: hex("0102") }],
    scandumpEnd: [Cuckoo.scandump("k", 1), { iterator: 0, data: new Uint8Array() }]
  },
  countMin: {
    init: [CountMin.initbydim("k", 2000, 5), "OK"],
    incrby: [CountMin.incrby("k", { a: 3, b: 1 }), [3, 1]],
    query: [CountMin.query("k", "a", "b"), [3, 0]],
    merge: [CountMin.merge("d", "s"), "OK"],
    info: [CountMin.info("k"), { width: 2000, depth: 5, count: 4 }]
  },
  topK: {
    reserve: [TopK.reserve("k", 10), "OK"],
    add: [TopK.add("k", "a", "b"), [null, "tea"], [null, buffer("tea")]],
    query: [TopK.query("k", "a", "b"), [true, false]],
    count: [TopK.count("k", "a", "b"), [2, 0]],
    list: [TopK.list("k"), ["tea", "milk"], [buffer("tea"), buffer("milk")]],
    listWithcount: [TopK.listWithcount("k"), [{ item: "tea", count: 5 }, { item: "milk", count: 2 }], [
      { item: buffer("tea"), count: 5 },
      { item: buffer("milk"), count: 2 }
    ]],
    info: [TopK.info("k"), { k: 10, width: 8, depth: 7, decay: 0.9 }]
  },
  tDigest: {
    create: [TDigest.create("k"), "OK"],
    min: [TDigest.min("k"), 1],
    minEmpty: [TDigest.min("k"), NaN],
    quantile: [TDigest.quantile("k", 0, 0.5), [1, 2.5]],
    quantileEmpty: [TDigest.quantile("k", 0), [NaN]],
    byrank: [TDigest.byrank("k", 0, 9), [1, Infinity]],
    byrevrank: [TDigest.byrevrank("k", 0, 9), [9, -Infinity]],
    rank: [TDigest.rank("k", 1, 0, 9), [0, -1, 5]],
    rankEmpty: [TDigest.rank("k", 1), [-2]],
    info: [TDigest.info("k"), {
      compression: 100,
      capacity: 610,
      mergedNodes: 3,
      unmergedNodes: 2,
      mergedWeight: 120,
      unmergedWeight: 2,
      observations: 122,
      totalCompressions: 1,
      memoryUsageBytes: 9768
    }]
  },
  json: {
    getRoot: [Json.get("k"), { name: "Ada", tags: ["a", "b"] }],
    getPath: [Json.get("k", "$.name"), ["Ada"]],
    getNone: [Json.get("k", "$.x"), []],
    getNull: [Json.get("k"), null],
    getLegacyNull: [Json.get("k", ".x"), null],
    getSeveral: [Json.get("k", "$.name", ".tags"), { "$.name": ["Ada"], ".tags": ["a", "b"] }],
    getText: [Json.getText("k"), "{\n  \"name\": \"Ada\"\n}", buffer("{\n  \"name\": \"Ada\"\n}")],
    mget: [Json.mget(["k", "l"], "$.name"), [["Ada"], null]],
    mgetLegacy: [Json.mget(["k", "l"], ".name"), ["Ada", null]],
    set: [Json.set("k", "$", 1), "OK"],
    setNot: [Json.set("k", "$", 1, { when: "nx" }), null],
    del: [Json.del("k"), 2],
    typePath: [Json.type("k", "$..a"), ["string", "object"]],
    typeLegacy: [Json.type("k", ".a"), "string"],
    typeMissing: [Json.type("k", "$.a"), null],
    typePathNone: [Json.type("k", "$.a"), []],
    numPath: [Json.numincrby("k", "$..a", 1), [3, null, 2.5]],
    numLegacy: [Json.numincrby("k", ".a", 1), 3.5],
    numLegacySeveral: [Json.numincrby("k", "..a", 1), 4],
    togglePath: [Json.toggle("k", "$..a"), [true, null, false]],
    toggleLegacy: [Json.toggle("k", ".a"), true],
    toggleLegacyInteger: [Json.toggle("k", ".a"), false],
    lengthPath: [Json.arrlen("k", "$..a"), [2, null]],
    lengthLegacy: [Json.strlen("k"), 2],
    lengthMissing: [Json.objlen("k"), null],
    objkeysPath: [Json.objkeys("k", "$..a"), [["a", "b"], null]],
    objkeysLegacy: [Json.objkeys("k"), ["a", "b"]],
    arrindex: [Json.arrindex("k", "$..a", 1), [0, -1, null]],
    arrpopPath: [Json.arrpop("k", "$..a"), [{ a: 1 }, null]],
    arrpopLegacy: [Json.arrpop("k"), "b"],
    arrpopEmpty: [Json.arrpop("k"), null],
    resp: [Json.resp("k"), ["{", "name", "Ada", "tags", ["[", "a", "b"], "n", 1], [
      buffer("{"),
      buffer("name"),
      buffer("Ada"),
      buffer("tags"),
      [buffer("["), buffer("a"), buffer("b")],
      buffer("n"),
      1
    ]],
    debugMemory: [Json.debugMemory("k", "$..a"), [32, 8]],
    debugMemoryLegacy: [Json.debugMemory("k"), 32],
    clear: [Json.clear("k"), 1]
  },
  timeSeries: {
    create: [TimeSeries.create("k"), "OK"],
    add: [TimeSeries.add("k", "*", 1), 1700000000000],
    madd: [TimeSeries.madd([["a", "*", 1], ["b", "*", 1], ["c", "*", 1]]), [
      Result.succeed(1000),
      Result.fail(
        new Errors.ReplyError({ code: "TSDB:", detail: "TSDB: the key does not exist", command: "TS.MADD" })
      ),
      Result.succeed(2000)
    ]],
    get: [TimeSeries.get("k"), { epochMillis: 1000, value: 5.5 }],
    getEmpty: [TimeSeries.get("k"), null],
    range: [TimeSeries.range("k", "-", "+"), [
      { epochMillis: 1000, value: 1 },
      { epochMillis: 2000, value: NaN },
      { epochMillis: 3000, value: -2.5e-7 }
    ]],
    rangeWith: [TimeSeries.rangeWith("k", "-", "+", ["min", "max"], { bucket: "1 second" }), [
      { epochMillis: 1000, values: { min: 1, max: 2 } }
    ]],
    mget: [TimeSeries.mget("area=3"), [
      { key: "t:1", labels: {}, sample: { epochMillis: 1000, value: 5 } },
      { key: "t:2", labels: {}, sample: null }
    ], [
      { key: buffer("t:1"), labels: {}, sample: { epochMillis: 1000, value: 5 } },
      { key: buffer("t:2"), labels: {}, sample: null }
    ]],
    mgetLabels: [
      TimeSeries.mget("area=3", { selectedLabels: ["area", "unit"] }),
      [{ key: "t:1", labels: { area: "3", unit: null }, sample: { epochMillis: 1000, value: 5 } }],
      [{ key: buffer("t:1"), labels: { area: "3", unit: null }, sample: { epochMillis: 1000, value: 5 } }]
    ],
    mrange: [TimeSeries.mrange("area=3", "-", "+", { withLabels: true }), [
      {
        key: "t:1",
        labels: { area: "3" },
        samples: [{ epochMillis: 1000, value: 1 }, { epochMillis: 2000, value: 2 }]
      },
      { key: "t:2", labels: { area: "3" }, samples: [] }
    ], [
      {
        key: buffer("t:1"),
        labels: { area: "3" },
        samples: [{ epochMillis: 1000, value: 1 }, { epochMillis: 2000, value: 2 }]
      },
      { key: buffer("t:2"), labels: { area: "3" }, samples: [] }
    ]],
    mrangeWith: [
      TimeSeries.mrangeWith("area=3", "-", "+", ["min", "max"], { bucket: "1 second" }),
      [{ key: "t:1", labels: {}, samples: [{ epochMillis: 1000, values: { min: 1, max: 2 } }] }],
      [{ key: buffer("t:1"), labels: {}, samples: [{ epochMillis: 1000, values: { min: 1, max: 2 } }] }]
    ],
    mrangeGroupby: [
      TimeSeries.mrangeGroupby("a=1", "-", "+", { by: "area", reduce: "max", withLabels: true }),
      [{ group: "area=3", labels: { area: "3" }, samples: [{ epochMillis: 1000, value: 2 }] }]
    ],
    nrange: [TimeSeries.nrange(["a", "b"], "-", "+"), [
      { epochMillis: 1000, values: [10, 20] },
      { epochMillis: 2000, values: [12, NaN] }
    ]],
    queryindex: [TimeSeries.queryindex("a=1"), ["t:1", "t:2"], [buffer("t:1"), buffer("t:2")]],
    querylabels: [TimeSeries.querylabels(), ["area", "sensor"], [buffer("area"), buffer("sensor")]],
    del: [TimeSeries.del("k", "-", "+"), 3],
    createrule: [TimeSeries.createrule("s", "d", "avg", "1 hour"), "OK"],
    info: [TimeSeries.info("k"), seriesInfo],
    infoDebugEmpty: [TimeSeries.infoDebug("k"), {
      totalSamples: 0,
      memoryUsageBytes: 4184,
      firstTimestamp: null,
      lastTimestamp: null,
      retention: Duration.infinity,
      chunkCount: 1,
      chunkSizeBytes: 4096,
      chunkType: "uncompressed",
      duplicatePolicy: null,
      labels: {},
      sourceKey: "t:1",
      rules: [],
      keySelfName: "t:2",
      chunks: [{ startTimestamp: null, endTimestamp: null, samples: 0, sizeBytes: 4096, bytesPerSample: 0 }]
    }]
  },
  search: {
    create: [Search.create("i", { a: { type: "text" } }), "OK"],
    list: [Search.list(), ["products", "users"]],
    aliaslist: [Search.aliaslist("i"), ["p"]],
    tagvals: [Search.tagvals("i", "f"), ["tea", "milk"], [buffer("tea"), buffer("milk")]],
    configGet: [Search.configGet("*"), { TIMEOUT: "500", EXTLOAD: null }],
    info: [Search.info("i"), {
      indexName: "products",
      indexOptions: new Set(["NOOFFSETS"]),
      definition: { keyType: "hash", prefixes: ["product:"], filter: "@price > 1", defaultScore: 1 },
      attributes: [
        { identifier: "name", attribute: "name", type: "text", flags: new Set(), parameters: { WEIGHT: "2" } },
        {
          identifier: "$.price",
          attribute: "price",
          type: "numeric",
          flags: new Set(["SORTABLE", "UNF"]),
          parameters: {}
        },
        {
          identifier: "v",
          attribute: "v",
          type: "vector",
          flags: new Set(),
          parameters: { algorithm: "HNSW", data_type: "FLOAT32", dim: "4" }
        }
      ],
      numDocs: 2,
      numTerms: 7,
      numRecords: 9,
      isIndexing: false,
      percentIndexed: 1,
      stopwords: ["a", "the"],
      errors: { failures: 1, lastError: "not a number", lastErrorKey: "product:3" },
      statistics: {
        max_doc_id: 3,
        inverted_sz_mb: 0.5,
        records_per_doc_avg: NaN,
        hash_indexing_failures: 1,
        number_of_uses: 4,
        cleaning: 0
      },
      gcStats: { bytes_collected: 0, average_cycle_time_ms: NaN },
      cursorStats: { global_idle: 0, index_capacity: 128 },
      dialectStats: { dialect_1: 1, dialect_2: 0 }
    }],
    search: [Search.search("i", "*"), found(text), found(buffer)],
    searchNone: [Search.search("i", "*"), { total: 0, documents: [], warnings: [] }],
    searchCount: [Search.search("i", "*", { limit: { offset: 0, count: 0 } }), {
      total: 7,
      documents: [],
      warnings: []
    }],
    searchGone: [Search.search("i", "*"), {
      total: 1,
      documents: [{ id: "product:1", fields: {} }],
      warnings: []
    }],
    searchBinary: [Search.search("i", "*"), {
      total: 1,
      documents: [{ id: "product:1", fields: { v: "\0\0\ufffd?" } }],
      warnings: []
    }, { total: 1, documents: [{ id: "product:1", fields: { v: hex("0000803f") } }], warnings: [] }],
    searchNocontent: [Search.searchNocontent("i", "*"), {
      total: 2,
      ids: ["product:1", "product:2"],
      warnings: []
    }],
    searchScores: [Search.searchWith("i", "*", ["score"]), {
      total: 1,
      documents: [{ id: "product:1", fields: { name: "tea" }, score: 1.5 }],
      warnings: []
    }, { total: 1, documents: [{ id: "product:1", fields: { name: buffer("tea") }, score: 1.5 }], warnings: [] }],
    searchAll: [Search.searchWith("i", "*", ["score", "explanation", "payload", "sortkey"]), {
      total: 1,
      documents: [
        { id: "product:1", fields: { name: "tea" }, score: 0.5, explanation, payload: null, sortkey: "tea" }
      ],
      warnings: []
    }, {
      total: 1,
      documents: [
        { id: "product:1", fields: { name: buffer("tea") }, score: 0.5, explanation, payload: null, sortkey: "tea" }
      ],
      warnings: []
    }],
    searchNocontentAll: [Search.searchNocontentWith("i", "*", ["score", "payload", "sortkey"]), {
      total: 1,
      documents: [{ id: "product:1", score: 2, payload: "pay", sortkey: 4.5 }],
      warnings: []
    }, { total: 1, documents: [{ id: "product:1", score: 2, payload: buffer("pay"), sortkey: 4.5 }], warnings: [] }],
    explain: [Search.explain("i", "tea"), "INTERSECT {\n  tea\n}\n"],
    explaincli: [Search.explaincli("i", "tea"), ["INTERSECT {", "  tea", "}", ""]],
    profile: [Search.profile(Search.search("i", "*")), { results: found(text), profile }, {
      results: found(buffer),
      profile
    }],
    profileAggregate: [
      Search.profile(Search.aggregate("i", "*")),
      { results: { rows: [{ category: "tea" }], warnings: [] }, profile: { Shards: [], Coordinator: {} } },
      { results: { rows: [{ category: buffer("tea") }], warnings: [] }, profile: { Shards: [], Coordinator: {} } }
    ],
    profileOld: [Search.profile(Search.aggregate("i", "*")), {
      results: { rows: [{ category: "tea" }], warnings: [] },
      profile: oldProfile
    }, { results: { rows: [{ category: buffer("tea") }], warnings: [] }, profile: oldProfile }],
    spellcheck: [Search.spellcheck("i", "tee mlk"), [
      { term: "tee", suggestions: [{ suggestion: "tea", score: 0.5 }, { suggestion: "teen", score: 0.25 }] },
      { term: "mlk", suggestions: [] }
    ]],
    aggregate: [Search.aggregate("i", "*"), {
      rows: [{ category: "tea", n: "3", price: null }, { category: "milk", n: "1", price: "1.5" }],
      warnings: []
    }, {
      rows: [
        { category: buffer("tea"), n: buffer("3"), price: null },
        { category: buffer("milk"), n: buffer("1"), price: buffer("1.5") }
      ],
      warnings: []
    }],
    aggregateLists: [Search.aggregate("i", "*"), { rows: [{ names: ["Assam", "Sencha"] }], warnings: [] }, {
      rows: [{ names: [buffer("Assam"), buffer("Sencha")] }],
      warnings: []
    }],
    aggregateCollect: [collected, {
      rows: [{ category: "tea", all: [{ name: "Assam", price: "4.5" }, { name: "Sencha" }] }],
      warnings: []
    }, {
      rows: [{
        category: buffer("tea"),
        all: [{ name: buffer("Assam"), price: buffer("4.5") }, { name: buffer("Sencha") }]
      }],
      warnings: []
    }],
    aggregateCursor: [Search.aggregateWithcursor("i", "*"), {
      rows: [{ n: "3" }],
      warnings: [],
      cursor: "9007199254740993"
    }, { rows: [{ n: buffer("3") }], warnings: [], cursor: "9007199254740993" }],
    cursorEnd: [Search.cursorRead("i", "12"), { rows: [], warnings: [], cursor: "0" }],
    hybrid: [hybrid, {
      total: 2,
      rows: [{ __key: "product:1", __score: "0.5" }, { __key: "product:2", __score: "0.25" }],
      executionTime: Duration.millis(1.5),
      warnings: []
    }, {
      total: 2,
      rows: [
        { __key: buffer("product:1"), __score: buffer("0.5") },
        { __key: buffer("product:2"), __score: buffer("0.25") }
      ],
      executionTime: Duration.millis(1.5),
      warnings: []
    }],
    dictadd: [Search.dictadd("d", "a", "b"), 2],
    dictdump: [Search.dictdump("d"), ["a", "b"], [buffer("a"), buffer("b")]],
    syndump: [Search.syndump("i"), { boy: ["g1"], child: ["g1", "g2"] }],
    sugadd: [Search.sugadd("k", "a", 1), 3],
    sugget: [Search.sugget("k", "he"), ["hello", "help"], [buffer("hello"), buffer("help")]],
    suggetNone: [Search.sugget("k", "he"), []],
    suggetNull: [Search.suggetWith("k", "he", ["score"]), []],
    suggetScore: [Search.suggetWith("k", "he", ["score"]), [{ suggestion: "hello", score: 0.7 }], [
      { suggestion: buffer("hello"), score: 0.7 }
    ]],
    suggetPayload: [Search.suggetWith("k", "he", ["payload"]), [
      { suggestion: "hello", payload: "p" },
      { suggestion: "help", payload: null }
    ], [{ suggestion: buffer("hello"), payload: buffer("p") }, { suggestion: buffer("help"), payload: null }]],
    suggetAll: [
      Search.suggetWith("k", "he", ["score", "payload"]),
      [{ suggestion: "hello", score: 0.7, payload: "p" }],
      [{ suggestion: buffer("hello"), score: 0.7, payload: buffer("p") }]
    ],
    sugdel: [Search.sugdel("k", "a"), true],
    dropindex: [Search.dropindex("i"), "OK"]
  }
}

/** Bytes as Buffers, whatever their class is, so that they compare. */
const plain = (value: unknown): unknown =>
  value instanceof Uint8Array
    ? Buffer.from(value)
    : Array.isArray(value)
    ? value.map(plain)
    : typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
    ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]))
    : value

describe("replies of modules", () => {
  for (const [module, cases] of Object.entries(expected)) {
    const replies = replyCases(module)

    it(`${module}: each reply that is kept has a case`, () => {
      assert.deepStrictEqual(Object.keys(cases).sort(), Object.keys(replies).sort())
    })

    for (const [name, [command, text, bytes = text]] of Object.entries(cases)) {
      it(`${module}: ${name}, in RESP2 and RESP3, as text and bytes`, () => {
        for (const protocol of [2, 3] as const) {
          // Commands whose result is bytes ask for bytes in both forms.
          const asText = received(replies[name]!, protocol, command.asBytes)
          const asBytes = received(replies[name]!, protocol, true)
          assert.deepStrictEqual(plain(command.spec.decode(asText, command.asBytes)), plain(text), `RESP${protocol}`)
          assert.deepStrictEqual(plain(command.spec.decode(asBytes, true)), plain(bytes), `RESP${protocol}, bytes`)
        }
      })
    }
  }
})

/** Replies of any shape, the same for each run. */
const hostile = (): ReadonlyArray<Resp.Value> => {
  const leaves: ReadonlyArray<Resp.Value> = [
    null,
    true,
    0,
    -1,
    1.5,
    NaN,
    Infinity,
    2n ** 63n,
    "",
    "OK",
    "nan",
    "__proto__",
    "[1]",
    "{",
    Buffer.from([0xff, 0]),
    new Resp.ErrorReply("ERR no")
  ]
  const nested = leaves.flatMap((leaf): ReadonlyArray<Resp.Value> => [
    [leaf],
    [leaf, leaf],
    [leaf, leaf, leaf],
    [[leaf, leaf], [leaf]],
    ["__proto__", leaf],
    new Resp.MapReply([leaf, leaf]),
    new Resp.MapReply(["results", leaf, "total_results", 1]),
    new Resp.MapReply(["total_results", 1, "results", [leaf, new Resp.MapReply(["id", leaf])], "warning", leaf]),
    new Resp.MapReply(["Results", leaf, "Profile", leaf]),
    new Resp.MapReply(["k", [leaf, leaf, leaf]]),
    new Resp.SetReply([leaf]),
    [1, "id", leaf, "id", leaf]
  ])
  let deep: Resp.Value = "x"
  let maps: Resp.Value = "x"
  for (let i = 0; i < 60; i++) {
    deep = ["Type", deep]
    maps = new Resp.MapReply(["Type", maps])
  }
  return [
    ...leaves,
    ...nested,
    ...nested.filter((_, i) => i % 4 === 0).map((value): Resp.Value => [value, value]),
    deep,
    maps,
    [deep, deep]
  ]
}

describe("hostile replies", () => {
  it("are a Mismatch, or are read, by every decoder of every module", () => {
    const replies = hostile()
    let mismatches = 0
    for (const { samples } of moduleSamples) {
      for (const command of Object.values(samples).flat()) {
        for (const reply of replies) {
          for (const bytes of [false, true]) {
            try {
              command.spec.decode(reply, bytes)
            } catch (error) {
              assert.instanceOf(error, Command.Mismatch, `${command.spec.name}: ${String(error)}`)
              mismatches++
            }
          }
        }
      }
    }
    assert.isAtLeast(mismatches, 10_000)
    assert.isUndefined(({} as Record<string, unknown>)["polluted"])
  })

  it("with a field __proto__ give a field like any other", () => {
    const { documents: list } = Search.search("i", "*").spec.decode(
      new Resp.MapReply([
        "total_results",
        1,
        "results",
        [new Resp.MapReply(["id", "a", "extra_attributes", new Resp.MapReply(["__proto__", "x"])])]
      ]),
      false
    )
    assert.deepStrictEqual(Object.keys((list[0] as Search.Document).fields), ["__proto__"])
  })
})

describe("Json.withSchema", () => {
  const User = Schema.Struct({ name: Schema.String, since: Schema.DateFromString })
  const decode = (command: Command.Any, reply: Resp.Value) => command.spec.decode(reply, false)

  it("decodes what a command returns", () => {
    const command = Json.withSchema(Json.get("k"), Schema.NullOr(User))
    assert.strictEqual(command.spec.mode, "read")
    assert.deepStrictEqual(decode(command, "{\"name\":\"Ada\",\"since\":\"2026-01-01T00:00:00.000Z\"}"), {
      name: "Ada",
      since: new Date("2026-01-01T00:00:00Z")
    })
    assert.isNull(decode(command, null))
    const names = Json.withSchema(
      Json.mget(["a", "b"], "$.name"),
      Schema.Array(Schema.NullOr(Schema.Array(Schema.String)))
    )
    assert.deepStrictEqual(decode(names, ["[\"Ada\"]", null]), [["Ada"], null])
  })

  it("refuses what the Schema does not accept, and does not say what it was", () => {
    const command = Json.withSchema(Json.get("k"), User)
    try {
      decode(command, "{\"name\":\"secret\"}")
      assert.fail("it is read")
    } catch (error) {
      assert.instanceOf(error, Command.Mismatch)
      assert.notInclude((error as Command.Mismatch).expected, "secret")
    }
  })
})

describe("Search.aggregateStream", () => {
  const page = (cursor: number, ...names: Array<string>): Resp.Value => [
    [names.length, ...names.map((name) => ["name", name])],
    cursor
  ]

  /** A client whose reserved connection answers from a list, and what was asked and closed. */
  const client = (...replies: Array<Resp.Value>) => {
    const log: Array<string> = []
    const redis: Search.Reservable = {
      reserve: Effect.acquireRelease(
        Effect.sync(() => {
          log.push("reserve")
          return {
            run: (command: Command.Any) =>
              Effect.suspend(() => {
                log.push([command.spec.name, ...command.args].join(" "))
                const reply = command.spec.name === "FT.CURSOR DEL" ? "OK" : replies.shift()
                return reply instanceof Resp.ErrorReply
                  ? Effect.fail(
                    new Errors.ReplyError({ code: reply.code, detail: reply.text, command: command.spec.name })
                  )
                  : Effect.succeed(command.spec.decode(reply!, false))
              })
          } as Search.Runner<"read">
        }),
        () => Effect.sync(() => void log.push("release"))
      )
    }
    return { log, redis }
  }

  it.effect("reads all pages on one reserved connection", () =>
    Effect.gen(function*() {
      const { log, redis } = client(page(7, "a", "b"), page(7), page(0, "c"))
      const rows = yield* Stream.runCollect(Search.aggregateStream(redis, "i", "*", { count: 2 }))
      assert.deepStrictEqual(rows.map((row) => row["name"]), ["a", "b", "c"])
      assert.deepStrictEqual(log, [
        "reserve",
        "FT.AGGREGATE i * WITHCURSOR COUNT 2",
        "FT.CURSOR READ i 7",
        "FT.CURSOR READ i 7",
        "release"
      ])
    }))

  it.effect("deletes the cursor before the connection is released, when not all pages were read", () =>
    Effect.gen(function*() {
      const { log, redis } = client(page(7, "a", "b"), page(0, "c"))
      const rows = yield* Search.aggregateStream(redis, "i", "*").pipe(Stream.take(1), Stream.runCollect)
      assert.deepStrictEqual(rows.map((row) => row["name"]), ["a"])
      assert.deepStrictEqual(log, ["reserve", "FT.AGGREGATE i * WITHCURSOR", "FT.CURSOR DEL i 7", "release"])
    }))

  it.effect("fails with the error of a page, and for what is no client or no query", () =>
    Effect.gen(function*() {
      const { log, redis } = client(page(7, "a"), new Resp.ErrorReply("ERR Cursor not found"))
      const error = yield* Effect.flip(Stream.runDrain(Search.aggregateStream(redis, "i", "*")))
      assert.instanceOf(error, Errors.ReplyError)
      assert.strictEqual(log.at(-1), "release")
      const noIndex = yield* Effect.flip(Stream.runDrain(Search.aggregateStream(redis, "", "*")))
      assert.instanceOf(noIndex, Errors.InvalidCommand)
      const noClient = yield* Effect.flip(Stream.runDrain(Search.aggregateStream({} as Search.Reservable, "i", "*")))
      assert.instanceOf(noClient, Errors.InvalidCommand)
    }))
})
