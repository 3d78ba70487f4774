/**
 * The doctor on real servers: addresses, TLS, versions and clocks, small deployments, servers that hang; and that it
 * changes nothing.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Net from "node:net"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Doctor from "../../src/Doctor.ts"
import {
  assertUseful,
  codesOf,
  examined,
  examinedUntil,
  fault,
  healthy,
  healthyNode,
  includes,
  shared
} from "../support/doctor.ts"
import { freePort, type Server, server, start, temporaryDirectory, type TlsFiles } from "../support/processes.ts"
import { recordingProxy, type Rewriting } from "../support/recordingProxy.ts"
import { chosenPrograms } from "../support/servers.ts"
import { listening } from "../support/tcp.ts"

/** A certificate of an authority of its own, valid for so many days. */
const certificate = (days: number) =>
  Effect.map(temporaryDirectory, (dir): TlsFiles => {
    const at = (name: string): string => Path.join(dir, name)
    const openssl = (args: string): void => void execFileSync("openssl", args.split(" "), { stdio: "ignore" })
    const curve = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    openssl(`req -x509 ${curve} -days 400 -subj /CN=authority -keyout ${at("ca.key")} -out ${at("ca.crt")}`)
    openssl(`req ${curve} -subj /CN=localhost -keyout ${at("key")} -out ${at("csr")}`)
    Fs.writeFileSync(at("ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl(
      `x509 -req -in ${at("csr")} -CA ${at("ca.crt")} -CAkey ${at("ca.key")} -CAcreateserial -days ${days} ` +
        `-extfile ${at("ext")} -out ${at("crt")}`
    )
    return { ca: at("ca.crt"), cert: at("crt"), key: at("key") }
  })

const caOf = ({ ca }: TlsFiles) => Fs.readFileSync(ca)

/** A sentinel of a group of its own; the lines say what it monitors. */
const sentinelOf = (lines: ReadonlyArray<string>) =>
  Effect.flatMap(freePort, (port) => start(chosenPrograms().sentinel, port, [`port ${port}`, ...lines]))

const monitoring = (host: string, port: number): ReadonlyArray<string> => [
  `sentinel monitor mymaster ${host} ${port} 1`,
  "sentinel down-after-milliseconds mymaster 5000"
]

/** What a deployment of one node and one sentinel has besides. */
const small: ReadonlyArray<Doctor.Code> = ["no-replicas", "too-few-sentinels"]

const network = Object.values(Os.networkInterfaces()).flatMap((list) => list ?? []).find(({ family, internal }) =>
  family === "IPv4" && !internal
)?.address

describe("the doctor on a network of real servers", () => {
  describe("without passwords", () => {
    const d = shared(examined({}))
    const nothing = () => Effect.void
    healthy(d)

    fault(["address-unreachable"], d, nothing, nothing, {
      examine: (d) => ({ natMap: { [d.replicas[0]!.address]: "127.0.0.1:1" } }),
      check: ({ findings: [finding] }, d) => assert.deepStrictEqual(finding!.where, [d.replicas[0]!.address])
    })
    fault(["tls-not-spoken"], d, nothing, nothing, { examine: () => ({ node: { tls: true } }) })
    /** Examines through proxies that rewrite what servers say. */
    const rewritten = (code: Doctor.Code, tier: "node" | "sentinel", rewrite: Rewriting): void =>
      it.live(code, () =>
        Effect.scoped(Effect.gen(function*() {
          const of = (server: Server) => Effect.map(recordingProxy(server.port, [], rewrite), ({ address }) => address)
          const node = yield* of(d().primary)
          const sentinel = yield* of(d().sentinels[0]!)
          const report = yield* Doctor.examine({
            ...d().options,
            ...(tier === "node"
              ? { natMap: { [d().primary.address]: node } }
              : {
                sentinels: [sentinel, ...d().sentinelAddresses.slice(1)],
                natMap: { [d().sentinels[0]!.address]: sentinel }
              })
          })
          assert.deepStrictEqual(codesOf(report), [code])
          assertUseful(report)
        })))
    const digits = (pattern: RegExp, by: (digits: string) => string): Rewriting => (text) =>
      text.replace(pattern, (_, name: string, value: string) => `${name}${by(value)}`)
    rewritten("clock-difference", "node", digits(/(server_time_usec:)(\d+)/, (n) => String(BigInt(n) + 4_000_000n)))
    rewritten("versions-differ", "node", digits(/((?:redis|valkey)_version:)(\d)/g, () => "1"))
    rewritten("sentinel-versions-differ", "sentinel", digits(/((?:redis|valkey)_version:)(\d)/g, () => "1"))
    rewritten("sentinel-tilt", "sentinel", digits(/(sentinel_tilt:)(\d)/, () => "1"))
    rewritten("node-loading", "node", digits(/(loading:)(\d)/, () => "1"))
    rewritten("epoch-disagreement", "sentinel", (text) => text.replace(/(config-epoch\r\n\$1\r\n)\d/, "$15"))
    rewritten("sentinels-cut-off", "sentinel", (text) => text.replaceAll(/\$8\r\nsentinel\r\n/g, "$8\r\n,s_down,\r\n"))

    it.live("group-name-shared", () =>
      Effect.scoped(Effect.gen(function*() {
        const other = yield* server({ config: healthyNode })
        const sentinel = yield* sentinelOf(monitoring("127.0.0.1", other.port))
        const report = yield* Doctor.examine({
          ...d().options,
          sentinels: [...d().sentinelAddresses, sentinel.address]
        })
        assert.include(codesOf(report), "group-name-shared")
        assert.notInclude(codesOf(report), "primary-disagreement")
        assertUseful(report)
      })))

    it.live("changes nothing: it sends reads only, and leaves no session", () =>
      Effect.scoped(Effect.gen(function*() {
        const commands: Array<ReadonlyArray<string>> = []
        const nodes = [d().primary, ...d().replicas]
        const natMap: Record<string, string> = {}
        for (const server of [...nodes, ...d().sentinels]) {
          natMap[server.address] = (yield* recordingProxy(server.port, commands)).address
        }
        const stateOf = (server: Server) =>
          Effect.gen(function*() {
            const isSentinel = d().sentinels.includes(server)
            const config = yield* d().at(server, isSentinel ? "SENTINEL CONFIG GET *" : "CONFIG GET *")
            const users = yield* d().at(server, "ACL LIST")
            return { config, users, keys: isSentinel ? 0 : yield* d().at(server, "DBSIZE") }
          })
        const states = Effect.forEach([...nodes, ...d().sentinels], stateOf)
        const before = yield* states
        const report = yield* Doctor.examine({
          ...d().options,
          sentinels: d().sentinelAddresses.map((address) => natMap[address]!),
          natMap
        })
        assert.deepStrictEqual(report.findings, [])
        assert.deepStrictEqual(yield* states, before)
        assert.isAbove(commands.length, 60)
        const sent = new Set(commands.map(([first, second]) =>
          /^(?:CLIENT|CONFIG|ACL|COMMAND|SENTINEL)$/.test(first!) ? `${first} ${second}` : first!
        ))
        assert.deepStrictEqual(Array.from(sent).toSorted(), [
          "ACL DRYRUN",
          "ACL WHOAMI",
          "CLIENT LIST",
          "CLIENT SETINFO",
          "COMMAND INFO",
          "CONFIG GET",
          "HELLO",
          "INFO",
          "PSUBSCRIBE",
          "ROLE",
          "SENTINEL CKQUORUM",
          "SENTINEL CONFIG",
          "SENTINEL GET-MASTER-ADDR-BY-NAME",
          "SENTINEL MASTER",
          "SENTINEL MASTERS",
          "SENTINEL MYID",
          "SENTINEL REPLICAS",
          "SENTINEL SENTINELS",
          "SUBSCRIBE"
        ])
        assert.isTrue(
          commands.filter(([first, second]) =>
            first === "SENTINEL" && second === "CONFIG"
          ).every(([, , get]) => get === "GET")
        )
      })))
  })

  describe("TLS", () => {
    const tls = shared(Effect.gen(function*() {
      const files = yield* certificate(300)
      const node = yield* server({ tls: files, config: ["appendonly yes"] })
      const port = yield* freePort
      const sentinel = yield* start(chosenPrograms().sentinel, port, [
        "port 0",
        `tls-port ${port}`,
        `tls-ca-cert-file ${files.ca}`,
        `tls-cert-file ${files.cert}`,
        `tls-key-file ${files.key}`,
        "tls-auth-clients no",
        "tls-replication yes",
        ...monitoring("127.0.0.1", node.port)
      ])
      return { files, node, sentinel }
    }))
    const examine = (node: Doctor.Options["node"], sentinel?: Doctor.Options["sentinel"]) =>
      Doctor.examine({
        sentinels: [tls().sentinel.address],
        group: "mymaster",
        node,
        sentinel: sentinel ?? { tls: { ca: caOf(tls().files) } }
      })
    const found = (code: Doctor.Code, node: () => Doctor.Options["node"]): void =>
      it.live(code, () =>
        Effect.gen(function*() {
          const report = yield* examine(node())
          assert.deepStrictEqual([...codesOf(report)], [code, ...small].toSorted())
          assertUseful(report)
        }))
    it.live("is no finding where it works", () =>
      Effect.gen(function*() {
        const report = yield* examine({ tls: { ca: caOf(tls().files) } })
        assert.deepStrictEqual(codesOf(report), small.toSorted())
      }))
    found("tls-required", () => ({}))
    found("tls-untrusted", () => ({ tls: true }))
    found("tls-name", () => ({ tls: { ca: caOf(tls().files), servername: "redis.example" } }))
    it.live("tls-required at the sentinels", () =>
      Effect.gen(function*() {
        const report = yield* examine({}, {})
        assert.deepStrictEqual(codesOf(report), ["tls-required"])
        assert.strictEqual(report.verdict, "not-examined")
      }))

    const alone = (code: Doctor.Code, days: number, config: ReadonlyArray<string> = []): void =>
      it.live(code, () =>
        Effect.scoped(Effect.gen(function*() {
          const files = yield* certificate(days)
          const one = yield* server({ tls: files, config })
          // The session is what is examined; that it is no sentinel does not matter.
          const report = yield* Doctor.examine({
            sentinels: [one.address],
            group: "mymaster",
            sentinel: { tls: { ca: caOf(files) } }
          })
          assert.deepStrictEqual(codesOf(report), [code])
          assertUseful(report)
        })))
    alone("tls-expires-soon", 3)
    alone("tls-expired", -1)
    alone("tls-client-certificate", 300, ["tls-auth-clients yes"])
  })

  describe("small deployments", () => {
    /** A node, and a sentinel that monitors it. */
    const found = (
      codes: ReadonlyArray<Doctor.Code>,
      config: ReadonlyArray<string>,
      more: (port: number) => ReadonlyArray<string> = () => []
    ): void =>
      it.live(codes.join(", "), () =>
        Effect.scoped(Effect.gen(function*() {
          const node = yield* server({ config: ["appendonly yes", ...config] })
          const sentinel = yield* sentinelOf([...monitoring("127.0.0.1", node.port), ...more(node.port)])
          const wanted = codes.toSorted()
          const report = yield* examinedUntil(
            { sentinels: [sentinel.address], group: "mymaster" },
            (report) => codesOf(report).join() === wanted.join()
          )
          assert.deepStrictEqual(codesOf(report), wanted)
          assertUseful(report)
        })))
    found(small, [])
    found([...small, "persistence-off"], ["appendonly no"])
    found([...small, "command-missing"], ["rename-command SLAVEOF \"\""])

    it.live("config-file-missing", () =>
      Effect.scoped(Effect.gen(function*() {
        const port = yield* freePort
        const dir = yield* temporaryDirectory
        yield* Effect.orDie(Effect.provide(
          ChildProcess.make(chosenPrograms().server, ["--port", String(port), "--dir", dir, "--appendonly", "yes"], {
            stdin: "ignore",
            stdout: "ignore",
            stderr: "ignore",
            killSignal: "SIGKILL"
          }),
          NodeServices.layer
        ))
        const sentinel = yield* sentinelOf(monitoring("127.0.0.1", port))
        const wanted = ["config-file-missing", ...small].toSorted()
        const report = yield* examinedUntil(
          { sentinels: [sentinel.address], group: "mymaster" },
          (report) => codesOf(report).join() === wanted.join()
        )
        assert.deepStrictEqual([...codesOf(report)], wanted)
      })))

    it.live("replica-unknown: a replica that is not announced", () =>
      Effect.scoped(Effect.gen(function*() {
        const node = yield* server({ config: ["appendonly yes", "min-replicas-to-write 1", "min-replicas-max-lag 5"] })
        yield* server({ replicaOf: node.port, config: ["appendonly yes", "replica-announced no"] })
        const sentinel = yield* sentinelOf(monitoring("127.0.0.1", node.port))
        const report = yield* examinedUntil(
          { sentinels: [sentinel.address], group: "mymaster" },
          includes("replica-unknown")
        )
        assert.include(codesOf(report), "replica-unknown")
        assertUseful(report)
      })))

    it.live("node-down, primary-not-seen, primary-down", () =>
      Effect.scoped(Effect.gen(function*() {
        const node = yield* server({ config: ["appendonly yes"] })
        const replica = yield* server({ replicaOf: node.port, config: ["appendonly yes"] })
        const lines = [
          `sentinel monitor mymaster 127.0.0.1 ${node.port} 2`,
          "sentinel down-after-milliseconds mymaster 500"
        ]
        const sentinel = yield* sentinelOf(lines)
        const wrong = yield* sentinelOf([`sentinel monitor mymaster 127.0.0.1 ${replica.port} 2`, ...lines.slice(1)])
        const options = { sentinels: [sentinel.address], group: "mymaster" }
        yield* examinedUntil(options, ({ nodes }) => nodes.length === 2)
        // One that was pointed at a replica.
        const apart = yield* examinedUntil(
          { ...options, sentinels: [sentinel.address, wrong.address] },
          includes("primary-disagreement")
        )
        assert.include(codesOf(apart), "primary-disagreement")
        yield* wrong.kill
        yield* replica.kill
        const down = yield* examinedUntil(options, includes("node-down"))
        assert.include(codesOf(down), "node-down", JSON.stringify(down.findings.map(({ code, saw }) => [code, saw])))
        yield* node.kill
        const dead = yield* examinedUntil(options, includes("primary-down"))
        assert.include(codesOf(dead), "primary-down")
        assert.notInclude(codesOf(dead), "address-unreachable")
        for (const report of [apart, down, dead]) assertUseful(report)
      })))

    it.live("primary-not-seen: a sentinel without the password", () =>
      Effect.scoped(Effect.gen(function*() {
        const node = yield* server({ password: "secret-of-nodes", config: ["appendonly yes"] })
        const sentinel = yield* sentinelOf([
          `sentinel monitor mymaster 127.0.0.1 ${node.port} 1`,
          "sentinel down-after-milliseconds mymaster 500"
        ])
        const report = yield* examinedUntil(
          { sentinels: [sentinel.address], group: "mymaster" },
          includes("primary-not-seen", "auth-required")
        )
        assert.include(codesOf(report), "primary-not-seen")
        assert.include(codesOf(report), "auth-required")
        assertUseful(report)
      })))

    it.live("sentinel-id-twice: a copied configuration", () =>
      Effect.scoped(Effect.gen(function*() {
        const node = yield* server({ config: ["appendonly yes"] })
        const lines = [`sentinel myid ${"a".repeat(40)}`, ...monitoring("127.0.0.1", node.port)]
        const [a, b] = [yield* sentinelOf(lines), yield* sentinelOf(lines)]
        const report = yield* Doctor.examine({ sentinels: [a.address, b.address], group: "mymaster" })
        assert.include(codesOf(report), "sentinel-id-twice")
        assertUseful(report)
      })))

    it.live("address-unresolvable: a name that only the sentinels know", () =>
      Effect.scoped(Effect.gen(function*() {
        const node = yield* server({ config: ["appendonly yes"] })
        const sentinel = yield* sentinelOf([
          "sentinel resolve-hostnames yes",
          "sentinel announce-hostnames yes",
          ...monitoring("localhost", node.port)
        ])
        const resolver: Net.LookupFunction = (_name, _options, found) =>
          found(Object.assign(new Error("getaddrinfo ENOTFOUND localhost"), { code: "ENOTFOUND" }), "")
        const report = yield* Doctor.examine({ sentinels: [sentinel.address], group: "mymaster", node: { resolver } })
        assert.include(codesOf(report), "address-unresolvable")
        assertUseful(report)
      })))
  })

  describe.skipIf(network === undefined)("on an address of the network", () => {
    const found = (codes: ReadonlyArray<Doctor.Code>, host: string, config: ReadonlyArray<string>): void =>
      it.live(codes.join(", "), () =>
        Effect.scoped(Effect.gen(function*() {
          const node = yield* server({ config: ["appendonly yes", `bind 127.0.0.1 ${network}`, ...config] })
          const sentinel = yield* sentinelOf([
            `bind 127.0.0.1 ${network}`,
            "protected-mode no",
            ...monitoring(host, node.port)
          ])
          const report = yield* Doctor.examine({ sentinels: [`${network}:${sentinel.port}`], group: "mymaster" })
          for (const code of codes) assert.include(codesOf(report), code)
          assertUseful(report)
        })))
    found(["protected-mode"], network!, ["protected-mode yes"])
    found(["open-to-everyone"], network!, ["protected-mode no"])
    found(["address-loopback"], "127.0.0.1", [])
  })

  describe("ends in time", () => {
    it.live("when every server takes the connection and says nothing", () =>
      Effect.scoped(Effect.gen(function*() {
        const mute = yield* Effect.forEach([1, 2, 3], () => listening(() => {}))
        const report = yield* Doctor.examine({ sentinels: mute.map(({ address }) => address), group: "mymaster" })
        assert.deepStrictEqual(codesOf(report), ["sentinels-unreachable"])
        assert.strictEqual(report.verdict, "not-examined")
      })).pipe(Effect.timeout("10 seconds")))

    it.live("when the nodes hang", () =>
      Effect.scoped(Effect.gen(function*() {
        const node = yield* server({ config: ["appendonly yes"] })
        const sentinel = yield* sentinelOf(monitoring("127.0.0.1", node.port))
        yield* examinedUntil({ sentinels: [sentinel.address], group: "mymaster" }, ({ nodes }) => nodes.length > 0)
        yield* node.signal("SIGSTOP")
        const report = yield* Effect.timeout(
          Doctor.examine({ sentinels: [sentinel.address], group: "mymaster" }),
          "10 seconds"
        )
        assert.include(codesOf(report), "address-unreachable")
        yield* node.signal("SIGCONT")
      })))
  })
})
