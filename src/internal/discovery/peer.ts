/**
 * A sentinel that may be asked.
 */
import * as Address from "../../Address.ts"

/** A sentinel that may be asked. */
export interface Peer {
  readonly address: Address.Address
  readonly shown: string
  /** Whether it is one of the seeds. */
  readonly configured: boolean
  /** The only sentinel that has ever listed it. */
  introducedBy: string | undefined
  /** Its own name for itself, where it told. */
  id: string | undefined
  /** Whether it exists as far as anybody can tell: it has answered, or two others list it. */
  counted: boolean
  askedAt: number
  /** Since when, and for how many rounds, it has neither answered nor been listed. */
  missingSince: number
  missed: number
}

export const newPeer = (address: Address.Address, configured: boolean, introducedBy?: string | undefined): Peer => ({
  address,
  shown: Address.format(address),
  configured,
  introducedBy,
  id: undefined,
  counted: configured,
  askedAt: -Infinity,
  missingSince: Infinity,
  missed: 0
})
