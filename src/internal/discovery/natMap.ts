/**
 * From announced addresses to those that can be dialled.
 */
import * as Address from "../../Address.ts"
import type { NatMap } from "../../Options.ts"

export const natOf = (natMap: NatMap | undefined): (address: Address.Tcp) => Address.Tcp | string => {
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
