import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** Stands between a replica and the database, and can part them. */
export interface Proxy extends AsyncDisposable {
  readonly port: number;
  /** Nothing goes through any more, in either direction, and nobody is told: a partition. */
  block(): void;
  /** Requests go through, answers do not. */
  swallowAnswers(): void;
  /** Ends every connection, and refuses new ones. */
  cut(): void;
  /** As a wire. What was held back by `block` is lost. */
  pass(): void;
}

export async function startProxy(target: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let mode: "pass" | "block" | "swallow" | "cut" = "pass";
  const server = createServer((near) => {
    if (mode === "cut") {
      near.destroy();
      return;
    }
    const far = connect(target, "127.0.0.1");
    const pair = [near, far] as const;
    for (const socket of pair) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        for (const other of pair) other.destroy();
      });
    }
    near.on("data", (data) => void (mode !== "block" && far.write(data)));
    far.on("data", (data) => void (mode === "pass" && near.write(data)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    block: () => void (mode = "block"),
    swallowAnswers: () => void (mode = "swallow"),
    cut() {
      mode = "cut";
      endAll();
    },
    pass() {
      // A connection that lost a part of what it carried is of no use.
      if (mode !== "pass") endAll();
      mode = "pass";
    },
    async [Symbol.asyncDispose]() {
      endAll();
      server.close();
      await once(server, "close");
    },
  };
}
