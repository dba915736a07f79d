// The one place where all types of component and step are entered: a new one is declared in its own file and listed here.
import { automlComponentType } from "./automl-component.ts";
import { automlStep } from "./automl-step.ts";
import { commandComponentType } from "./command-component.ts";
import { commandStep } from "./command-step.ts";
import { defineComponent } from "./component.ts";
import { parallelComponentType } from "./parallel.ts";
import { parallelStep } from "./parallel-step.ts";
import { pipelineComponentType, pipelineStep } from "./pipeline-component.ts";
import { sparkComponentType } from "./spark-component.ts";
import { sparkStep } from "./spark-step.ts";
import { defineStep } from "./step.ts";
import { sweepStep } from "./sweep-step.ts";
import { importComponentType, transferComponentType } from "./transfer.ts";
import { importStep, transferStep } from "./transfer-step.ts";

defineComponent("command", commandComponentType);
defineComponent("pipeline", pipelineComponentType);
defineComponent("parallel", parallelComponentType);
defineComponent("spark", sparkComponentType);
defineComponent("data_transfer", transferComponentType);
defineComponent("automl", automlComponentType);
defineComponent("import", importComponentType);

defineStep("command", commandStep);
defineStep("pipeline", pipelineStep);
defineStep("parallel", parallelStep);
defineStep("sweep", sweepStep);
defineStep("spark", sparkStep);
defineStep("automl", automlStep);
defineStep("data_transfer", transferStep);
defineStep("import", importStep);
