/**
 * The SHA-1 of a script, by which servers know it.
 */
import { createHash } from "node:crypto"

/** The SHA-1 of a text in UTF-8, in hexadecimal. */
export const sha1Of = (text: string): string => createHash("sha1").update(text, "utf8").digest("hex")
