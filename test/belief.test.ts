/** The rule by which sentinels are believed. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import {
  Belief,
  choosePrimary,
  minorityMillis,
  outvotedMillis,
  plausibleEpochLead,
  type SentinelClaim,
  unnamedMillis,
  type Verdict
} from "../src/internal/discovery/belief.ts"

const word = (from: string, node: string, epoch: number): SentinelClaim => ({ from, node, epoch })
const none: ReadonlySet<string> = new Set()
const lie = Number.MAX_SAFE_INTEGER

/** What is believed after some words, of a group with so many sentinels that follows A. */
const following = (node: string, epoch: number): Belief => {
  const belief = new Belief()
  belief.follow({ from: "s1", node, epoch }, 0)
  return belief
}

const say = (belief: Belief, now: number, ...words: ReadonlyArray<SentinelClaim>): void => {
  for (const w of words) belief.record(w, now)
}

/** Lets the same be said every half second, until something is ready. When, and what. */
const keepSaying = (belief: Belief, known: number, words: ReadonlyArray<SentinelClaim>, millis = 60_000) => {
  for (let now = 1000; now <= millis; now += 500) {
    say(belief, now, ...words)
    const verdict = belief.assess(known, now)
    if (verdict.kind !== "stay" && verdict.isReady) return { after: now - 1000, verdict }
  }
  return undefined
}

const targetOf = (verdict: Verdict | undefined): string =>
  verdict === undefined || verdict.kind === "stay" ? "" : `${verdict.kind} ${verdict.claim.node} ${verdict.claim.epoch}`

describe("which sentinels are believed", () => {
  it("a newer epoch is believed at once, even if only one sentinel knows it", () => {
    const belief = following("A", 12)
    say(belief, 1, word("s1", "B", 13), word("s2", "A", 12), word("s3", "A", 12))
    assert.isTrue(belief.accepts(word("s1", "B", 13), 3, 1))
    assert.isFalse(belief.accepts(word("s1", "B", 12), 3, 1))
    assert.isFalse(belief.accepts(word("s1", "B", 11), 3, 1))
  })

  it("a lone claim that is far ahead does not count until a second sentinel makes it", () => {
    const belief = following("A", 12)
    say(belief, 1, word("s2", "A", 12), word("s1", "B", lie))
    assert.isFalse(belief.accepts(word("s1", "B", lie), 3, 1))
    assert.isTrue(belief.accepts(word("s1", "B", 12 + plausibleEpochLead), 3, 1))
    say(belief, 2, word("s3", "B", lie))
    assert.isTrue(belief.accepts(word("s1", "B", lie), 3, 2))
  })

  it("an epoch that only one sentinel ever knew is dropped at once", () => {
    const belief = following("A", lie)
    say(belief, 1, word("s1", "A", lie), word("s2", "A", 12), word("s3", "A", 12))
    const verdict = belief.assess(3, 1)
    assert.strictEqual(targetOf(verdict), "epoch A 12")
    assert.isTrue(verdict.kind === "epoch" && verdict.isReady)
  })

  it("an epoch of the same node goes up once a second sentinel knows it", () => {
    const belief = following("A", 12)
    say(belief, 1, word("s1", "A", 13), word("s2", "A", 12), word("s3", "A", 12))
    assert.strictEqual(targetOf(belief.assess(3, 1)), "")
    say(belief, 2, word("s2", "A", 13))
    assert.strictEqual(targetOf(belief.assess(3, 2)), "epoch A 13")
  })

  it("an epoch that goes back is adopted within seconds, for the same node or another", () => {
    const same = ["s1", "s2", "s3"].map((s) => word(s, "A", 1))
    assert.deepInclude(keepSaying(following("A", 12), 3, same), { after: outvotedMillis })
    const other = ["s1", "s2", "s3"].map((s) => word(s, "C", 1))
    const found = keepSaying(following("A", 12), 3, other)
    assert.strictEqual(found?.after, unnamedMillis)
    assert.strictEqual(targetOf(found?.verdict), "follow C 1")
  })

  it("the leader of a failover has five seconds to tell the others", () => {
    const belief = following("B", 13)
    const words = [word("s1", "B", 13), word("s2", "A", 12), word("s3", "A", 12)]
    assert.strictEqual(keepSaying(belief, 3, words)?.after, outvotedMillis)
    // One that then agrees is a majority with it.
    assert.isUndefined(keepSaying(following("B", 13), 3, [words[0]!, word("s2", "B", 13), words[2]!]))
  })

  it("a reachable minority has to agree for longer; one half has no effect", () => {
    assert.strictEqual(keepSaying(following("B", 13), 3, [word("s2", "A", 12)])?.after, minorityMillis)
    assert.isUndefined(keepSaying(following("B", 13), 3, [word("s1", "B", 13), word("s2", "A", 12)]))
    assert.isUndefined(keepSaying(following("B", 13), 3, []))
  })

  it("if the node itself says that it is no primary, a majority is followed at once", () => {
    const belief = following("B", 13)
    belief.onWrongRole("B")
    assert.strictEqual(keepSaying(belief, 3, [word("s1", "B", 13), word("s2", "A", 12), word("s3", "A", 12)])?.after, 0)
    // It says that it is one again.
    const again = following("B", 13)
    again.onWrongRole("B")
    again.onPrimaryRole("B")
    assert.isFalse(again.accepts(word("s2", "A", 13), 3, 0))
  })

  it("a contradiction that pauses starts again", () => {
    const belief = following("B", 13)
    const contradicted = [word("s1", "B", 13), word("s2", "A", 12), word("s3", "A", 12)]
    for (let now = 0; now < 60_000; now += 500) {
      say(belief, now, ...contradicted)
      // Every four seconds all agree.
      if (now % 4000 === 0) say(belief, now, word("s2", "B", 13))
      const verdict = belief.assess(3, now)
      assert.isFalse(verdict.kind === "follow" && verdict.isReady)
    }
  })

  it("an outvoted sentinel does not count alone until it has agreed and a minute has passed", () => {
    const belief = following("X", 13)
    say(belief, 0, word("s1", "X", 13), word("s2", "A", 12), word("s3", "A", 12))
    belief.follow(word("s2", "A", 12), 0)
    assert.isFalse(belief.accepts(word("s1", "X", 13), 3, 1))
    assert.isFalse(belief.accepts(word("s1", "X", 14), 3, 1))
    assert.isTrue(belief.accepts(word("s2", "B", 13), 3, 1))
    say(belief, 100, word("s1", "A", 12))
    assert.isFalse(belief.accepts(word("s1", "X", 13), 3, 1000))
    assert.isTrue(belief.accepts(word("s1", "X", 13), 3, 61_000))
  })

  it("one sentinel does not lead to a third node before another has confirmed the second", () => {
    const belief = following("A", 12)
    say(belief, 0, word("s1", "B", 13), word("s2", "A", 12), word("s3", "A", 12))
    belief.follow(word("s1", "B", 13), 0)
    say(belief, 1, word("s1", "C", 14))
    assert.isFalse(belief.accepts(word("s1", "C", 14), 3, 1))
    // Another one may: its failover came after.
    assert.isTrue(belief.accepts(word("s2", "C", 14), 3, 1))
    say(belief, 2, word("s1", "B", 13), word("s2", "B", 13))
    belief.assess(3, 2)
    assert.isTrue(belief.accepts(word("s1", "C", 14), 3, 2))
  })

  it("the order of nodes to try when no primary is followed yet", () => {
    const words = [word("s1", "D", 1), word("s2", "A", 1), word("s3", "A", 1), word("s4", "B", lie)]
    assert.strictEqual(choosePrimary(words, 4, none, none)?.node, "A")
    assert.strictEqual(
      choosePrimary([word("s1", "B", 13), word("s2", "A", 12), word("s3", "A", 12)], 3, none, none)?.node,
      "B"
    )
    assert.strictEqual(choosePrimary(words, 4, new Set(["A"]), none)?.node, "D")
    // One that is only out of reach is left to what most name, and to nothing else.
    assert.strictEqual(choosePrimary(words.slice(0, 3), 3, none, new Set(["D"]))?.node, "A")
    assert.isUndefined(choosePrimary(words.slice(0, 3), 3, none, new Set(["A"])))
    assert.isUndefined(choosePrimary([], 3, none, none))
  })

  const claims = Schema.Array(
    Schema.Struct({
      from: Schema.Literals(["s1", "s2", "s3", "s4", "s5"]),
      node: Schema.Literals(["A", "B", "C"]),
      epoch: Schema.Literals([0, 1, 2, 12, 13, 14, 1500, lie]),
      wait: Schema.Literals([0, 1, 500, 2000, 11_000]),
      act: Schema.Literals(["hear", "silent", "disprove", "settle", "forget"])
    })
  )

  it.effect.prop(
    "one sentinel of five, whatever it says and when, is never enough against the others",
    [claims],
    ([list]) =>
      Effect.sync(() => {
        const belief = following("A", 12)
        say(belief, 0, word("s2", "A", 12), word("s3", "A", 12))
        belief.assess(5, 0)
        const honest = ["s2", "s3", "s4", "s5"].map((s) => word(s, "A", 12))
        let now = 0
        let followed = 0
        for (const { epoch, node, wait } of list) {
          now += wait
          say(belief, now, ...honest)
          const said = word("s1", node, epoch)
          belief.record(said, now)
          const verdict = belief.assess(5, now)
          if (verdict.kind === "follow" && verdict.isReady) belief.follow(verdict.claim, now)
          else if (verdict.kind === "epoch" && verdict.isReady) belief.follow(verdict.claim, now)
          else if (node !== belief.followed!.node && belief.accepts(said, 5, now)) {
            // As in a failover: it may lead for a moment, if the node plays along.
            if (node !== "A") followed++
            belief.follow(said, now)
          }
          assert.isAtMost(belief.followed!.epoch, 12 + plausibleEpochLead)
        }
        const end = keepSaying(belief, 5, [...honest, word("s1", "B", lie)], 20_000)
        if (end !== undefined) belief.follow(end.verdict.claim, now)
        assert.strictEqual(belief.followed!.node, "A")
        // It is believed once, and then not before it has agreed for a minute.
        assert.isAtMost(followed, 1 + Math.floor(now / 60_000))
      })
  )

  it.effect.prop("whatever was said and done, five seconds of agreement win", [claims], ([list]) =>
    Effect.sync(() => {
      const belief = new Belief()
      let now = 0
      for (const { act, epoch, from, node, wait } of list) {
        now += wait
        const said = word(from, node, epoch)
        switch (act) {
          case "hear":
            belief.record(said, now)
            break
          case "silent":
            belief.withdraw(from)
            break
          case "forget":
            belief.forget(from)
            break
          case "disprove":
            belief.onWrongRole(node)
            break
          case "settle":
            belief.follow(said, now)
        }
        belief.assess(5, now)
      }
      const all = ["s1", "s2", "s3", "s4", "s5"].map((s) => word(s, "D", 3))
      for (const until = now + outvotedMillis + 500; now <= until; now += 500) {
        say(belief, now, ...all)
        const verdict = belief.assess(5, now)
        if (verdict.kind !== "stay" && verdict.isReady) belief.follow(verdict.claim, now)
        else if (belief.followed === undefined || belief.accepts(all[0]!, 5, now)) belief.follow(all[0]!, now)
      }
      assert.strictEqual(belief.followed!.node, "D")
      assert.strictEqual(belief.followed!.epoch, 3)
    }))
})
