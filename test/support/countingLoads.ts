/**
 * Wraps a Connector: counts the loads of scripts and of function libraries that are
 * written to each connection.
 */
import * as Effect from "effect/Effect"
import { Address, type Connector } from "../../src/index.ts"

/** The loads on one connection. */
export interface Loads {
  readonly address: string
  n: number
}

const load = /\$(?:6\r\nSCRIPT|8\r\nFUNCTION)\r\n\$4\r\nLOAD\r\n/g

export const countingLoads = (dial: Connector.Dial, connections: Array<Loads>): Connector.Dial => (options) =>
  Effect.map(dial(options), (inner): Connector.Transport => {
    const loads: Loads = { address: Address.format(options.address), n: 0 }
    connections.push(loads)
    return {
      ...inner,
      write: (chunks, ascii) => {
        const text = chunks.map((chunk) => typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("latin1"))
        loads.n += text.join("").match(load)?.length ?? 0
        return inner.write(chunks, ascii)
      }
    }
  })
