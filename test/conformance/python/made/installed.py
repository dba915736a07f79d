"""With azureml-local as npm installs it: a job with code, an input and an output."""

from azure.ai.ml import Input, command
from world import client, environment, folder

if __name__ == "__main__":
    root = folder({"src/main.py": "import sys\nprint('read', open(sys.argv[1]).read())\n", "data.txt": "forty-two"})
    job = client().jobs.create_or_update(
        command(
            command="python main.py ${{inputs.data}}",
            code=str(root / "src"),
            inputs={"data": Input(type="uri_file", path=str(root / "data.txt"))},
            environment=environment(),
            compute="cpu-cluster",
        )
    )
    client().jobs.stream(job.name)
    assert client().jobs.get(job.name).status == "Completed"
    client().jobs.download(job.name, download_path=str(root))
    logs = "".join(path.read_text() for path in root.rglob("std_log.txt"))
    assert "read forty-two" in logs, logs
