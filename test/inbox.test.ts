/** What waits for a reader that does not read: gaps of all kinds in their places, and a bounded number of items. */
import { assert, describe, it } from "@effect/vitest"
import { Buffer } from "node:buffer"
import { text } from "../src/internal/subscriptions/formats.ts"
import { Inbox } from "../src/internal/subscriptions/inbox.ts"
import type { WhenFull } from "../src/PubSub.ts"

const inboxOf = (whenFull: WhenFull, capacity: number) => {
  const ignore = () => {}
  const host = { label: "a", onReadable: ignore, onDropped: ignore, onFailed: ignore, onFull: ignore }
  const inbox = new Inbox(host, capacity, whenFull, text)
  const name = { kind: "channel", bytes: Buffer.from("c"), text: "c" } as const
  return {
    inbox,
    message: (payload: string) => inbox.message(name, name.bytes, 0, 1, Buffer.from(payload), 0, payload.length),
    subscribed: (epoch: number) => inbox.subscribed({ _tag: "Subscribed", address: "a", epoch }),
    items: () =>
      (inbox as unknown as { take(): ReadonlyArray<any> }).take().map((item) =>
        item._tag === "Gap"
          ? `${item.reason}${item.missed === undefined ? "" : ` ${item.missed}`}`
          : item._tag === "Subscribed"
          ? `subscribed ${item.epoch}`
          : item.payload
      )
  }
}

describe("an inbox that is not read", () => {
  it("tells a lost connection after dropped messages: their number alone would not say that others are missing", () => {
    const { inbox, items, message } = inboxOf("drop-newest", 1)
    for (const payload of ["1", "2", "3"]) message(payload)
    inbox.gap("moved", "")
    assert.deepStrictEqual(items(), ["1", "overflow 2", "moved"])
    message("4")
    assert.deepStrictEqual(items(), ["4"])
  })

  for (const whenFull of ["drop-newest", "drop-oldest"] as const) {
    it(`keeps a bounded number of items through lost connections: ${whenFull}`, () => {
      const { inbox, items, message, subscribed } = inboxOf(whenFull, 2)
      subscribed(0)
      for (const payload of ["1", "2", "3"]) message(payload)
      for (let epoch = 1; epoch <= 1000; epoch++) {
        inbox.gap("lost", "")
        subscribed(epoch)
        message("later")
      }
      assert.isAtMost(inbox.size, 8)
      const found = items()
      assert.deepStrictEqual(
        found,
        whenFull === "drop-newest"
          ? ["subscribed 0", "1", "2", "overflow 1001", "lost", "subscribed 1000"]
          : [
            "overflow 1001",
            "lost",
            "subscribed 998",
            "lost",
            "subscribed 999",
            "later",
            "lost",
            "subscribed 1000",
            "later"
          ]
      )
    })
  }
})
