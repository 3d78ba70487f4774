/**
 * The commands `watch` and `failover` in a real terminal, on real processes: what they show of a primary that is killed
 * and of a planned failover, and that they leave the terminal as it was and no process behind.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { commandFile, runCommand } from "../support/commandLine.ts"
import { deployment, temporaryDirectory } from "../support/processes.ts"
import { terminal } from "../support/terminal.ts"

/** The command line, which tells the exit code, the modes of the terminal, and then waits. */
const commandLine = (args: string): string =>
  `"${process.execPath}" "${commandFile}" ${args}; echo "exit code $?"; stty -a | grep -o -e '-\\?icanon' -e '-\\?echo ' | tr '\\n' ' '; exec cat`

/** Whether the terminal is as it was before: its screen, its cursor, its modes. Nothing but `cat` is left. */
const assertClean = (fact: (format: string) => Effect.Effect<string>, screen: string) =>
  Effect.gen(function*() {
    assert.strictEqual(yield* fact("#{alternate_on} #{cursor_flag}"), "0 1")
    assert.strictEqual(yield* fact("#{pane_current_command}"), "cat")
    assert.match(screen, /^icanon echo/m)
  })

describe("watch in a terminal", () => {
  it.live("shows a primary that is killed and a planned failover, and leaves a clean terminal at Ctrl-C", () =>
    Effect.scoped(Effect.gen(function*() {
      const { group, primary, sentinelAddresses, sentinels } = yield* deployment()
      const html = Path.join(yield* temporaryDirectory, "watch.html")
      const shell = yield* terminal({
        command: commandLine(
          `watch --sentinels ${sentinelAddresses.join(",")} --group ${group} --probe --interval 0.2 --html ${html}`
        )
      })
      const before = yield* shell.untilShown(/probe without a pause, 0 lost, 0 failed, \d+ written[^]*(?:Redis|Valkey)/)
      assert.match(before, new RegExp(`^${group}  primary ${primary.address}  epoch 0`, "m"))
      assert.match(before, /^fence +open$/m)
      assert.strictEqual(before.match(/replica +\d.* ok$/gm)?.length, 2, before)
      assert.strictEqual(before.match(/^127\S+ +0 .* ok$/gm)?.length, 3, before)

      yield* primary.kill
      yield* shell.untilShown(/probe pauses for/)
      const after = yield* shell.untilShown(
        /primary 127\S+  epoch 1[^]*fence +open; last closed for[^]*paused for[^]*moved[ ·]+◆[^]*the primary moved/
      )
      const [, next] = /primary (127\S+)/.exec(after)!
      assert.notStrictEqual(next, primary.address)
      assert.match(after, new RegExp(`the primary moved from ${primary.address} to ${next}`))
      assert.match(after, /pause[ ·]+█/)
      assert.match(after, /fence[ ·]+█/)
      assert.match(after, /moved[ ·]+◆/)
      yield* shell.untilShown(/\d+ of \d+ acknowledged writes are missing at/)

      yield* primary.restart
      // The sentinels take it for fit a few seconds later.
      const args = ["failover", "--sentinels", sentinelAddresses.join(","), "--group", group, "--yes", "--json"]
      const planned = yield* Effect.promise(() => runCommand(args)).pipe(
        Effect.repeat({
          schedule: Schedule.spaced("100 millis").pipe(Schedule.upTo({ duration: "30 seconds" })),
          until: ({ code }) => code === 0
        })
      )
      assert.strictEqual(planned.code, 0, planned.stdout)
      const { fences, pauseMillis, to } = JSON.parse(planned.stdout)
      const again = yield* shell.untilShown(/primary 127\S+  epoch 2[^]*fence +open/)
      assert.include(again, `primary ${to} `)
      assert.match(again, /moved[ ·]+◆·+◆/)
      assert.strictEqual(fences.length, 1)
      assert.isAtLeast(pauseMillis, fences[0].to - fences[0].from - 50)

      // A sentinel that hangs holds nothing up.
      yield* sentinels[2]!.signal("SIGSTOP")
      yield* shell.untilShown(/sentinel 127\S+ does not answer/)
      yield* shell.press("C-c")
      const left = yield* shell.untilShown(/exit code 0[^]*icanon/)
      yield* assertClean(shell.fact, left)
      assert.match(left, /Watched mymaster for .*: 2 failovers; fence closed for .* lost; longest pause/)
      assert.match(Fs.readFileSync(html, "utf8"), /<svg[^]*the primary moved/)
    })))

  it.live("fits a narrow terminal, and one that is made narrower", () =>
    Effect.scoped(Effect.gen(function*() {
      const { group, sentinelAddresses } = yield* deployment()
      const shell = yield* terminal({
        columns: 80,
        rows: 24,
        environment: { NO_COLOR: "1" },
        command: commandLine(`watch --sentinels ${sentinelAddresses.join(",")} --group ${group}`)
      })
      assert.match(yield* shell.untilShown(/STATE[^]*ok[^]*q quits/), /^fence +open$/m)
      yield* shell.resize(44, 16)
      const narrow = yield* shell.untilShown(/^q quits$/m)
      assert.isTrue(narrow.split("\n").every((text) => text.length <= 44), narrow)
      yield* shell.press("q")
      yield* assertClean(shell.fact, yield* shell.untilShown(/exit code 0[^]*icanon/))
    })))
})

describe("failover in a terminal", () => {
  it.live("says what happens, asks, and reports the pause and that nothing was lost", () =>
    Effect.scoped(Effect.gen(function*() {
      const { group, primary, sentinelAddresses } = yield* deployment()
      const html = Path.join(yield* temporaryDirectory, "failover.html")
      const shell = yield* terminal({
        rows: 60,
        command: commandLine(`failover --sentinels ${sentinelAddresses.join(",")} --group ${group} --html ${html}`)
      })
      const asked = yield* shell.untilShown(/Start the failover of mymaster\?/)
      assert.match(asked, new RegExp(`which has the primary ${primary.address} \\(epoch 0\\)`))
      assert.match(asked, /is asked once: SENTINEL FAILOVER mymaster/)
      yield* shell.press("y")
      const done = yield* shell.untilShown(/exit code \d[^]*icanon/)
      assert.match(done, /exit code 0/)
      assert.match(done, /No acknowledged write of the probe was lost/)
      assert.match(done, /pause +\d+ ms without an acknowledged write/)
      assert.match(done, /fence +closed for \d+ ms, from \d+ ms after the request \(\+\S+\)/)
      assert.match(done, /lost +0 of \d+ acknowledged writes/)
      assert.match(done, /\+switch-master/)
      yield* assertClean(shell.fact, done)
      assert.match(Fs.readFileSync(html, "utf8"), /<svg[^]*SENTINEL FAILOVER mymaster/)
    })))

  it.live("starts nothing if the answer is no, or Ctrl-C", () =>
    Effect.scoped(Effect.gen(function*() {
      const { group, sentinelAddresses } = yield* deployment({ replicas: 1, sentinels: 1 })
      for (const key of ["n", "C-c"]) {
        const shell = yield* terminal({
          command: commandLine(`failover --sentinels ${sentinelAddresses.join(",")} --group ${group}`)
        })
        yield* shell.untilShown(/Start the failover of mymaster\?/)
        yield* shell.press(key)
        const done = yield* shell.untilShown(/exit code 2[^]*icanon/)
        assert.match(done, /Nothing was started/)
        assert.notMatch(done, /\+try-failover/)
        yield* assertClean(shell.fact, done)
      }
    })))
})
