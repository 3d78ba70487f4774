/**
 * The address to dial for an address that a sentinel announces: checked, and mapped
 * by the option `natMap`. Pure; which addresses are the same node is not decided
 * here.
 */
import * as Address from "../../Address.ts"
import type { NatMap } from "../../Options.ts"

/** The address to dial for an announced host and port, or why there is none, in words. */
export type DialAddress = (host: string, port: number) => Address.Tcp | string

/**
 * The address to dial for each announced address, by the option `natMap`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const dialAddressBy = (natMap: NatMap | undefined): DialAddress => {
  const map = mapperOf(natMap)
  return (host, port) => {
    const parsed = Address.parse({ host, port }, 0)
    return typeof parsed === "string" ? parsed : map(parsed as Address.Tcp)
  }
}

const mapperOf = (natMap: NatMap | undefined): (address: Address.Tcp) => Address.Tcp | string => {
  if (natMap === undefined) return (address) => address
  if (typeof natMap === "function") {
    return (address) => {
      const mapped = natMap(address)
      if (mapped === undefined) return address
      const parsed = Address.parse(mapped, address.port)
      return typeof parsed === "string" ? `natMap gave ${parsed}` : parsed as Address.Tcp
    }
  }
  const table = new Map(Object.entries(natMap))
  return (address) => {
    const to = table.get(Address.format(address))
    if (to === undefined) return address
    const parsed = Address.parse(to, address.port)
    return typeof parsed === "string" ? parsed : parsed as Address.Tcp
  }
}
