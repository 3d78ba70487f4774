/**
 * Wraps a Connector: cuts each connection to some of the addresses after a random
 * number of bytes, in the middle of a request or of a reply.
 */
import * as Effect from "effect/Effect"
import { Address, type Connector } from "../../src/index.ts"
import { seeded } from "../../src/testing/Time.ts"

export const cutting = (
  dial: Connector.Dial,
  addresses: ReadonlySet<string>,
  cuts: { n: number }
): Connector.Dial => {
  const random = seeded(17)
  return (options) =>
    Effect.map(dial(options), (inner): Connector.Transport => {
      if (!addresses.has(Address.format(options.address))) return inner
      const direction = random() < 0.5 ? "request" : "reply"
      // The handshake takes some hundred bytes in each direction.
      let left = 600 + Math.floor(random() * 6000)
      let over = false
      let handler: Connector.Handler | undefined
      const cut = (): void => {
        over = true
        cuts.n++
        inner.destroy()
        queueMicrotask(() => handler?.closed(new Error("cut")))
      }
      return {
        start: (h) => {
          handler = h
          inner.start({
            drain: h.drain,
            closed: (cause) => {
              if (!over) h.closed(cause)
            },
            data: (chunk) => {
              if (over) return
              if (direction === "request" || chunk.length <= left) {
                if (direction === "reply") left -= chunk.length
                return h.data(chunk)
              }
              h.data(chunk.subarray(0, left))
              cut()
            }
          })
        },
        write: (chunks, ascii) => {
          if (over) return true
          if (direction === "reply") return inner.write(chunks, ascii)
          const bytes = Buffer.concat(chunks.map((c) => typeof c === "string" ? Buffer.from(c) : c))
          if (bytes.length <= left) {
            left -= bytes.length
            return inner.write(chunks, ascii)
          }
          inner.write([bytes.subarray(0, left)], false)
          // Bytes before the cut arrive.
          over = true
          setImmediate(cut)
          return true
        },
        destroy: () => {
          over = true
          inner.destroy()
        }
      }
    })
}
