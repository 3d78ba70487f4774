/**
 * Calls of modules that must not compile, and, beside them, some that must. Each
 * `@ts-expect-error` says what the compiler's error must contain: test/typeErrors.test.ts
 * compiles this file without the directives, with TypeScript 7 and 5.9, and reads the
 * errors.
 */
import type { Client } from "../../src/index.ts"
import * as Bloom from "../../src/modules/Bloom.ts"
import * as CountMin from "../../src/modules/CountMin.ts"
import * as Cuckoo from "../../src/modules/Cuckoo.ts"
import * as Json from "../../src/modules/Json.ts"
import * as Search from "../../src/modules/Search.ts"
import * as TDigest from "../../src/modules/TDigest.ts"
import * as TimeSeries from "../../src/modules/TimeSeries.ts"
import * as TopK from "../../src/modules/TopK.ts"

declare const replica: Client.ReplicaClient
declare const key: string
declare const moment: Date
declare const count: number
const search = { query: "q" }
const vsim = { field: "@v", vector: "$v" } as const
const first = (reducer: Search.Reducer) =>
  Search.aggregate("i", "*", { steps: [{ step: "groupby", properties: [], reduce: [reducer] }] })

// What a client may do.

void Json.methods(replica).get(key)
// @ts-expect-error: Property 'set' does not exist
void Json.methods(replica).set
// @ts-expect-error: Property 'create' does not exist
void Search.methods(replica).create
// @ts-expect-error: Property 'add' does not exist
void Bloom.methods(replica).bytes.add
// @ts-expect-error: is not assignable to parameter of type
void replica.run(Json.set(key, "$", 1))

// JSON.

Json.set(key, "$", { a: [1, null] })
// @ts-expect-error: 'undefined' is not assignable to parameter of type 'Encodable'
Json.set(key, "$", undefined)
// @ts-expect-error: '1n' is not assignable to parameter of type 'Encodable'
Json.set(key, "$", 1n)
// @ts-expect-error: Type '"gt"' is not assignable to type '"nx" | "xx" | undefined'
Json.set(key, "$", 1, { when: "gt" })
// @ts-expect-error: Property 'start' is missing in type '{ stop: number; }'
Json.arrindex(key, "$", 1, { stop: 5 })
// @ts-expect-error: is not assignable to parameter of type 'readonly Encodable[]'
Json.arrappend(key, "$", 1)

// Filters and sketches.

Bloom.reserve(key, 0.1, 10, { expansion: 2 })
// @ts-expect-error: '"not with
Bloom.reserve(key, 0.1, 10, { expansion: 2, nonscaling: true })
// @ts-expect-error: '"not with
Bloom.insert(key, ["a"], { nocreate: true, capacity: 10 })
// @ts-expect-error: '"not with
Bloom.insert(key, ["a"], { expansion: 2, nonscaling: true })
// @ts-expect-error: '"not with
Cuckoo.insert(key, ["a"], { nocreate: true, capacity: 10 })
// @ts-expect-error: Argument of type '"hashes"' is not assignable to parameter of type
Bloom.infoOf(key, "hashes")
// @ts-expect-error: depth, decay
TopK.reserve(key, 10, { width: 8 })
// @ts-expect-error: Type 'string' is not assignable to type 'number'
CountMin.incrby(key, { a: "1" })
// @ts-expect-error: Argument of type
TDigest.add(key, "1")

// Time series.

TimeSeries.add(key, "*", 1)
TimeSeries.range(key, moment, "+", { aggregation: { aggregator: "avg", bucket: "1 hour", align: "start" } })
// @ts-expect-error: '1000' is not assignable to parameter of type 'SampleMoment'
TimeSeries.add(key, 1000, 1)
// @ts-expect-error: 'number' is not assignable to parameter of type 'RangeStart'
TimeSeries.range(key, count, "+")
// @ts-expect-error: is not assignable to parameter of type 'RangeEnd'
TimeSeries.range(key, "-", "-")
// @ts-expect-error: Type 'number' is not assignable to type 'TimeoutInput | undefined'
TimeSeries.create(key, { retention: 60 })
// @ts-expect-error: Property 'bucket' is missing
TimeSeries.range(key, "-", "+", { aggregation: { aggregator: "avg" } })
// @ts-expect-error: 'empty' does not exist in type 'RangeOptions'
TimeSeries.range(key, "-", "+", { empty: true })
// @ts-expect-error: '"median"' is not assignable to type 'Aggregator'
TimeSeries.range(key, "-", "+", { aggregation: { aggregator: "median", bucket: "1 hour" } })
// @ts-expect-error: '"not with
TimeSeries.mget("a=1", { withLabels: true, selectedLabels: ["a"] })
// @ts-expect-error: '"twa"' is not assignable to type 'Reducer'
TimeSeries.mrangeGroupby("a=1", "-", "+", { by: "a", reduce: "twa" })
// @ts-expect-error: Property 'minCount' is missing
TimeSeries.read(key, "$", { block: { timeout: "5 seconds" } })
// @ts-expect-error: is not assignable to parameter of type 'DurationInput'
TimeSeries.createrule(key, key, "avg", 60)
// @ts-expect-error: Property 'avg' does not exist
void TimeSeries.rangeWith(key, "-", "+", ["min"], { bucket: "1 hour" }).spec.decode(null, false)[0]!.values.avg

// Search.

Search.create("i", { a: { type: "text", sortable: "unf" } }, { prefix: "a:", temporary: "1 hour" })
// @ts-expect-error: '"string"' is not assignable to type
Search.create("i", { a: { type: "string" } })
// @ts-expect-error: 'weight' does not exist in type 'TagField'
Search.create("i", { a: { type: "tag", weight: 2 } })
// @ts-expect-error: 'sortable' does not exist in type 'GeoshapeField'
Search.create("i", { a: { type: "geoshape", sortable: true } })
// @ts-expect-error: algorithm, dataType
Search.create("i", { a: { type: "vector", dim: 4, distanceMetric: "l2" } })
// @ts-expect-error: 'm' does not exist in type 'FlatVectorField'
Search.create("i", { a: { type: "vector", algorithm: "flat", dataType: "int8", dim: 4, distanceMetric: "l2", m: 16 } })
// @ts-expect-error: '"int8"' is not assignable to type
Search.create("i", { a: { type: "vector", algorithm: "svs-vamana", dataType: "int8", dim: 4, distanceMetric: "l2" } })
// @ts-expect-error: Type 'number' is not assignable to type 'DurationInput | undefined'
Search.create("i", { a: { type: "text" } }, { temporary: 3600 })
// @ts-expect-error: '"not with NOCONTENT"
Search.searchNocontent("i", "*", { highlight: true })
// @ts-expect-error: Type 'number' is not assignable to type 'DurationInput | undefined'
Search.search("i", "*", { timeout: 500 })
// @ts-expect-error: '5' is not assignable to type
Search.search("i", "*", { dialect: 5 })
// @ts-expect-error: '"klingon"' is not assignable to type 'Language | undefined'
Search.search("i", "*", { language: "klingon" })
// @ts-expect-error: '"rank"' is not assignable to type 'Detail'
Search.searchWith("i", "*", ["rank"])
// @ts-expect-error: Property 'payload' does not exist
void Search.searchWith("i", "*", ["score"]).spec.decode(null, false).documents[0]!.payload
// @ts-expect-error: '"a"' is not assignable to type
Search.aggregate("i", "*", { steps: [{ step: "groupby", properties: ["a"] }] })
// @ts-expect-error: 'max' does not exist in type 'LimitStep'
Search.aggregate("i", "*", { steps: [{ step: "limit", offset: 0, count: 5, max: 5 }] })
// @ts-expect-error: Property 'property' is missing
Search.aggregate("i", "*", { steps: [{ step: "groupby", properties: [], reduce: [{ reduce: "sum", as: "n" }] }] })
// @ts-expect-error: Property 'as' is missing
Search.aggregate("i", "*", { steps: [{ step: "groupby", properties: [], reduce: [{ reduce: "count" }] }] })
// @ts-expect-error: Property 'by' is missing
first({ reduce: "first_value", property: "@a", order: "asc", as: "n" })
// @ts-expect-error: not with nosort
Search.hybrid("i", { search, vsim }, { params: {}, nosort: true, sortby: { by: "@a" } })
// @ts-expect-error: Property 'beta' is missing
Search.hybrid("i", { search, vsim, combine: { method: "linear", alpha: 1 } }, { params: {} })
// @ts-expect-error: 'k' does not exist in type 'VectorRange'
Search.hybrid("i", { search, vsim: { ...vsim, method: { method: "range", radius: 1, k: 1 } } }, { params: {} })
// @ts-expect-error: Property 'policy' is missing
Search.hybrid("i", { search, vsim: { ...vsim, filter: { query: "*", batchSize: 5 } } }, { params: {} })
// @ts-expect-error: is not assignable to type '`$${string}`'
Search.hybrid("i", { search, vsim: { ...vsim, vector: "v" } }, { params: {} })
// @ts-expect-error: is not assignable to parameter of type
Search.profile(Search.dictadd("d", "a"))
