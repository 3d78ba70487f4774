/** The server of a benchmark: a free port for it, and a connection for its preparation. It starts nothing. */
import * as Net from "node:net"

export const host = "127.0.0.1"

export const freePort = () =>
  new Promise((resolve) => {
    const server = Net.createServer()
    server.listen(0, host, () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

const frame = (args) => `*${args.length}\r\n${args.map((a) => `$${Buffer.byteLength(a)}\r\n${a}\r\n`).join("")}`

/** A connection for single commands with short replies. */
export const connected = async (port) => {
  for (;;) {
    const socket = Net.connect({ host, port })
    const isOpen = await new Promise((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false))
    })
    if (!isOpen) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      continue
    }
    return {
      send: (...args) =>
        new Promise((resolve, reject) => {
          let text = ""
          const onData = (chunk) => {
            text += chunk
            if (!text.endsWith("\r\n")) return
            socket.off("data", onData)
            if (text.startsWith("-")) reject(new Error(text))
            else resolve(text)
          }
          socket.on("data", onData)
          socket.write(frame(args.map(String)))
        }),
      end: () => socket.destroy()
    }
  }
}
