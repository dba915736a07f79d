#!/usr/bin/env node
// The program `azureml-local`: finds the command and ends with its exit code.
import { exec } from "./exec.ts";
import { init } from "./init.ts";
import { run } from "./run.ts";
import { up } from "./up.ts";
import { UsageError } from "./usage.ts";

const commands: Readonly<Record<string, (words: string[]) => Promise<number>>> = { up, exec, init, run };

const usage = `azureml-local: Azure Machine Learning and Azure Pipelines on this machine

  azureml-local up                                start them, and write how to reach them to a file
  azureml-local exec -- COMMAND                   start them for one command, which finds them in its environment
  azureml-local init [DIR] [--starter NAME]       write a project to begin with
  azureml-local run [--repo DIR] [--vsix FILE]    run a repository's pipelines on them, with the tasks of an extension

azureml-local COMMAND --help lists a command's options.`;

async function main([name = "", ...words]: readonly string[]): Promise<number> {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    const isAsked = name === "--help" || name === "help";
    (isAsked ? console.log : console.error)(usage);
    return isAsked ? 0 : 2;
  }
  try {
    return await command(words);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
