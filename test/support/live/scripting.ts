/** Scenes of scripts and of functions. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { anywhere, bytesOf, c, eventually, fails, fits, given, is, Live, result, scene, type Step } from "./scene.ts"

const script = "return {KEYS[1], ARGV[1], 12}"
const library = "#!lua name=mylib\n" +
  "redis.register_function{function_name='twice', callback=function(keys, args) return args[1] * 2 end, " +
  "flags={'no-writes'}, description='twice as much'}"
const endless = "while true do end"

/** Ends what runs at the server, as soon as something does. */
const ended = (running: Step, kill: Step): Step =>
  Effect.gen(function*() {
    const live = yield* Live
    const busy = Effect.provideService(running, Live, { ...live, redis: live.other })
    yield* Effect.all([busy, kill], { concurrency: 2 })
  })

export const scripting = [
  anywhere(
    "scripts",
    is(c.eval(script, ["k"], ["a"]), ["k", "a", 12]),
    is(c.evalRo(script, ["k"], ["a"]), ["k", "a", 12]),
    fails(c.evalRo("return redis.call('set', KEYS[1], 1)", ["k"]), "ReplyError", "ERR"),
    Effect.gen(function*() {
      const sha1 = yield* result(c.scriptLoad(script))
      yield* is(c.scriptLoad(script), sha1)
      yield* is(c.evalsha(sha1, ["k"], ["a"]), ["k", "a", 12])
      yield* is(c.evalshaRo(sha1, ["k"], ["a"]), ["k", "a", 12])
      yield* is(c.scriptExists(sha1, "0".repeat(40)), [true, false])
      yield* is(c.scriptFlush("sync"), "OK")
      yield* fails(c.evalsha(sha1), "ReplyError", "NOSCRIPT")
    })
  ),
  scene(
    "the text of a script",
    { commands: ["SCRIPT SHOW"] },
    Effect.gen(function*() {
      yield* is(c.scriptShow(yield* result(c.scriptLoad(script))), script)
    })
  ),
  anywhere(
    "a script that does not end",
    ended(fails(c.eval(endless), "ReplyError", "ERR"), eventually(is(c.scriptKill(), "OK"))),
    fails(c.scriptKill(), "ReplyError", "NOTBUSY")
  ),
  anywhere(
    "functions",
    is(c.functionLoad(library), "mylib"),
    fails(c.functionLoad(library), "ReplyError", "ERR"),
    is(c.functionLoad(library, { replace: true }), "mylib"),
    is(c.fcall("twice", [], [4]), 8),
    is(c.fcallRo("twice", [], [5]), 10),
    is(c.functionList(), [
      {
        libraryName: "mylib",
        engine: "LUA",
        functions: [{ name: "twice", description: "twice as much", flags: ["no-writes"] }]
      }
    ]),
    fits(c.functionListWithCode("my*"), ([lib]) => lib!.libraryCode === library && lib!.libraryName === "mylib"),
    is(c.functionStats(), { runningScript: null, engines: { LUA: { librariesCount: 1, functionsCount: 1 } } }),
    Effect.gen(function*() {
      const dump = yield* bytesOf(c.functionDump())
      yield* is(c.functionDelete("mylib"), "OK")
      yield* is(c.functionRestore(dump), "OK")
      yield* is(c.functionRestore(dump, "flush"), "OK")
      yield* is(c.fcall("twice", [], [4]), 8)
    }),
    is(c.functionFlush("sync"), "OK"),
    is(c.functionList(), [])
  ),
  anywhere(
    "a function that does not end",
    given(c.functionLoad(
      "#!lua name=endless\nredis.register_function{function_name='endless', callback=function() while true do end end, " +
        "flags={'no-writes'}}"
    )),
    ended(
      fails(c.fcall("endless"), "ReplyError", "ERR"),
      Effect.gen(function*() {
        yield* eventually(
          fits(c.functionStats(), ({ runningScript }) =>
            runningScript !== null && runningScript.name === "endless" &&
            Duration.toMillis(runningScript.duration) >= 0)
        )
        yield* is(c.functionKill(), "OK")
      })
    ),
    fails(c.functionKill(), "ReplyError", "NOTBUSY")
  )
]
