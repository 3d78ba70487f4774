/**
 * How often a group has moved to another primary for a client, for what keeps things at the primary. An epoch does not
 * tell that: sentinels that are told to monitor another node begin with epoch 0 again. For a client that the library has
 * not made, such as a mock, the group never moves.
 */
const moves = new WeakMap<object, () => number>()

/** Notes where the number of moves of a client is found, and gives the client. */
export const withMoves = <A extends object>(client: A, count: () => number): A => {
  moves.set(client, count)
  return client
}

/** How often the group has moved for a client; 0 if that is not known. */
export const movesOf = (client: object): number => moves.get(client)?.() ?? 0
