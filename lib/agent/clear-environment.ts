// Removes dangerous environment variables while it loads. It is imported before every library.
// Tests: test/bundle/foreign-environment.test.ts
import { clearEnvironment } from "./environment.ts";

clearEnvironment();
