/**
 * A password in a file, as a secret store mounts it: the file is watched, and sessions that are open log in with what it
 * has now. Runs on a server in memory.
 *
 *   node examples/watchedPassword.ts
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Fiber, FileSystem, Path, Redacted, Stream } from "effect"
import { Credentials, RedisClient } from "../src/index.ts"
import * as Testing from "../src/testing/index.ts"

/**
 * The password in a file, now and each time that it changes. The folder is watched, since secret stores put another file
 * in the place of the old one; the file is also read from time to time, for file systems that tell no changes.
 */
export const passwordIn = (file: string) =>
  Stream.unwrap(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const looks = Stream.merge(Stream.tick("1 second"), fs.watch(path.dirname(file)))
    return looks.pipe(
      Stream.mapEffect(() => fs.readFileString(file)),
      Stream.map((text) => text.trim()),
      Stream.changes,
      Stream.map((password): Credentials.Credential => ({ username: "app", password: Redacted.make(password) }))
    )
  }))

/** The administrator of the server puts another password into the file, and the client goes on. */
export const example = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const file = `${yield* fs.makeTempDirectoryScoped()}/password`
  const admin = yield* RedisClient.make()
  const rotateTo = (password: string) =>
    Effect.gen(function*() {
      yield* admin.aclSetuser("app", ["on", "~*", "+@all", ["addPassword", Redacted.make(password)]])
      // Nobody reads half a password.
      yield* fs.writeFileString(`${file}.new`, password)
      yield* fs.rename(`${file}.new`, file)
    })

  yield* rotateTo("the first one")
  const credentials = yield* Credentials.make(passwordIn(file))
  const redis = yield* RedisClient.make({ credentials })
  const sessionBefore = yield* redis.clientId()

  const accepted = yield* Effect.forkScoped(
    Stream.runHead(Stream.filter(credentials.events, (event) => event._tag === "Accepted")),
    { startImmediately: true }
  )
  yield* rotateTo("the second one")
  yield* Fiber.join(accepted)
  yield* admin.aclSetuser("app", [["removePassword", Redacted.make("the first one")]])
  return { sessionBefore, sessionAfter: yield* redis.clientId() }
}).pipe(Effect.scoped, Effect.provide([Testing.layerRedis(), NodeServices.layer]))

if (import.meta.main) NodeRuntime.runMain(Effect.flatMap(example, (result) => Console.table(result)))
