/**
 * Checks whether a history of one register is linearizable: whether its operations
 * have an order in which each takes effect at one moment between its start and its
 * end, and each read gives the last written value. The search is that of Wing and
 * Gong, and remembers the states it has visited.
 */

export interface RegisterOperation {
  readonly begin: number
  /** Infinity if it is not known when or whether the operation ended. */
  readonly end: number
  readonly kind: "read" | "write"
  readonly value: string
}

/**
 * Undefined if the history is linearizable, otherwise the operation at which the
 * longest order ended. The first value of the register is unknown: the first read
 * determines it. A write without an end need not have taken effect.
 */
export const findViolation = (operations: ReadonlyArray<RegisterOperation>): RegisterOperation | undefined => {
  const sorted = operations.toSorted((a, b) => a.begin - b.begin || a.end - b.end)
  const n = sorted.length
  const done = new Array<boolean>(n).fill(false)
  const seen = new Set<string>()
  let deepest = -1
  let blocked: RegisterOperation | undefined

  const search = (from: number, count: number, value: string | undefined): boolean => {
    let first = from
    while (first < n && done[first]) first++
    // Operations without an end may have had no effect.
    if (sorted.every((o, i) => done[i] || o.end === Infinity)) return true
    const key = `${first} ${value ?? ""} ${done.slice(first).map((d) => (d ? 1 : 0)).join("").replace(/0+$/, "")}`
    if (seen.has(key)) return false
    seen.add(key)
    // An operation that starts after another has ended cannot come before it.
    let limit = Infinity
    for (let i = first; i < n; i++) if (!done[i]) limit = Math.min(limit, sorted[i]!.end)
    for (let i = first; i < n; i++) {
      const operation = sorted[i]!
      if (operation.begin > limit) break
      if (done[i]) continue
      if (operation.kind === "read" && value !== undefined && value !== operation.value) {
        if (count > deepest) {
          deepest = count
          blocked = operation
        }
        continue
      }
      done[i] = true
      if (search(first, count + 1, operation.value)) return true
      done[i] = false
    }
    return false
  }
  return search(0, 0, undefined) ? undefined : blocked ?? sorted[0]
}
