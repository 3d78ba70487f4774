/**
 * Sample calls of every constructor of the modules: test/modules.test.ts compares them with what the documentation says
 * of their commands. A constructor without a sample does not compile. The calls of one constructor together use every
 * option that it has.
 */
import type { Command } from "../../../src/index.ts"
import * as Bloom from "../../../src/modules/Bloom.ts"
import * as CountMin from "../../../src/modules/CountMin.ts"
import * as Cuckoo from "../../../src/modules/Cuckoo.ts"
import * as Json from "../../../src/modules/Json.ts"
import * as Search from "../../../src/modules/Search.ts"
import * as TDigest from "../../../src/modules/TDigest.ts"
import * as TimeSeries from "../../../src/modules/TimeSeries.ts"
import * as TopK from "../../../src/modules/TopK.ts"
import { moment } from "./values.ts"

/** The names of the constructors of commands among the exports of a module. */
type Constructor<A> = {
  [K in keyof A]: K extends "withSchema" ? never : A[K] extends (...args: any) => Command.Any ? K : never
}[keyof A]

type Samples<A> = { readonly [K in Constructor<A>]: ReadonlyArray<Command.Any> }

export const bloom: Samples<typeof Bloom> = {
  reserve: [
    Bloom.reserve("k", 0.01, 1000),
    Bloom.reserve("k", 0.01, 1000, { expansion: 4 }),
    Bloom.reserve("k", 0.01, 1000, { nonscaling: true })
  ],
  add: [Bloom.add("k", "a"), Bloom.add("k", 1), Bloom.add("k", new Uint8Array([0, 255]))],
  madd: [Bloom.madd("k", "a", "b"), Bloom.madd("k", ["a", "b"])],
  insert: [
    Bloom.insert("k", ["a", "b"]),
    Bloom.insert("k", ["a"], { capacity: 100, errorRate: 0.1, expansion: 3 }),
    Bloom.insert("k", ["a"], { nonscaling: true }),
    Bloom.insert("k", ["a"], { nocreate: true })
  ],
  exists: [Bloom.exists("k", "a")],
  mexists: [Bloom.mexists("k", "a", "b")],
  card: [Bloom.card("k")],
  info: [Bloom.info("k")],
  infoOf: (["capacity", "size", "filters", "items", "expansion"] as const).map((field) => Bloom.infoOf("k", field)),
  scandump: [Bloom.scandump("k", 0)],
  loadchunk: [Bloom.loadchunk("k", 1, new Uint8Array([1, 2]))]
}

export const cuckoo: Samples<typeof Cuckoo> = {
  reserve: [
    Cuckoo.reserve("k", 1000),
    Cuckoo.reserve("k", 1000, { bucketSize: 4, maxIterations: 50, expansion: 2 })
  ],
  add: [Cuckoo.add("k", "a")],
  addnx: [Cuckoo.addnx("k", "a")],
  insert: [
    Cuckoo.insert("k", ["a", "b"]),
    Cuckoo.insert("k", ["a"], { capacity: 100 }),
    Cuckoo.insert("k", ["a"], { nocreate: true })
  ],
  insertnx: [
    Cuckoo.insertnx("k", ["a", "b"]),
    Cuckoo.insertnx("k", ["a"], { capacity: 100 }),
    Cuckoo.insertnx("k", ["a"], { nocreate: true })
  ],
  exists: [Cuckoo.exists("k", "a")],
  mexists: [Cuckoo.mexists("k", "a", "b")],
  del: [Cuckoo.del("k", "a")],
  count: [Cuckoo.count("k", "a")],
  compact: [Cuckoo.compact("k")],
  info: [Cuckoo.info("k")],
  scandump: [Cuckoo.scandump("k", 0)],
  loadchunk: [Cuckoo.loadchunk("k", 1, new Uint8Array([1, 2]))]
}

export const countMin: Samples<typeof CountMin> = {
  initbydim: [CountMin.initbydim("k", 2000, 5)],
  initbyprob: [CountMin.initbyprob("k", 0.001, 0.01)],
  incrby: [CountMin.incrby("k", { a: 1, b: 2 }), CountMin.incrby("k", [["a", 1]])],
  query: [CountMin.query("k", "a", "b")],
  merge: [CountMin.merge("d", "a"), CountMin.merge("d", ["a", "b"], { weights: [1, 2] })],
  info: [CountMin.info("k")]
}

export const topK: Samples<typeof TopK> = {
  reserve: [TopK.reserve("k", 10), TopK.reserve("k", 10, { width: 50, depth: 3, decay: 0.9 })],
  add: [TopK.add("k", "a", "b")],
  incrby: [TopK.incrby("k", { a: 3 })],
  query: [TopK.query("k", "a", "b")],
  count: [TopK.count("k", "a")],
  list: [TopK.list("k")],
  listWithcount: [TopK.listWithcount("k")],
  info: [TopK.info("k")]
}

export const tDigest: Samples<typeof TDigest> = {
  create: [TDigest.create("k"), TDigest.create("k", { compression: 200 })],
  add: [TDigest.add("k", 1, 2.5), TDigest.add("k", [1, 2])],
  reset: [TDigest.reset("k")],
  merge: [TDigest.merge("d", "a"), TDigest.merge("d", ["a", "b"], { compression: 200, override: true })],
  min: [TDigest.min("k")],
  max: [TDigest.max("k")],
  quantile: [TDigest.quantile("k", 0, 0.5, 1)],
  cdf: [TDigest.cdf("k", 1, 2)],
  trimmedMean: [TDigest.trimmedMean("k", 0.1, 0.9)],
  rank: [TDigest.rank("k", 1, 2)],
  revrank: [TDigest.revrank("k", 1)],
  byrank: [TDigest.byrank("k", 0, 1)],
  byrevrank: [TDigest.byrevrank("k", 0)],
  info: [TDigest.info("k")]
}

export const json: Samples<typeof Json> = {
  get: [Json.get("k"), Json.get("k", "$.a", ".b")],
  getText: [
    Json.getText("k"),
    Json.getText("k", ["$"], { indent: "  ", newline: "\n", space: " " })
  ],
  mget: [Json.mget("k", "$"), Json.mget(["k", "l"], ".a")],
  set: [
    Json.set("k", "$", { a: 1 }),
    ...(["nx", "xx"] as const).map((when) => Json.set("k", "$", null, { when })),
    ...(["bf16", "fp16", "fp32", "fp64"] as const).map((fpha) => Json.set("k", "$.v", [0.5], { fpha })),
    Json.set("k", "$", Json.encoded("[1]"))
  ],
  mset: [Json.mset([["k", "$", 1], ["l", "$.a", "b"]])],
  merge: [Json.merge("k", "$", { a: null })],
  del: [Json.del("k"), Json.del("k", "$.a")],
  forget: [Json.forget("k"), Json.forget("k", "$.a")],
  clear: [Json.clear("k"), Json.clear("k", "$.a")],
  type: [Json.type("k"), Json.type("k", "$.a"), Json.type("k", ".a")],
  numincrby: [Json.numincrby("k", "$.a", 1.5), Json.numincrby("k", ".a", 1)],
  nummultby: [Json.nummultby("k", "$.a", 2), Json.nummultby("k", ".a", 2)],
  numpowby: [Json.numpowby("k", "$.a", 2), Json.numpowby("k", ".a", 2)],
  toggle: [Json.toggle("k", "$.a"), Json.toggle("k", ".a")],
  strappend: [Json.strappend("k", "$.a", "b"), Json.strappend("k", ".a", "b")],
  strlen: [Json.strlen("k"), Json.strlen("k", "$.a")],
  objkeys: [Json.objkeys("k"), Json.objkeys("k", "$.a")],
  objlen: [Json.objlen("k"), Json.objlen("k", "$.a")],
  arrappend: [Json.arrappend("k", "$.a", [1, { b: 2 }]), Json.arrappend("k", ".a", [1])],
  arrindex: [
    Json.arrindex("k", "$.a", 1),
    Json.arrindex("k", ".a", "b", { start: 1 }),
    Json.arrindex("k", ".a", "b", { start: 1, stop: -1 })
  ],
  arrinsert: [Json.arrinsert("k", "$.a", 0, [1, 2]), Json.arrinsert("k", ".a", -1, [1])],
  arrlen: [Json.arrlen("k"), Json.arrlen("k", "$.a")],
  arrpop: [Json.arrpop("k"), Json.arrpop("k", "$.a"), Json.arrpop("k", ".a", 0), Json.arrpop("k", undefined, -2)],
  arrtrim: [Json.arrtrim("k", "$.a", 0, 1), Json.arrtrim("k", ".a", 0, -1)],
  resp: [Json.resp("k"), Json.resp("k", "$")],
  debugMemory: [Json.debugMemory("k"), Json.debugMemory("k", "$.a")]
}

const settings: TimeSeries.AlterOptions = {
  retention: "30 days",
  chunkSizeBytes: 1024,
  duplicatePolicy: "last",
  ignore: { maxTimeDiff: "1 second", maxValDiff: 0.5 },
  labels: { area: "3", sensor: "t" }
}
const series: TimeSeries.AddOptions = { ...settings, encoding: "uncompressed" }
const policies = ["block", "first", "last", "min", "max", "sum"] as const
const aggregators = [
  "avg",
  "sum",
  "min",
  "max",
  "range",
  "count",
  "first",
  "last",
  "std.p",
  "std.s",
  "var.p",
  "var.s",
  "twa",
  "countnan",
  "countall"
] as const
const reducers = [
  "avg",
  "sum",
  "min",
  "max",
  "range",
  "count",
  "std.p",
  "std.s",
  "var.p",
  "var.s",
  "countnan",
  "countall"
] as const
const filter: TimeSeries.SampleFilter = {
  latest: true,
  filterByTs: [moment, { epochMillis: 1000 }],
  filterByValue: { min: 1, max: Infinity },
  count: 10
}
const buckets: TimeSeries.Buckets = { bucket: "1 hour", align: "start", bucketTimestamp: "mid", empty: true }
const range: TimeSeries.RangeOptions = { ...filter, aggregation: { aggregator: "avg", ...buckets } }
const ends = (["start", "end"] as const).map((end): TimeSeries.RangeOptions => ({
  aggregation: { aggregator: "sum", bucket: "500 millis", align: end, bucketTimestamp: end }
}))
const at: TimeSeries.RangeOptions = { aggregation: { aggregator: "sum", bucket: "500 millis", align: moment } }

export const timeSeries: Samples<typeof TimeSeries> = {
  create: [
    TimeSeries.create("k"),
    TimeSeries.create("k", series),
    TimeSeries.create("k", { retention: "Infinity", encoding: "compressed", labels: {} }),
    ...policies.map((duplicatePolicy) => TimeSeries.create("k", { duplicatePolicy }))
  ],
  alter: [
    TimeSeries.alter("k", { ...settings, labels: {} }),
    ...policies.map((duplicatePolicy) => TimeSeries.alter("k", { duplicatePolicy }))
  ],
  add: [
    TimeSeries.add("k", "*", 1.5),
    TimeSeries.add("k", moment, NaN, { ...series, onDuplicate: "sum" }),
    TimeSeries.add("k", "*", 1, { encoding: "compressed" }),
    ...policies.map((policy) => TimeSeries.add("k", "*", 1, { onDuplicate: policy, duplicatePolicy: policy }))
  ],
  madd: [TimeSeries.madd([["k", "*", 1], ["l", moment, 2]])],
  incrby: [
    TimeSeries.incrby("k", 1),
    TimeSeries.incrby("k", 1, { ...series, timestamp: moment }),
    TimeSeries.incrby("k", 1, { timestamp: "*", encoding: "compressed" }),
    ...policies.map((duplicatePolicy) => TimeSeries.incrby("k", 1, { duplicatePolicy }))
  ],
  decrby: [
    TimeSeries.decrby("k", 1),
    TimeSeries.decrby("k", 1, { ...series, timestamp: moment }),
    TimeSeries.decrby("k", 1, { encoding: "compressed" }),
    ...policies.map((duplicatePolicy) => TimeSeries.decrby("k", 1, { duplicatePolicy }))
  ],
  del: [TimeSeries.del("k", "-", "+"), TimeSeries.del("k", moment, moment)],
  createrule: [
    ...aggregators.map((aggregator) => TimeSeries.createrule("s", "d", aggregator, "1 minute")),
    TimeSeries.createrule("s", "d", "avg", "1 day", { align: "6 hours" })
  ],
  deleterule: [TimeSeries.deleterule("s", "d")],
  info: [TimeSeries.info("k")],
  infoDebug: [TimeSeries.infoDebug("k")],
  get: [TimeSeries.get("k"), TimeSeries.get("k", { latest: true })],
  range: [
    TimeSeries.range("k", "-", "+"),
    TimeSeries.range("k", moment, moment, range),
    ...[...ends, at].map((options) => TimeSeries.range("k", moment, moment, options))
  ],
  rangeWith: [TimeSeries.rangeWith("k", "-", "+", ["avg", "max"], { ...filter, ...buckets })],
  revrange: [
    TimeSeries.revrange("k", "-", "+"),
    TimeSeries.revrange("k", moment, moment, range),
    ...ends.map((options) => TimeSeries.revrange("k", moment, moment, options))
  ],
  revrangeWith: [TimeSeries.revrangeWith("k", "-", "+", ["avg", "max"], { ...filter, ...buckets })],
  mget: [
    TimeSeries.mget("area=3"),
    TimeSeries.mget(["area=3", "sensor!="], { latest: true, withLabels: true }),
    TimeSeries.mget("area=3", { selectedLabels: ["area", "sensor"] })
  ],
  mrange: [
    TimeSeries.mrange("area=3", "-", "+"),
    TimeSeries.mrange(["area=3", "sensor=t"], moment, moment, { ...range, withLabels: true, excludeEmpty: true }),
    ...ends.map((options) => TimeSeries.mrange("area=3", moment, moment, { ...options, selectedLabels: ["area"] }))
  ],
  mrangeWith: [
    TimeSeries.mrangeWith("area=3", "-", "+", ["avg", "max"], { ...filter, ...buckets, excludeEmpty: true })
  ],
  mrangeGroupby: [
    ...reducers.map((reduce) => TimeSeries.mrangeGroupby("sensor=t", "-", "+", { by: "area", reduce })),
    TimeSeries.mrangeGroupby("sensor=t", "-", "+", { ...range, by: "area", reduce: "max", withLabels: true })
  ],
  mrevrange: [
    TimeSeries.mrevrange("area=3", "-", "+"),
    TimeSeries.mrevrange(["area=3", "sensor=t"], moment, moment, { ...range, withLabels: true, excludeEmpty: true }),
    ...ends.map((options) => TimeSeries.mrevrange("area=3", moment, moment, { ...options, selectedLabels: ["area"] }))
  ],
  mrevrangeWith: [
    TimeSeries.mrevrangeWith("area=3", "-", "+", ["avg", "max"], { ...filter, ...buckets, excludeEmpty: true })
  ],
  mrevrangeGroupby: reducers.map((reduce) => TimeSeries.mrevrangeGroupby("sensor=t", "-", "+", { by: "area", reduce })),
  nrange: [
    TimeSeries.nrange("k", "-", "+"),
    TimeSeries.nrange(["k", "l"], "-", "+", {
      ...filter,
      aggregation: { aggregators: ["avg", ["min", "max"]], ...buckets }
    }),
    ...(["start", "end"] as const).map((end) =>
      TimeSeries.nrange("k", moment, moment, {
        aggregation: { aggregators: ["avg"], bucket: "1 hour", align: end, bucketTimestamp: end }
      })
    )
  ],
  nrevrange: [
    TimeSeries.nrevrange("k", "-", "+"),
    TimeSeries.nrevrange(["k", "l"], "-", "+", {
      ...filter,
      aggregation: { aggregators: ["avg", ["min", "max"]], ...buckets }
    }),
    ...(["start", "end"] as const).map((end) =>
      TimeSeries.nrevrange("k", moment, moment, {
        aggregation: { aggregators: ["avg"], bucket: "1 hour", align: end, bucketTimestamp: end }
      })
    )
  ],
  read: [
    TimeSeries.read("k", "-"),
    TimeSeries.read("k", moment, { block: { timeout: "5 seconds", minCount: 2 }, maxCount: 10 }),
    TimeSeries.read("k", "$", { block: { timeout: "Infinity", minCount: 1 } })
  ],
  queryindex: [TimeSeries.queryindex("area=3"), TimeSeries.queryindex(["area=3", "sensor="])],
  querylabels: [TimeSeries.querylabels(), TimeSeries.querylabels(["area=3"])],
  querylabelsValues: [TimeSeries.querylabelsValues("area"), TimeSeries.querylabelsValues("area", "sensor=t")]
}

const vector = { type: "vector", dim: 4, distanceMetric: "cosine" } as const

const content: Search.ContentOptions = {
  return: ["name", { identifier: "$.price", as: "price" }],
  summarize: { fields: ["text"], frags: 2, len: 10, separator: "..." },
  highlight: { fields: "text", tags: { open: "<i>", close: "</i>" } }
}
const query: Search.SearchOptions = {
  verbatim: true,
  nostopwords: true,
  filter: [{ field: "price", min: 1, max: "(5" }, { field: "n", min: -Infinity, max: Infinity }],
  geofilter: (["m", "km", "mi", "ft"] as const).map((unit) => ({
    field: "place",
    longitude: 13,
    latitude: 38,
    radius: 5,
    unit
  })),
  inkeys: ["a", "b"],
  infields: "name",
  slop: 1,
  inorder: true,
  timeout: "1 second",
  language: "french",
  expander: "e",
  scorer: "BM25STD",
  payload: "p",
  sortby: { by: "price", order: "asc" },
  limit: { offset: 0, count: 5 },
  params: { name: "a", vector: new Uint8Array(16) },
  dialect: 2
}

const group = (reduce: ReadonlyArray<Search.Reducer>): Search.GroupStep => ({
  step: "groupby",
  properties: ["@category"],
  reduce
})
const collect = group([
  { reduce: "collect", fields: "*", as: "all" },
  {
    reduce: "collect",
    fields: ["@name", "@price"],
    distinct: true,
    sortby: [{ by: "@price", order: "asc" }, { by: "@name", order: "desc" }],
    limit: { offset: 0, count: 3 },
    as: "some"
  }
])
const everyReducer = group([
  { reduce: "count", as: "a" },
  ...(["count_distinct", "count_distinctish", "sum", "min", "max", "avg", "stddev", "tolist"] as const).map((
    reduce
  ) => ({
    reduce,
    property: "@price",
    as: reduce
  } as const)),
  { reduce: "quantile", property: "@price", quantile: 0.5, as: "median" },
  { reduce: "first_value", property: "@name", as: "first" },
  { reduce: "first_value", property: "@name", by: "@price", order: "desc", as: "dearest" },
  { reduce: "random_sample", property: "@name", size: 5, as: "sample" }
])
const steps: ReadonlyArray<Search.Step> = [
  { step: "load", fields: ["@name", { identifier: "$.price", as: "price" }] },
  { step: "load", fields: "*" },
  everyReducer,
  collect,
  { step: "sortby", by: [{ by: "@a", order: "asc" }, { by: "@median", order: "desc" }, { by: "@first" }], max: 10 },
  { step: "apply", expression: "upper(@category)", as: "upper" },
  { step: "filter", expression: "@a > 2" },
  { step: "limit", offset: 0, count: 5 }
]
const aggregation: Search.AggregateOptions = {
  verbatim: true,
  addscores: true,
  scorer: "TFIDF",
  steps,
  timeout: "1 second",
  params: { a: 1 },
  dialect: 3
}

export const search: Samples<typeof Search> = {
  create: [
    Search.create("i", {
      text: {
        type: "text",
        weight: 2,
        nostem: true,
        phonetic: "dm:en",
        withsuffixtrie: true,
        indexEmpty: true,
        indexMissing: true,
        sortable: "unf",
        noindex: true
      },
      tag: { type: "tag", separator: ";", casesensitive: true, withsuffixtrie: true, indexEmpty: true, sortable: true },
      number: { type: "numeric", sortable: true },
      place: { type: "geo" },
      shape: { type: "geoshape", coordSystem: "flat", noindex: true },
      flat: { ...vector, algorithm: "flat", dataType: "float32", initialCap: 100, blockSize: 10 },
      hnsw: {
        ...vector,
        algorithm: "hnsw",
        dataType: "float64",
        initialCap: 100,
        m: 16,
        efConstruction: 200,
        efRuntime: 10,
        epsilon: 0.01,
        indexMissing: true
      },
      vamana: {
        ...vector,
        algorithm: "svs-vamana",
        dataType: "float16",
        compression: "LeanVec4x8",
        constructionWindowSize: 200,
        graphMaxDegree: 32,
        searchWindowSize: 10,
        epsilon: 0.01,
        trainingThreshold: 10240,
        reduce: 2
      }
    }, {
      on: "hash",
      prefix: ["a:", "b:"],
      filter: "@n > 1",
      language: "french",
      languageField: "l",
      score: 0.5,
      scoreField: "s",
      payloadField: "p",
      maxtextfields: true,
      temporary: "1 hour",
      nooffsets: true,
      nohl: true,
      nofields: true,
      nofreqs: true,
      stopwords: ["a", "the"],
      skipinitialscan: true,
      indexall: "enable"
    }),
    Search.create("i", { "$.a": { type: "text", as: "a" } }, {
      on: "json",
      prefix: "p:",
      indexall: "disable",
      stopwords: []
    })
  ],
  alter: [
    Search.alter("i", "f", { type: "text" }),
    Search.alter("i", "f", { type: "tag" }, { skipinitialscan: true })
  ],
  dropindex: [Search.dropindex("i"), Search.dropindex("i", { dd: true })],
  info: [Search.info("i")],
  list: [Search.list()],
  aliasadd: [Search.aliasadd("a", "i")],
  aliasupdate: [Search.aliasupdate("a", "i")],
  aliasdel: [Search.aliasdel("a")],
  aliaslist: [Search.aliaslist("i")],
  tagvals: [Search.tagvals("i", "f")],
  configGet: [Search.configGet("*")],
  configSet: [Search.configSet("TIMEOUT", 500)],
  search: [
    Search.search("i", "*"),
    Search.search("i", "*", { ...query, ...content }),
    Search.search("i", "*", { summarize: true, highlight: true, sortby: { by: "price", order: "desc" } })
  ],
  searchNocontent: [Search.searchNocontent("i", "*"), Search.searchNocontent("i", "*", query)],
  searchWith: [
    Search.searchWith("i", "*", ["score", "explanation", "payload", "sortkey"], { ...query, ...content }),
    Search.searchWith("i", "*", ["score"])
  ],
  searchNocontentWith: [Search.searchNocontentWith("i", "*", ["score", "payload", "sortkey"], query)],
  explain: [Search.explain("i", "q"), Search.explain("i", "q", { dialect: 2 })],
  explaincli: [Search.explaincli("i", "q"), Search.explaincli("i", "q", { dialect: 2 })],
  profile: [
    Search.profile(Search.search("i", "q")),
    Search.profile(Search.aggregate("i", "q"), { limited: true }),
    Search.profile(
      Search.hybrid("i", { search: { query: "q" }, vsim: { field: "@v", vector: "$v" } }, { params: { v: "x" } })
    )
  ],
  spellcheck: [
    Search.spellcheck("i", "q"),
    Search.spellcheck("i", "q", {
      distance: 2,
      terms: [{ mode: "include", dictionary: "d", terms: ["a"] }, { mode: "exclude", dictionary: "e" }],
      dialect: 1
    })
  ],
  aggregate: [Search.aggregate("i", "*"), Search.aggregate("i", "*", aggregation)],
  aggregateWithcursor: [
    Search.aggregateWithcursor("i", "*"),
    Search.aggregateWithcursor("i", "*", { ...aggregation, count: 10, maxidle: "1 minute" })
  ],
  cursorRead: [Search.cursorRead("i", "12"), Search.cursorRead("i", "9223372036854775807", { count: 10, steps })],
  cursorDel: [Search.cursorDel("i", "12")],
  hybrid: [
    Search.hybrid("i", {
      search: { query: "q", scorer: "BM25", yieldScoreAs: "s" },
      vsim: {
        field: "@v",
        vector: "$v",
        method: { method: "knn", k: 5, efRuntime: 20, shardKRatio: 0.5 },
        filter: { query: "@a:{b}", policy: "batches", batchSize: 100 },
        yieldScoreAs: "d"
      },
      combine: { method: "rrf", constant: 30, window: 10, yieldScoreAs: "c" }
    }, {
      params: { v: new Uint8Array(16) },
      load: ["@name"],
      steps: [everyReducer, collect, { step: "apply", expression: "1", as: "x" }, {
        step: "filter",
        expression: "@x > 0"
      }],
      sortby: [{ by: "@a", order: "desc" }, { by: "@x", order: "asc" }],
      limit: { offset: 0, count: 5 },
      timeout: "1 second"
    }),
    Search.hybrid("i", {
      search: { query: "q" },
      vsim: {
        field: "@v",
        vector: "$v",
        method: { method: "range", radius: 2, epsilon: 0.1 },
        filter: { query: "@a:{b}", policy: "adhoc" }
      },
      combine: { method: "linear", alpha: 0.3, beta: 0.7, window: 10 }
    }, { params: { v: "x" }, load: "*", nosort: true })
  ],
  dictadd: [Search.dictadd("d", "a", "b")],
  dictdel: [Search.dictdel("d", ["a", "b"])],
  dictdump: [Search.dictdump("d")],
  synupdate: [Search.synupdate("i", "g", ["a", "b"]), Search.synupdate("i", "g", ["a"], { skipinitialscan: true })],
  syndump: [Search.syndump("i")],
  sugadd: [Search.sugadd("k", "a", 1), Search.sugadd("k", "a", 1, { incr: true, payload: "p" })],
  sugget: [Search.sugget("k", "a"), Search.sugget("k", "a", { fuzzy: true, max: 3 })],
  suggetWith: [Search.suggetWith("k", "a", ["score", "payload"], { fuzzy: true, max: 3 })],
  sugdel: [Search.sugdel("k", "a")],
  suglen: [Search.suglen("k")]
}

/** A module: its name, what the names of its commands begin with, its exports and the samples. */
export interface ModuleSamples {
  readonly name: string
  readonly prefix: string
  readonly exports: object
  readonly samples: Readonly<Record<string, ReadonlyArray<Command.Any>>>
}

export const moduleSamples: ReadonlyArray<ModuleSamples> = [
  { name: "Bloom", prefix: "BF.", exports: Bloom, samples: bloom },
  { name: "Cuckoo", prefix: "CF.", exports: Cuckoo, samples: cuckoo },
  { name: "CountMin", prefix: "CMS.", exports: CountMin, samples: countMin },
  { name: "TopK", prefix: "TOPK.", exports: TopK, samples: topK },
  { name: "TDigest", prefix: "TDIGEST.", exports: TDigest, samples: tDigest },
  { name: "Json", prefix: "JSON.", exports: Json, samples: json },
  { name: "TimeSeries", prefix: "TS.", exports: TimeSeries, samples: timeSeries },
  { name: "Search", prefix: "FT.", exports: Search, samples: search }
]
