// Conditions of this machine that change what a local run does.
import { findPython } from "../../azure/jobs/running/environment-variables.ts";

/** Sentences about Python and environments, for the one who starts a run. */
export async function machineNotes(environments: "machine" | "venv"): Promise<string[]> {
  const python = await findPython();
  if (python === undefined)
    return [
      "this machine has no python3, so jobs, scoring scripts and batch scoring fail. Install Python 3.9 or newer, so that `python3 --version` works.",
    ];
  const [major = 0, minor = 0] = python.version.split(".").map(Number);
  const old = major < 3 || (major === 3 && minor < 9);
  return [
    ...(old ? [`python3 is ${python.version}; jobs and endpoints need 3.9 or newer.`] : []),
    environments === "machine"
      ? `jobs and endpoints run with this machine's Python ${python.version} and its packages; --environments venv installs what their environments ask for.`
      : "what environments ask for is installed from PyPI into virtual environments, which takes minutes the first time.",
  ];
}
