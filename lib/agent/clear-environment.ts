// Removes dangerous environment variables while it loads. It is imported before every library.
import { clearEnvironment } from "./environment.ts";

clearEnvironment();
