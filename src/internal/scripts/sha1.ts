/**
 * The SHA-1 of a script, by which servers know it, and of what scripts compare.
 */
import { createHash } from "node:crypto"

/** The SHA-1 of bytes, or of a text in UTF-8, in hexadecimal. */
export const sha1Of = (value: string | Uint8Array): string => createHash("sha1").update(value).digest("hex")
