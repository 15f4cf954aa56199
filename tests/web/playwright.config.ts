import { defineConfig } from '@playwright/test';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');

// The real program with demo studies, in Debian's Chromium. Each worker has a server and a data directory of its own.
export default defineConfig({
  testDir: __dirname,
  testMatch: '*.spec.ts',
  outputDir: path.join(root, 'build/web-tests/results'),
  globalSetup: path.join(__dirname, 'harness/demo-data.ts'),
  fullyParallel: false,
  workers: Number(process.env.SHEAF_JOBS ?? 2),
  timeout: 300_000,
  // Of many minutes in a browser on somebody's loaded machine. What passes only the second time is named as flaky.
  retries: process.env.CI ? 1 : 0,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  use: {
    viewport: { width: 1280, height: 800 },
    colorScheme: 'light',
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.SHEAF_CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    },
  },
});
