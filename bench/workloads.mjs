/**
 * What every client is asked to do: the workloads, by name, over an adapter
 * `{ get, set, mget, lrange, hgetall, pipeline, close }` of Promises, and the
 * loop that keeps a number of operations in flight. No client is named here.
 */
export const VALUE = "v".repeat(64)
export const BIG = "b".repeat(1024 * 1024)

/** Keys, as many as are used in turn. */
export const KEYS = Array.from({ length: 1000 }, (_, i) => `key:${i}`)

export const workloads = {
  "GET 1 in flight": { op: "get", inflight: 1 },
  "GET 100 in flight": { op: "get", inflight: 100 },
  "GET 1000 in flight": { op: "get", inflight: 1000 },
  "SET 1 in flight": { op: "set", inflight: 1 },
  "SET 100 in flight": { op: "set", inflight: 100 },
  "SET 1000 in flight": { op: "set", inflight: 1000 },
  "3:1 mix 100 in flight": { op: "mix", inflight: 100 },
  "pipeline of 1000": { op: "pipeline", inflight: 1 },
  "MGET 1000": { op: "mget", inflight: 1 },
  "LRANGE 5000": { op: "lrange", inflight: 1 },
  "HGETALL 100 fields": { op: "hgetall", inflight: 10 },
  "SET 1 MB": { op: "setBig", inflight: 1 },
  "GET 1 MB": { op: "getBig", inflight: 1 },
  "Sentinel GET 1 in flight": { op: "get", inflight: 1, sentinel: true },
  "Sentinel GET 100 in flight": { op: "get", inflight: 100, sentinel: true }
}
