/**
 * What the library promises, held against a history: every promise that was
 * broken, in words, with the call that shows it.
 */
import { findViolation, type RegisterOperation } from "./Linearizability.ts"
import type { Call, Execution, History } from "./World.ts"

export interface Violation {
  readonly promise:
    | "an operation ends in time"
    | "an error is one of ours"
    | "what was not executed was not executed"
    | "what was acknowledged was executed"
    | "nothing is applied twice"
    | "a reply is that of its command"
    | "a client does not go back to a primary that it has left"
    | "a primary's client talks to a primary"
    | "a key's history is linearizable"
    | "a lease is one user's"
    | "nothing is left after the Scope"
    | "when all is right again, so is the client"
    | "a client that has what it needs is at rest"
    | "no acknowledged write is lost in a planned failover"
  readonly text: string
  readonly at: number
  readonly call: Call | undefined
}

/** A call may end so much later than it should: nothing in memory takes longer. */
const slack = 50

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

const show = (call: Call): string =>
  `${call.kind} ${call.key} #${call.id} of ${call.client}, ${call.begin}..${call.end}, ${JSON.stringify(call.outcome)}`

export const check = (history: History): ReadonlyArray<Violation> => {
  const { calls, corrupted, executions } = history
  const violations: Array<Violation> = []
  const broken = (promise: Violation["promise"], text: string, at: number, call?: Call): void =>
    void violations.push({ promise, text, at, call })

  // An operation ends, in time, with a known outcome.
  for (const call of calls) {
    if (call.outcome === undefined) broken("an operation ends in time", `never ended: ${show(call)}`, call.begin, call)
    else if (call.end > call.due + slack) broken("an operation ends in time", `too late: ${show(call)}`, call.end, call)
    if (call.outcome?.tag === "defect") broken("an error is one of ours", show(call), call.end, call)
  }
  if (history.stopped !== undefined) {
    broken("an operation ends in time", `the run came to no end: ${history.stopped}`, Infinity)
  }
  if (history.defect !== undefined) broken("an error is one of ours", history.defect, Infinity)
  for (const what of history.leftovers) broken("nothing is left after the Scope", what, Infinity)
  for (const what of history.restless) broken("a client that has what it needs is at rest", what, Infinity)
  for (const what of history.dead) broken("when all is right again, so is the client", what, Infinity)
  // Of values that were changed on the way nothing more can be said.
  if (corrupted) return violations

  const byId = new Map<number, Array<Execution>>()
  for (const execution of executions) {
    if (execution.id === undefined) continue
    const list = byId.get(execution.id)
    if (list === undefined) byId.set(execution.id, [execution])
    else list.push(execution)
  }
  /** Executions of untagged commands, by client, name and key. */
  const untagged = new Map<string, Array<Execution>>()
  for (const execution of executions) {
    if (execution.name !== "INCR" && execution.name !== "GET") continue
    const key = `${execution.client} ${execution.name} ${execution.args[1]}`
    const list = untagged.get(key)
    if (list === undefined) untagged.set(key, [execution])
    else list.push(execution)
  }
  const failed = (execution: Execution): boolean =>
    typeof execution.reply === "object" && execution.reply !== null && "error" in execution.reply

  const matched = new Map<Call, Execution>()
  for (const call of calls) {
    const outcome = call.outcome
    if (outcome === undefined) continue
    const tagged = call.kind === "set" || call.kind === "push" || call.kind === "range" || call.kind === "mget" ||
      call.kind === "pop"
    if (tagged) {
      const all = (byId.get(call.id) ?? []).filter((e) => !failed(e))
      // A wait that ended with nothing changed nothing.
      const done = call.kind === "pop" ? all.filter((e) => e.reply !== null) : all
      if (call.write && outcome.tag === "unexecuted" && done.length > 0) {
        broken("what was not executed was not executed", show(call), call.end, call)
      }
      if (call.write && !call.repeatable && done.length > 1) {
        broken("nothing is applied twice", `${show(call)}: ${done.length} times`, done[1]!.at, call)
      }
      if (outcome.tag === "ok") {
        const executed = all.filter((e) => e.at >= call.begin && e.at <= call.end)
        if (executed.length === 0) {
          broken("what was acknowledged was executed", show(call), call.end, call)
          continue
        }
        const right = executed.find((e) => same(e.reply, outcome.value))
        if (right === undefined) {
          broken(
            "a reply is that of its command",
            `${show(call)}, but the node said ${JSON.stringify(executed.map((e) => e.reply))}`,
            call.end,
            call
          )
        } else matched.set(call, right)
      }
    } else if (outcome.tag === "ok" && (call.kind === "incr" || call.kind === "get")) {
      const candidates = untagged.get(`${call.client} ${call.kind.toUpperCase()} ${call.key}`) ?? []
      const right = candidates.filter((e) => e.at >= call.begin && e.at <= call.end && same(e.reply, outcome.value))
      if (right.length === 0) broken("a reply is that of its command", show(call), call.end, call)
      // One that was on its way for long may have had the same reply elsewhere.
      else if (right.length === 1) matched.set(call, right[0]!)
    }
  }

  // Counters: all that was counted is acknowledged or in doubt.
  const counts = new Map<string, { certain: number; possible: number; executed: number; last: Call }>()
  for (const call of calls) {
    if (call.kind !== "incr") continue
    const count = counts.get(`${call.client} ${call.key}`) ?? { certain: 0, possible: 0, executed: 0, last: call }
    if (call.outcome?.tag === "ok") count.certain++
    else if (call.outcome?.tag === "ambiguous" || call.outcome?.tag === "interrupted") count.possible++
    counts.set(`${call.client} ${call.key}`, { ...count, last: call })
  }
  for (const [key, count] of counts) {
    const [client, counter] = key.split(" ") as [string, string]
    const executed = (untagged.get(`${client} INCR ${counter}`) ?? []).filter((e) => !failed(e)).length
    if (executed > count.certain + count.possible) {
      broken(
        "nothing is applied twice",
        `${counter} was counted ${executed} times for ${client}, but ${count.certain} were acknowledged and ${count.possible} in doubt`,
        count.last.end,
        count.last
      )
    }
    if (executed < count.certain) {
      broken(
        "what was acknowledged was executed",
        `${counter} was counted ${executed} times for ${client}, but ${count.certain} were acknowledged`,
        count.last.end,
        count.last
      )
    }
  }

  checkLosses(history, broken)
  checkPlaces(history, matched, broken)
  checkLeases(history, byId, broken)
  checkRegisters(calls, byId, matched, broken)
  return violations
}

type Broken = (promise: Violation["promise"], text: string, at: number, call?: Call) => void

/** Where nothing went wrong but what was planned, all that was acknowledged is there in the end. */
const checkLosses = ({ calls, final, scenario }: History, broken: Broken): void => {
  if (scenario.planned !== true) return
  const promise = "no acknowledged write is lost in a planned failover"
  const counted = new Map<string, Call[]>()
  for (const call of calls) {
    if (call.outcome?.tag !== "ok") continue
    if (call.kind === "push") {
      const list = final.get(call.key)
      if (!Array.isArray(list) || !list.includes(`e${call.id}`)) broken(promise, show(call), call.end, call)
    } else if (call.kind === "incr") counted.set(call.key, [...counted.get(call.key) ?? [], call])
  }
  for (const [key, list] of counted) {
    const there = Number(final.get(key) ?? 0)
    if (there < list.length) {
      broken(promise, `${key} is ${there}, but ${list.length} were acknowledged`, list[list.length - 1]!.end, list[0])
    }
  }
}

/** Commands of the handshake: they say nothing of where a client thinks that its primary is. */
const handshake = new Set(["HELLO", "AUTH", "CLIENT", "SELECT", "ROLE", "INFO", "PING"])

/** Where commands were executed: at a primary, and never again at one that was left. */
const checkPlaces = (history: History, matched: ReadonlyMap<Call, Execution>, broken: Broken): void => {
  const byExecution = new Map<Execution, Call>()
  for (const [call, execution] of matched) byExecution.set(execution, call)
  for (const execution of history.executions) {
    if (execution.client.endsWith("r") || handshake.has(execution.name)) continue
    // It was a replica when the session was opened, and is one still.
    if (execution.isPrimary || execution.roleSince > execution.sessionSince) continue
    broken(
      "a primary's client talks to a primary",
      `${execution.name} of ${execution.client} was executed at ${execution.node}, a replica`,
      execution.at,
      byExecution.get(execution)
    )
  }

  interface Use {
    readonly client: string
    readonly node: string
    readonly calls: Array<Call>
    /** When the client had its first reply there. */
    since: number
  }
  const uses = new Map<string, Use>()
  for (const [call, { client, node, session }] of matched) {
    if (call.replica) continue
    const name = `${client} ${node} ${session}`
    const use = uses.get(name) ?? { client, node, calls: [], since: Infinity }
    uses.set(name, use)
    use.calls.push(call)
    use.since = Math.min(use.since, call.end)
  }
  const list = Array.from(uses.values())
  for (const older of list) {
    // What was begun after this connection was in use, and was answered by another
    // node, shows that the client has turned away: nothing begun later comes here.
    const turned = list
      .filter((use) => use.client === older.client && use.node !== older.node)
      .flatMap((use) => use.calls.filter((c) => c.begin > older.since))
      .sort((a, b) => a.end - b.end)[0]
    const call = turned === undefined ? undefined : older.calls.find((c) => c.begin > turned.end)
    if (call === undefined) continue
    broken(
      "a client does not go back to a primary that it has left",
      `${show(call)} was executed at ${older.node}, though the client had turned away: ${show(turned!)}`,
      call.end,
      call
    )
  }
}

/** On one connection, one lease ends before the next one begins. */
const checkLeases = (
  history: History,
  byId: ReadonlyMap<number, ReadonlyArray<Execution>>,
  broken: Broken
): void => {
  interface Use {
    readonly lease: number
    begin: number
    end: number
    call: Call
  }
  const sessions = new Map<string, Map<number, Use>>()
  for (const call of history.calls) {
    if (call.lease === undefined) continue
    for (const execution of byId.get(call.id) ?? []) {
      const session = `${execution.node} ${execution.session}`
      const uses = sessions.get(session) ?? new Map<number, Use>()
      sessions.set(session, uses)
      const use = uses.get(call.lease)
      if (use === undefined) {
        uses.set(call.lease, { lease: call.lease, begin: call.begin, end: execution.at, call })
      } else {
        use.begin = Math.min(use.begin, call.begin)
        use.end = Math.max(use.end, execution.at)
      }
    }
  }
  for (const uses of sessions.values()) {
    const list = Array.from(uses.values()).sort((a, b) => a.end - b.end)
    for (const [i, use] of list.entries()) {
      // A call of its own lease begins before there is a connection: only what began
      // to be executed while another was under way counts.
      for (const other of list.slice(0, i)) {
        if (other.call.outcome?.tag === "interrupted" && other.end > other.call.end + leaseSlack(history)) {
          broken(
            "a lease is one user's",
            `${show(other.call)} was executed at ${other.end} on the connection that ${show(use.call)} had`,
            other.end,
            use.call
          )
        }
      }
    }
  }
}

/** For so long a command may be on its way after its caller has given it up. */
const leaseSlack = (history: History): number => history.scenario.latencyMillis[1] * 2 + 100

/** Each key of each reign by itself. */
const checkRegisters = (
  calls: ReadonlyArray<Call>,
  byId: ReadonlyMap<number, ReadonlyArray<Execution>>,
  matched: ReadonlyMap<Call, Execution>,
  broken: Broken
): void => {
  const registers = new Map<string, { readonly operations: Array<RegisterOperation>; readonly calls: Array<Call> }>()
  const add = (execution: Execution, key: string, operation: RegisterOperation, call: Call): void => {
    const name = `${execution.node} ${execution.reign} ${key}`
    const register = registers.get(name) ?? { operations: [], calls: [] }
    registers.set(name, register)
    register.operations.push(operation)
    register.calls.push(call)
  }
  for (const call of calls) {
    if (call.replica) continue
    const { begin, end } = call
    if (call.kind === "set") {
      const executed = (byId.get(call.id) ?? []).filter((e) => e.reply === "OK")
      // A write that was executed more than once, as it may be, is two writes.
      executed.forEach((execution) => {
        const certain = call.outcome?.tag === "ok" && executed.length === 1
        add(execution, call.key, { begin, end: certain ? end : Infinity, kind: "write", value: `v${call.id}` }, call)
      })
      continue
    }
    const execution = matched.get(call)
    if (execution === undefined) continue
    if (call.kind === "get" || call.kind === "range") {
      const value = execution.reply === null ? "" : String(execution.reply)
      add(execution, call.key, { begin, end, kind: "read", value }, call)
    }
  }
  for (const [name, { calls: these, operations }] of registers) {
    const violation = findViolation(operations)
    if (violation === undefined) continue
    const call = these[operations.indexOf(violation)]
    broken(
      "a key's history is linearizable",
      `${name}: ${call === undefined ? JSON.stringify(violation) : show(call)}`,
      violation.begin,
      call
    )
  }
}
