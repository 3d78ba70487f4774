/**
 * How the lines of scripts are read.
 */

/** The words of a line, as redis-cli reads them. */
export const words = (line: string): Array<string> =>
  (line.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? []).map((word) =>
    word.startsWith("\"")
      ? word.slice(1, -1).replace(
        /\\(x[0-9a-f]{2}|.)/gi,
        (_, e: string) =>
          /^x[0-9a-f]{2}/i.test(e)
            ? String.fromCharCode(parseInt(e.slice(1), 16))
            : e === "r"
            ? "\r"
            : e === "n"
            ? "\n"
            : e
      )
      : word
  )
