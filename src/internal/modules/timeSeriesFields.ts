/**
 * The fields of the options of time series, for `optionsOf`. Their types, which it compares them
 * with, are in timeSeriesOptions.ts and timeSeriesRanges.ts.
 */

/** Those of `RangeOptions` and `NrangeOptions`. */
export const rangeFields = {
  aggregation: "value",
  latest: "flag",
  filterByTs: "value",
  filterByValue: "value",
  count: "value"
} as const

/** Those of `RangeWithOptions`. */
export const rangeWithFields = {
  latest: "flag",
  filterByTs: "value",
  filterByValue: "value",
  count: "value",
  bucket: "value",
  align: "value",
  bucketTimestamp: "value",
  empty: "flag"
} as const

/** Those of `MrangeOptions`. */
export const mrangeFields = {
  aggregation: "value",
  latest: "flag",
  filterByTs: "value",
  filterByValue: "value",
  count: "value",
  withLabels: "flag",
  selectedLabels: "value",
  excludeEmpty: "flag"
} as const

/** Those of `MrangeWithOptions`. */
export const mrangeWithFields = {
  latest: "flag",
  filterByTs: "value",
  filterByValue: "value",
  count: "value",
  bucket: "value",
  align: "value",
  bucketTimestamp: "value",
  empty: "flag",
  withLabels: "flag",
  selectedLabels: "value",
  excludeEmpty: "flag"
} as const

/** Those of `MrangeGroupbyOptions`. */
export const mrangeGroupbyFields = {
  aggregation: "value",
  latest: "flag",
  filterByTs: "value",
  filterByValue: "value",
  count: "value",
  withLabels: "flag",
  selectedLabels: "value",
  by: "value",
  reduce: "value"
} as const

/** Those of an aggregation with several aggregators. */
export const aggregatorsFields = {
  bucket: "value",
  align: "value",
  bucketTimestamp: "value",
  empty: "flag",
  aggregators: "value"
} as const

/** Those of `CreateOptions`. */
export const createFields = {
  encoding: "value",
  retention: "value",
  chunkSizeBytes: "value",
  duplicatePolicy: "value",
  ignore: "value",
  labels: "value"
} as const

/** Those of `AlterOptions`. */
export const alterFields = {
  retention: "value",
  chunkSizeBytes: "value",
  duplicatePolicy: "value",
  ignore: "value",
  labels: "value"
} as const

/** Those of `AddOptions`. */
export const addFields = {
  onDuplicate: "value",
  encoding: "value",
  retention: "value",
  chunkSizeBytes: "value",
  duplicatePolicy: "value",
  ignore: "value",
  labels: "value"
} as const

/** Those of `IncrOptions`. */
export const incrFields = {
  timestamp: "value",
  encoding: "value",
  retention: "value",
  chunkSizeBytes: "value",
  duplicatePolicy: "value",
  ignore: "value",
  labels: "value"
} as const
