import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

export const root = path.resolve(__dirname, '../../..');
export const binary = path.resolve(root, process.env.SHEAF_BIN ?? 'build/release/sheaf');
export const work = path.join(root, 'build/web-tests');
export const template = path.join(work, 'demo');
export const EMAIL = 'demo@example.org';
export const PASSWORD = 'sheaf-demo-password';

export function sheaf(words: string[], input?: string): string {
  return execFileSync(binary, words, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'] });
}

export function addUser(data: string, email: string, password: string, admin = false): void {
  sheaf(['user', 'add', '--data', data, '--email', email, '--name', email.split('@')[0]!, ...(admin ? ['--admin'] : []), '--password-stdin'], password);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/** `sheaf serve` on a free port, in a copy of the demo data. `stop` and `start` may alternate: the data stays. */
export class Program {
  private process: ChildProcess | undefined;
  private constructor(
    readonly data: string,
    readonly port: number,
    readonly key: string,
  ) {}

  static async make(name: string): Promise<Program> {
    const directory = path.join(work, name);
    fs.rmSync(directory, { recursive: true, force: true });
    fs.cpSync(template, directory, { recursive: true });
    const data = path.join(directory, 'data');
    const { key } = JSON.parse(sheaf(['key', 'create', '--data', data, '--user', EMAIL, '--name', 'tests', '--expires', 'never', '--json'])) as { key: string };
    const program = new Program(data, await freePort(), key);
    await program.start();
    return program;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const log = fs.openSync(path.join(this.data, '..', 'server.log'), 'a');
    this.process = spawn(binary, ['serve', '--data', this.data, '--listen', `127.0.0.1:${this.port}`, '--failure-rate', '0', '--address-rate', '0'], {
      stdio: ['ignore', log, log],
    });
    for (let i = 0; i < 600; ++i) {
      if (this.process.exitCode !== null) throw new Error(`the server ended with ${this.process.exitCode}; see ${this.data}/../server.log`);
      const up = await fetch(`${this.url}/healthz`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (up) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('the server did not answer');
  }

  async stop(): Promise<void> {
    const running = this.process;
    if (!running || running.exitCode !== null) return;
    await new Promise<void>((resolve) => {
      running.once('exit', () => resolve());
      running.kill('SIGTERM');
      setTimeout(() => running.kill('SIGKILL'), 20_000).unref();
    });
  }

  /** The API as a script calls it, with a key of its own. */
  async api(pathname: string, options: RequestInit = {}): Promise<Response> {
    const answer = await fetch(`${this.url}/api/v1${pathname}`, { ...options, headers: { Authorization: `Bearer ${this.key}`, ...options.headers } });
    if (!answer.ok) throw new Error(`${pathname}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  async json<T>(pathname: string, options: RequestInit = {}): Promise<T> {
    return (await (await this.api(pathname, options)).json()) as T;
  }

  async send(method: string, pathname: string, body: unknown): Promise<Response> {
    return this.api(pathname, { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
  }
}
