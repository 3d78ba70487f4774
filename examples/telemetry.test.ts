/** Runs the example of telemetry through a failover: what comes to a collector is as OpenTelemetry's conventions have it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { OtlpExporter } from "effect/observability"
import { TestClock } from "effect/testing"
import * as Http from "node:http"
import { withFailover } from "./setting.ts"
import * as telemetry from "./telemetry.ts"

interface KeyValue {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

interface Span {
  readonly name: string
  readonly kind: number
  readonly spanId: string
  readonly parentSpanId?: string | undefined
  readonly attributes: ReadonlyArray<KeyValue>
  readonly events: ReadonlyArray<{ readonly name: string }>
}

interface MetricData {
  readonly name: string
  readonly unit: string
  readonly histogram?: { readonly dataPoints: ReadonlyArray<{ readonly explicitBounds: ReadonlyArray<number> }> }
  readonly sum?: { readonly isMonotonic: boolean }
}

/** A double of an OpenTelemetry collector: an HTTP server that keeps what it is sent, by path. */
const collector = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly sent: Map<string, Array<any>>; readonly server: Http.Server }>(
    (resume) => {
      const sent = new Map<string, Array<any>>()
      const server = Http.createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => void chunks.push(chunk))
        request.on("end", () => {
          const path = request.url ?? ""
          sent.set(path, [...sent.get(path) ?? [], JSON.parse(Buffer.concat(chunks).toString("utf8"))])
          response.writeHead(200, { "content-type": "application/json" }).end("{}")
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        if (address === null || typeof address === "string") return assert.fail("it has no port")
        resume(Effect.succeed({ url: `http://127.0.0.1:${address.port}`, sent, server }))
      })
    }
  ),
  ({ server }) =>
    Effect.callback<void>((resume) => {
      server.closeAllConnections()
      server.close(() => resume(Effect.void))
    })
)

const attributesOf = ({ attributes }: Span): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

describe("example of telemetry", () => {
  it.effect("a collector gets a span for each command, within that of its order, and the metrics", () =>
    Effect.gen(function*() {
      const { sent, url } = yield* collector
      const exporter = yield* TestClock.withLive(Layer.build(telemetry.exportTo(url)))
      const running = yield* Effect.forkChild(Effect.provide(withFailover(telemetry.example), exporter))
      while (running.pollUnsafe() === undefined) yield* TestClock.adjust("20 millis")
      const { orders } = yield* Fiber.join(running)
      assert.isAbove(orders, 10)
      const { flush } = yield* Effect.provide(OtlpExporter.Flusher, exporter)
      yield* TestClock.withLive(flush)

      const spans = (sent.get("/v1/traces") ?? []).flatMap(({ resourceSpans }): ReadonlyArray<Span> =>
        resourceSpans.flatMap((resource: any) => resource.scopeSpans.flatMap((scope: any) => scope.spans))
      )
      const named = (name: string) => spans.filter((span) => span.name === name)
      const orderIds = new Set(named("order").map(({ spanId }) => spanId))
      assert.isAtLeast(orderIds.size, orders)
      assert.strictEqual(named("PING").length, 0)
      for (const [name, text] of [["INCR", "INCR shop:orders"], ["DECR", "DECR shop:stock"]] as const) {
        assert.isAtLeast(named(name).length, orders)
        for (const span of named(name)) {
          const attributes = attributesOf(span)
          assert.strictEqual(span.kind, 3)
          assert.isTrue(orderIds.has(span.parentSpanId ?? ""), name)
          assert.include(attributes, {
            "db.system.name": "redis",
            "db.namespace": "0",
            "db.operation.name": name,
            "db.query.text": text,
            "server.address": "mymaster"
          })
        }
      }
      const pipeline = attributesOf(named("PIPELINE")[0]!)
      assert.strictEqual(Number(pipeline["db.operation.batch.size"]), 2)
      assert.match(String(pipeline["db.query.text"]), /^HSET shop:order:\d+ \? \?; EXPIRE shop:order:\d+ \?$/)
      assert.notInclude(JSON.stringify(spans), "a name that no span shows")
      // The failover is in the middle of one of them.
      const held = spans.filter(({ events }) => events.some((event) => event.name === "redis.held"))
      assert.isAtLeast(held.length, 1)
      const nodes = new Set(named("INCR").map((span) => attributesOf(span)["network.peer.address"]))
      assert.strictEqual(nodes.size, 2)

      const metrics = (sent.get("/v1/metrics") ?? []).flatMap(({ resourceMetrics }): ReadonlyArray<MetricData> =>
        resourceMetrics.flatMap((resource: any) => resource.scopeMetrics.flatMap((scope: any) => scope.metrics))
      )
      const duration = metrics.find(({ name }) => name === "db.client.operation.duration")
      assert.isDefined(duration)
      assert.strictEqual(duration.unit, "s")
      assert.deepStrictEqual(
        duration.histogram?.dataPoints[0]!.explicitBounds,
        [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]
      )
      const count = metrics.find(({ name }) => name === "db.client.connection.count")
      assert.isDefined(count)
      assert.strictEqual(count.unit, "{connection}")
      assert.isFalse(count.sum?.isMonotonic)
    }))
})
