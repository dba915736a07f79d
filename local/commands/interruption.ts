// Signals that end a command.

let only: AbortSignal | undefined;

/**
 * Aborts at SIGINT or SIGTERM, and when npm is gone: it passes SIGTERM to a shell that does not pass it on. One for the
 * process; a second signal ends the process.
 */
export function interruption(): AbortSignal {
  only ??= listen();
  return only;
}

function listen(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => controller.abort());
  if (process.env["npm_lifecycle_event"] !== undefined) {
    const parent = process.ppid;
    const watch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch);
      controller.abort();
    }, 500);
    watch.unref();
  }
  return controller.signal;
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
