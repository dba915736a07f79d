// Clears the environment while it loads: imported before every library.
import { clearEnvironment } from "./environment.ts";

clearEnvironment();
