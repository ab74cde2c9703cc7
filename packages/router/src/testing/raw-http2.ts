import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Frame types (RFC 9113 6). */
export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const FLAG = { ACK: 1, END_STREAM: 1, END_HEADERS: 4 } as const;

export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** One frame in bytes; nothing is checked, so that it can be as wrong as a test needs. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** HPACK literals without indexing and without Huffman code (RFC 7541 6.2.2), Latin-1, whatever is in them. */
export function headerBlock(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]));
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const size = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) size.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...size, rest]), bytes]);
}

export const u32 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32BE(value, i * 4));
  return bytes;
};

export interface SeenFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** One side of a connection that says exactly the frames it is told to, and remembers those that come. */
export class RawHttp2 {
  readonly frames: SeenFrame[] = [];
  /** The other side ended or broke the connection. */
  closed = false;
  onFrame: (frame: SeenFrame) => void = () => undefined;
  private rest: Buffer = Buffer.alloc(0);

  private constructor(
    readonly socket: Socket,
    /** Bytes before the first frame. */
    private skip: number,
  ) {
    socket.on('data', (bytes: Buffer) => this.read(bytes));
    socket.on('error', () => undefined);
    for (const event of ['end', 'close']) socket.on(event, () => (this.closed = true));
  }

  /** Connects and sends preface and empty SETTINGS; acknowledges nothing by itself. */
  static async open(port: number, settings: Buffer = Buffer.alloc(0)): Promise<RawHttp2> {
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const client = new RawHttp2(socket, 0);
    client.send(Buffer.from(PREFACE), frame(FRAME.SETTINGS, 0, 0, settings));
    return client;
  }

  /** The instance's side; sends its SETTINGS. */
  static accept(socket: Socket, settings: Buffer = Buffer.alloc(0)): RawHttp2 {
    const server = new RawHttp2(socket, PREFACE.length);
    server.send(frame(FRAME.SETTINGS, 0, 0, settings));
    return server;
  }

  send(...pieces: Buffer[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(pieces));
  }

  /** A request head in one HEADERS frame. */
  headers(stream: number, fields: readonly (readonly [string, string])[], endStream = true): void {
    const flags = FLAG.END_HEADERS | (endStream ? FLAG.END_STREAM : 0);
    this.send(frame(FRAME.HEADERS, flags, stream, headerBlock(fields)));
  }

  private read(bytes: Buffer): void {
    this.rest = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    if (this.rest.length < this.skip) return;
    this.rest = this.rest.subarray(this.skip);
    this.skip = 0;
    while (this.rest.length >= 9) {
      const length = this.rest.readUIntBE(0, 3);
      if (this.rest.length < 9 + length) return;
      const seen: SeenFrame = {
        type: this.rest.readUInt8(3),
        flags: this.rest.readUInt8(4),
        stream: this.rest.readUInt32BE(5) & 0x7fffffff,
        payload: Buffer.from(this.rest.subarray(9, 9 + length)),
      };
      this.rest = this.rest.subarray(9 + length);
      this.frames.push(seen);
      this.onFrame(seen);
    }
  }

  of(type: number, stream?: number): SeenFrame[] {
    return this.frames.filter(
      (seen) => seen.type === type && (stream === undefined || seen.stream === stream),
    );
  }

  /** Error code of the RST_STREAM of a stream; undefined: there was none. */
  reset(stream: number): number | undefined {
    return this.of(FRAME.RST_STREAM, stream)[0]?.payload.readUInt32BE(0);
  }

  /** Error code of the last GOAWAY. */
  get goaway(): number | undefined {
    return this.of(FRAME.GOAWAY).at(-1)?.payload.readUInt32BE(4);
  }

  /** Status of the response to a stream, where HPACK has it in its static table (RFC 7541 appendix A). */
  status(stream: number): number | undefined {
    const first = this.of(FRAME.HEADERS, stream)[0]?.payload[0];
    return first === undefined ? undefined : ([200, 204, 206, 304, 400, 404, 500][(first & 0x7f) - 8] ?? 0);
  }

  close(): void {
    this.socket.destroy();
  }
}

/** SETTINGS of one value. */
export const setting = (id: number, value: number): Buffer => {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id, 0);
  bytes.writeUInt32BE(value, 2);
  return bytes;
};

/** An instance that speaks HTTP/2 frame by frame. */
export interface RawInstance {
  readonly port: number;
  readonly connections: RawHttp2[];
  close(): Promise<void>;
}

/** @param onRequest told of every HEADERS frame */
export async function startRawInstance(
  onRequest: (connection: RawHttp2, stream: number) => void,
  settings: Buffer = Buffer.alloc(0),
): Promise<RawInstance> {
  const connections: RawHttp2[] = [];
  const server = createServer((socket) => {
    const connection = RawHttp2.accept(socket, settings);
    connection.onFrame = ({ type, stream }) => {
      if (type === FRAME.HEADERS) onRequest(connection, stream);
    };
    connections.push(connection);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    close: async () => {
      for (const connection of connections) connection.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
