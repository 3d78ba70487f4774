/**
 * Checks that the checker and the tests find bugs: the bugs, and by what each is found. How they are planted is in
 * planting.ts.
 *
 *   npm run simulate:mutants -- [--seeds 300] [--only TEXT]
 *
 * For a bug that the simulation finds, the seeds that found it before run first,
 * then all others. For a bug that a test finds sooner, that test runs.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import { optionsOf } from "../scripts/options.ts"
import { type Mutant, plantAll } from "./planting.ts"

export const mutants: ReadonlyArray<Mutant> = [
  {
    name: "site: a link to a heading that does not exist counts as good",
    by: { test: "test/handbook.test.ts", name: "finds dead links, dead anchors and pages" },
    edits: [{
      file: "site/content.ts",
      find: "hash !== \"\" && anchors.get(path)?.has(hash) !== true",
      replace: "hash !== \"\" && anchors.get(path)?.has(hash) === undefined"
    }]
  },
  {
    name: "site: what a page loads from elsewhere counts as a link",
    by: { test: "test/handbook.test.ts", name: "what comes from elsewhere" },
    edits: [{ file: "site/links.ts", find: "if (loads.test(tag)) problems", replace: "if (false) problems" }]
  },
  {
    name: "site: files outside of its folder are served",
    by: { test: "test/handbook.test.ts", name: "is served on loopback" },
    edits: [{
      file: "site/serve.ts",
      find: "const path = normalize(decodeURIComponent(new URL(url, \"http://localhost\").pathname))",
      replace: "const path = decodeURIComponent(new URL(url, \"http://localhost\").pathname)"
    }]
  },
  {
    name: "snippets: one that ends at once counts as one that goes on",
    by: { test: "test/snippets.test.ts", name: "fail the test if they fail, end too early" },
    edits: [{
      file: "test/snippets.test.ts",
      find: "assert.include(outcomes, snippet.goesOn ? \"goes on\" : \"ended\")",
      replace: "assert.isNotEmpty(outcomes)"
    }]
  },
  {
    name: "pictures: the texts of a server are not escaped",
    by: { test: "test/pictures.test.ts", name: "are XML" },
    edits: [{ file: "src/internal/pictures/svg.ts", find: "}, escaped(shown))", replace: "}, shown)" }]
  },
  {
    name: "pictures: labels of one row overlap",
    by: { test: "test/pictures.test.ts", name: "never overlap" },
    edits: [{
      file: "src/internal/pictures/labels.ts",
      find: "left > other.right + gap || left + width < other.left - gap)",
      replace: "left > other.right + gap || left + width < other.right)"
    }]
  },
  {
    name: "pictures: a few lost writes among many are not seen",
    by: { test: "test/pictures.test.ts", name: "a few lost writes" },
    edits: [{
      file: "src/internal/pictures/timeline.ts",
      find: "kind === \"acknowledged\" ? wanted : Math.max(3, wanted)",
      replace: "wanted"
    }]
  },
  {
    name: "pictures: a page runs what is in preformatted text",
    by: { test: "test/pictures.test.ts", name: "have no script" },
    edits: [{
      file: "src/internal/pictures/page.ts",
      find: "cleanLines(value, most).map(escaped)",
      replace: "cleanLines(value, most)"
    }]
  },
  {
    name: "pictures: a time that is no number is drawn",
    by: { test: "test/pictures.test.ts", name: "where one time is no number" },
    edits: [{
      file: "src/internal/pictures/recordedTimeline.ts",
      find: "timeline.events.filter(({ atMillis }) => isTime(atMillis))",
      replace: "timeline.events"
    }]
  },
  {
    name: "pictures: a broken link is drawn as one that works",
    by: { test: "test/pictures.test.ts", name: "mark what is wrong" },
    edits: [{
      file: "src/internal/pictures/topology.ts",
      find: "link.tone === \"bad\" || link.tone === \"notice\" ? link.tone : link.kind",
      replace: "link.kind"
    }]
  },
  {
    name: "chaos: lost writes are drawn as kept",
    by: { test: "test/chaos.test.ts", name: "has all writes in parts of time" },
    edits: [{
      file: "chaos/recording.ts",
      find: "acknowledged: counted(kept),",
      replace: "acknowledged: counted([...kept, ...lost]),"
    }]
  },
  {
    name: "doctor: only replicas need masterauth",
    by: { test: "test/doctorFindings.test.ts", name: "masterauth-missing" },
    edits: [{
      file: "src/internal/doctor/replicationFindings.ts",
      find: "Redacted.value(node.masterauth!) === \"\" && needs(node)",
      replace: "Redacted.value(node.masterauth!) === \"\" && needs(node) && node.role === \"replica\""
    }]
  },
  {
    name: "doctor: what servers say goes to the terminal as it is",
    by: { test: "test/doctorFindings.test.ts", name: "contain nothing that moves a cursor" },
    edits: [{
      file: "src/internal/doctor/judge.ts",
      find: "return Resp.printable(value, 4000) as A",
      replace: "return value"
    }]
  },
  {
    name: "doctor: each step may take nearly the whole time",
    by: { test: "test/doctor.test.ts", name: "ends within 8 seconds" },
    edits: [{
      file: "src/internal/doctor/gather.ts",
      find: "subject.timeoutMillis * 0.3",
      replace: "subject.timeoutMillis * 0.9"
    }]
  },
  {
    name: "doctor: a user without channels is told to add the command alone",
    by: { test: "test/doctorFindings.test.ts", name: "name exactly what a user lacks" },
    edits: [{
      file: "src/internal/doctor/accessFindings.ts",
      find: "...(wantsChannels ? [\"allchannels\"] : [])",
      replace: "...[]"
    }]
  },
  {
    name: "watching: an acknowledged write that is missing does not count",
    by: { test: "test/watching.test.ts", name: "client without a fence loses" },
    edits: [{
      file: "src/internal/watching/probe.ts",
      find: "expected.filter(({ value }) => !counts.has(value))",
      replace: "expected.filter(({ value }) => counts.size === 0 && value !== \"\")"
    }]
  },
  {
    name: "watching: a failover is asked for again if the answer does not come",
    by: { test: "test/watching.test.ts", name: "not asked for again" },
    edits: [{
      file: "src/internal/watching/failover.ts",
      find: "if (answer.failure._tag === \"AmbiguousOutcome\") return \"unknown\"",
      replace: "if (answer.failure._tag === \"AmbiguousOutcome\") return yield* request(plan, options)"
    }]
  },
  {
    name: "watching: the list of a probe lives for ever",
    by: { test: "test/watching.test.ts", name: "lets the key of a probe expire" },
    edits: [{
      file: "src/internal/watching/probe.ts",
      find: "client.repeatable(commands.expire(key, timeToLiveAfterwards))",
      replace: "client.repeatable(commands.persist(key))"
    }]
  },
  {
    name: "doctor: a shell takes a part of a repair for a command",
    by: { test: "test/doctorFindings.test.ts", name: "a shell takes as they are meant" },
    edits: [{
      file: "src/internal/doctor/view.ts",
      find: "...at, ...words].map(shellWord)",
      replace: "...at, ...words]"
    }]
  },
  {
    name: "watching: the cursor stays hidden at the end",
    by: { test: "test/screen.test.ts", name: "left as it was found" },
    edits: [{
      file: "src/cli/screen.ts",
      find: "const leave = \"\\u001b[?25h\\u001b[?1049l\"",
      replace: "const leave = \"\\u001b[?1049l\""
    }]
  },
  {
    name: "watching: what a larger screen had stays on a smaller one",
    by: { test: "test/screen.test.ts", name: "is cleared where its size has changed" },
    edits: [{
      file: "src/cli/screen.ts",
      find: "const isNewSize = sizeText !== lastSize",
      replace: "const isNewSize = lastSize === \"\""
    }]
  },
  {
    name: "watching: a screen that has not changed is drawn again",
    by: { test: "test/screen.test.ts", name: "left as it was found" },
    edits: [{
      file: "src/cli/screen.ts",
      find: "if (isNewSize || text !== last) yield* terminal.display",
      replace: "if (text !== \"\") yield* terminal.display"
    }]
  },
  {
    name: "watching: a failover is asked for though replicas lag",
    by: { test: "test/watching.test.ts", name: "while a replica lags" },
    edits: [{
      file: "src/internal/watching/readiness.ts",
      find: "if (offset >= primary.offset) return 0",
      replace: "if (offset >= 0) return 0"
    }]
  },
  {
    name: "watching: a text of a server changes the screen",
    by: { test: "test/watchFrame.test.ts", name: "break out of its line" },
    edits: [{
      file: "src/cli/lines.ts",
      find: "text.replaceAll(unprintable, \"?\")",
      replace: "text"
    }]
  },
  {
    name: "watching: a wide character counts as one column",
    by: { test: "test/watchFrame.test.ts", name: "break out of its line" },
    edits: [{
      file: "src/cli/lines.ts",
      find: "wide.test(segment) ? 2 : 1",
      replace: "1"
    }]
  },
  {
    name: "topology: the events of a service that has closed never end",
    by: { test: "test/watching.test.ts", name: "end with the Scope" },
    edits: [{
      file: "src/internal/monitor/eventFeed.ts",
      find: "for (const queue of Array.from(this.queues)) Queue.endUnsafe(queue)",
      replace: ""
    }]
  },
  {
    name: "telemetry: each turn of a command that waits is a span",
    by: { test: "test/telemetry.test.ts", name: "longer than a turn" },
    edits: [{
      file: "src/internal/telemetry/clientTelemetry.ts",
      find: "Effect.provideService(effect, Whole, whole)",
      replace: "effect"
    }]
  },
  {
    name: "telemetry: the node is the first one that an operation went to",
    by: { test: "test/telemetry.test.ts", name: "sent again, elsewhere" },
    edits: [{
      file: "src/internal/telemetry/operationTrace.ts",
      find: "    this.peer = to\n",
      replace: "    this.peer ??= to\n"
    }]
  },
  {
    name: "telemetry: the text of a command has its values",
    by: { test: "test/telemetry.test.ts", name: "then without values" },
    edits: [{
      file: "src/internal/telemetry/operationNames.ts",
      find: "if (key < keys.length && arg === keys[key]) {",
      replace: "if (withKeys) {"
    }]
  },
  {
    name: "telemetry: the span of an interrupted command does not end",
    by: { test: "test/telemetry.test.ts", name: "one that is interrupted" },
    edits: [{
      file: "src/internal/execution/operation.ts",
      find: "    this.noted.end(interrupted)\n",
      replace: ""
    }]
  },
  {
    name: "telemetry: a batch of one command has a size",
    by: { test: "test/telemetry.test.ts", name: "of a batch of one command" },
    edits: [{
      file: "src/internal/telemetry/clientTelemetry.ts",
      find: "kind !== \"command\" && commands.length !== 1",
      replace: "kind !== \"command\""
    }]
  },
  {
    name: "telemetry: the pool forgets that a connection was given back",
    by: { test: "test/telemetry.test.ts", name: "what is open and in use" },
    edits: [{
      file: "src/Pool.ts",
      find: "if (reserved.has(connection)) setUsed(-1)",
      replace: ""
    }]
  },
  {
    name: "telemetry: each object of attributes has series of its own",
    by: { test: "test/telemetry.test.ts", name: "make no more series" },
    edits: [{
      file: "src/internal/telemetry/clientTelemetry.ts",
      find: "this.identity, this.services, this.series))",
      replace: "this.identity, this.services, new Map()))"
    }]
  },
  {
    name: "telemetry: a span has any number of events",
    by: { test: "test/telemetry.test.ts", name: "has a bounded number of events" },
    edits: [{
      file: "src/internal/telemetry/operationTrace.ts",
      find: "++this.eventCount > mostEvents",
      replace: "++this.eventCount > Infinity"
    }]
  },
  {
    name: "telemetry: operations lose their names where nodes get other addresses",
    by: { test: "test/telemetry.test.ts", name: "keeps the names of operations" },
    edits: [{
      file: "src/internal/telemetry/clientTelemetry.ts",
      find: "this.series.size >= mostOfNodes",
      replace: "this.series.size >= Infinity"
    }]
  },
  {
    name: "telemetry: there are any number of pools",
    by: { test: "test/telemetry.test.ts", name: "are bounded" },
    edits: [{ file: "src/Metrics.ts", find: "if (pools.size >= mostPools", replace: "if (pools.size >= Infinity" }]
  },
  {
    name: "credentials: connections to sentinels that were left are kept in RESP2",
    by: { test: "test/credentials.test.ts", name: "leave nothing of the connections" },
    edits: [{
      file: "src/internal/discovery/sentinelSubscriptions.ts",
      find: "if (own !== undefined) yield* Scope.close(own, Exit.void)",
      replace: ""
    }]
  },
  {
    name: "credentials: what has expired is tried again on a live session",
    by: { test: "test/credentials.test.ts", name: "is not tried again on a live session" },
    edits: [{
      file: "src/internal/connection/login.ts",
      find: "const { usable } = this.keeper",
      replace: "const { current: usable } = this.keeper"
    }]
  },
  {
    name: "credentials: a source that hangs is waited for without end",
    by: { test: "test/credentials.test.ts", name: "that hangs is given up" },
    edits: [{
      file: "src/internal/credentials/keeper.ts",
      find: "const longestAskMillis = 30_000",
      replace: "const longestAskMillis = 3_000_000"
    }]
  },
  {
    name: "credentials: a password that was wiped ends the fiber that reads it",
    by: { test: "test/credentials.test.ts", name: "gives a wiped password is told" },
    edits: [{
      file: "src/internal/credentials/keeper.ts",
      find: "const secret = redactedString(password)",
      replace: "const secret = Redacted.value(password as Redacted.Redacted)"
    }, {
      file: "src/internal/credentials/keeper.ts",
      find: "import { Pauses } from",
      replace: "import * as Redacted from \"effect/Redacted\"\nimport { Pauses } from"
    }]
  },
  {
    name: "credentials: short-lived ones are asked for without a pause",
    by: { test: "test/credentials.test.ts", name: "is not asked without a pause" },
    edits: [{
      file: "src/internal/credentials/keeper.ts",
      find: "Math.min(millis / 5, 5 * 60_000), millis / 2)",
      replace: "Math.min(millis / 5, 5 * 60_000), Infinity)"
    }]
  },
  {
    name: "a server that is busy counts as one that lacks CLIENT UNBLOCK",
    by: { test: "test/blocking.test.ts", name: "no right is missing" },
    edits: [{
      file: "src/internal/execution/unblocking.ts",
      find: "error?._tag === \"ReplyError\" && !passes(error, false)",
      replace: "error?._tag === \"ReplyError\""
    }]
  },
  {
    name: "credentials: a connection that is given back while an AUTH is unanswered is closed",
    by: { test: "test/credentials.test.ts", name: "is given back while it logs in" },
    edits: [{ file: "src/Pool.ts", find: "connection.isFree &&", replace: "connection.idle &&" }]
  },
  {
    name: "credentials: a refused AUTH ends the session",
    by: { test: "test/credentials.test.ts", name: "stay as they are when the server refuses" },
    edits: [{
      file: "src/internal/connection/login.ts",
      find: "return this.onRefused(held, codeOf(reply))",
      replace: "return connection.close(codeOf(reply))"
    }]
  },
  {
    name: "credentials: a subscription in RESP2 is left before the server has accepted the new ones",
    by: { test: "test/credentials.test.ts", name: "stay as they are when the server refuses" },
    edits: [{
      file: "src/internal/connection/login.ts",
      find: "if (isAccepted) return connection.onReplace",
      replace: "if (isAccepted || connection.open) return connection.onReplace"
    }]
  },
  {
    name: "credentials: the events of a sentinel in RESP2 are missed while its credentials change",
    by: { test: "test/credentials.test.ts", name: "rotate by themselves" },
    edits: [{
      file: "src/internal/connection/login.ts",
      find: "connection.onReplace === undefined ? close() : connection.onReplace(close)",
      replace: "close()"
    }]
  },
  {
    name: "credentials: what has expired is used",
    by: { test: "test/credentials.test.ts", name: "what has expired is never used" },
    edits: [{
      file: "src/internal/credentials/keeper.ts",
      find: "held !== undefined && this.now() < held.expiresAt",
      replace: "held !== undefined"
    }]
  },
  {
    name: "credentials: a new session does not try what was accepted last",
    by: { test: "test/credentials.test.ts", name: "log in with what was accepted last" },
    edits: [{
      file: "src/internal/credentials/keeper.ts",
      find: " ?? untried(this.lastAccepted)",
      replace: ""
    }]
  },
  {
    name: "credentials: what was outdated while it waited is told as refused",
    by: { test: "test/credentials.test.ts", name: "tell nothing of those between" },
    edits: [{
      file: "src/internal/connection/login.ts",
      find: "if (this.due?.version === held.version) {",
      replace: "if (held.version > 0) {"
    }]
  },
  {
    name: "URLs: a password that is not encoded becomes a path or a parameter",
    by: { test: "test/urls.test.ts", name: "what is refused" },
    edits: [{ file: "src/RedisUrl.ts", find: "part?.includes(\"@\") === true", replace: "part === url" }]
  },
  {
    name: "URLs: an unknown parameter is shown, whatever it is",
    by: { test: "test/urls.test.ts", name: "what is refused" },
    edits: [{
      file: "src/RedisUrl.ts",
      find: "const shown = isWord(name) && value !== undefined ?",
      replace: "const shown = position > 0 ?"
    }]
  },
  {
    name: "a subscription that fails stays in the Scope",
    by: { test: "test/scopes.test.ts", name: "holds nothing of it" },
    edits: [{
      file: "src/internal/subscriptions/subscriptions.ts",
      find: "Exit.isSuccess(exit) ? Effect.void : Scope.close(own, exit)",
      replace: "Exit.isSuccess(exit) ? Effect.void : Effect.sync(() => hub.leave(subscriber))"
    }]
  },
  {
    name: "a subscription that fails is looked for among all",
    by: { test: "test/subscription.test.ts", name: "looks at no other one" },
    edits: [{
      file: "src/internal/subscriptions/hub.ts",
      find: "const subscriber = this.subscribers.get(inbox)",
      replace: "const subscriber = Array.from(this.subscribers.values()).find((one) => one.inbox === inbox)"
    }]
  },
  {
    name: "a load that was refused is never tried again",
    by: { test: "test/typedScripts.test.ts", name: "the client tries now and then" },
    edits: [{
      file: "src/internal/execution/scripts.ts",
      find: "if (this.isGiven !== false || this.now() < this.refusedUntil) return this.isGiven",
      replace: "if (this.isGiven !== undefined) return this.isGiven"
    }]
  },
  {
    name: "a load that was refused is tried with each script",
    by: { test: "test/typedScripts.test.ts", name: "the client tries now and then" },
    edits: [{
      file: "src/internal/execution/scripts.ts",
      find: "this.refusedUntil = this.now() + this.pauseMillis\n    return undefined",
      replace: "return undefined"
    }]
  },
  {
    name: "keyspace asks another node than the one that it subscribes at",
    by: { test: "test/keyspace.test.ts", name: "asks the replica" },
    edits: [{
      file: "src/internal/execution/executor.ts",
      find: "return shared?.addressText === session.addressText ?",
      replace: "return shared !== undefined ?"
    }]
  },
  {
    name: "EffectRedis: a script that counts is sent again",
    by: { test: "test/effectRedis.test.ts", name: "the documentation has a reason for each" },
    edits: [{
      file: "src/internal/stores/knownScripts.ts",
      find: "\"RateLimiter fixedWindow\", \"once\"",
      replace: "\"RateLimiter fixedWindow\", \"repeatable\""
    }]
  },
  {
    name: "EffectRedis: every unknown script is sent again",
    by: { test: "test/effectRedis.test.ts", name: "an unknown script is ambiguous" },
    edits: [{
      file: "src/internal/stores/service.ts",
      find: "known?.kind === \"repeatable\"",
      replace: "known?.kind !== \"once\""
    }]
  },
  {
    name: "EffectRedis: fail fast waits for the end of a failover",
    by: { test: "test/effectRedis.test.ts", name: "no longer than their timeout" },
    edits: [{
      file: "src/EffectRedis.ts",
      find: "make({ timeout: \"100 millis\", ...fields })",
      replace: "make({ ...fields, timeout: undefined })"
    }]
  },
  {
    name: "EffectRedis: a subscription drops messages and tells nobody",
    by: { test: "test/effectRedis.test.ts", name: "when more messages wait" },
    edits: [{ file: "src/internal/stores/service.ts", find: "{ whenFull: \"fail\", ", replace: "{ " }]
  },
  {
    name: "EffectRedis: a script without a name has none in spans",
    by: { test: "test/effectRedis.test.ts", name: "have their names in spans" },
    edits: [{
      file: "src/internal/stores/service.ts",
      find: "const label = known?.name ?? sha1\n",
      replace: "const label = known?.name ?? sha1.slice(0, 8)\n"
    }]
  },
  {
    name: "EffectRedis: an entry of a KeyValueStore is removed twice",
    by: { test: "test/effectRedis.test.ts", name: "clears all the same" },
    edits: [{
      file: "src/internal/stores/keyValueStore.ts",
      find: "Effect.mapError(redis.unlink(prefix + key), failed",
      replace: "Effect.mapError(redis.repeatable(unlink(prefix + key)), failed"
    }]
  },
  {
    name: "EffectRedis: modify of a KeyValueStore watches nothing",
    by: { test: "test/effectRedis.test.ts", name: "changed meanwhile by another client" },
    edits: [{
      file: "src/internal/stores/keyValueStore.ts",
      find: "redis.watch(prefix + key, (watched) =>",
      replace: "redis.watch(prefix, (watched) =>"
    }]
  },
  {
    name: "popStream: elements that were removed and not given are dropped",
    by: { test: "test/popStream.test.ts", name: "removes nothing that is not asked for" },
    edits: [{
      file: "src/internal/client/popStream.ts",
      find: "yield* Effect.addFinalizer(() => held === undefined ? Effect.void : putBack(held))",
      replace: ""
    }]
  },
  {
    name: "popStream: what is put back when it ends has the time limit of other commands",
    by: { test: "test/popStream.test.ts", name: "it ends within seconds, and the log says so" },
    edits: [{
      file: "src/internal/client/popStream.ts",
      find: "(key, first, ...others),\n        lastCommandsMillis",
      replace: "(key, first, ...others)"
    }]
  },
  {
    name: "a consumer hands back before the server has ended its read",
    by: { test: "test/consumers.test.ts", name: "hands back also what its read is given" },
    edits: [{ file: "src/internal/streams/consume.ts", find: "yield* waitsEnded(redis)", replace: "" }]
  },
  {
    name: "RedisQueue: a worker leaves without a time limit",
    by: { test: "test/redisQueue.test.ts", name: "commands have no time limit" },
    edits: [{
      file: "src/internal/queues/worker.ts",
      find: "duration: lastCommandsMillis",
      replace: "duration: \"1 hour\""
    }]
  },
  {
    name: "popStream: elements that cannot be put back at once are lost",
    by: { test: "test/popStream.test.ts", name: "while the server starts again" },
    edits: [{
      file: "src/internal/client/popStream.ts",
      find: "now - began < lastCommandsMillis",
      replace: "now < began"
    }]
  },
  {
    name: "popStream: an interrupted wait goes on at the server",
    by: { test: "test/popStream.test.ts", name: "the wait ends at the server" },
    edits: [{
      file: "src/internal/client/popStream.ts",
      find: "Effect.onInterrupt(restore(Fiber.join(fiber)), () => end(reserved, fiber))",
      replace: "restore(Fiber.join(fiber))"
    }]
  },
  {
    name: "popStream: the answer to CLIENT UNBLOCK is not waited for",
    by: { test: "test/popStream.test.ts", name: "does not end the next command" },
    edits: [{
      file: "src/internal/client/popStream.ts",
      find: "Effect.ignore(other.call(clientUnblock(connection.id, \"error\")))",
      replace:
        "Effect.asVoid(Effect.forkDetach(Effect.ignore(other.call(clientUnblock(connection.id, \"error\"))), { startImmediately: true }))"
    }]
  },
  {
    name: "popStream: nobody is told that there is no connection",
    by: { test: "test/popStream.test.ts", name: "it waits, and the log says so" },
    edits: [{
      file: "src/internal/common/outage.ts",
      find: "this.shortSince ??= now\n      }",
      replace: "}"
    }]
  },
  {
    name: "a planned failover counts as an outage of a queue",
    by: { test: "test/redisQueue.test.ts", name: "a planned failover is none" },
    edits: [{
      file: "src/internal/common/outage.ts",
      find: "const untoldMillis = 1000",
      replace: "const untoldMillis = 0"
    }]
  },
  {
    name: "RedisQueue: what a lost acknowledgement has left is not looked for",
    by: { test: "test/redisQueue.test.ts", name: "a failover that loses an acknowledgement" },
    edits: [{
      file: "src/internal/queues/worker.ts",
      find: "if (isSuspect) yield* reconcile",
      replace: ""
    }]
  },
  {
    name: "RedisQueue: nobody takes over what a dead worker has",
    by: { test: "test/redisQueue.test.ts", name: "another one takes over" },
    edits: [{
      file: "src/internal/queues/worker.ts",
      find: "if (dead > 0) hasDead = true",
      replace: ""
    }]
  },
  {
    name: "RedisQueue: a worker that leaves keeps what it has",
    by: { test: "test/redisQueue.test.ts", name: "goes back when the worker leaves" },
    edits: [{
      file: "src/internal/queues/scripts.ts",
      find: "redis.call('LMOVE', KEYS[3], KEYS[1], 'RIGHT', ARGV[2])",
      replace: "redis.call('LMOVE', KEYS[3], KEYS[3], 'RIGHT', 'LEFT')"
    }]
  },
  {
    name: "RedisQueue: the registry forgets a worker as soon as it is dead",
    by: { test: "test/redisQueue.test.ts", name: "the registry forgets" },
    edits: [{
      file: "src/internal/queues/scripts.ts",
      find: "elseif now - math.abs(until_) > ${forgetAfterMillis} then",
      replace: "else"
    }]
  },
  {
    name: "RedisQueue: a worker waits on a reserved connection",
    by: { test: "test/redisQueue.test.ts", name: "workers take turns" },
    edits: [{
      file: "src/internal/queues/worker.ts",
      find: "outage.whileShort(\"maxBlocking\", (whenFull) => reserveToWait(redis, whenFull)),",
      replace: "Effect.map(redis.reserve, (client) => ({ client, settled: Effect.void })),"
    }]
  },
  {
    name: "RedisQueue: taking over is not counted",
    by: { test: "test/redisQueue.test.ts", name: "whose workers die is given so many times" },
    edits: [{
      file: "src/internal/queues/scripts.ts",
      find: "if until_ >= 0 then count = count + 1 end",
      replace: ""
    }]
  },
  {
    name: "RedisQueue: a worker that leaves forgets the counts",
    by: { test: "test/redisQueue.test.ts", name: "a worker that leaves, or gives back" },
    edits: [{
      file: "src/internal/queues/scripts.ts",
      find: "if field and (counts[field] or 0) > 0 then",
      replace: "if false then"
    }]
  },
  {
    name: "RedisQueue: a worker that stops does not acknowledge what it has processed",
    by: { test: "test/redisQueue.test.ts", name: "what was processed is acknowledged" },
    edits: [{
      file: "src/internal/queues/consume.ts",
      find: "yield* Effect.addFinalizer(() => settle(options.redis, queue, settlements))",
      replace: ""
    }]
  },
  {
    name: "RedisQueue: a worker waits for the end of its last commands however long no server answers",
    by: { test: "test/redisQueue.test.ts", name: "while the server is silent" },
    edits: [{
      file: "src/internal/queues/consume.ts",
      find: "Effect.raceFirst(FiberSet.awaitEmpty(settlements), silence(redis))",
      replace: "FiberSet.awaitEmpty(settlements)"
    }]
  },
  {
    name: "RedisQueue: what could not be acknowledged is put back as if it were new",
    by: { test: "test/redisQueue.test.ts", name: "what was given before, or could not be acknowledged" },
    edits: [{
      file: "src/internal/queues/worker.ts",
      find: "setRepeated(isRedelivered || event !== \"returned\")",
      replace: ""
    }]
  },
  {
    name: "RedisQueue: what was redelivered is given back as if it were new",
    by: { test: "test/redisQueue.test.ts", name: "what was given before, or could not be acknowledged" },
    edits: [{
      file: "src/internal/queues/scripts.ts",
      find: "!isRedelivered\n",
      replace: "deliveries === 1\n"
    }]
  },
  {
    name: "RedisQueue: an element is removed before its dead letter is written",
    by: { test: "test/redisQueue.test.ts", name: "cost no element" },
    edits: [{
      file: "src/internal/queues/scripts.ts",
      find: "local isFirst = redis.call(",
      replace: "redis.call('LREM', KEYS[2], 1, ARGV[1])\nlocal isFirst = redis.call("
    }]
  },
  {
    name: "RedisQueue: a handler that dies does not run again",
    by: { test: "test/redisQueue.test.ts", name: "a defect is a failure like any other" },
    edits: [{
      file: "src/internal/common/handlers.ts",
      find: "(cause) => !Cause.hasInterruptsOnly(cause),",
      replace: "(cause) => Result.isSuccess(Cause.findError(cause)),"
    }]
  },
  {
    name: "popStream: the answer to a request that was not sent is waited for",
    by: { test: "test/popStream.test.ts", name: "behind the write fence" },
    edits: [{
      file: "src/internal/client/popStream.ts",
      find: "reserved.isUnsent ? Fiber.interrupt(fiber) : Effect.flatMap(",
      replace: "Effect.flatMap("
    }]
  },
  {
    name: "an interrupted command whose connection ends is not told",
    by: { test: "test/blocking.test.ts", name: "may not run CLIENT UNBLOCK" },
    edits: [{
      file: "src/internal/execution/unblocking.ts",
      find: "if (value === undefined) return this.onUnanswered(turn)",
      replace: "if (value === undefined) return"
    }]
  },
  {
    name: "a server that is out of memory ends what waits out outages",
    by: { test: "test/passing.test.ts" },
    edits: [{
      file: "src/internal/common/passing.ts",
      find: "\"MISCONF\", \"OOM\", ",
      replace: ""
    }]
  },
  {
    name: "keyspace: the next primary is not asked what it publishes",
    by: { test: "test/keyspace.test.ts", name: "the next primary publishes less" },
    edits: [{
      file: "src/internal/client/keyspace.ts",
      find: "return Effect.as(FiberHandle.run(checking, check(connectionOf(item))), Result.fail(undefined))",
      replace:
        "return isChecked ? Effect.succeed(Result.fail(undefined)) : Effect.as(FiberHandle.run(checking, check(connectionOf(item))), Result.fail(undefined))"
    }]
  },
  {
    name: "keyspace: the flag A counts as all flags",
    by: { test: "test/keyspace.test.ts", name: "it lacks" },
    edits: [{
      file: "src/internal/client/keyspace.ts",
      find: "(current.includes(\"A\") && !beyondAll.has(flag))",
      replace: "current.includes(\"A\")"
    }]
  },
  {
    name: "a reader of a stream does not compare the history of a new primary with what it read",
    by: { test: "test/redisStreamRead.test.ts", name: "while the reader is busy" },
    edits: [{
      file: "src/internal/streams/follow.ts",
      find: "          : isSame || (this.isReplica && !hasMoved)\n",
      replace: "          : isSame || hasMoved\n"
    }]
  },
  {
    name: "a reader of a stream goes on after the last id of a new primary, not after the last common one",
    by: { test: "test/redisStreamRead.test.ts", name: "tells what a failover lost" },
    edits: [{
      file: "src/internal/streams/follow.ts",
      find: "if (isLost) return track.rewind(common ?? track.positionWithout(found))",
      replace: "if (isLost) return track.rewind(found.lastGeneratedId)"
    }]
  },
  {
    name: "a slow reader of a stream keeps its connection while it does not read",
    by: { test: "test/redisStreamRead.test.ts", name: "a slow one gives its connection back" },
    edits: [{
      file: "src/Pool.ts",
      find: "if (use === \"blocking\") callBack()",
      replace: ""
    }]
  },
  {
    name: "a reader of a stream is not told that the entry is lost after which it begins",
    by: { test: "test/redisStreamRead.test.ts", name: "tells one that begins after an entry" },
    edits: [{
      file: "src/internal/streams/follow.ts",
      find: "(isRemoved || !track.isEntry)",
      replace: "(isRemoved || track.given.length === 0)"
    }]
  },
  {
    name: "a reader of a stream does not count what was trimmed before a full page",
    by: { test: "test/streamEntries.test.ts", name: "the counters of a reader" },
    edits: [{
      file: "src/internal/streams/track.ts",
      find: "? Math.max(0, removed - added)",
      replace: "? 0"
    }]
  },
  {
    name: "a reader of a stream forgets entries that came while it waited",
    by: { test: "test/streamEntries.test.ts", name: "the counters of a reader" },
    edits: [{
      file: "src/internal/streams/track.ts",
      find: "if (this.added !== undefined) this.added += entries.length",
      replace: ""
    }]
  },
  {
    name: "a union of numbers and text is stored as text",
    by: { test: "test/streamEntries.test.ts", name: "come back from the fields" },
    edits: [{
      file: "src/internal/streams/layout.ts",
      find: "return values !== undefined && new Set(values.map(String)).size === new Set(values).size",
      replace: "return values !== undefined"
    }]
  },
  {
    name: "an entry with a name of its producer is not sent again",
    by: { test: "test/redisStream.test.ts", name: "are added once with a name" },
    edits: [{
      file: "src/internal/streams/writes.ts",
      find: "return idempotent === undefined ? command : Command.repeatable(command)",
      replace: "return command"
    }]
  },
  {
    name: "a write without a reply is sent again",
    by: [29],
    edits: [{
      file: "src/internal/execution/operation.ts",
      find: "if (written) {\n      if (!this.repeatable) {",
      replace: "if (written) {\n      if (error === undefined) {"
    }]
  },
  {
    name: "a shared connection to the old primary is kept after a move",
    by: [2],
    edits: [{
      file: "src/internal/execution/connections.ts",
      find: "if (pool === undefined || !Address.equals(pool.address, address)) {",
      replace: "if (pool === undefined) {"
    }, {
      file: "src/internal/execution/connections.ts",
      find: "if (pool !== undefined) this.retire(pool, why, \"moved\")",
      replace: ""
    }]
  },
  {
    name: "the role of a primary is not verified",
    by: [4],
    edits: [{
      file: "src/internal/connection/handshake.ts",
      find: "if (actual !== expected) return yield* new RoleMismatch({ address: addressText, expected, actual })",
      replace: "void actual"
    }]
  },
  {
    name: "a reply delivered to the wrong command",
    by: [4],
    edits: [{
      file: "src/internal/connection/connection.ts",
      find:
        "const request = this.inflight.peek()\n    if (request === undefined) return this.onUnrequestedReply(value)",
      replace:
        "while (this.answered === 0 && this.inflight.peek()?.isPending === false) this.inflight.shift()\n    const request = this.inflight.peek()\n    if (request === undefined) return this.onUnrequestedReply(value)"
    }]
  },
  {
    name: "a reserved connection returned to the pool while a command is under way",
    by: [2],
    edits: [{
      file: "src/Pool.ts",
      find: "if (connection.isFree && !connection.tainted && !connection.watching) return Effect.void",
      replace: "if (!connection.tainted) return Effect.void"
    }]
  },
  {
    name: "the write fence is removed",
    by: [2],
    edits: [{
      file: "src/internal/execution/executor.ts",
      find: "if (this.gate.state !== undefined && operation.isGated) return this.gate.onWrite(operation)",
      replace: ""
    }]
  },
  // A bug that the simulation found.
  {
    name: "the connections of a replica client go from one replica to the next without end",
    by: [6],
    edits: [{
      file: "src/internal/targets/replica.ts",
      find: "openBeside: (sibling) => Effect.catch(openAt(sibling), () => open),",
      replace: "openBeside: () => open,"
    }]
  },
  {
    name: "each command of a pipeline chooses its own connection",
    edits: [{
      file: "src/internal/execution/pipeline.ts",
      find: "entry.dispatch(to)",
      replace: "      this.owner.submit(entry)\n"
    }]
  },
  {
    name: "a refused command of a pipeline is sent again after later commands",
    by: [6],
    edits: [{
      file: "src/internal/execution/pipeline.ts",
      find: "if (batch.hasRefusal) return batch.withhold(this, value)",
      replace: ""
    }, {
      file: "src/internal/execution/pipeline.ts",
      find: "if (!entry.isPending || !entry.canResend) break",
      replace: "if (entry.isPending && !entry.canResend) break"
    }]
  },
  {
    name: "a list of commands is not copied",
    edits: [{
      file: "src/internal/client/client.ts",
      find: "Effect.flatMap(many(list, timeout as",
      replace: "Effect.flatMap(many(given as typeof list, timeout as"
    }]
  },
  {
    name: "watch executes at another connection than the one that watched",
    by: { test: "test/watch.test.ts", name: "starts over when a key changes" },
    edits: [{
      file: "src/internal/client/watch.ts",
      find: "return given.run(watch(keys))",
      replace: "return Effect.void"
    }]
  },
  {
    name: "a caller of watch that ends does not pass the turn on",
    by: { test: "test/watch.test.ts", name: "take turns" },
    edits: [{
      file: "src/internal/client/watchTurns.ts",
      find: "else line.waiting.shift()!.give()",
      replace: "else line.waiting.shift()"
    }]
  },
  {
    name: "watch starts over after EXEC whose outcome is not known",
    by: { test: "test/watch.test.ts", name: "EXEC was written and its reply never came" },
    edits: [{
      file: "src/internal/client/watch.ts",
      find: "case \"TransactionAborted\":",
      replace: "case \"TransactionAborted\":\n    case \"AmbiguousOutcome\" as \"ConnectionLost\":"
    }]
  },
  {
    name: "watch takes an error among the results for a refusal",
    by: { test: "test/watch.test.ts", name: "an error among the results" },
    edits: [{
      file: "src/internal/client/watch.ts",
      find:
        "return Effect.matchEffect(reserved.runTransaction(commands, Duration.millis(limit)), {\n        // An error among the results is of a transaction that was executed.\n        onSuccess: (outcomes) => Effect.map(client.gather(outcomes), valued),",
      replace:
        "return Effect.matchEffect(Effect.flatMap(reserved.runTransaction(commands, Duration.millis(limit)), client.gather), {\n        onSuccess: (results) => Effect.succeed(valued(results)),"
    }]
  },
  {
    name: "watch gives a connection back that still watches",
    by: { test: "test/watch.test.ts", name: "is given back clean after an interruption" },
    edits: [{
      file: "src/internal/client/watch.ts",
      find: "Effect.andThen(Effect.ignore(reserved.run(unwatch, unwatchTimeout)), Scope.close(scope, Exit.void)),",
      replace:
        "Effect.andThen(Effect.sync(() => void (reserved.connection.watching = false)), Scope.close(scope, Exit.void)),"
    }]
  },
  {
    name: "the client of the body of watch can be used after the body",
    by: { test: "test/watch.test.ts", name: "cannot be used after the body" },
    edits: [{
      file: "src/internal/client/watch.ts",
      find: "void (runner.isOver = true)",
      replace: "void (runner.isOver = false)"
    }]
  },
  {
    name: "commands that wait take the connections of redis.reserve",
    by: { test: "test/blocking.test.ts", name: "is one of its own" },
    edits: [{
      file: "src/internal/execution/blocking.ts",
      find: "this.client.reserveWithin(\"blocking\", (isFull) => {",
      replace: "this.client.reserveWithin(\"reserved\", (isFull) => {"
    }]
  },
  {
    name: "an interrupted command goes on waiting at the server",
    by: { test: "test/blocking.test.ts", name: "BLPOP, RESP3" },
    edits: [{
      file: "src/internal/execution/unblocking.ts",
      find: "if (this.isInterrupted) this.onInterrupted()",
      replace: ""
    }]
  },
  {
    name: "CLIENT UNBLOCK that overtakes the command is not repeated",
    by: { test: "test/blocking.test.ts", name: "does not end the next command" },
    edits: [{
      file: "src/internal/execution/unblocking.ts",
      find: "yield* exit.value ? Deferred.await(over) :",
      replace: "yield* exit.value || exit.value === false ? Deferred.await(over) :"
    }]
  },
  {
    name: "a connection is given back while the server ends its command",
    by: { test: "test/blocking.test.ts", name: "does not end the next command" },
    edits: [{
      file: "src/Pool.ts",
      find: "if (settling === undefined || ended !== undefined) return Scope.close(own, exit)",
      replace: "if (settling !== undefined || ended !== undefined) return Scope.close(own, exit)"
    }]
  },
  {
    name: "an element that an interrupted command has taken is not told",
    by: { test: "test/blocking.test.ts", name: "an element that the server gave" },
    edits: [{
      file: "src/internal/execution/unblocking.ts",
      find: "this.onTaken(turn, elementsOf(value))",
      replace: ""
    }]
  },
  {
    name: "XREAD after $ begins anew when it is sent again",
    by: { test: "test/blocking.test.ts", name: "misses no entry between turns" },
    edits: [{
      file: "src/internal/execution/blocking.ts",
      find: "run.command = command\n",
      replace: ""
    }]
  },
  {
    name: "pages of a scan come from any server",
    edits: [{
      file: "src/internal/execution/scanPage.ts",
      find:
        "if (position.server !== undefined && position.server !== server) {\n      return this.interrupt(position.server)",
      replace: "if (position.server === \"\") {\n      return this.interrupt(position.server)"
    }, {
      file: "src/internal/execution/scanPage.ts",
      find: "if (at !== undefined && at.open) owner.submitTo(page, at)",
      replace: "if (at !== undefined && at.open && owner.isReserved && position.given < 0) owner.submitTo(page, at)"
    }, {
      file: "src/internal/replicas/router.ts",
      find: "if (server !== undefined) return this.submitToServer(operation, server)",
      replace: "if (server === \"\") return this.submitToServer(operation, server)"
    }]
  },
  {
    name: "an offset is accepted in every epoch",
    by: [8],
    edits: [{
      file: "src/internal/replicas/afterOffset.ts",
      find: "return now === 0 || now === offset.epoch",
      replace: "return now >= 0\n"
    }]
  },
  {
    name: "an offset is accepted before a replica has reached it",
    by: [1],
    edits: [{
      file: "src/internal/replicas/afterOffset.ts",
      find: "role.offset >= offset.offset && !executor",
      replace: "role.offset >= 0 && !executor"
    }]
  },
  {
    name: "SELECT does not taint a reserved connection",
    edits: [{
      file: "src/internal/execution/reserved.ts",
      find: "} else this.connection.tainted = true",
      replace: "}"
    }]
  },
  {
    name: "WATCH does not taint a reserved connection",
    by: [2],
    edits: [{
      file: "src/internal/execution/reserved.ts",
      find: "this.watches++\n      this.connection.watching = true",
      replace: "      this.watches++\n"
    }]
  },
  {
    name: "a reply that cannot be read is asked for without end",
    by: { test: "test/faults.test.ts", name: "is asked for twice" },
    edits: [{
      file: "src/internal/execution/operation.ts",
      find: "return this.unreadableReplies > 1",
      replace: "return false"
    }]
  },
  {
    name: "a server that answers nothing and keeps ending connections is dialled without a pause",
    by: { test: "test/faults.test.ts", name: "less and less often" },
    edits: [{
      file: "src/internal/execution/connections.ts",
      find: "if (now - this.endedUnansweredAt < backoffMemoryMillis) this.increaseBackoff()",
      replace: ""
    }]
  },
  {
    name: "a message arrives before its gap",
    by: { test: "test/subscriptions.test.ts" },
    edits: [{
      file: "src/internal/subscriptions/hub.ts",
      find: "if (subscriber.loss !== undefined) this.giveGap(subscriber)",
      replace: ""
    }]
  },
  {
    name: "a long command ends a monitor",
    by: { test: "test/monitorStream.test.ts", name: "longer than other lines" },
    edits: [{
      file: "src/internal/connection/connection.ts",
      find: "this.decoder.allowLongLines()",
      replace: ""
    }]
  },
  {
    name: "a monitor shows escapes in place of bytes",
    by: { test: "test/monitorStream.test.ts", name: "every byte" },
    edits: [{
      file: "src/internal/connection/monitoring.ts",
      find: "word += String.fromCharCode(Number.parseInt(hex, 16))",
      replace: "word += hex"
    }]
  },
  {
    name: "no gap where messages are missing",
    by: [2],
    edits: [{
      file: "src/internal/subscriptions/hub.ts",
      find: "subscriber.inbox.gap(loss.reason, loss.detail)",
      replace: ""
    }]
  },
  {
    name: "an idle server owes an answer to a request of this turn",
    by: { test: "test/details.test.ts", name: "of the turn in which the watchdog checks" },
    edits: [{
      file: "src/internal/connection/connection.ts",
      find: "(this.queue.size === 0 || this.scheduled)",
      replace: "this.queue.size === 0"
    }]
  },
  {
    name: "deadlines follow the wall clock",
    by: { test: "test/time.test.ts" },
    edits: [{
      file: "src/internal/common/time.ts",
      find: "Math.floor(Number(clock.monotonicTimeNanosUnsafe()) / 1e6)",
      replace: "clock.currentTimeMillisUnsafe()"
    }]
  },
  {
    name: "a failed dial is kept as a session with a sentinel",
    by: { test: "test/sentinels.test.ts", name: "are heard again within 300 ms" },
    edits: [{
      file: "src/internal/discovery/sentinelSessions.ts",
      find: "() => Effect.map(monotonicMillis, (now) => this.failedAt.set(sentinel, now))",
      replace: "() => Effect.void"
    }]
  },
  {
    name: "one false epoch is believed for ever",
    by: { test: "test/belief.test.ts", name: "a lone claim that is far ahead does not count" },
    edits: [{
      file: "src/internal/discovery/belief.ts",
      find: "export const plausibleEpochLead = 1000",
      replace: "export const plausibleEpochLead = Infinity"
    }]
  },
  {
    name: "an epoch never goes back",
    by: { test: "test/belief.test.ts", name: "an epoch that goes back is adopted" },
    edits: [{
      file: "src/internal/discovery/belief.ts",
      find: "export const outvotedMillis = 5000",
      replace: "export const outvotedMillis = Infinity"
    }, {
      file: "src/internal/discovery/belief.ts",
      find: "export const unnamedMillis = 2000",
      replace: "export const unnamedMillis = Infinity"
    }]
  },
  {
    name: "only the first sentinel is asked",
    by: { test: "test/sentinels.test.ts", name: "a fresh client whose first seed names the demoted primary" },
    edits: [{
      file: "src/internal/discovery/belief.ts",
      find: "return this.wrongRoleClaims.has(from)",
      replace: "    return from === \"\"\n"
    }, {
      file: "src/internal/discovery/belief.ts",
      find: "const eligible = claims.filter((claim) => !wrongRole.has(claim.node))",
      replace: "const eligible = claims.filter((claim) => claim.from === claims[0]!.from || wrongRole.has(\"\"))"
    }]
  },
  {
    name: "several names of one node are several nodes",
    by: { test: "test/sentinels.test.ts", name: "with names at" },
    edits: [{
      file: "src/internal/discovery/nodeAliases.ts",
      find: "return this.canonicalOf.size === 0 ? address",
      replace: "return this.canonicalOf.size >= 0 ? address"
    }]
  },
  {
    name: "one sentinel leads a client from node to node",
    by: { test: "test/belief.test.ts", name: "does not lead to a third node" },
    edits: [{
      file: "src/internal/discovery/belief.ts",
      find: "return (!isLeading && !this.isOutvoted(claim.from, now)) ||",
      replace: "return !this.isOutvoted(claim.from, now) ||"
    }]
  },
  {
    name: "sentinels that are gone are never forgotten",
    by: { test: "test/sentinels.test.ts", name: "replaced one by one, twice" },
    edits: [{
      file: "src/internal/discovery/sentinelList.ts",
      find: "if (sentinel.missedRounds >= missingRounds && isLong) gone.push(sentinel)",
      replace: "void isLong"
    }]
  },
  {
    name: "a failover of the primary under an unknown name is ignored",
    by: { test: "test/simulation.test.ts", name: "under names that were never seen before" },
    edits: [{
      file: "src/internal/monitor/failoverEvents.ts",
      find: "  private onUnknownNode(from: string, node: Address.Address | undefined): void {\n",
      replace:
        "  private onUnknownNode(from: string, node: Address.Address | undefined): void {\n    if (from !== \"\") return\n"
    }]
  },
  // Bugs that a review once missed.
  {
    name: "a pool always picks the same connection",
    by: { test: "test/details.test.ts", name: "take turns" },
    edits: [{
      file: "src/Pool.ts",
      find: "shared[turn = (turn + 1) % n]",
      replace: "shared[turn % n]"
    }]
  },
  {
    name: "a draining connection never closes",
    by: { test: "test/details.test.ts", name: "a draining connection closes after its last reply" },
    edits: [{
      file: "src/internal/connection/connection.ts",
      find: "if (this.draining !== undefined && this.idle) this.close(this.draining)",
      replace: ""
    }]
  },
  {
    name: "a withheld reply has no deadline",
    by: { test: "test/details.test.ts", name: "is ambiguous at its deadline" },
    edits: [{
      file: "src/internal/execution/writeGate.ts",
      find: "for (const reply of expired) reply.onDeadline(true)",
      replace: ""
    }]
  },
  {
    name: "a replica that refuses is asked again at once",
    by: { test: "test/details.test.ts", name: "is not asked for a while" },
    edits: [{
      file: "src/internal/replicas/router.ts",
      find: "this.coolDown(operation.connection)\n    operation.refuse(command, reply)",
      replace: "    operation.refuse(command, reply)"
    }]
  },
  {
    name: "Gap.missed is not counted",
    by: { test: "test/details.test.ts", name: "exactly how many messages are missing" },
    edits: [{
      file: "src/internal/subscriptions/inbox.ts",
      find: "this.overflow.missed++",
      replace: ""
    }]
  },
  {
    name: "RESET is allowed",
    by: { test: "test/details.test.ts", name: "RESET is refused" },
    edits: [{
      file: "src/Command.ts",
      find: "\"QUIT\", \"RESET\", \"SYNC\"",
      replace: "\"QUIT\", \"SYNC\""
    }]
  },
  {
    name: "a caller that waits for a reserved connection is not told that the pool closed",
    by: { test: "test/details.test.ts", name: "a caller that waits when the pool closes" },
    edits: [{
      file: "src/Pool.ts",
      find: "Deferred.doneUnsafe(retired, Exit.fail(new ConnectionLost({ address, kind, detail: why })))",
      replace: "void retired"
    }]
  },
  {
    name: "a refusal on a reserved connection does not start discovery",
    by: { test: "test/details.test.ts", name: "makes its client look for the primary again" },
    edits: [{
      file: "src/internal/execution/reserved.ts",
      find: "if (!passes) this.executor.suspectNode(this.connection, serverText(reply))",
      replace: ""
    }]
  },
  {
    name: "the number of sentinels is not limited",
    by: { test: "test/details.test.ts", name: "are asked a few at a time" },
    edits: [{
      file: "src/internal/discovery/sentinelList.ts",
      find: "if (this.byKey.size >= maxSentinels || (this.silentUntil.get(key) ?? 0) > now) return",
      replace: ""
    }, {
      file: "src/internal/discovery/sentinelList.ts",
      find: "if (recent.count >= maxIntroductions || onlyByIt >= maxIntroductions) return",
      replace: ""
    }]
  },
  {
    name: "a closed client opens a session",
    by: { test: "test/reserved.test.ts", name: "a client that is used after its Scope closed" },
    edits: [{
      file: "src/internal/execution/executionContext.ts",
      find:
        "this.isClosed\n        ? Effect.fail(this.closedError())\n        : Effect.raceFirst(effect, Deferred.await(this.closing))",
      replace: "effect as Effect.Effect<A, E | ClientClosed, R>"
    }]
  },
  {
    name: "the client writes before it reads what has arrived",
    by: { test: "test/fence.test.ts", name: "reads what the sentinels said before it writes" },
    edits: [{
      file: "src/internal/execution/connections.ts",
      find: "if (this.target.watch !== undefined && connection.role === \"primary\") connection.guard = this.guard",
      replace: "void this.guard"
    }]
  },
  {
    name: "replies that were read late count at once",
    by: { test: "test/fence.test.ts", name: "does not believe the replies it finds after that" },
    edits: [{
      file: "src/internal/execution/writeGate.ts",
      find: "(this.withholdMillis === 0 && this.connectionsBehind === 0 && !this.mayBeLost)",
      replace: "(this.withholdMillis === 0 && !this.mayBeLost)"
    }]
  },
  {
    name: "replies are not withheld for distant sentinels",
    by: { test: "test/fence.test.ts", name: "is on its way is not lost" },
    edits: [{
      file: "src/internal/execution/writeGate.ts",
      find: "this.withholdMillis = Math.max(0, Math.ceil(millis) - selectionGraceMillis)",
      replace: "this.withholdMillis = 0"
    }]
  },
  {
    name: "the announcement of a selection is no sign, however far the sentinels are",
    by: { test: "test/fence.test.ts", name: "the announcement of a selection comes in time" },
    edits: [{
      file: "src/internal/monitor/monitor.ts",
      find: "if (!this.reachability.mayBeLate) return",
      replace: "if (this.reachability.mayBeLate !== undefined) return"
    }]
  },
  {
    name: "a sentinel that only answers counts as one that announces a selection",
    by: { test: "test/fence.test.ts", name: "their results are withheld for all of their distance" },
    edits: [{
      file: "src/internal/monitor/sentinelReachability.ts",
      find: "this.isFar && discovery.isSubscribed(sentinel.key) !== false ?",
      replace: "this.isFar ?"
    }]
  },
  {
    name: "a failover that is detected late counts as a new one",
    by: { test: "test/fence.test.ts", name: "replies after its detection do not count" },
    edits: [{
      file: "src/internal/execution/writeGate.ts",
      find: "this.heldSince - this.heldAge + selectionGraceMillis",
      replace: "this.heldSince + selectionGraceMillis"
    }]
  },
  {
    name: "the first writes of a client wait for no sentinel",
    by: { test: "test/fence.test.ts", name: "by a sentinel that answers" },
    edits: [{
      file: "src/internal/monitor/firstAnswers.ts",
      find: "this.isAwaited = isFenceEnabled && discovery.sentinels().length > 0",
      replace: "this.isAwaited = false && isFenceEnabled"
    }]
  },
  {
    name: "the first writes of a client wait for a majority only",
    by: { test: "test/fence.test.ts", name: "by a sentinel that answers" },
    edits: [{
      file: "src/internal/monitor/firstAnswers.ts",
      find: "let pause = this.discovery.headStartMillis",
      replace: "let pause = 0\n"
    }]
  },
  {
    name: "the first writes of a client do not wait longer for a distant sentinel",
    by: { test: "test/births.test.ts", name: "30 ms each way" },
    edits: [{
      file: "src/internal/monitor/firstAnswers.ts",
      find: "pause = Math.max(...pending.map((from) => this.discovery.firstAnswerBy(from))) - this.runtime.now()",
      replace: "pause = 0"
    }]
  },
  {
    name: "a client of a second group does not learn which sentinels are already subscribed to",
    by: { test: "test/births.test.ts", name: "already subscribed to" },
    edits: [{
      file: "src/internal/monitor/monitor.ts",
      find: "if (this.discovery.isReachable(sentinel) !== true) continue",
      replace: "continue"
    }]
  },
  {
    name: "the first answers are dropped while a client looks",
    by: { test: "test/fence.test.ts", name: "after its beginning loses nothing" },
    edits: [{
      file: "src/internal/monitor/monitor.ts",
      find:
        "for (const view of Array.from(this.surveys.views.values())) this.onView(view)\n    }\n    this.surveys.beginSoon()",
      replace: "}\n    this.surveys.beginSoon()"
    }]
  },
  {
    name: "one sentinel's report that its failover ended opens the fence of all",
    by: { test: "test/signs.test.ts", name: "writes wait for the other one's" },
    edits: [{
      file: "src/internal/monitor/fence.ts",
      find: "if (this.signs.size === 1) return this.open(why, from)",
      replace: "return this.open(why, from)"
    }]
  },
  {
    name: "one sentinel's selection of a node that no other sentinel lists is followed",
    by: { test: "test/signs.test.ts", name: "does not lead the client there" },
    edits: [{
      file: "src/internal/monitor/replicaTable.ts",
      find: "return votes * 2 > this.listingSentinels",
      replace: "return votes >= 0"
    }]
  },
  {
    name: "a selection before the primary is known is forgotten",
    by: { test: "test/fence.test.ts", name: "hears the selection before it knows the primary" },
    edits: [{
      file: "src/internal/monitor/failoverEvents.ts",
      find: "for (const [from, event] of Array.from(this.deferred)) this.onEvent(from, event)",
      replace: ""
    }]
  },
  {
    name: "sentinels that deny a subscription are not polled",
    by: { test: "test/fence.test.ts", name: "a planned failover loses nothing" },
    edits: [{
      file: "src/internal/monitor/deniedSentinels.ts",
      find: "if (!isDenied || !isFenceEnabled",
      replace: "if (isDenied || !isFenceEnabled"
    }]
  },
  {
    name: "a sentinel that reports failovers without effect is believed for ever",
    by: { test: "test/fence.test.ts", name: "holds writes three times" },
    edits: [{
      file: "src/internal/monitor/trust.ts",
      find: "if (times.length < maxFalseAlarms) this.falseAlarms.set(from, times)",
      replace: "if (times.length < 1e9) this.falseAlarms.set(from, times)"
    }]
  },
  {
    name: "a sentinel with false alarms is not asked either",
    by: { test: "test/fence.test.ts", name: "its own answer shows it" },
    edits: [{
      file: "src/internal/monitor/monitor.ts",
      find: "} else if (this.fence.isEnabled && this.trust.believesAnswers(from)) {",
      replace: "} else if (from === undefined) {"
    }]
  },
  {
    name: "a replica without a link serves no reads",
    by: { test: "test/reads.test.ts", name: "nothing is promoted: reads continue without end" },
    edits: [{
      file: "src/internal/connection/handshake.ts",
      find: "const hasData = answer._tag === \"Success\" ? holdsData(answer.success, link) : undefined",
      replace: "const hasData = answer._tag === \"Success\" ? false : undefined"
    }, {
      file: "src/internal/targets/replica.ts",
      find: "if (!replica.isHealthy) listener.nodeSuspected(replica.address)",
      replace:
        "if (!replica.isHealthy) listener.nodeRemoved(replica.address, \"the sentinels think that it is not healthy\")"
    }]
  },
  {
    name: "reads wait for a late replica",
    by: { test: "test/reads.test.ts", name: "no single read takes longer than 300 ms" },
    edits: [{ file: "src/internal/execution/hedging.ts", find: "if (!to.open) return", replace: "return\n" }]
  },
  {
    name: "replicas are forgotten as soon as no sentinel lists them",
    by: { test: "test/reads.test.ts", name: "are told to forget the replicas" },
    edits: [{
      file: "src/internal/monitor/replicaTable.ts",
      find: "now - listedAt > keepUnlistedMillis",
      replace: "listedAt < now"
    }]
  },
  {
    name: "a replica that does not follow the new primary is read from",
    by: { test: "test/reads.test.ts", name: "reads do not give values from before" },
    edits: [{
      file: "src/internal/monitor/replicaTable.ts",
      find: "return source.isLinked && !this.followsOtherPrimary(source)",
      replace: "return source.host !== undefined"
    }]
  },
  {
    name: "a page of a scan goes to any replica",
    by: { test: "test/scans.test.ts", name: "give every element" },
    edits: [{
      file: "src/internal/replicas/router.ts",
      find: "if (server !== undefined) return this.submitToServer(operation, server)",
      replace: ""
    }, {
      file: "src/internal/execution/scanPage.ts",
      find: "if (at !== undefined && at.open) owner.submitTo(page, at)",
      replace: "if (at !== undefined && owner.isReserved) owner.submitTo(page, at)"
    }]
  },
  {
    name: "an offset is valid in any epoch",
    by: { test: "test/scans.test.ts", name: "a move during the read is detected" },
    edits: [{
      file: "src/internal/replicas/afterOffset.ts",
      find: "Effect.tap(() => current())",
      replace: "Effect.tap(() => Effect.void)"
    }]
  },
  {
    name: "a failover that only its flag shows is not detected",
    by: { test: "test/fence.test.ts", name: "is detected by its flag" },
    edits: [{
      file: "src/internal/monitor/monitor.ts",
      find: "view.instance?.isFailoverInProgress !== true) return\n    const selected",
      replace: "view.instance !== undefined) return\n    const selected"
    }]
  },
  {
    name: "a password that the server repeats gets into an error",
    by: { test: "test/inputs.test.ts", name: "a server that repeats the password" },
    edits: [{
      file: "src/internal/connection/handshake.ts",
      find: "connection.conceal(secrets)",
      replace: ""
    }]
  },
  {
    name: "an invalid address is repeated in the message",
    by: { test: "test/inputs.test.ts", name: "no error repeats a secret" },
    edits: [{
      file: "src/Address.ts",
      find: "return \"the port after the colon is missing, or is not a number\"",
      replace: "return `${input} has no port after the colon`"
    }]
  },
  {
    name: "a reserved connection is used after its Scope has closed",
    by: { test: "test/reserved.test.ts", name: "one that is used after its Scope closed" },
    edits: [{
      file: "src/internal/execution/reserved.ts",
      find: "if (this.ended) return operation.failWith(Exit.fail(new ClientClosed({ target: this.label })))",
      replace: ""
    }]
  },
  {
    name: "a blocking command that the server has ended is ambiguous",
    by: { test: "test/reserved.test.ts", name: "a wait of Infinity gets its job" },
    edits: [{
      file: "src/internal/execution/unblocking.ts",
      find: "turn.isEnded = true",
      replace: "turn.isEnded = false"
    }]
  },
  {
    name: "a blocking command is sent in one turn, whatever its length",
    by: { test: "test/reserved.test.ts", name: "twenty consumers" },
    edits: [{
      file: "src/internal/execution/blocking.ts",
      find: "const blockingTurnMillis = 5000",
      replace: "const blockingTurnMillis = Infinity"
    }]
  },
  {
    name: "the claims of a consumer follow the wall clock",
    by: { test: "test/time.test.ts", name: "keeps its claim" },
    edits: [{
      file: "src/internal/streams/upkeep.ts",
      find: "      const now = yield* monotonicMillis\n      if (movesOf(redis) !== moves)",
      replace: "      const now = this.given.clock.currentTimeMillisUnsafe()\n      if (movesOf(redis) !== moves)"
    }]
  },
  {
    name: "credentials live longer when the clock is set back",
    by: { test: "test/time.test.ts", name: "credentials are asked for anew" },
    edits: [{
      file: "src/internal/credentials/keeper.ts",
      find: "Math.max(this.clock.currentTimeMillisUnsafe(), this.steadyOffset + monotonicMillisUnsafe(this.clock))",
      replace: "this.clock.currentTimeMillisUnsafe()"
    }]
  },
  {
    name: "the announcement of a selection is no sign for a process that is busy",
    by: { test: "test/fence.test.ts", name: "lately, and again during the selection" },
    edits: [{
      file: "src/internal/monitor/sentinelReachability.ts",
      find: "return this.isFar || this.options.runtime.now() < this.busyUntil",
      replace: "return this.isFar"
    }]
  },
  {
    name: "a sign that was waiting unread counts as new",
    by: { test: "test/fence.test.ts", name: "does not believe the replies it finds after that" },
    edits: [{
      file: "src/internal/execution/writeGate.ts",
      find: "Math.min(this.execution.timer.now(), this.unreadSince)",
      replace: "this.execution.timer.now()"
    }]
  },
  {
    name: "a sign that was waiting unread counts as new, if it was read first",
    by: { test: "test/fence.test.ts", name: "lately, and again during both" },
    edits: [{
      file: "src/internal/execution/writeGate.ts",
      find: "if (this.grace === undefined || this.unreadSince >= this.heldSince) return",
      replace: "if (this.heldSince !== Infinity) return"
    }]
  },
  {
    name: "only a new epoch is a move for consumers",
    by: { test: "test/consumerFailovers.test.ts", name: "leaves the epoch as it is" },
    edits: [{
      file: "src/internal/monitor/monitor.ts",
      find: "if (old !== undefined && !isSame) this.moves++",
      replace: "if (old !== undefined && epoch !== this.state.current.epoch) this.moves++"
    }]
  },
  {
    name: "a consumer starts on an entry that another one has claimed",
    by: { test: "test/consumers.test.ts", name: "does not start on an entry that another consumer has claimed" },
    edits: [{
      file: "src/internal/streams/upkeep.ts",
      find: "to === null ? [] : [id]",
      replace: "[id].filter(() => to === id)"
    }]
  },
  {
    name: "an entry that a new stream never had counts as trimmed",
    by: { test: "test/redisStreamRead.test.ts", name: "after an entry of a stream that is gone" },
    edits: [{
      file: "src/internal/streams/follow.ts",
      find: "const isRemoved = found.entriesAdded !== found.length &&\n",
      replace: "const isRemoved =\n"
    }]
  },
  {
    name: "a read that is asked at a second server loads its script again there",
    by: [1481, 2575],
    edits: [{
      file: "src/internal/execution/hedging.ts",
      find: "scripts.prepare(to, false, request.parts, true)",
      replace: "scripts.prepare(to, false, request.parts)"
    }]
  },
  {
    name: "a timer follows the wall clock",
    by: { test: "test/time.test.ts" },
    edits: [{
      file: "src/internal/common/deadlineTimer.ts",
      find: "return monotonicMillisUnsafe(this.clock)",
      replace: "return this.clock.currentTimeMillisUnsafe()"
    }]
  },
  {
    name: "deadlines are decided before what arrived is read",
    by: { test: "test/standstill.test.ts" },
    edits: [{
      file: "src/internal/execution/deadlines.ts",
      find: "connection.caughtUp(onRead)",
      replace: "void connection, onRead()"
    }]
  },
  {
    name: "the watchdog decides before what arrived is read",
    by: { test: "test/standstill.test.ts" },
    edits: [{
      file: "src/internal/connection/connection.ts",
      find:
        "this.caughtUp(() => {\n      this.isDeciding = false\n      if (this.ended === undefined) this.decide(Math.max(now, this.timer.now()))\n    })",
      replace: "this.isDeciding = false\n    this.decide(Math.max(now, this.timer.now()))"
    }]
  },
  {
    name: "BUSY is final",
    by: { test: "test/outcomes.test.ts", name: "BUSY" },
    edits: [{
      file: "src/internal/common/passing.ts",
      find: "\"CLUSTERDOWN\", \"BUSY\"]",
      replace: "\"CLUSTERDOWN\"]"
    }]
  },
  {
    name: "abandoned requests in a connection's queue still count",
    by: { test: "test/queues.test.ts" },
    edits: [{ file: "src/internal/connection/connection.ts", find: "this.abandoned++\n    if", replace: "    if" }]
  },
  {
    name: "abandoned commands still count while there is no connection",
    by: { test: "test/queues.test.ts" },
    edits: [{
      file: "src/internal/execution/commandQueue.ts",
      find: "if (++this.abandoned * 2 <= this.operations.size) return",
      replace: "if (this.operations.size > 0) return"
    }]
  },
  {
    name: "the queue of several replicas is not limited",
    by: { test: "test/travel.test.ts", name: "for replicas that accept nothing" },
    edits: [{
      file: "src/internal/replicas/router.ts",
      find: "if (connection.queued >= maxQueue) {",
      replace: "if (connection.queued < 0) {"
    }]
  },
  {
    name: "reads that wait at the primary count in another queue",
    by: { test: "test/travel.test.ts", name: "leave its queue at once" },
    edits: [{
      file: "src/internal/execution/operation.ts",
      find: "this.queue!.onAbandoned(this)",
      replace: "(this.owner as any).queue.onAbandoned(this)"
    }]
  },
  {
    name: "the number of commands that wait for a busy server is not limited",
    by: { test: "test/travel.test.ts", name: "commands that a busy server refuses" },
    edits: [{
      file: "src/internal/execution/retryQueue.ts",
      find: "if (this.operations.size >= execution.maxQueue) {",
      replace: "if (this.operations.size < 0) {"
    }]
  },
  {
    name: "a transaction after WATCH is sent again",
    by: { test: "test/travel.test.ts", name: "ends a transaction that watches" },
    edits: [{
      file: "src/internal/execution/reserved.ts",
      find: "(operation instanceof PendingTransaction && this.connection.watching)",
      replace: "false"
    }]
  },
  {
    name: "SELECT does not count as an effect in a pipeline",
    by: { test: "test/travel.test.ts", name: "keeps the order of a pipeline" },
    edits: [{
      file: "src/internal/execution/pipeline.ts",
      find: "!(this.writes || this.command.spec.session !== undefined)",
      replace: "!this.writes"
    }]
  },
  {
    name: "the reply to an EXEC that executed nothing is withheld",
    by: { test: "test/travel.test.ts", name: "was not executed if EXEC says so" },
    edits: [{
      file: "src/internal/execution/withheldReply.ts",
      find: "if (this.replies > 1 && (value === null",
      replace: "if (this.replies < 0 && (value === null"
    }]
  },
  {
    name: "a failed write discards replies that had arrived",
    by: { test: "test/lastReplies.test.ts", name: "the answer counts" },
    edits: [{ file: "src/internal/transport/nodeSocket.ts", find: "this.readFirst()", replace: "" }]
  },
  {
    name: "a long turn shortens the deadline of commands that start in it",
    by: { test: "test/lastReplies.test.ts", name: "has its whole time from its start" },
    edits: [{
      file: "src/internal/execution/deadlines.ts",
      find: "request.deadline += millis",
      replace: "request.deadline += 0"
    }]
  },
  {
    name: "every silent server counts as paused",
    by: { test: "test/memory.test.ts", name: "hung primary is left" },
    edits: [{
      file: "src/internal/connection/connection.ts",
      find: "if (Exit.isSuccess(exit) && exit.value && this.silentSince === since)",
      replace: "if (this.silentSince === since)"
    }]
  },
  {
    name: "bytes in arguments are not copied",
    by: { test: "test/values.test.ts", name: "may be changed afterwards" },
    edits: [{
      file: "src/Command.ts",
      find: "if (typeof arg === \"object\" && isBytes(arg)) args[i] = copied(arg)",
      replace: "void copied"
    }]
  },
  {
    name: "session commands in a pipeline or a transaction of a reserved connection are not noted",
    by: { test: "test/values.test.ts", name: "is nobody else's" },
    edits: [{
      file: "src/internal/execution/operation.ts",
      find: "for (const command of commands) if (command.spec.session !== undefined) owner.noteSessionCommand(command)",
      replace: ""
    }]
  },
  {
    name: "the rest of a pipeline does not wait for unanswered commands on another connection",
    by: { test: "test/order.test.ts", name: "a part of a pipeline" },
    edits: [{
      file: "src/internal/execution/pipeline.ts",
      find: "if (before !== undefined && before !== to) {",
      replace: "if (before === undefined && before !== to) {"
    }]
  },
  {
    name: "the rest of a pipeline does not wait for a draining connection",
    by: { test: "test/order.test.ts", name: "while its connection drains" },
    edits: [{
      file: "src/internal/execution/pipeline.ts",
      find: "else if (this.unanswered > 0) {",
      replace: "else if (this.unanswered < 0) {"
    }]
  },
  {
    name: "only the writes of a pipeline are withheld",
    by: { test: "test/pipelines.test.ts", name: "counts as a whole" },
    edits: [{
      file: "src/internal/execution/writeGate.ts",
      find: "request instanceof PendingOperation && request.isGated && request.isPending\n        ?",
      replace: "request instanceof PendingOperation && request.writes && request.isPending ?"
    }]
  },
  {
    name: "a command that cannot be encoded fails its neighbours",
    by: { test: "test/values.test.ts", name: "its neighbours are written whole" },
    edits: [{
      file: "src/internal/connection/connection.ts",
      find: "for (let i = inflight.size - others; i < inflight.size; i++) inflight.at(i).encode(encoder)",
      replace: "void others"
    }]
  },
  {
    name: "a command that cannot be encoded is written in part",
    by: { test: "test/values.test.ts", name: "its neighbours are written whole" },
    edits: [{
      file: "src/internal/connection/connection.ts",
      find:
        "encoder.take()\n    for (let i = inflight.size - others; i < inflight.size; i++) inflight.at(i).encode(encoder)",
      replace: "void inflight, encoder, others"
    }]
  },
  {
    name: "the commands of a late pipeline are sent elsewhere one by one",
    by: { test: "test/order.test.ts", name: "is late with" },
    edits: [{
      file: "src/internal/execution/hedging.ts",
      find:
        "if (request instanceof PipelineEntry) {\n      batches.add(request.batch)\n      continue\n    }\n    if (\n      !(",
      replace: "    if (\n      !("
    }]
  },
  {
    name: "single bytes count as progress",
    by: { test: "test/drips.test.ts" },
    edits: [{
      file: "src/internal/connection/connection.ts",
      find: "Math.max(this.progress.since, this.lastTaken, this.resumedAt) + allowance",
      replace: "Infinity"
    }]
  },
  {
    name: "a silent connection does not put the node's other connections in doubt",
    by: { test: "test/reserved.test.ts", name: "gets its job some seconds later" },
    edits: [{
      file: "src/internal/execution/connections.ts",
      find: "if (error._tag === \"ConnectionLost\" && error.kind === \"stalled\") this.events.onStalled(home)",
      replace: ""
    }]
  },
  {
    name: "the answer of a polled sentinel counts as new as an event",
    by: { test: "test/fence.test.ts", name: "their distance is known" },
    edits: [{
      file: "src/internal/discovery/distances.ts",
      find: "roundTripMillis + Math.max(deniedPollMillis, roundTripMillis)",
      replace: "roundTripMillis + deniedPollMillis"
    }]
  },
  {
    name: "a former primary answers reads after an offset",
    by: { test: "test/scans.test.ts", name: "answers no read after it" },
    edits: [{
      file: "src/internal/replicas/afterOffset.ts",
      find: "role.offset >= offset.offset && executor.isAtPrimary(at)",
      replace: "role.offset >= offset.offset"
    }]
  },
  {
    name: "a client that does not know an offset's epoch reads anyway",
    by: { test: "test/simulation.test.ts", name: "the former primary, which had more" },
    edits: [{
      file: "src/internal/replicas/afterOffset.ts",
      find: "if (result !== undefined && !isBehind()) return result",
      replace: "if (result !== undefined) return result"
    }]
  },
  {
    name: "a subscription ends at the first refused password",
    by: { test: "test/subscriptions.test.ts", name: "a changed password does not end an established subscription" },
    edits: [{
      file: "src/internal/subscriptions/hub.ts",
      find: "if (!subscriber.isEstablished && subscriber.firstRound <= round)",
      replace: "if (error._tag === \"AuthenticationFailed\" || subscriber.firstRound <= round)"
    }]
  },
  {
    name: "a gap of a monitor is not told",
    by: { test: "test/monitorStream.test.ts" },
    edits: [{
      file: "src/internal/client/followedStream.ts",
      find: "if (!isGapGiven) inbox.gap(before!.reason, before!.detail)",
      replace: "void before"
    }]
  },
  {
    name: "the name of a subscription is not given up",
    by: { test: "test/subscription.test.ts", name: "share one connection" },
    edits: [{
      file: "src/internal/subscriptions/hub.ts",
      find: "this.send(\"unsubscribe\", unused)",
      replace: ""
    }]
  },
  {
    name: "the last subscription leaves its connection open",
    by: { test: "test/subscription.test.ts", name: "share one connection" },
    edits: [{
      file: "src/internal/subscriptions/hub.ts",
      find: "if (this.subscribers.size === 0) return this.retire()",
      replace: ""
    }]
  },
  {
    name: "a subscription returns before the server has acknowledged it",
    by: { test: "test/subscription.test.ts", name: "returns once the server has acknowledged it" },
    edits: [{
      file: "src/internal/subscriptions/subscriptions.ts",
      find: "Effect.andThen(restore(subscriber.established))",
      replace: "Effect.andThen(Effect.void)"
    }]
  },
  {
    name: "a refused name fails all who asked in the same request",
    by: { test: "test/subscription.test.ts", name: "in one go with others" },
    edits: [{
      file: "src/internal/subscriptions/hub.ts",
      find: "if (wanted.length > 1) {",
      replace: "if (wanted.length > 1_000_000) {"
    }]
  },
  {
    name: "a refused name is not asked for again",
    by: { test: "test/subscription.test.ts", name: "is asked for again until the user may" },
    edits: [{
      file: "src/internal/subscriptions/hub.ts",
      find: "this.refused.add(name)",
      replace: ""
    }]
  },
  {
    name: "no second gap after names of another kind",
    by: { test: "test/subscription.test.ts", name: "a second gap" },
    edits: [{
      file: "src/internal/subscriptions/hub.ts",
      find: "subscriber.gapGivenDuring = this.answering",
      replace: "subscriber.gapGivenDuring = undefined"
    }]
  },
  {
    name: "a message of an earlier subscription reaches the next one",
    by: { test: "test/subscription.test.ts", name: "belongs to nobody" },
    edits: [{
      file: "src/internal/subscriptions/hub.ts",
      find: "const { active } = name\n",
      replace: "const active = Array.from(name.subscribers)\n"
    }]
  },
  {
    name: "a connection that is not read counts as dead",
    by: { test: "test/subscription.test.ts", name: "messages wait at the server" },
    edits: [{
      file: "src/internal/connection/connection.ts",
      find: "if (this.isPaused) {",
      replace: "if (this.isPaused && late < 0) {"
    }]
  },
  {
    name: "the end of a connection that is not read is not noticed",
    by: { test: "test/subscription.test.ts", name: "is noticed while nothing is read" },
    edits: [{
      file: "src/internal/connection/connection.ts",
      find: "this.probe()\n      return this.timer.set",
      replace: "return this.timer.set"
    }]
  },
  {
    name: "a slow subscription with \"wait\" is read all the same",
    by: { test: "test/subscription.test.ts", name: "few messages beyond the capacity" },
    edits: [{
      file: "src/internal/subscriptions/hub.ts",
      find: "else if (this.unanswered === 0) this.connection?.pause()",
      replace: ""
    }]
  },
  {
    name: "dropped messages before the others are not counted",
    by: { test: "test/subscription.test.ts", name: "drop-oldest" },
    edits: [{
      file: "src/internal/subscriptions/inbox.ts",
      find: "if (this.missedBefore > 0) out.push(overflowGap(this.missedBefore))",
      replace: ""
    }]
  },
  {
    name: "a push message with more parts is a published message",
    by: { test: "test/publishedMessages.test.ts" },
    edits: [{
      file: "src/internal/resp/decoder.ts",
      find: "if (count !== (kind === 1 ? 0x34 : 0x33)) return false",
      replace: "void count"
    }]
  },
  {
    name: "a script is not loaded in front of a batch",
    by: { test: "test/typedScripts.test.ts", name: "is loaded in front of a batch" },
    edits: [{
      file: "src/internal/execution/scripts.ts",
      find:
        "if (known === undefined && mayBeLoaded && permission.ask() !== false) this.load(connection, isOnReserved, needs)",
      replace: ""
    }]
  },
  {
    name: "each command that lacks a script loads it",
    by: { test: "test/scenarios/scenarios.test.ts", name: "scripts that somebody flushes" },
    edits: [{
      file: "src/internal/execution/scripts.ts",
      find: "let load = this.usableLoad(needed.id, operation)",
      replace: "let load: Load | undefined = undefined as Load | undefined"
    }]
  },
  {
    name: "a script that was removed counts as loaded",
    by: { test: "test/typedScripts.test.ts", name: "is kept where the script is removed" },
    edits: [{
      file: "src/internal/execution/scripts.ts",
      find:
        "if (before !== undefined && this.loads.get(before.needed.id)?.includes(before) === true) this.forget(before)",
      replace: ""
    }]
  },
  {
    name: "a transaction that was executed in part is sent again for its script",
    by: { test: "test/scenarios/scenarios.test.ts", name: "a transaction with a script that was flushed" },
    edits: [{
      file: "src/internal/execution/transaction.ts",
      find: "return this.commands.every((command, i) => command.spec.mode === \"read\" || lacks(command, i))",
      replace: "return this.commands.some((command, i) => command.spec.mode === \"read\" || lacks(command, i))"
    }]
  },
  {
    name: "a transaction whose watch has ended is sent again for its script",
    by: { test: "test/typedScripts.test.ts", name: "happen on the reserved connection that watches" },
    edits: [{
      file: "src/internal/execution/transaction.ts",
      find: "if (!this.hasNeeds || this.connection?.watching === true) return undefined",
      replace: "if (!this.hasNeeds) return undefined"
    }]
  },
  {
    name: "a batch is told that a library was removed that has other code",
    by: { test: "test/functionLibraries.test.ts", name: "says in a batch, too, what is the matter" },
    edits: [{
      file: "src/internal/execution/scripts.ts",
      find: "if (before?.hasExisted === true) return conflictOf(command, \"its code is another one\")",
      replace: ""
    }]
  },
  {
    name: "a subscription to a server that is busy fails at once",
    by: { test: "test/busySubscriptions.test.ts", name: "is asked again" },
    edits: [{
      file: "src/internal/subscriptions/hub.ts",
      find: "if (refuses(error.command, error.code, error.detail)) return this.retryLater(wanted, error)",
      replace: ""
    }]
  },
  {
    name: "dropped messages hide that the connection was lost behind them",
    by: { test: "test/inbox.test.ts", name: "tells a lost connection after dropped messages" },
    edits: [{
      file: "src/internal/subscriptions/inbox.ts",
      find: "if (this.afterMessages(isLoss) === -1)",
      replace: "if (this.afterMessages(isGap) === -1)"
    }]
  },
  {
    name: "an error that a script makes is taken for that of a server without the script",
    by: { test: "test/typedScripts.test.ts", name: "that says something else of a script" },
    edits: [{
      file: "src/internal/scripts/needed.ts",
      find: "/^NOSCRIPT No matching script\\.(?: Please use EVAL\\.)?$/.test(reply.text)",
      replace: "reply.code === \"NOSCRIPT\""
    }]
  },
  {
    name: "a script that returns an error with a code of the server's refusals runs again",
    by: { test: "test/scriptErrors.test.ts", name: "runs once: BUSY" },
    edits: [{
      file: "src/internal/execution/operation.ts",
      find: "(!runsScript.test(name) || ownWords.test(text))",
      replace: "true"
    }]
  },
  {
    name: "two versions of a library replace each other without end",
    by: { test: "test/functionLibraries.test.ts", name: "two versions that both replace" },
    edits: [{
      file: "src/internal/execution/scripts.ts",
      find: "if (replace !== undefined && !this.replaced.has(id)) {",
      replace: "if (replace !== undefined) {"
    }]
  },
  {
    name: "a script that writes is sent again through a closed gate",
    by: { test: "test/typedScripts.test.ts", name: "is loaded once they may go on" },
    edits: [{
      file: "src/internal/execution/executor.ts",
      find: "if (this.gate.isHolding && operation.isGated) this.gate.onWrite(operation)",
      replace: "if (this.label === \"\") this.gate.onWrite(operation)"
    }]
  },
  {
    name: "the gap of a lost subscription is not told",
    by: [16],
    edits: [{
      file: "src/internal/subscriptions/hub.ts",
      find: "    subscriber.inbox.gap(loss.reason, loss.detail)\n",
      replace: ""
    }]
  },
  {
    name: "each subscription has a connection of its own",
    by: [0],
    edits: [{
      file: "src/internal/subscriptions/subscriptions.ts",
      find: "if (shared === undefined || shared.isRetired) shared = new Hub(source)",
      replace: "shared = new Hub(source)"
    }]
  },
  {
    name: "names that nobody subscribes to any more are not given up",
    by: [0],
    edits: [{
      file: "src/internal/subscriptions/hub.ts",
      find: "    this.send(\"unsubscribe\", unused)\n",
      replace: ""
    }]
  },
  {
    name: "a subscription is said to be there before the server says so",
    by: [3],
    edits: [{
      file: "src/internal/subscriptions/hub.ts",
      find: "    this.subscribers.set(inbox, subscriber)\n",
      replace: "    this.subscribers.set(inbox, subscriber)\n    subscriber.settle(Exit.void)\n"
    }]
  },
  {
    name: "redis.watch does not watch",
    by: [10],
    edits: [{
      file: "src/internal/client/watch.ts",
      find: "return given.run(watch(keys))",
      replace: "return Effect.void"
    }]
  },
  {
    name: "a consumer acknowledges an entry before it is processed",
    by: [0],
    edits: [{
      file: "src/internal/streams/consumer.ts",
      find: "    const fiber = this.given.fork(this.handling(delivery, value))\n",
      replace:
        "    this.acknowledgements.add(delivery)\n    const fiber = this.given.fork(this.handling(delivery, value))\n"
    }]
  },
  {
    name: "a consumer does not extend its claims",
    by: [15],
    edits: [{
      file: "src/internal/streams/upkeep.ts",
      find: "      if (due.length > 0) yield*",
      replace: "      if (due.length < 0) yield*"
    }]
  },
  // A bug that the simulation found.
  {
    name: "what the server gave in a reply that was lost is not looked for",
    by: { test: "test/consumers.test.ts", name: "in a reply that was lost" },
    edits: [{
      file: "src/internal/streams/consumer.ts",
      find: "if (error._tag === \"ReplyError\") return\n          this.isOwnDue = true",
      replace: "if (error._tag !== \"ReplyError\") return\n          this.isOwnDue = true"
    }]
  },
  {
    name: "a reader of a stream keeps its connection while others wait for one",
    by: { test: "test/redisStreamRead.test.ts", name: "take turns, together" },
    edits: [{
      file: "src/internal/streams/follow.ts",
      find: "if (connection.isWanted()) yield* this.close",
      replace: "if (!connection) yield* this.close"
    }]
  },
  {
    name: "a dead letter counts as finished, also where it is lost",
    by: { test: "test/consumerFailovers.test.ts", name: "a dead letter that a failover loses" },
    edits: [{
      file: "src/internal/streams/consumer.ts",
      find: "      events.tell({ _tag: \"DeadLettered\", id, deadLetterId, deliveries, reason })\n",
      replace:
        "      events.tell({ _tag: \"DeadLettered\", id, deadLetterId, deliveries, reason })\n      this.finished.add(id, delivery.print)\n"
    }]
  },
  // A bug that the simulation found.
  {
    name: "a dead letter that is lost with its group is not written again",
    by: { test: "test/consumerFailovers.test.ts", name: "loses with its group is written again" },
    edits: [{
      file: "src/internal/streams/letters.ts",
      find: "if (lost.length > 0) yield*",
      replace: "if (lost.length < 0) yield*"
    }]
  },
  {
    name: "a dead letter that was deleted is written again after a failover",
    by: { test: "test/consumerFailovers.test.ts", name: "has deleted stays deleted" },
    edits: [{
      file: "src/internal/streams/letters.ts",
      find: "  entriesAdded > length &&",
      replace: "  entriesAdded < length &&"
    }]
  },
  {
    name: "a dead letter that is lost is taken for one that was deleted, since others have written later ones",
    by: { test: "test/consumerLetters.test.ts", name: "do not hide them" },
    edits: [{
      file: "src/internal/streams/letters.ts",
      find: "else if (!mayHaveRemoved(removals, letter.letterId))",
      replace: "else if (entryAt === undefined)"
    }]
  },
  {
    name: "the dead letter of another group counts as that of this one",
    by: { test: "test/consumerLetters.test.ts", name: "of another group does not count" },
    edits: [{
      file: "src/internal/streams/deadLetters.ts",
      find: " && has(\"dead-letter.group\", group)",
      replace: ""
    }]
  },
  {
    name: "a dead letter whose reply comes after the move is not looked for",
    by: { test: "test/consumerLetters.test.ts", name: "whose reply comes after the move" },
    edits: [{
      file: "src/internal/streams/letters.ts",
      find: "Math.min(this.moves, moves)",
      replace: "Math.max(this.moves, moves)"
    }]
  },
  {
    name: "a dead letter that was written again is written a third time when the reply is lost",
    by: { test: "test/consumerLetters.test.ts", name: "not written a third time" },
    edits: [{
      file: "src/internal/streams/letters.ts",
      find: "letterId: null, isLost: false, isUntold: true }",
      replace: "letterId: null, isLost: true, isUntold: true }"
    }]
  },
  {
    name: "a consumer that stops leaves dead letters lost",
    by: { test: "test/consumerLetters.test.ts", name: "stops right after the move" },
    edits: [{
      file: "src/internal/streams/consume.ts",
      find: "      yield* Effect.ignore(consumer.group.within(consumer.letters.restore))\n",
      replace: ""
    }]
  },
  {
    name: "an entry becomes no dead letter, but is acknowledged",
    by: [0],
    edits: [{
      file: "src/internal/streams/deadLetters.ts",
      find: "local added = redis.call('XADD', KEYS[2], unpack(ARGV, 5))",
      replace: "local added = id"
    }]
  },
  {
    name: "a reader of a stream is not told that entries are lost",
    by: [10],
    edits: [{
      file: "src/internal/streams/track.ts",
      find: "if (this.isKnown && compareIds(found.lastGeneratedId, this.position) < 0) return false",
      replace: ""
    }, {
      file: "src/internal/streams/follow.ts",
      find: "if (isLost) return track.rewind(common ?? track.positionWithout(found))",
      replace: "if (isLost) return undefined"
    }]
  },
  {
    name: "a worker of a queue acknowledges an element before it is processed",
    by: [22],
    edits: [{
      file: "src/internal/queues/consume.ts",
      find: "        const handling = withRetry(",
      replace: "        yield* acknowledge(taken, value)\n        const handling = withRetry("
    }]
  },
  {
    name: "an entry whose handler failed is acknowledged",
    by: { test: "test/consumers.test.ts", name: "is delivered again once it was idle" },
    edits: [{
      file: "src/internal/streams/consumer.ts",
      find: "return this.bury(delivery, reason)\n    }\n    this.leave(delivery)",
      replace: "return this.bury(delivery, reason)\n    }\n    this.settle(delivery)"
    }]
  },
  {
    name: "a group that is lost begins after the last entry",
    by: { test: "test/consumerFailovers.test.ts", name: "is made again where nothing is skipped" },
    edits: [{
      file: "src/internal/streams/group.ts",
      find: "if (last === undefined) return zeroId",
      replace: "if (last !== undefined) return last"
    }]
  },
  // Bugs that the simulation found.
  {
    name: "a lost group is told only by the consumer that has made it again",
    by: { test: "test/consumerLostGroups.test.ts", name: "are told by each consumer that misses them" },
    edits: [{
      file: "src/internal/streams/group.ts",
      find: "if (yield* this.create(place, last === undefined)) this.acknowledged = place\n      else {",
      replace:
        "if (yield* this.create(place, last === undefined)) this.acknowledged = place\n      else return\n      {"
    }]
  },
  {
    name: "a group whose maker gets no reply is told by nobody",
    by: { test: "test/consumerLostGroups.test.ts", name: "though the reply of the command that makes them is lost" },
    edits: [{
      file: "src/internal/streams/group.ts",
      find: "if (!this.wasMissing) this.wasMissing",
      replace: "if (this.wasMissing) this.wasMissing"
    }]
  },
  {
    name: "a lost group is forgotten when the reply is lost",
    by: { test: "test/consumerLostGroups.test.ts", name: "the command that makes them again is lost" },
    edits: [{
      file: "src/internal/streams/group.ts",
      find: "const attempt = this.loss === undefined ? effect :",
      replace: "const attempt = this.remakes >= 0 ? effect :"
    }]
  },
  {
    name: "a consumer that stops does not wait for the group that it makes",
    by: { test: "test/consumerLostGroups.test.ts", name: "by a consumer that stops before it has the reply" },
    edits: [{
      file: "src/internal/streams/consume.ts",
      find: "Effect.all([Effect.exit(lastCommands), consumer.group.made],",
      replace: "Effect.all([Effect.exit(lastCommands)],"
    }]
  },
  {
    name: "a group that another one has made again is told from where this one would begin",
    by: { test: "test/consumerLostGroups.test.ts", name: "from where the group is" },
    edits: [{
      file: "src/internal/streams/group.ts",
      find: "loss.from = lower(loss.from, this.acknowledged ?? place)",
      replace: "loss.from = lower(loss.from, place)"
    }]
  },
  {
    name: "ids of a stream that others have made again count as finished",
    by: { test: "test/consumerLostGroups.test.ts", name: "with their stream are told" },
    edits: [{
      file: "src/internal/streams/consumer.ts",
      find: "if (compareIds(highest, last) <= 0 || this.highestMoves",
      replace: "if (compareIds(highest, last) >= 0 || this.highestMoves"
    }]
  },
  {
    name: "acknowledgements that are repeated are not told if the reply is lost",
    by: { test: "test/consumerFailovers.test.ts", name: "acknowledgements that are repeated are told" },
    edits: [{
      file: "src/internal/streams/upkeep.ts",
      find: "    const { again } = this\n",
      replace: "    const again = new Set<string>()\n"
    }]
  },
  {
    name: "the claims of long work are not extended",
    by: { test: "test/consumers.test.ts", name: "keeps its claim on long work" },
    edits: [{
      file: "src/internal/streams/upkeep.ts",
      find: "if (due.length > 0) yield*",
      replace: "if (due.length < 0) yield*"
    }]
  },
  {
    name: "an acknowledgement that is repeated reaches another entry of the same id",
    by: { test: "test/consumerFaults.test.ts", name: "that is repeated does not reach another entry" },
    edits: [{
      file: "src/internal/streams/acknowledgements.ts",
      find: "return entry === undefined || printOf(entry.fields) === print",
      replace: "return entry === undefined || print !== undefined"
    }]
  },
  {
    name: "an entry of an earlier primary is acknowledged by its id alone",
    by: { test: "test/consumerFaults.test.ts", name: "that is under way does not reach another entry" },
    edits: [{
      file: "src/internal/streams/acknowledgements.ts",
      find: "if (item.moves === moves) own.push(item.id)",
      replace: "if (item.moves <= moves) own.push(item.id)"
    }]
  },
  {
    name: "an entry becomes a dead letter though it is not pending",
    by: { test: "test/consumerFaults.test.ts", name: "has acknowledged meanwhile" },
    edits: [{
      file: "src/internal/streams/deadLetters.ts",
      find: "id, id, 1) == 0 then return false end",
      replace: "id, id, 1) == 9 then return false end"
    }]
  },
  {
    name: "entries that were read ahead and wait for long are not given back",
    by: { test: "test/consumerFaults.test.ts", name: "go to others when one takes long" },
    edits: [{
      file: "src/internal/streams/upkeep.ts",
      find: "now - delivery.takenAt >= longestAhead",
      replace: "now - delivery.takenAt < 0"
    }]
  },
  {
    name: "the time of handlers that run while a consumer reads is not counted",
    by: { test: "test/consumerFaults.test.ts", name: "are few while handlers take their time" },
    edits: [{
      file: "src/internal/streams/pace.ts",
      find: "    this.millis += Math.max(0, now - this.since)\n",
      replace: "    if (this.handled === 0) this.millis += Math.max(0, now - this.since)\n"
    }]
  },
  {
    name: "a consumer does not tell that the group has moved",
    by: { test: "test/consumerFailovers.test.ts", name: "each entry that is processed again is told" },
    edits: [{
      file: "src/internal/streams/consumer.ts",
      find: "    if (this.lookAround()) this.isMoved = true\n",
      replace: "    this.lookAround()\n"
    }]
  },
  {
    name: "an entry that was given back unseen counts as redelivered",
    by: { test: "test/consumerFaults.test.ts", name: "are not told as redelivered" },
    edits: [{
      file: "src/internal/streams/consumer.ts",
      find: "const isAgain = !wasPending && ",
      replace: "const isAgain = "
    }]
  },
  {
    name: "a delivery whose reply was lost counts",
    by: { test: "test/consumerDetails.test.ts", name: "does not contain a delivery whose reply was lost" },
    edits: [{
      file: "src/internal/streams/claims.ts",
      find: "const isCounted = listed === undefined || !isUnhandled(entry.id)",
      replace: "const isCounted = listed === undefined || entry.id !== \"\""
    }]
  },
  {
    name: "connections that drain are unknown while idle ones end",
    by: { test: "test/details.test.ts", name: "ends in time, also when idle connections" },
    edits: [{
      file: "src/Pool.ts",
      find: "if (how === \"drain\") { for (const connection of left) draining.add(connection) }",
      replace: ""
    }]
  },
  {
    name: "an entry that comes in place of another one counts as delivered",
    by: { test: "test/consumerDetails.test.ts", name: "in place of one that is gone" },
    edits: [{
      file: "src/internal/streams/claims.ts",
      find: "if (count !== undefined) uncounted.set(entry.id, count)",
      replace: "if (count === undefined) uncounted.delete(entry.id)"
    }]
  },
  {
    name: "an entry that its own consumer claims counts as delivered",
    by: { test: "test/consumerDetails.test.ts", name: "stays right when a consumer claims its own entry" },
    edits: [{
      file: "src/internal/streams/consumer.ts",
      find: "else if (entry.deliveries > known.deliveries) this.miscounted",
      replace: "else if (entry.deliveries < known.deliveries) this.miscounted"
    }]
  },
  {
    name: "a consumer that stops without servers waits for them",
    by: { test: "test/consumerDetails.test.ts", name: "gives up at once what cannot be done" },
    edits: [{
      file: "src/internal/streams/consume.ts",
      find: "        silence(redis, attempts.outSince)\n",
      replace: "        Effect.andThen(silence(redis, attempts.outSince), Effect.never)\n"
    }]
  },
  {
    name: "a name that two processes use is not noticed",
    by: { test: "test/consumerDetails.test.ts", name: "that another process uses too is noticed" },
    edits: [{
      file: "src/internal/streams/sharedName.ts",
      find: "return this.isUncertain ? [] : found",
      replace: "return this.isUncertain ? found : []"
    }]
  },
  {
    name: "what a consumer has finished and gets again is processed again",
    by: { test: "test/consumerFailovers.test.ts", name: "are not processed again" },
    edits: [{
      file: "src/internal/streams/consumer.ts",
      find: "if (this.finished.has(id, delivery.print)) {",
      replace: "if (this.finished.has(id, delivery.print) && this.isStopping) {"
    }]
  }
]

if (import.meta.main) {
  const options = optionsOf("npm run simulate:mutants -- [--seeds 300] [--only WORDS]", {
    seeds: { type: "string", default: "300" },
    only: { type: "string", default: "" }
  })

  NodeRuntime.runMain(
    plantAll(mutants.filter((m) => m.name.includes(options.only)), { seeds: Number(options.seeds) }).pipe(
      Effect.map((isAllFound) => {
        if (!isAllFound) process.exitCode = 1
      }),
      Effect.scoped,
      Effect.provide(NodeServices.layer)
    )
  )
}
