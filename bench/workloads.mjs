/**
 * The workloads, and the loop that keeps a number of operations in flight. The
 * clients are in clients.mjs.
 */

export const VALUE = "v".repeat(64)
export const BIG = "b".repeat(1024 * 1024)
export const BYTES = Buffer.from(BIG)
export const KEYS = Array.from({ length: 1000 }, (_, i) => `key:${i}`)
export const FIELDS = Array.from({ length: 100 }, (_, i) => `field:${i}`)

/** For each: the operation, how many are in flight, and how many commands one operation counts as. */
export const workloads = {
  "GET, 1 in flight": { op: "get", inflight: 1 },
  "GET, 100 in flight": { op: "get", inflight: 100 },
  "GET, 1000 in flight": { op: "get", inflight: 1000 },
  "SET, 1 in flight": { op: "set", inflight: 1 },
  "SET, 100 in flight": { op: "set", inflight: 100 },
  "SET, 1000 in flight": { op: "set", inflight: 1000 },
  "GET and SET 3:1, 100 in flight": { op: "mix", inflight: 100 },
  "pipeline of 1000 SETs": { op: "pipeline", inflight: 1, count: 1000 },
  "MGET 1000": { op: "mget", inflight: 1 },
  "LRANGE 5000": { op: "lrange", inflight: 1 },
  "HGETALL 100 fields": { op: "hgetall", inflight: 1 },
  "SET 1 MB": { op: "setBig", inflight: 1 },
  "GET 1 MB": { op: "getBig", inflight: 1 },
  "GET 1 MB as bytes": { op: "getBytes", inflight: 1 },
  "SET 1 MB of bytes": { op: "setBytes", inflight: 1 },
  "Sentinel: GET, 1 in flight": { op: "get", inflight: 1, sentinel: true },
  "Sentinel: GET, 100 in flight": { op: "get", inflight: 100, sentinel: true }
}

/** The loop for clients with Promises: runs for a time, and returns the number of operations and the milliseconds. */
export const promiseLoop = (ops) => async (op, inflight, millis) => {
  const run = ops[op]
  let done = 0
  let stop = false
  const begin = performance.now()
  const timer = setTimeout(() => {
    stop = true
  }, millis)
  await Promise.all(Array.from({ length: inflight }, async (_, worker) => {
    for (let i = worker; !stop; i++) {
      await run(i % 1000)
      done++
    }
  }))
  clearTimeout(timer)
  return { done, millis: performance.now() - begin }
}
