/**
 * Checks the promises of the library against a history. Each broken promise is
 * described, with the call that shows it.
 */
import { checkAcknowledgements, groups } from "./applications/groups.ts"
import { checkJobs } from "./applications/jobs.ts"
import { checkPops } from "./applications/pops.ts"
import { queues } from "./applications/queues.ts"
import { checkReaders } from "./applications/readers.ts"
import { checkScripts } from "./applications/scripts.ts"
import { checkSubscriptions } from "./applications/subscriptions.ts"
import { checkTransfers } from "./applications/transfers.ts"
import { type Call, type Execution, type History, mostScanned } from "./History.ts"
import { findViolation, type RegisterOperation } from "./Linearizability.ts"
import { type Broken, isError, show, type Violation } from "./Violation.ts"

/** How much later than it should a call may end; work in memory takes no longer. */
const slack = 50

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

export const check = (history: History): ReadonlyArray<Violation> => {
  const { calls, corrupted, executions } = history
  const violations: Array<Violation> = []
  const broken = (promise: Violation["promise"], text: string, at: number, call?: Call): void =>
    void violations.push({ promise, text, at, call })

  /** How long the client's process stood still during the operation, when it could do nothing. */
  const stillFor = (call: Call): number =>
    history.scenario.faults.reduce(
      (n, { at, kind, millis, who }) =>
        kind === "busy" && call.client.startsWith(who) && call.begin <= history.began + at + millis &&
          call.end >= history.began + at
          ? n + millis
          : n,
      0
    )

  // Every operation ends in time, with a known outcome.
  for (const call of calls) {
    if (call.outcome === undefined) broken("an operation ends in time", `never ended: ${show(call)}`, call.begin, call)
    else if (call.end > call.due + slack + stillFor(call)) {
      broken("an operation ends in time", `too late: ${show(call)}`, call.end, call)
    }
    if (call.outcome?.tag === "defect") broken("an error is one of ours", show(call), call.end, call)
  }
  if (history.stopped !== undefined) {
    broken("an operation ends in time", `the run came to no end: ${history.stopped}`, Infinity)
  }
  if (history.defect !== undefined) broken("an error is one of ours", history.defect, Infinity)
  for (const what of history.leftovers) broken("nothing is left after the Scope", what, Infinity)
  for (const what of history.restless) broken("a client that has what it needs is at rest", what, Infinity)
  for (const what of history.dead) broken("when all is right again, so is the client", what, Infinity)
  // Values that were changed in transit cannot be checked.
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
  const matched = new Map<Call, Execution>()
  for (const call of calls) {
    const outcome = call.outcome
    if (outcome === undefined) continue
    const tagged = call.kind === "set" || call.kind === "push" || call.kind === "range" || call.kind === "mget" ||
      call.kind === "pop" || call.kind === "echo" || call.kind === "publish" || call.kind === "watch" ||
      call.kind === "script" || call.kind === "add"
    if (tagged) {
      const all = (byId.get(call.id) ?? []).filter((e) => !isError(e))
      // A blocking command that ended with nothing changed nothing.
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
      // A command that was in transit for long may have had the same reply elsewhere.
      else if (right.length === 1) matched.set(call, right[0]!)
    }
  }

  // Counters: every increment is acknowledged or ambiguous.
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
    const executed = (untagged.get(`${client} INCR ${counter}`) ?? []).filter((e) => !isError(e)).length
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
  checkQueue(history, broken)
  checkProbes(history, broken)
  checkCalm(history, broken)
  checkBatches(history, byId, matched, broken)
  checkScans(history, byId, broken)
  checkOffsets(history, byId, matched, broken)
  checkSessions(history, broken)
  checkSubscriptions(history, broken)
  checkScripts(history, broken)
  checkTransfers(history, broken)
  checkJobs(groups, history, broken)
  checkAcknowledgements(history, broken)
  checkJobs(queues, history, broken)
  checkReaders(history, broken)
  checkPops(history, broken)
  checkPlaces(history, matched, broken)
  checkLeases(history, byId, broken)
  checkRegisters(calls, byId, matched, broken)
  return violations
}

/** Without faults other than planned failovers, every acknowledged write is there at the end. */
const checkLosses = ({ calls, final, scenario }: History, broken: Broken): void => {
  if (scenario.planned !== true) return
  const promise = "no acknowledged write is lost in a planned failover"
  const counted = new Map<string, Call[]>()
  for (const call of calls) {
    if (call.outcome?.tag !== "ok") continue
    if (call.kind === "push" && /^l\d$/.test(call.key)) {
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

/** Without faults other than planned failovers, each element goes to one consumer, and none is lost. */
const checkQueue = ({ calls, final, scenario }: History, broken: Broken): void => {
  if (scenario.planned !== true && scenario.calm !== true) return
  const taken = new Map<string, Call>()
  let isUncertain = false
  for (const call of calls) {
    if (call.kind !== "pop") continue
    if (call.outcome?.tag === "ambiguous" || call.outcome?.tag === "interrupted") isUncertain = true
    const value = call.outcome?.tag === "ok" ? call.outcome.value : null
    if (!Array.isArray(value)) continue
    const other = taken.get(String(value[1]))
    if (other !== undefined) broken("an element is taken once", `${show(other)} and ${show(call)}`, call.end, call)
    taken.set(String(value[1]), call)
  }
  const left = final.get("queue")
  for (const call of calls) {
    if (call.kind !== "push" || call.key !== "queue" || call.outcome?.tag !== "ok") continue
    const isThere = Array.isArray(left) && left.includes(`e${call.id}`)
    const by = taken.get(`e${call.id}`)
    if (isThere && by !== undefined) {
      broken("an element is taken once", `${show(call)} is there still, though ${show(by)}`, by.end, by)
    }
    if (!isThere && by === undefined && !isUncertain) {
      broken("no acknowledged write is lost in a planned failover", `nobody got ${show(call)}`, call.end, call)
    }
  }
}

/** While a replica with data is alive, no read fails, and there is no long time without a successful read. */
const checkProbes = ({ probes }: History, broken: Broken): void => {
  for (const { client, failed, fault, from, limit, times, to } of probes) {
    if (failed.length > 0) broken("reads go on", `${client}, ${fault}: ${failed.length} failed: ${failed[0]}`, from)
    const all = [from, ...times.filter((at) => at <= to), to]
    for (let i = 1; i < all.length; i++) {
      const gap = all[i]! - all[i - 1]!
      if (gap <= limit) continue
      broken("reads go on", `${client}, ${fault}: none from ${all[i - 1]} to ${all[i]}, ${gap} ms`, all[i]!)
      break
    }
  }
}

/** Without faults of the nodes and of the network to them, every operation succeeds. */
const checkCalm = ({ calls, scenario }: History, broken: Broken): void => {
  if (scenario.calm !== true) return
  for (const call of calls) {
    const { outcome } = call
    if (outcome === undefined || outcome.tag === "ok" || outcome.tag === "interrupted") continue
    if (call.kind === "other" && outcome.tag === "rejected") continue
    // Another caller wrote meanwhile.
    if (
      (call.reserved !== undefined || call.kind === "watch") && outcome.tag === "unexecuted" &&
      outcome.error.startsWith("TransactionAborted")
    ) {
      continue
    }
    // Sentinels without their disk start to count epochs again.
    if (call.after !== undefined && outcome.tag === "unexecuted" && outcome.error.startsWith("EpochPassed")) continue
    // Consumers may use all exclusive connections; they themselves keep waiting.
    if (
      scenario.consumers !== undefined && call.kind !== "pop" && outcome.tag === "unexecuted" &&
      outcome.error.startsWith("ReserveTimeout")
    ) continue
    broken("what concerns no node costs no operation", show(call), call.end, call)
  }
}

/** A pipeline is executed in its order, and changes its connection only for a reason. */
const checkBatches = (
  history: History,
  byId: ReadonlyMap<number, ReadonlyArray<Execution>>,
  matched: ReadonlyMap<Call, Execution>,
  broken: Broken
): void => {
  const intruder = history.executions.find((e) => e.name === "ECHO" && e.args[1] === "intruder")
  if (intruder !== undefined) {
    broken(
      "what was passed is taken at the call",
      `${intruder.client} sent what was put into a list after the call`,
      intruder.at
    )
  }
  const batches = new Map<number, Array<Call>>()
  for (const call of history.calls) {
    if (call.batch === undefined) continue
    const list = batches.get(call.batch.id)
    if (list === undefined) batches.set(call.batch.id, [call])
    else list.push(call)
  }
  const bySession = new Map<string, Array<Execution>>()
  for (const execution of history.executions) {
    if (handshake.has(execution.name)) continue
    const session = `${execution.node} ${execution.session}`
    const list = bySession.get(session)
    if (list === undefined) bySession.set(session, [execution])
    else list.push(execution)
  }
  const promise = "a pipeline has one order and one connection"
  const tardy = transitMillis(history)
  for (const calls of batches.values()) {
    calls.sort((a, b) => a.batch!.index - b.batch!.index)
    const effects: Array<{ readonly call: Call; readonly execution: Execution }> = []
    for (const call of calls) {
      const done = (byId.get(call.id) ?? []).filter((e) => !isError(e))
      // For an answered read, the node that answered. For a write, every node where it had an effect.
      const execution = call.write ? done[0] : matched.get(call)
      if (execution !== undefined && (call.write || done.length === 1)) effects.push({ call, execution })
    }
    const refused = calls.some((call) => (byId.get(call.id) ?? []).some(isError))
    effects.forEach(({ call, execution }, i) => {
      const before = effects[i - 1]
      if (before === undefined) return
      if (before.execution.serial > execution.serial) {
        broken(promise, `${show(call)} was executed before ${show(before.call)}`, execution.at, call)
      }
      const session = `${before.execution.node} ${before.execution.session}`
      if (refused || session === `${execution.node} ${execution.session}`) return
      const later = (bySession.get(session) ?? []).find((e) => e.at > execution.at + tardy)
      if (later !== undefined) {
        broken(
          promise,
          `${show(call)} was executed on another connection than ${show(before.call)}, which was in use at ${later.at}`,
          execution.at,
          call
        )
      }
    })
  }
}

/** A scan that is not interrupted has seen every element that was there throughout, at one server. */
const checkScans = (
  history: History,
  byId: ReadonlyMap<number, ReadonlyArray<Execution>>,
  broken: Broken
): void => {
  const promise = "a scan's pages are one server's, and complete"
  // A node that returns empty may become the primary.
  const wiped = history.scenario.faults.some((fault) => fault.kind === "wipe")
  for (const call of history.calls) {
    if (call.kind !== "scan" || call.outcome?.tag !== "ok") continue
    const pages = (byId.get(call.id) ?? []).filter((e) => !isError(e))
    const elsewhere = new Set(pages.filter((e) => e.args[2] !== "0").map((e) => e.node))
    if (!call.restarts && elsewhere.size > 1) {
      broken(promise, `#${call.id} has pages of ${Array.from(elsewhere).join(" and ")}`, call.end, call)
      continue
    }
    const all = call.outcome.value as ReadonlyArray<string>
    if (all.length >= mostScanned) {
      broken("an operation ends in time", `#${call.id} starts over without end`, call.end, call)
      continue
    }
    if (wiped) continue
    const given = new Set(all)
    const missing = history.members.filter((member) => !given.has(member))
    if (missing.length > 0) {
      broken(promise, `#${call.id} has not seen ${missing.length} of ${history.members.length}`, call.end, call)
    }
  }
}

/** A read after an offset sees the writes before it, and fails if they may be lost. */
const checkOffsets = (
  history: History,
  byId: ReadonlyMap<number, ReadonlyArray<Execution>>,
  matched: ReadonlyMap<Call, Execution>,
  broken: Broken
): void => {
  const promise = "a read after an offset is not older"
  // A client cannot fail for a move that it cannot know yet.
  const moves = history.events.filter(({ text }) =>
    text.includes("+promoted-slave") || text.includes("+switch-master") || text.includes("told to watch")
  ).map(({ at }) => at)
  for (const call of history.calls) {
    const { after } = call
    if (after === undefined || call.outcome?.tag !== "ok") continue
    if (after.known !== 0 && after.known !== after.epoch) {
      broken(promise, `${show(call)} is after epoch ${after.epoch}, but ${after.known} was known`, call.end, call)
      continue
    }
    const written = after.write?.outcome?.tag === "ok"
      ? (byId.get(after.write.id) ?? []).find((e) => e.reply === "OK")
      : undefined
    const execution = matched.get(call)
    if (written === undefined || execution === undefined) continue
    if (moves.some((at) => at > after.write!.begin - 5000 && at < call.end)) continue
    const value = String(execution.reply ?? "")
    const source = Number(/^v(\d+)$/.exec(value)?.[1] ?? NaN)
    const set = (byId.get(source) ?? []).filter((e) => e.reply === "OK")
    if (set.length > 1) continue
    if (set.length === 0 || set[0]!.serial < written.serial) {
      // A node is a primary before a sentinel reports it: its offset then is not the offset of the write.
      const isOfItsHistory = history.executions.some((e) =>
        e.name === "ROLE" && e.client === written.client && e.node === written.node && e.reign === written.reign &&
        e.serial > written.serial && e.at <= call.begin
      )
      if (!isOfItsHistory) continue
      broken(promise, `${show(call)} has not seen ${show(after.write!)}`, call.end, call)
    }
  }
}

/** No user of a connection finds session state that an earlier user left. */
const checkSessions = (history: History, broken: Broken): void => {
  const promise = "a session is nobody else's"
  const byNumber = new Map(history.calls.map((call) => [call.id, call]))
  for (const execution of history.executions) {
    const call = execution.id === undefined ? undefined : byNumber.get(execution.id)
    if (call === undefined) continue
    if (execution.database !== call.database) {
      // SELECT on a reserved connection applies to the commands after it.
      broken(promise, `${show(call)} was executed in database ${execution.database}`, execution.at, call)
    }
    const name = execution.client.replace(/r$/, "")
    // After a handshake that was cut, the next one leaves out the client's name.
    if (execution.sessionName !== name && execution.sessionName !== "") {
      broken(promise, `${show(call)} was executed as ${execution.sessionName}`, execution.at, call)
    }
  }
  for (const call of history.calls) {
    if (call.unwatched && call.outcome?.tag === "unexecuted" && call.outcome.error.startsWith("TransactionAborted")) {
      broken(promise, `${show(call)}: it was somebody else's WATCH`, call.end, call)
    }
  }
}

/** Commands of the handshake: they do not show which node a client considers the primary. */
const handshake = new Set(["HELLO", "AUTH", "CLIENT", "SELECT", "ROLE", "INFO", "PING"])

/** Commands are executed at a primary, and never again at a node that the client has left. */
const checkPlaces = (history: History, matched: ReadonlyMap<Call, Execution>, broken: Broken): void => {
  const byExecution = new Map<Execution, Call>()
  for (const [call, execution] of matched) byExecution.set(execution, call)
  for (const execution of history.executions) {
    if (execution.client.endsWith("r") || handshake.has(execution.name)) continue
    // It was a replica when the session was opened, and still is.
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
    // A command that started after this connection was in use, and was answered by
    // another node, shows that the client has left: no later command comes here.
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

/** Uses of one connection as a reserved connection do not overlap. */
const checkLeases = (
  history: History,
  byId: ReadonlyMap<number, ReadonlyArray<Execution>>,
  broken: Broken
): void => {
  interface Use {
    readonly reserved: number
    begin: number
    end: number
    call: Call
  }
  const sessions = new Map<string, Map<number, Use>>()
  for (const call of history.calls) {
    if (call.reserved === undefined) continue
    for (const execution of byId.get(call.id) ?? []) {
      const session = `${execution.node} ${execution.session}`
      const uses = sessions.get(session) ?? new Map<number, Use>()
      sessions.set(session, uses)
      const use = uses.get(call.reserved)
      if (use === undefined) {
        uses.set(call.reserved, { reserved: call.reserved, begin: call.begin, end: execution.at, call })
      } else {
        use.begin = Math.min(use.begin, call.begin)
        use.end = Math.max(use.end, execution.at)
      }
    }
  }
  for (const uses of sessions.values()) {
    const list = Array.from(uses.values()).sort((a, b) => a.end - b.end)
    for (const [i, use] of list.entries()) {
      // A call with its own reserved connection starts before there is a connection: only overlapping
      // executions count.
      for (const other of list.slice(0, i)) {
        if (other.call.outcome?.tag === "interrupted" && other.end > arrivalOf(history, other.call.end, other.end)) {
          broken(
            "a reserved connection is one user's",
            `${show(other.call)} was executed at ${other.end} on the connection that ${show(use.call)} had`,
            other.end,
            use.call
          )
        }
      }
    }
  }
}

/** How long a command may be in transit after its caller has abandoned it, in milliseconds. */
const transitMillis = ({ scenario }: Pick<History, "scenario">): number => scenario.latencyMillis[1] * 2 + 100

/** Faults in which commands are on their way for as long as the fault lasts. */
const stops: ReadonlySet<string> = new Set(["partition", "hang", "busy"])

/** By when commands of an abandoned call arrive, of which one was executed: later where a fault stopped them meanwhile. */
const arrivalOf = ({ began, scenario }: History, end: number, executed: number): number =>
  scenario.faults.reduce(
    (latest, { at, kind, millis }) =>
      stops.has(kind) && began + at <= executed && began + at + millis >= end
        ? Math.max(latest, began + at + millis)
        : latest,
    end
  ) + transitMillis({ scenario })

/** Checks each key separately for each period of a primary. */
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
    if (call.replica || call.database !== 0) continue
    const { begin, end } = call
    if (call.kind === "set") {
      const executed = (byId.get(call.id) ?? []).filter((e) => e.reply === "OK")
      // A repeatable write that was executed twice counts as two writes.
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
