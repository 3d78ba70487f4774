/**
 * Real server and sentinel processes on free loopback ports, each in a Scope:
 * for integration tests, not for the library. servers.ts says of which server.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Net from "node:net"
import * as Path from "node:path"
import { type Client, type Errors, RedisClient } from "../../src/index.ts"
import { chosenPrograms } from "./servers.ts"

export interface Server {
  readonly port: number
  readonly address: string
  readonly signal: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Kills the process and waits until it has ended. */
  readonly kill: Effect.Effect<void>
  /** Starts a killed process again, on the same port and with the same files. */
  readonly restart: Effect.Effect<void>
}

/**
 * A loopback port that nobody listens on. It is below the ports that systems give to outgoing connections (Linux:
 * from 32768), so that none takes it before its server starts, or while its server is down; so is the port of the
 * cluster bus, which is 10,000 higher.
 */
export const freePort: Effect.Effect<number> = Effect.callback((resume) => {
  const attempt = () => {
    const port = 10_000 + Math.floor(Math.random() * 12_000)
    const server = Net.createServer()
    server.once("error", attempt)
    server.listen(port, "127.0.0.1", () => server.close(() => resume(Effect.succeed(port))))
  }
  attempt()
})

/** A directory that is removed when the Scope closes. */
export const temporaryDirectory: Effect.Effect<string, never, Scope.Scope> = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => fs.makeTempDirectoryScoped({ prefix: "effect-redis-sentinel-" })
).pipe(Effect.provide(NodeServices.layer), Effect.orDie)

const listening = (port: number): Effect.Effect<void> =>
  Effect.callback<void, Error>((resume) => {
    const socket = Net.connect({ port, host: "127.0.0.1" })
    socket.once("connect", () => {
      socket.destroy()
      resume(Effect.void)
    })
    socket.once("error", (error) => {
      socket.destroy()
      resume(Effect.fail(error))
    })
  }).pipe(
    Effect.retry(Schedule.spaced("10 millis").pipe(Schedule.upTo({ duration: "10 seconds" }))),
    Effect.orDie
  )

/** Starts a program with a configuration, once it listens on the port. */
export const start = (
  binary: string,
  port: number,
  config: ReadonlyArray<string>
): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.gen(function*() {
    const dir = yield* temporaryDirectory
    const file = Path.join(dir, "server.conf")
    Fs.writeFileSync(file, [...config, `dir ${dir}`, ""].join("\n"))
    const command = ChildProcess.make(binary, [file], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
      killSignal: "SIGKILL"
    }).pipe(Effect.provide(NodeServices.layer), Effect.orDie)
    const scope = yield* Effect.scope
    let life: Scope.Closeable
    let pid = 0
    const launch = Effect.gen(function*() {
      life = yield* Scope.fork(scope)
      pid = (yield* Scope.provide(command, life)).pid
      yield* listening(port)
    })
    yield* launch
    return {
      port,
      address: `127.0.0.1:${port}`,
      signal: (signal) => Effect.sync(() => void process.kill(pid, signal)),
      kill: Effect.suspend(() => Scope.close(life, Exit.void)),
      restart: launch
    }
  })

export interface ServerOptions {
  readonly replicaOf?: number | undefined
  readonly password?: string | undefined
  readonly tls?: TlsFiles | undefined
  readonly config?: ReadonlyArray<string> | undefined
}

export interface TlsFiles {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** A certificate authority and a certificate for localhost, made with openssl. */
export const tlsFiles: Effect.Effect<TlsFiles, never, Scope.Scope> = Effect.map(temporaryDirectory, (dir) => {
  const at = (name: string): string => Path.join(dir, name)
  const openssl = (...args: ReadonlyArray<string>): void => {
    execFileSync("openssl", args, { stdio: "ignore" })
  }
  openssl(
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=test ca",
    "-keyout",
    at("ca.key"),
    "-out",
    at("ca.crt")
  )
  openssl(
    "req",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-subj",
    "/CN=localhost",
    "-keyout",
    at("server.key"),
    "-out",
    at("server.csr")
  )
  Fs.writeFileSync(at("ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n")
  openssl(
    "x509",
    "-req",
    "-in",
    at("server.csr"),
    "-CA",
    at("ca.crt"),
    "-CAkey",
    at("ca.key"),
    "-CAcreateserial",
    "-days",
    "2",
    "-extfile",
    at("ext"),
    "-out",
    at("server.crt")
  )
  return { ca: at("ca.crt"), cert: at("server.crt"), key: at("server.key") }
})

const tlsConfig = (port: number, files: TlsFiles): ReadonlyArray<string> => [
  "port 0",
  `tls-port ${port}`,
  `tls-ca-cert-file ${files.ca}`,
  `tls-cert-file ${files.cert}`,
  `tls-key-file ${files.key}`,
  "tls-auth-clients no",
  "tls-replication yes"
]

export const server = (options: ServerOptions = {}): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.gen(function*() {
    const port = yield* freePort
    return yield* start(chosenPrograms().server, port, [
      ...(options.tls === undefined ? [`port ${port}`] : tlsConfig(port, options.tls)),
      "bind 127.0.0.1",
      "save \"\"",
      "appendonly no",
      "repl-diskless-sync-delay 0",
      "repl-ping-replica-period 1",
      ...(options.replicaOf === undefined ? [] : [`replicaof 127.0.0.1 ${options.replicaOf}`]),
      ...(options.password === undefined ? [] : [`requirepass ${options.password}`, `masterauth ${options.password}`]),
      ...(options.config ?? [])
    ])
  })

export interface Deployment {
  readonly group: string
  readonly primary: Server
  readonly replicas: ReadonlyArray<Server>
  readonly sentinels: ReadonlyArray<Server>
  readonly sentinelAddresses: ReadonlyArray<string>
}

export interface DeploymentOptions {
  readonly replicas?: number | undefined
  readonly sentinels?: number | undefined
  readonly password?: string | undefined
  readonly sentinelPassword?: string | undefined
  readonly tls?: TlsFiles | undefined
  readonly downAfterMillis?: number | undefined
  /** More lines for the configuration of the nodes. */
  readonly config?: ReadonlyArray<string> | undefined
}

/** A primary, its replicas and its sentinels, once all of them know each other. */
export const deployment = (options: DeploymentOptions = {}): Effect.Effect<Deployment, never, Scope.Scope> =>
  Effect.gen(function*() {
    const group = "mymaster"
    const node = { password: options.password, tls: options.tls, config: options.config }
    const primary = yield* server(node)
    const replicas: Array<Server> = []
    const wantedReplicas = options.replicas ?? 2
    for (let i = 0; i < wantedReplicas; i++) replicas.push(yield* server({ ...node, replicaOf: primary.port }))
    const count = options.sentinels ?? 3
    const sentinels: Array<Server> = []
    const quorum = Math.floor(count / 2) + 1
    const tls = options.tls
    const session = {
      tls: tls === undefined ? undefined : { ca: Fs.readFileSync(tls.ca) }
    }
    const nodePassword = options.password === undefined ? {} : { password: redacted(options.password) }
    const sentinelPassword = options.sentinelPassword === undefined
      ? {}
      : { password: redacted(options.sentinelPassword) }
    // The replicas are in sync before the sentinels start, so that no empty replica is selected.
    yield* untilTrue(
      primary,
      { ...session, ...nodePassword },
      (redis) =>
        Effect.map(
          redis.info("replication"),
          ({ replication }) =>
            replication.replicas.length >= wantedReplicas &&
            replication.replicas.every(({ state }) => state === "online")
        )
    )
    for (let i = 0; i < count; i++) {
      const port = yield* freePort
      sentinels.push(
        yield* start(chosenPrograms().sentinel, port, [
          ...(tls === undefined ? [`port ${port}`] : tlsConfig(port, tls)),
          "bind 127.0.0.1",
          `sentinel monitor ${group} 127.0.0.1 ${primary.port} ${quorum}`,
          `sentinel down-after-milliseconds ${group} ${options.downAfterMillis ?? 500}`,
          `sentinel failover-timeout ${group} 6000`,
          `sentinel parallel-syncs ${group} 2`,
          ...(options.password === undefined ? [] : [`sentinel auth-pass ${group} ${options.password}`]),
          ...(options.sentinelPassword === undefined
            ? []
            : [`requirepass ${options.sentinelPassword}`, `sentinel sentinel-pass ${options.sentinelPassword}`])
        ])
      )
    }
    for (const sentinel of sentinels) {
      yield* untilTrue(
        sentinel,
        { ...session, ...sentinelPassword },
        (redis) =>
          Effect.map(redis.send("SENTINEL", "MASTER", group), (reply) => {
            const fields = reply as Map<string, string>
            return Number(fields.get("num-other-sentinels")) === count - 1 &&
              Number(fields.get("num-slaves")) === wantedReplicas && fields.get("flags") === "master"
          })
      )
    }
    return { group, primary, replicas, sentinels, sentinelAddresses: sentinels.map((s) => s.address) }
  })

const redacted = (secret: string): Redacted.Redacted => Redacted.make(secret)

const untilTrue = (
  on: Server,
  options: RedisClient.Options,
  condition: (redis: Client.PrimaryClient) => Effect.Effect<boolean, Errors.RedisError>
): Effect.Effect<void> =>
  Effect.scoped(
    Effect.flatMap(RedisClient.make({ ...options, address: on.address }), (redis) =>
      condition(redis).pipe(
        Effect.flatMap((yes) => yes ? Effect.void : Effect.fail("not yet" as const)),
        Effect.retry(Schedule.spaced("20 millis").pipe(Schedule.upTo({ duration: "20 seconds" })))
      ))
  ).pipe(Effect.orDie)
