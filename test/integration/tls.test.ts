/**
 * TLS that cannot work: it is said at once, the reason first, and nobody tries
 * until the deadline.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { type Errors, RedisClient, Sentinel } from "../../src/index.ts"
import { failureOf } from "../support/exit.ts"
import { server, temporaryDirectory, tlsFiles } from "../support/processes.ts"
import { listening } from "../support/tcp.ts"

/** A certificate for localhost by nobody else, valid until so many days from now. */
const selfSigned = (days: number) =>
  Effect.map(temporaryDirectory, (dir) => {
    const at = (name: string): string => Path.join(dir, name)
    const openssl = (...args: ReadonlyArray<string>) => execFileSync("openssl", args, { stdio: "ignore" })
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", ...curve, "-subj", "/CN=localhost", "-keyout", at("key"), "-out", at("csr"))
    Fs.writeFileSync(at("ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl(
      "x509",
      "-req",
      "-in",
      at("csr"),
      "-signkey",
      at("key"),
      "-days",
      String(days),
      "-extfile",
      at("ext"),
      "-out",
      at("crt")
    )
    return { ca: at("crt"), cert: at("crt"), key: at("key") }
  })

/** What a ping fails with, once; it has not been tried for long. */
const refusal = (address: string, tls: RedisClient.Options["tls"]) =>
  Effect.gen(function*() {
    const redis = yield* RedisClient.make({ address, tls, commandTimeout: "20 seconds", connectTimeout: "2 seconds" })
    const error: Errors.RedisError = failureOf(yield* Effect.exit(redis.ping()))
    assert.strictEqual(error._tag, "ConnectFailed")
    if (error._tag === "ConnectFailed") assert.isFalse(error.isRetryable, error.message)
    return error.message
  }).pipe(Effect.scoped, Effect.timeout("10 seconds"))

describe("TLS", () => {
  it.live("a certificate for another name, one of an unknown authority, and the expected one", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const files = yield* tlsFiles
        const ca = Fs.readFileSync(files.ca)
        const { address, port } = yield* server({ tls: files })
        const other = yield* refusal(address, { ca, servername: "redis.example" })
        assert.match(
          other,
          /\(tls\): the server's certificate is for another name: expected redis\.example, found DNS:localhost/
        )
        assert.match(
          yield* refusal(`localhost:${port}`, true),
          /\(tls\): the server's certificate is not trusted: expected localhost, found DNS:localhost/
        )
        // The same through Sentinel, whose answers are not waited for either.
        const sentinel = yield* Sentinel.make({ sentinels: [address], sentinel: { tls: true } })
        const none = failureOf(yield* Effect.exit(sentinel.discoverPrimary("mymaster")))
        assert.isFalse(none.isRetryable)
        assert.include(none.message, "not trusted")
      })
    ))

  it.live("an expired certificate, and a self-signed one", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const own = yield* selfSigned(2)
        const good = yield* server({ tls: own })
        assert.match(
          yield* refusal(good.address, true),
          /\(tls\): the server's certificate is not trusted: .*found DNS:localhost/
        )
        const old = yield* selfSigned(-1)
        const expired = yield* server({ tls: old })
        assert.match(
          yield* refusal(expired.address, { ca: Fs.readFileSync(old.ca) }),
          /\(tls\): the server's certificate has expired: /
        )
      })
    ))

  it.live("a server that requires a client certificate", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const files = yield* tlsFiles
        const { address } = yield* server({ tls: files, config: ["tls-auth-clients yes"] })
        const ca = Fs.readFileSync(files.ca)
        assert.match(
          yield* refusal(address, { ca }),
          /\(tls\): the server requires a client certificate: set tls.cert and tls.key/
        )
        assert.match(
          yield* refusal(address, { ca, maxVersion: "TLSv1.2" }),
          /\(tls\): the server requires a client certificate: set tls.cert and tls.key/
        )
        const redis = yield* RedisClient.make({
          address,
          tls: { ca, cert: Fs.readFileSync(files.cert), key: Fs.readFileSync(files.key) }
        })
        assert.strictEqual(yield* redis.ping(), "PONG")
      })
    ))

  it.live("a function that refuses the certificate, or throws, decides, and ends nothing else", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const files = yield* tlsFiles
        const ca = Fs.readFileSync(files.ca)
        const { address, port } = yield* server({ tls: files })
        const refusing = { ca, checkServerIdentity: () => new Error("not this one") }
        assert.include(yield* refusal(address, refusing), "checkServerIdentity refused the certificate (not this one)")
        const throwing = {
          ca,
          checkServerIdentity: () => {
            throw new Error("a secret")
          }
        }
        const thrown = yield* refusal(address, throwing)
        assert.include(thrown, "the function checkServerIdentity threw")
        assert.notInclude(thrown, "a secret")
        // Settings of TLS say neither where to dial nor how to read; a look-up of theirs is as good as a resolver.
        const lookup: any = (_name: string, _options: unknown, found: any) =>
          setImmediate(() => found(null, "127.0.0.1"))
        const others: any = {
          ca,
          lookup,
          path: "/nowhere",
          port: 1,
          onread: { buffer: Buffer.alloc(9), callback: () => true }
        }
        const redis = yield* RedisClient.make({ address: `localhost:${port}`, tls: others })
        assert.strictEqual(yield* redis.ping(), "PONG")
      })
    ))

  it.live("TLS to a plain port, and plain to a TLS port", () =>
    Effect.scoped(
      Effect.gen(function*() {
        const plain = yield* server()
        assert.include(yield* refusal(plain.address, true), "the server does not speak TLS at this port")
        const talkative = yield* listening((socket) => void socket.write("-ERR max number of clients reached\r\n"))
        assert.include(yield* refusal(talkative.address, true), "the server does not speak TLS at this port")
        const secure = yield* server({ tls: yield* tlsFiles })
        const asked = "the server speaks TLS at this port: set the option tls"
        assert.include(yield* refusal(secure.address, undefined), asked)
        // One that says so itself, in its own way.
        const alerting = yield* listening((socket) => {
          socket.on("error", () => {})
          socket.once("data", () => socket.end(Buffer.from("15030300020246", "hex")))
        })
        assert.include(yield* refusal(alerting.address, undefined), asked)
        // One that ends every connection may be anything: it is tried again.
        const mute = yield* listening((socket) => void socket.end())
        const redis = yield* RedisClient.make({ address: mute.address, commandTimeout: "300 millis" })
        const error = failureOf(yield* Effect.exit(redis.ping()))
        assert.include(error.message, "if it speaks TLS at this port, set the option tls")
        assert.isTrue(error.isRetryable)
        // The same through Sentinel, of either tier.
        const sentinel = yield* Sentinel.make({ sentinels: [secure.address] })
        const none = failureOf(yield* Effect.exit(sentinel.discoverPrimary("mymaster")))
        assert.isFalse(none.isRetryable)
        assert.include(none.message, asked)
      })
    ))
})
