/**
 * The version of the package, as the command and its pages tell it.
 */

/** The version of the package. */
export const version = "0.1.0"
